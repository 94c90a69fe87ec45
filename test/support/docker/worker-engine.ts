import { inject } from 'vitest';

/** `unix:///…` of the engine that this run started for the worker that asks: files that run side by side never meet on one. */
export function workerEngine(): string {
  const host = inject('dockerHosts')[Number(process.env['VITEST_POOL_ID']) - 1];
  if (host === undefined)
    throw new Error(`no engine was started for worker ${process.env['VITEST_POOL_ID']}`);
  return host;
}

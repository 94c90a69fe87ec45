import { inject } from 'vitest';

/** The engine of the worker that asks; `undefined` where none was started for it. */
export function findWorkerEngine(): string | undefined {
  return inject('dockerHosts')[Number(process.env['VITEST_POOL_ID']) - 1];
}

/** `unix:///…` of the engine that this run started for the worker that asks: files that run side by side never meet on one. */
export function workerEngine(): string {
  const host = findWorkerEngine();
  if (host === undefined)
    throw new Error(`no engine was started for worker ${process.env['VITEST_POOL_ID']}`);
  return host;
}

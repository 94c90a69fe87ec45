import type { RunContext } from '../context.ts';

const DEFAULT_KEEP_JOBS_MS = 30 * 24 * 3_600_000;

/**
 * Lets go of jobs and plans of the store that are old enough.
 *
 * @param keepMs their age in milliseconds; default 30 days
 */
export function expireJobs(
  { store, clock }: Pick<RunContext, 'store' | 'clock'>,
  keepMs = DEFAULT_KEEP_JOBS_MS,
): void {
  store.prune(new Date(clock.now() - keepMs).toISOString());
}

import { ReconcilerError } from '../../base/errors.ts';

const FIRST_DELAY_MS = 1_000;
const MAX_RETRY_DELAY_MS = 300_000;

/**
 * When to try again after a failure.
 *
 * @param attempt failures in a row, from 1
 * @returns full-jitter delay in milliseconds, its bound doubling from 1 s to 5 min; `null` when waiting cannot help
 */
export function retryDelayMs(error: unknown, attempt: number, random: () => number): number | null {
  if (error instanceof ReconcilerError && !error.retryable) return null;
  const bound = Math.min(MAX_RETRY_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt - 1, 20));
  // A tenth is the least, so that a run of small random numbers does not become a busy loop.
  return Math.round(bound * (0.1 + 0.9 * random()));
}

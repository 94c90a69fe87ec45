import type { Hold } from '../decide/decide.ts';

/** Outcome of a run of a stack. One that failed throws instead, and is tried again with backoff where waiting can help. */
export interface Result {
  /**
   * - `done` it is as described, as far as can be told
   * - `reported` it is not, and that is only told
   * - `held` nothing is done for now
   */
  readonly outcome: 'done' | 'reported' | 'held';
  /** Due again after so many milliseconds, although nothing failed. */
  readonly requeueAfterMs?: number;
}

export const DONE: Result = { outcome: 'done' };
export const REPORTED: Result = { outcome: 'reported' };

/** Returns the result of a hold. One that waits for a time is due then; whatever else is waited for sets off a run of its own. */
export function heldBy({ waitsFor }: Hold): Result {
  return waitsFor.what === 'time'
    ? { outcome: 'held', requeueAfterMs: waitsFor.afterMs }
    : { outcome: 'held' };
}

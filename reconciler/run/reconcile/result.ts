import type { ObservedResource } from '../../model/resource.ts';
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

const SHORTEST_PAUSE_MS = 1_000;

/** Result of a run that could not tell anything yet. */
export const LATER: Result = { outcome: 'held', requeueAfterMs: SHORTEST_PAUSE_MS };

/** A container that has no check tells nobody that it has run for long enough by now. */
export function lookAgainAt(observed: readonly Pick<ObservedResource, 'health'>[]): Result {
  const pauses = observed.flatMap(({ health }) => health.retryAfterMs ?? []);
  if (pauses.length === 0) return REPORTED;
  return { outcome: 'reported', requeueAfterMs: Math.max(SHORTEST_PAUSE_MS, Math.min(...pauses)) };
}

/** Returns the result of a hold. One that waits for a time is due then; whatever else is waited for sets off a run of its own. */
export function heldBy({ waitsFor }: Hold): Result {
  return waitsFor.what === 'time' || waitsFor.what === 'target'
    ? { outcome: 'held', requeueAfterMs: waitsFor.afterMs }
    : { outcome: 'held' };
}

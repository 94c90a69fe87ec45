import { decodeTime, isValid, monotonicFactory } from 'ulid';
import { isReconcilerError } from './errors.ts';

export interface UlidSource {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Returns a number from 0 inclusive to 1 exclusive. */
  random(): number;
  /** Greatest ULID made by earlier processes, `undefined` when there is none. Asked again after a `ReconcilerError`. */
  newest(): string | undefined;
}

/**
 * Creates a function that makes ULIDs (github.com/ulid/spec, 26 characters). Each sorts after the one before it, also within
 * one millisecond, when the clock steps back, and after `newest`. While `newest` throws, ids are made without it.
 */
export function createMonotonicUlids(source: UlidSource): () => string {
  const next = monotonicFactory(() => source.random());
  let earliest: number | undefined;
  return () => {
    earliest ??= timeAfterNewest(source);
    return next(Math.max(source.now(), earliest ?? 0));
  };
}

/** The millisecond after the newest id; 0 when there is none, `undefined` when it cannot be asked for now. */
function timeAfterNewest(source: UlidSource): number | undefined {
  try {
    const ulid = source.newest();
    return ulid !== undefined && isValid(ulid) ? decodeTime(ulid) + 1 : 0;
  } catch (error) {
    if (!isReconcilerError(error)) throw error;
    return undefined;
  }
}

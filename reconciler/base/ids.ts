import { createHash, randomBytes } from 'node:crypto';
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

/** An id of 24 hex digits; the same for the same object, wherever and whenever it is asked for. */
export function idOf(kind: string, key: string): string {
  return createHash('sha256').update(`${kind}\0${key}`).digest('hex').slice(0, 24);
}

/**
 * A new id of 24 hex digits. The first eight are the seconds since 1970, as those of the workflow platform are, so that ids sort by time.
 *
 * @param now milliseconds since the epoch
 */
export function newId(now: number): string {
  const seconds = Math.floor(now / 1_000)
    .toString(16)
    .padStart(8, '0')
    .slice(-8);
  return seconds + randomBytes(8).toString('hex');
}

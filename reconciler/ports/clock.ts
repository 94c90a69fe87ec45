/** Time and chance, so that tests own both. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since an arbitrary moment, for waits and ages: grows steadily, also when the time of day is set. */
  elapsed(): number;
  /** Resolves after the time, rejects with the signal's reason when it aborts first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Returns a number from 0 up to 1. */
  random(): number;
}

/** The newest of many items, for any number of readers who each go at their own pace. */
export interface EventRing<T> {
  /** Number of the item that came last; 0 before the first. */
  readonly newest: () => number;
  /** Tells whether nothing after this number has been forgotten. */
  readonly reaches: (sequence: number) => boolean;
  /** Returns the item of a number; `undefined` where it was taken out. */
  readonly at: (sequence: number) => T | undefined;
  /** Puts in an item and returns its number, which is one more than the last. */
  readonly push: (item: T) => number;
  /** Takes an item out that nobody has to read any more. */
  readonly drop: (sequence: number) => void;
  /** Resolves when there is more, or the signal aborts. */
  readonly wait: (signal: AbortSignal) => Promise<void>;
}

/** @param most items that are kept */
export function createEventRing<T>(most: number): EventRing<T> {
  const items: ({ readonly sequence: number; readonly item: T } | undefined)[] = [];
  const waiting = new Set<() => void>();
  let newest = 0;
  const placeOf = (sequence: number) => sequence % most;
  return {
    newest: () => newest,
    reaches: (sequence) => sequence >= newest - most && sequence <= newest,
    at(sequence) {
      const kept = items[placeOf(sequence)];
      return kept?.sequence === sequence ? kept.item : undefined;
    },
    push(item) {
      newest += 1;
      items[placeOf(newest)] = { sequence: newest, item };
      for (const wake of waiting) wake();
      return newest;
    },
    drop(sequence) {
      if (items[placeOf(sequence)]?.sequence === sequence) items[placeOf(sequence)] = undefined;
    },
    wait(signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = () => {
        waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener('abort', wake);
      if (signal.aborted) wake();
      return promise;
    },
  };
}

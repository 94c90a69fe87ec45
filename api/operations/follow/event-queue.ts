/** Items that are put in whenever they come, and taken out one by one. */
export interface EventQueue<T> {
  /** A reader who is too slow misses the oldest. */
  push(this: void, item: T): void;
  /** There are no more. */
  end(this: void): void;
  /** There are no more, and the reader is thrown this after those that wait. */
  fail(this: void, error: unknown): void;
  /** Items until there are no more, or the signal aborts; to be read once. */
  read(this: void): AsyncGenerator<T, void, undefined>;
}

/** @param most items that are kept for a reader who has not taken the ones before. Default 1,000. */
export function createEventQueue<T>(signal: AbortSignal, most = 1_000): EventQueue<T> {
  const waiting: T[] = [];
  let wake = () => {};
  let settle: (() => void) | null = null;
  const finish = (how: () => void): void => {
    settle ??= how;
    wake();
  };
  return {
    push(item) {
      if (waiting.length >= most) waiting.shift();
      waiting.push(item);
      wake();
    },
    end: () => finish(() => undefined),
    fail: (error) =>
      finish(() => {
        throw error;
      }),
    async *read() {
      const stop = () => wake();
      signal.addEventListener('abort', stop);
      try {
        while (!signal.aborted) {
          const item = waiting.shift();
          if (item !== undefined) yield item;
          else if (settle !== null) return settle();
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
  };
}

/** Items that are made once, however many follow them. */
interface Broadcast<T> {
  /**
   * Items from now on, until there are no more or the signal aborts; throws what making them throws. A reader who is too slow misses the
   * oldest.
   */
  follow(signal: AbortSignal): AsyncGenerator<T, void, undefined>;
}

/** Items that are kept for a reader who has not taken the ones before. */
const MAX_WAITING = 1_000;

/** A reader, as the one who makes the items sees it. */
interface Reader<T> {
  readonly waiting: T[];
  wake(): void;
}

/** Making begins with the first who follows, and ends when the last one has gone. */
export function createBroadcast<T>(make: (signal: AbortSignal) => AsyncIterable<T>): Broadcast<T> {
  let current: Making<T> | null = null;
  return {
    async *follow(signal) {
      const making = (current ??= startMaking(make, () => (current = null)));
      const reader: Reader<T> = { waiting: [], wake: () => {} };
      making.readers.add(reader);
      const stop = () => reader.wake();
      signal.addEventListener('abort', stop);
      try {
        while (!signal.aborted) {
          const item = reader.waiting.shift();
          if (item !== undefined) yield item;
          else if (making.end !== null) return making.end.settle();
          else await new Promise<void>((resolve) => (reader.wake = resolve));
        }
      } finally {
        signal.removeEventListener('abort', stop);
        making.leave(reader);
      }
    },
  };
}

/** Broadcasts by key, each kept while somebody follows it. */
export interface Broadcasts<T> {
  /** @param make makes the items of this key, for the first who follows */
  follow(
    key: string,
    make: (signal: AbortSignal) => AsyncIterable<T>,
    signal: AbortSignal,
  ): AsyncGenerator<T, void, undefined>;
}

export function createBroadcasts<T>(): Broadcasts<T> {
  const open = new Map<string, { readonly broadcast: Broadcast<T>; readers: number }>();
  return {
    async *follow(key, make, signal) {
      const entry = open.get(key) ?? { broadcast: createBroadcast(make), readers: 0 };
      open.set(key, entry);
      entry.readers += 1;
      try {
        yield* entry.broadcast.follow(signal);
      } finally {
        entry.readers -= 1;
        if (entry.readers === 0) open.delete(key);
      }
    },
  };
}

interface Making<T> {
  readonly readers: Set<Reader<T>>;
  /** `null` while there may be more; then throws, or does not. */
  end: { settle(): void } | null;
  leave(reader: Reader<T>): void;
}

function startMaking<T>(make: (signal: AbortSignal) => AsyncIterable<T>, onEnd: () => void): Making<T> {
  const stopping = new AbortController();
  const readers = new Set<Reader<T>>();
  const making: Making<T> = {
    readers,
    end: null,
    leave(reader) {
      readers.delete(reader);
      if (readers.size > 0 || making.end !== null) return;
      onEnd();
      stopping.abort();
    },
  };
  const end = (settle: () => void) => {
    if (making.end !== null || stopping.signal.aborted) return;
    making.end = { settle };
    onEnd();
    for (const reader of readers) reader.wake();
  };
  const run = async () => {
    for await (const item of make(stopping.signal)) {
      for (const reader of readers) {
        if (reader.waiting.length >= MAX_WAITING) reader.waiting.shift();
        reader.waiting.push(item);
        reader.wake();
      }
    }
  };
  run().then(
    () => end(() => undefined),
    (error: unknown) =>
      end(() => {
        throw error;
      }),
  );
  return making;
}

import type { EventQueue } from './event-queue.ts';
import { createEventQueue } from './event-queue.ts';

/** Items by key that are made once, however many follow them. */
export interface Broadcasts<T> {
  /**
   * Items of a key from now on, until there are no more or the signal aborts; throws what making them throws. A reader who is too slow misses
   * the oldest.
   *
   * @param make makes the items for the first who follows, until the last one has gone
   */
  follow(
    key: string,
    make: (signal: AbortSignal) => AsyncIterable<T>,
    signal: AbortSignal,
  ): AsyncGenerator<T, void, undefined>;
}

interface Broadcast<T> {
  readonly readers: Set<EventQueue<T>>;
  stop(): void;
}

export function createBroadcasts<T>(): Broadcasts<T> {
  const open = new Map<string, Broadcast<T>>();
  return {
    async *follow(key, make, signal) {
      const broadcast: Broadcast<T> =
        open.get(key) ??
        begin(make, () => {
          if (open.get(key) === broadcast) open.delete(key);
        });
      open.set(key, broadcast);
      const queue = createEventQueue<T>(signal);
      broadcast.readers.add(queue);
      try {
        yield* queue.read();
      } finally {
        broadcast.readers.delete(queue);
        if (broadcast.readers.size === 0) broadcast.stop();
      }
    },
  };
}

/** @param onEnd nobody is to join any more */
function begin<T>(make: (signal: AbortSignal) => AsyncIterable<T>, onEnd: () => void): Broadcast<T> {
  const stopping = new AbortController();
  const readers = new Set<EventQueue<T>>();
  const run = async () => {
    for await (const item of make(stopping.signal)) for (const { push } of readers) push(item);
  };
  run().then(
    () => {
      onEnd();
      for (const { end } of readers) end();
    },
    (error: unknown) => {
      onEnd();
      for (const { fail } of readers) fail(error);
    },
  );
  return {
    readers,
    stop() {
      onEnd();
      stopping.abort();
    },
  };
}

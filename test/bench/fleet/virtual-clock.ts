import type { Clock } from '../../../reconciler/ports/clock.ts';

export interface VirtualClock extends Clock {
  /** Lets time pass until the condition holds, or so many milliseconds have passed. @returns whether it holds */
  run(milliseconds: number, until?: () => boolean): Promise<boolean>;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
  isGone: boolean;
}

/** Rounds of the event loop in which work that waits for nothing but promises comes to its next sleep. */
const ROUNDS = 3;

/** Time that stands still while there is work, and leaps to the next sleeper when there is none: a day passes in as long as its work takes. */
export function createVirtualClock(start = Date.parse('2026-01-01T00:00:00Z')): VirtualClock {
  const heap = createHeap();
  let now = 0;
  let seed = 1;
  return {
    now: () => start + now,
    elapsed: () => now,
    // The same numbers in each run (Park and Miller).
    random: () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647,
    sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const sleeper = { at: now + Math.max(0, milliseconds), wake: resolve, isGone: false };
      heap.push(sleeper);
      const onAbort = () => {
        sleeper.isGone = true;
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      return promise.finally(() => signal?.removeEventListener('abort', onAbort));
    },
    async run(milliseconds, until = () => false) {
      const end = now + milliseconds;
      for (;;) {
        for (let round = 0; round < ROUNDS; round += 1) await new Promise((resolve) => setImmediate(resolve));
        if (until()) return true;
        const at = heap.next();
        if (at === undefined || at > end) break;
        now = at;
        heap.wake(at);
      }
      now = end;
      return until();
    },
  };
}

function createHeap() {
  const byTime = new Map<number, Sleeper[]>();
  const times: number[] = [];
  const swap = (a: number, b: number) => ([times[a], times[b]] = [times[b]!, times[a]!]);
  function sink(): void {
    for (let at = 0, child = 1; child < times.length; child = 2 * at + 1) {
      if (child + 1 < times.length && times[child + 1]! < times[child]!) child += 1;
      if (times[at]! <= times[child]!) return;
      swap(at, child);
      at = child;
    }
  }
  function pop(): void {
    byTime.delete(times[0]!);
    const last = times.pop()!;
    if (times.length === 0) return;
    times[0] = last;
    sink();
  }
  return {
    push(sleeper: Sleeper): void {
      const others = byTime.get(sleeper.at);
      if (others !== undefined) return void others.push(sleeper);
      byTime.set(sleeper.at, [sleeper]);
      times.push(sleeper.at);
      for (let at = times.length - 1; at > 0 && times[at]! < times[(at - 1) >> 1]!; at = (at - 1) >> 1)
        swap(at, (at - 1) >> 1);
    },
    /** Time of the next one that sleeps still. */
    next(): number | undefined {
      while (times.length > 0 && byTime.get(times[0]!)!.every(({ isGone }) => isGone)) pop();
      return times[0];
    },
    wake(at: number): void {
      const sleepers = byTime.get(at) ?? [];
      pop();
      for (const { wake } of sleepers) wake();
    },
  };
}

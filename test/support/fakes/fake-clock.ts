import type { Clock } from '../../../reconciler/ports/clock.ts';

export interface FakeClock extends Clock {
  /** Moves time on, waking sleepers in order; work they set off runs to its next sleep. */
  advance(milliseconds: number): Promise<void>;
  /** Sets the time of day, as NTP does: nobody has slept for longer by it. */
  step(milliseconds: number): void;
  /** Number of those that sleep now. */
  readonly sleepers: number;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Time stands still until the test moves it; `random` always answers the same. */
export function createFakeClock(start = Date.parse('2026-01-01T00:00:00Z'), random = 0.5): FakeClock {
  let now = 0;
  let timeOfDay = start;
  const sleepers = new Set<Sleeper>();
  return {
    now: () => timeOfDay + now,
    elapsed: () => now,
    step: (milliseconds) => void (timeOfDay += milliseconds),
    random: () => random,
    get sleepers() {
      return sleepers.size;
    },
    sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const sleeper = { at: now + milliseconds, wake: resolve };
      sleepers.add(sleeper);
      const onAbort = () => {
        sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      return promise.finally(() => signal?.removeEventListener('abort', onAbort));
    },
    async advance(milliseconds) {
      const end = now + milliseconds;
      await settle();
      for (;;) {
        const next = [...sleepers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        now = Math.max(now, next.at);
        sleepers.delete(next);
        next.wake();
        await settle();
      }
      now = end;
    },
  };
}

/** Lets everything that waits for nothing but promises go on. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 5; round += 1) await new Promise((resolve) => setImmediate(resolve));
}

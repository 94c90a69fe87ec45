import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../../reconciler/ports/clock.ts';

/**
 * Sleep is this many times as short as it is said to be: a backoff of a minute passes in a moment. Only what was slept counts so, work takes
 * the time that it takes: on a busy machine nothing looks as if it had hung.
 */
export function createFastClock(factor = 100): Clock {
  const start = Date.now();
  let skipped = 0;
  const begun = performance.now();
  const elapsed = () => performance.now() - begun + skipped;
  return {
    now: () => start + Math.floor(elapsed()),
    elapsed,
    async sleep(milliseconds, signal) {
      const until = elapsed() + milliseconds;
      try {
        await delay(milliseconds / factor, undefined, signal === undefined ? {} : { signal });
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
      skipped += Math.max(0, until - elapsed());
    },
    random: () => Math.random(),
  };
}

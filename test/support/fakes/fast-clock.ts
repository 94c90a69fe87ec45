import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../../reconciler/ports/clock.ts';

/** Time runs this many times as fast as on the wall: a backoff of a minute passes in a moment. */
export function createFastClock(factor = 100): Clock {
  const start = Date.now();
  const begun = performance.now();
  return {
    now: () => start + (Date.now() - start) * factor,
    elapsed: () => (performance.now() - begun) * factor,
    async sleep(milliseconds, signal) {
      try {
        await delay(milliseconds / factor, undefined, signal === undefined ? {} : { signal });
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
    },
    random: () => Math.random(),
  };
}

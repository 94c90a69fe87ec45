import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';

/** A timer that is set for longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock and Node's random numbers. Sleeping does not depend on the time of day, which may be set meanwhile. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    try {
      for (let rest = milliseconds; ; rest -= MAX_TIMER_MS) {
        await delay(Math.min(rest, MAX_TIMER_MS), undefined, signal === undefined ? {} : { signal });
        if (rest <= MAX_TIMER_MS) return;
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
  random: () => Math.random(),
};

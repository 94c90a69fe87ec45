import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../reconciler/ports/clock.ts';
import type { Logger } from '../../../reconciler/ports/logger.ts';

/** Time as it is. */
export const realClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal ? { signal } : {}),
  random: () => Math.random(),
};

const silent = () => undefined;
export const silentLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent };

import { createPace } from '../../../base/mutex.ts';
import type { Clock } from '../../../ports/clock.ts';
import { createWorkers } from '../workloads/workers.ts';

/** Bounds that all caches of one cluster share: whatever it says that it has, the process goes on. */
export interface CacheBounds {
  /** Counts an object in. Throws an `Error` where all of them together would take more memory than any cluster's do. */
  take(weight: number): void;
  give(weight: number): void;
  /** Runs the request for a page of a list. Few run at a time: each may be as large as an answer can be. */
  page<T>(request: () => Promise<T>): Promise<T>;
  /** Holds up a watch that tells more than can have happened. */
  pace(signal: AbortSignal): Promise<void>;
}

/** A cluster has more than may be kept of it. */
export class CacheFullError extends Error {}

/** Some ten thousand objects of ours take a quarter of it. */
const MAX_WEIGHT = 512 * 1024 ** 2;
const PAGES_AT_A_TIME = 4;
const EVENTS_PER_SECOND = 1_000;

export function createCacheBounds(clock: Clock, maxWeight = MAX_WEIGHT): CacheBounds {
  let held = 0;
  const pages = createWorkers(PAGES_AT_A_TIME);
  return {
    take(weight) {
      if (held + weight > maxWeight)
        throw new CacheFullError('it has more objects than can be kept in memory');
      held += weight;
    },
    give: (weight) => void (held -= weight),
    async page(request) {
      const [answer] = await pages([request], (one) => one());
      return answer as Awaited<ReturnType<typeof request>>;
    },
    pace: createPace(clock, EVENTS_PER_SECOND),
  };
}

/** Memory that a value takes beside its text. */
const VALUE_BYTES = 64;

/** Returns about how many bytes of memory a value takes. */
export function weightOf(value: unknown): number {
  if (typeof value === 'string') return VALUE_BYTES + value.length;
  if (typeof value !== 'object' || value === null) return VALUE_BYTES;
  let weight = VALUE_BYTES;
  for (const [key, member] of Object.entries(value)) weight += key.length + weightOf(member);
  return weight;
}

import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two looks at the beginning, and after a while: what takes long may be seen a little later. */
const SHORTEST_MS = 20;
const LONGEST_MS = 250;

/**
 * Looks until the value is right, at most `timeoutMs`; resolves to the last value, right or not. Looks less often the longer it takes: many
 * tests that look at once would leave the machine no time for what they wait for.
 */
export async function eventually<T>(
  look: () => Promise<T> | T,
  isRight: (value: T) => boolean,
  timeoutMs = 60_000,
): Promise<T> {
  const begun = performance.now();
  for (;;) {
    const value = await look();
    const elapsed = performance.now() - begun;
    if (isRight(value) || elapsed > timeoutMs) return value;
    await sleep(Math.min(Math.max(elapsed / 8, SHORTEST_MS), LONGEST_MS));
  }
}

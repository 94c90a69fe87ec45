import { setTimeout as sleep } from 'node:timers/promises';

/** Looks until the value is right, at most `timeoutMs`; resolves to the last value, right or not. */
export async function eventually<T>(
  look: () => Promise<T> | T,
  isRight: (value: T) => boolean,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (isRight(value) || Date.now() > deadline) return value;
    await sleep(25);
  }
}

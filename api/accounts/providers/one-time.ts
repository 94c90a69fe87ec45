import { createHash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** Values behind random names that are good once and for a while. */
export interface OneTime<T extends object> {
  /** Returns the name: 32 random bytes. */
  put(value: T): string;
  /** Takes the value out; `undefined`: there is none of that name, not any more, or it came too late. */
  take(name: string): T | undefined;
}

/** Values that are kept at most; the oldest goes first. */
const MAX_VALUES = 50_000;

/**
 * Keeps values in memory by the hash of their name: how long a look takes tells nothing about names.
 *
 * @param elapsed milliseconds from any start
 */
export function createOneTime<T extends object>(lifetimeMs: number, elapsed: () => number): OneTime<T> {
  const values = new LRUCache<string, { readonly value: T; readonly until: number }>({ max: MAX_VALUES });
  return {
    put(value) {
      const name = randomBytes(32).toString('base64url');
      values.set(hashName(name), { value, until: elapsed() + lifetimeMs });
      return name;
    },
    take(name) {
      const hash = hashName(name);
      const entry = values.get(hash);
      values.delete(hash);
      return entry === undefined || elapsed() >= entry.until ? undefined : entry.value;
    },
  };
}

export function hashName(name: string): string {
  return createHash('sha256').update(name).digest('base64url');
}

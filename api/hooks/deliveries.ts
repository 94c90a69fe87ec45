import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** Remembers deliveries that were taken, so that none of them counts twice. */
export interface Deliveries {
  /** Tells whether neither the id nor the body has come before, and remembers both. */
  take(id: string, body: Buffer): boolean;
}

/** Deliveries that are remembered; the oldest are forgotten first. */
const MAX_REMEMBERED = 10_000;

/** Hosts do not sign their ids, so the body counts as well: whoever sends it again may choose another id. */
export function createDeliveries(): Deliveries {
  const seen = new LRUCache<string, true>({ max: 2 * MAX_REMEMBERED });
  return {
    take(id, body) {
      const digest = createHash('sha256').update(body).digest('base64');
      const keys = id === '' ? [`body ${digest}`] : [`id ${id}`, `body ${digest}`];
      const isNew = keys.every((key) => !seen.has(key));
      for (const key of keys) seen.set(key, true);
      return isNew;
    },
  };
}

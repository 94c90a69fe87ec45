import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ApiKeyRecord } from '../../reconciler/index.ts';

/** 256 random bits: `kbn_` and 43 characters. */
export function generateApiKey(): string {
  return `kbn_${randomBytes(32).toString('base64url')}`;
}

/** Returns what is kept of a key. The key has 256 random bits, so a plain hash is enough: there is nothing to guess. */
export function hashApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** The record whose key this is. Looks at all of them, in a time that tells nothing about where they differ. */
export function findApiKey(records: readonly ApiKeyRecord[], key: string): ApiKeyRecord | undefined {
  const presented = Buffer.from(hashApiKey(key), 'hex');
  let found: ApiKeyRecord | undefined;
  for (const record of records) {
    const known = Buffer.from(record.hash, 'hex');
    if (known.length === presented.length && timingSafeEqual(known, presented)) found = record;
  }
  return found;
}

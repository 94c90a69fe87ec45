import { randomBytes } from 'node:crypto';
import type { ApiKeyRecord, Role, Store } from '../../reconciler/index.ts';
import { generateApiKey, hashApiKey } from './api-key.ts';

export type KeyRecords = Pick<Store, 'listKeys' | 'saveKey' | 'deleteKey'>;

export interface MadeKey {
  /** The key itself, which is kept nowhere. */
  readonly key: string;
  readonly record: ApiKeyRecord;
}

/** @param now milliseconds since the epoch */
export function makeKey(name: string, role: Role, now: number): MadeKey {
  const key = generateApiKey();
  const id = `key_${randomBytes(6).toString('hex')}`;
  const createdAt = new Date(now).toISOString();
  return { key, record: { id, name, role, hash: hashApiKey(key), createdAt } };
}

import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../reconciler/index.ts';
import { ReconcilerError } from '../../reconciler/index.ts';
import { generateApiKey, hashApiKey } from './api-key.ts';

/** Id of the key that stands in `admin.key`. */
export const ADMIN_KEY_ID = 'key_admin';
/** A key that an operator puts there must be as hard to guess as one that is made here. */
const MIN_KEY_LENGTH = 32;

export interface AdminKey {
  /** The file that holds the key, mode 0600. */
  readonly path: string;
  /** It was made just now. */
  readonly created: boolean;
}

/**
 * Makes `<stateDir>/admin.key` when there is none, and lets exactly the key in that file in as admin. So a lost database
 * locks nobody out; deleting the file and starting again replaces the key, and a key of one's own may be put there.
 * Throws BAD_OPTIONS when the file holds fewer than 32 characters, or what the store throws.
 */
export function ensureAdminKey(store: Pick<Store, 'listKeys' | 'saveKey'>, stateDir: string): AdminKey {
  const path = join(stateDir, 'admin.key');
  const existing = readKeyFile(path);
  const key = existing ?? generateApiKey();
  if (existing === null) writeKeyFile(path, stateDir, key);
  const hash = hashApiKey(key);
  const known = store.listKeys().some((record) => record.id === ADMIN_KEY_ID && record.hash === hash);
  if (!known) {
    store.saveKey({
      id: ADMIN_KEY_ID,
      name: 'admin',
      role: 'admin',
      hash,
      createdAt: new Date().toISOString(),
    });
  }
  return { path, created: existing === null };
}

function readKeyFile(path: string): string | null {
  let content: string;
  try {
    content = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new ReconcilerError('BAD_OPTIONS', `${path} cannot be read`, { cause: error });
  }
  if (content.length < MIN_KEY_LENGTH) {
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `${path} must hold at least ${MIN_KEY_LENGTH} characters; delete it to have a key made`,
    );
  }
  chmodSync(path, 0o600);
  return content;
}

/** Written aside and renamed, so that a crash leaves a whole key or none. */
function writeKeyFile(path: string, stateDir: string, key: string): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, `${key}\n`, { mode: 0o600 });
  chmodSync(`${path}.new`, 0o600);
  renameSync(`${path}.new`, path);
}

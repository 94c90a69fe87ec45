import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReconcilerError } from '../../reconciler/index.ts';

const KEY_BYTES = 32;

/**
 * The key that tokens of users are signed with, in `tokens.key` of the state directory; made, mode 0600, when there is none. Deleting it
 * ends all tokens. Throws BAD_OPTIONS when it holds no such key.
 */
export function ensureTokenKey(stateDir: string): Uint8Array {
  const path = join(stateDir, 'tokens.key');
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  if (!existsSync(path)) writeOnce(path, randomBytes(KEY_BYTES).toString('hex'));
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
    chmodSync(path, 0o600);
  } catch (error) {
    throw new ReconcilerError('BAD_OPTIONS', `${path} cannot be read`, { cause: error });
  }
  if (new RegExp(`^[0-9a-f]{${2 * KEY_BYTES}}$`).test(text)) return Buffer.from(text, 'hex');
  throw new ReconcilerError(
    'BAD_OPTIONS',
    `${path} is damaged: it must hold ${2 * KEY_BYTES} hex digits; delete it to have a key made, and everybody signs in anew`,
  );
}

/** Remembers outside of the database that there have been users. */
export interface UsersBegun {
  /** True: there were users at some time. */
  has(): boolean;
  note(): void;
}

/**
 * Says whether there have been users, in `users.begun` of the state directory. The very first one becomes admin; without this, whoever came
 * first after a database was lost would.
 */
export function openUsersBegun(stateDir: string): UsersBegun {
  const path = join(stateDir, 'users.begun');
  return {
    has: () => existsSync(path),
    note() {
      if (!existsSync(path)) writeOnce(path, new Date().toISOString());
    },
  };
}

/** Written aside and linked: a crash leaves a whole file or none, and of two processes the first one wins. */
function writeOnce(path: string, text: string): void {
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  writeFileSync(aside, `${text}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(aside, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

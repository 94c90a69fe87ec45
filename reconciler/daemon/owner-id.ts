import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReconcilerError } from '../base/errors.ts';

/** The name under which this installation's instances are known where they run. */
export interface OwnerId {
  /** True when it was ever needed: then there may be something of ours. */
  readonly wasUsed: boolean;
  /** Made when it is first asked for. */
  get(): string;
}

/** Kept beside the database, so that what runs is still ours when that one is lost. Throws STORE_UNAVAILABLE. */
export function openOwnerId(stateDir: string): OwnerId {
  const path = join(stateDir, 'instances-owner');
  const wasUsed = existsSync(path);
  let id: string | undefined;
  return {
    wasUsed,
    get: () => (id ??= readOrMake(path)),
  };
}

function readOrMake(path: string): string {
  try {
    if (!existsSync(path))
      writeFileSync(path, `${randomBytes(8).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    const id = readFileSync(path, 'utf8').trim();
    if (/^[a-z0-9]{8,40}$/.test(id)) return id;
  } catch (error) {
    throw new ReconcilerError('STORE_UNAVAILABLE', 'the state directory cannot be used', {
      cause: error,
      retryable: true,
    });
  }
  throw new ReconcilerError('BAD_OPTIONS', `${path} is damaged: it must hold 16 hex digits`);
}

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorMessage, ReconcilerError } from '../../../reconciler/index.ts';

/** Process that holds a state directory. */
export interface LockHolder {
  readonly pid: number;
  /** `serve`, `apply`, `destroy`. */
  readonly command: string;
  /** ISO 8601. */
  readonly since: string;
  /** Address at which it listens, for `serve`. */
  readonly url?: string;
}

export interface StateLock extends Disposable {
  /** Adds what is known later, such as the address a daemon listens on. */
  describe(holder: LockHolder): void;
}

/**
 * Takes the state directory for one process that applies. The lock itself is a lock of the operating system on
 * `lock.db` (SQLite's), which ends with its process however that ends, so it is never stale, not even after `kill -9` or in a
 * restarted container whose process ids begin again. `lock.json` beside it only tells who; a left-over one is overwritten.
 *
 * @throws ReconcilerError STORE_UNAVAILABLE, naming the holder, when another process has it
 */
export function acquireStateLock(stateDir: string, holder: LockHolder): StateLock {
  const note = join(stateDir, 'lock.json');
  const database = openLock(stateDir);
  try {
    database.exec('PRAGMA busy_timeout = 0');
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw lockError(error, stateDir, readHolder(note));
  }
  const describe = (described: LockHolder) =>
    writeFileSync(note, `${JSON.stringify(described)}\n`, { mode: 0o600 });
  describe(holder);
  const release = () => {
    process.off('exit', release);
    if (!database.isOpen) return;
    rmSync(note, { force: true });
    database.close();
  };
  // Also keeps the handle reachable: a collected handle would give up the lock.
  process.on('exit', release);
  return { describe, [Symbol.dispose]: release };
}

function openLock(stateDir: string): DatabaseSync {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    return new DatabaseSync(join(stateDir, 'lock.db'));
  } catch (error) {
    throw new ReconcilerError('STORE_UNAVAILABLE', `cannot use the state directory ${stateDir}`, {
      cause: error,
    });
  }
}

function lockError(error: unknown, stateDir: string, holder: LockHolder | undefined): ReconcilerError {
  if (!/locked|busy/i.test(errorMessage(error))) {
    return new ReconcilerError('STORE_UNAVAILABLE', `cannot lock the state directory ${stateDir}`, {
      cause: error,
    });
  }
  const who = holder
    ? `\`kombinator ${holder.command}\` (process ${holder.pid}, since ${holder.since})`
    : 'another process';
  const advice = holder?.url ? `talk to it with --server ${holder.url}` : 'wait until it has ended';
  return new ReconcilerError(
    'STORE_UNAVAILABLE',
    `${who} is using the state directory ${stateDir}: ${advice}, or choose another directory with --state-dir`,
    { retryable: true },
  );
}

function readHolder(note: string): LockHolder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(note, 'utf8'));
    return isHolder(value) ? value : undefined;
  } catch {
    // Missing or half-written: the lock counts, the note is only for people.
    return undefined;
  }
}

function isHolder(value: unknown): value is LockHolder {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'command' in value &&
    typeof value.command === 'string' &&
    'since' in value &&
    typeof value.since === 'string' &&
    (!('url' in value) || typeof value.url === 'string')
  );
}

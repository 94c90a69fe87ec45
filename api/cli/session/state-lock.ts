import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  const database = lockDirectory(stateDir, note);
  const describe = (described: LockHolder) => {
    try {
      writeFileSync(note, `${JSON.stringify(described)}\n`, { mode: 0o600 });
    } catch (error) {
      database.close();
      throw unusable(stateDir, error);
    }
  };
  describe(holder);
  const release = () => {
    process.off('exit', release);
    if (!database.isOpen) return;
    try {
      rmSync(note, { force: true });
    } catch {
      // A directory that has become read-only: the note is only for people.
    }
    database.close();
  };
  // Also keeps the handle reachable: a collected handle would give up the lock.
  process.on('exit', release);
  return { describe, [Symbol.dispose]: release };
}

function lockDirectory(stateDir: string, note: string): DatabaseSync {
  const path = join(stateDir, 'lock.db');
  try {
    return lockFile(stateDir, path);
  } catch (error) {
    if (error instanceof ReconcilerError) throw error;
    if (!isDamaged(error)) throw lockError(error, stateDir, readHolderAt(note));
  }
  // Nobody holds it: that would have been said first. It is as good as none.
  try {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    return lockFile(stateDir, path);
  } catch (error) {
    throw error instanceof ReconcilerError ? error : lockError(error, stateDir, readHolderAt(note));
  }
}

function lockFile(stateDir: string, path: string): DatabaseSync {
  const database = openLock(stateDir, path);
  try {
    database.exec('PRAGMA busy_timeout = 0');
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE');
    // A process that may read it may lock it. An open file of our own here would end the lock when it is closed.
    chmodSync(path, 0o600);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function openLock(stateDir: string, path: string): DatabaseSync {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    return new DatabaseSync(path);
  } catch (error) {
    throw unusable(stateDir, error);
  }
}

/** Result codes of SQLite for a file that is damaged, or no database. */
const DAMAGED: ReadonlySet<unknown> = new Set([11, 26]);

function isDamaged(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && DAMAGED.has(error.errcode);
}

function unusable(stateDir: string, cause: unknown): ReconcilerError {
  return new ReconcilerError('STORE_UNAVAILABLE', `cannot use the state directory ${stateDir}`, { cause });
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

/**
 * The process that holds a state directory; `undefined` where none does. The note of one that was killed counts for nothing: somebody else may
 * listen at its address by now.
 */
export function readLockHolder(stateDir: string): LockHolder | undefined {
  return isHeld(join(stateDir, 'lock.db')) ? readHolderAt(join(stateDir, 'lock.json')) : undefined;
}

/** Looks with a reader's lock, which is let go of at once. */
function isHeld(path: string): boolean {
  if (!existsSync(path)) return false;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    database.prepare('SELECT count(*) FROM sqlite_master').get();
    return false;
  } catch (error) {
    return /locked|busy/i.test(errorMessage(error));
  } finally {
    database?.close();
  }
}

function readHolderAt(note: string): LockHolder | undefined {
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

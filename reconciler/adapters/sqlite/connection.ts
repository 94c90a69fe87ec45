import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import { isCorruption } from './errors.ts';
import { migrate } from './migrations.ts';

export interface ConnectionOptions {
  /** A file, or `:memory:`. */
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  /** Time that a call waits for another program's lock. The wait blocks the process. */
  readonly busyTimeoutMs: number;
}

const SIDE_FILES = ['', '-wal', '-shm'];

/**
 * Opens the database with the newest schema, in WAL mode. A damaged file is moved aside as `<path>.corrupt-<time>` with a
 * warning, and a new one is begun: what is lost is history, which no deployment depends on.
 */
export function openConnection(options: ConnectionOptions): DatabaseSync {
  try {
    return openOnce(options);
  } catch (error) {
    if (!isCorruption(error) || options.path === ':memory:') throw error;
    moveAside(options);
    return openOnce(options);
  }
}

/** Renames the database and its side files; the warning says where they went. */
export function moveAside({ path, clock, logger }: ConnectionOptions): void {
  const time = new Date(clock.now()).toISOString().replaceAll(':', '');
  for (const suffix of SIDE_FILES) {
    if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.corrupt-${time}${suffix}`);
  }
  logger?.warn(
    { path, movedTo: `${path}.corrupt-${time}` },
    'The database is damaged; it was moved aside and a new one begun. Job history is lost, deployments are not.',
  );
}

/** Tells which file stands at the path now, `null` when none does: a database whose file was taken away goes on writing into nothing. */
export function fileAt(path: string): string | null {
  const stats = path === ':memory:' ? undefined : statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.dev}:${stats.ino}`;
}

/**
 * Lets go of a database whose file is not the one at its path any more. Where there is none, all that it holds is written there again; where
 * somebody has put another one, that is what counts from now on.
 *
 * @param log what `fileAt` said of its write-ahead log: left beside another database, it would be taken for a part of that
 */
export function leaveFile(
  database: DatabaseSync,
  log: string | null,
  { path, logger }: ConnectionOptions,
): void {
  const isGone = fileAt(path) === null;
  const clearLog = () => {
    if (!isGone && fileAt(`${path}-wal`) !== log) return;
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
  };
  try {
    if (isGone) clearLog();
    if (isGone) database.prepare('VACUUM INTO ?').run(path);
  } finally {
    database.close();
    if (!isGone) clearLog();
  }
  const what = isGone ? 'deleted while it was in use; it was written again' : 'replaced while it was in use';
  logger?.warn({ path }, `The database was ${what}.`);
}

function openOnce({ path, busyTimeoutMs }: ConnectionOptions): DatabaseSync {
  if (path !== ':memory:') prepareFile(path);
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216',
    );
    assertIntact(database);
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite gives its side files the mode of the database, so it is enough to make that one private. */
function prepareFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
  if ((statSync(path).mode & 0o777) !== 0o600) chmodSync(path, 0o600);
}

/** Damage past the header shows only when a page is read, which would be in the middle of a job. */
function assertIntact(database: DatabaseSync): void {
  const result = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (result !== 'ok') throw Object.assign(new Error(`quick_check: ${String(result)}`), { errcode: 11 });
}

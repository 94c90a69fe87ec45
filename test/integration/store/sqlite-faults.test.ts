import { execFile } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import type { Store } from '../../../reconciler/ports/store.ts';
import { buildJob } from '../../support/records.ts';

let elapsed = 0;
const clock = {
  now: () => 1_800_000_000_000,
  elapsed: () => elapsed,
  sleep: () => Promise.resolve(),
  random: () => 0.5,
};
const unavailable = expect.objectContaining({ code: 'STORE_UNAVAILABLE', retryable: true });

describe('SQLite store under faults', () => {
  let directory: string;
  let path: string;
  const warnings: string[] = [];
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_data: object, message: string) => void warnings.push(message),
    error: () => undefined,
  };
  const open = (): Store => createSqliteStore({ path, clock, logger, busyTimeoutMs: 50 });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kombinator-store-'));
    path = join(directory, 'state', 'kombinator.db');
    warnings.length = 0;
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

  it('writes a database again that was deleted while it was in use, and says so', () => {
    const store = open();
    store.saveJob(buildJob(1));
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    elapsed += 2_000;
    store.saveJob(buildJob(2));
    expect(warnings).toEqual([expect.stringContaining('deleted while it was in use')]);
    store[Symbol.dispose]();
    using next = open();
    expect(next.listJobs({}).total).toBe(2);
  });

  it('goes on with a database that was put in the place of its own', () => {
    const store = open();
    store.saveJob(buildJob(1));
    const kept = `${path}.kept`;
    using other = createSqliteStore({ path: kept, clock, logger });
    other.saveJob(buildJob(7));
    other[Symbol.dispose]();
    renameSync(kept, path);
    elapsed += 2_000;
    expect(store.listJobs({}).jobs.map(({ id }) => id)).toEqual([buildJob(7).id]);
    store[Symbol.dispose]();
  });

  it('keeps its directory and all of its files private, also a file that was not', () => {
    open()[Symbol.dispose]();
    chmodSync(path, 0o644);
    using store = open();
    store.saveJob(buildJob(1));

    expect(mode(join(directory, 'state'))).toBe('700');
    expect(
      readdirSync(join(directory, 'state')).map((file) => [file, mode(join(directory, 'state', file))]),
    ).toEqual([
      ['kombinator.db', '600'],
      ['kombinator.db-shm', '600'],
      ['kombinator.db-wal', '600'],
    ]);
  });

  it('says that it is unavailable while another connection holds the lock, and works again afterwards', () => {
    using store = open();
    using other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');

    expect(() => store.saveJob(buildJob(1))).toThrow(unavailable);
    expect(() => store.saveSteps([])).toThrow(unavailable);
    expect(store.listJobs({}).total).toBe(0);

    other.exec('ROLLBACK');
    store.saveJob(buildJob(1));
    expect(store.listJobs({}).total).toBe(1);
  });

  it('cannot be opened while another connection holds it exclusively', () => {
    open()[Symbol.dispose]();
    using other = new DatabaseSync(path);
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');

    expect(open).toThrow(unavailable);
  });

  it('says that it is unavailable when the path cannot hold a database', () => {
    writeFileSync(join(directory, 'state'), 'a file where the directory should be');
    expect(open).toThrow(unavailable);

    path = directory;
    expect(open).toThrow(unavailable);
  });

  it('refuses a file that a newer version of the program wrote', () => {
    open()[Symbol.dispose]();
    {
      using newer = new DatabaseSync(path);
      newer.exec('PRAGMA user_version = 99');
    }
    expect(open).toThrow(expect.objectContaining({ code: 'BAD_OPTIONS' }));
  });

  it.each([
    {
      damage: 'text',
      spoil: () => writeFileSync(path, 'this is no database, whatever its name says\n'.repeat(100)),
    },
    { damage: 'a page overwritten with noise', spoil: () => overwritePages() },
    { damage: 'a cut off end', spoil: () => truncateSync(path, 6000) },
  ])('moves a damaged database aside and begins a new one: $damage', ({ spoil }) => {
    {
      using store = open();
      for (let number = 1; number <= 50; number++) store.saveJob(buildJob(number));
    }
    spoil();

    using store = open();

    expect(store.listJobs({}).total).toBe(0);
    store.saveJob(buildJob(1));
    expect(readdirSync(join(directory, 'state')).filter((file) => file.includes('.corrupt-'))).toEqual([
      'kombinator.db.corrupt-2027-01-15T080000.000Z',
    ]);
    expect(warnings).toHaveLength(1);
  });

  it('begins anew when the damage shows only while it is in use', () => {
    using store = open();
    for (let number = 1; number <= 50; number++) store.saveJob(buildJob(number));
    {
      using other = new DatabaseSync(path);
      other.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    }
    overwritePages();
    {
      // A foreign write makes the open connection drop its cache and read the pages again.
      using other = new DatabaseSync(path);
      other.exec('PRAGMA user_version = 1');
    }

    store.saveJob(buildJob(77));

    expect(store.getJob(buildJob(77).id)).toEqual(buildJob(77));
    expect(warnings).toHaveLength(1);
  });

  it('reports a full disk as STORE_FULL, a read-only one as STORE_UNAVAILABLE, and goes on once there is space', async () => {
    const namespace = ['--map-root-user', '--mount'];
    const script = new URL('full-disk.ts', import.meta.url).pathname;

    const { stdout } = await promisify(execFile)('unshare', [
      ...namespace,
      'sh',
      '-ec',
      'mount -t tmpfs -o size=512k tmpfs "$1"; exec "$2" "$3" "$1"',
      'sh',
      directory,
      process.execPath,
      script,
    ]);

    expect(JSON.parse(stdout)).toEqual({
      whenFull: { code: 'STORE_FULL', retryable: true },
      readableWhenFull: true,
      afterSpace: 'saved',
      whenReadOnly: { code: 'STORE_UNAVAILABLE', retryable: true },
      openedOnFull: { code: 'STORE_FULL', retryable: true },
    });
  });

  /** Everything after the first page becomes noise: the header still says that this is a database. */
  function overwritePages(): void {
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(statSync(path).size - 4096, 0xa5), 0, null, 4096);
    closeSync(file);
  }
});

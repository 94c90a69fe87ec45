import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackupFolder } from '../../reconciler/adapters/backups/folder.ts';
import { createDockerTarget } from '../../reconciler/adapters/docker/index.ts';
import type { BackupView } from '../../reconciler/public/reconciler.ts';
import type { DockerTarget } from '../../reconciler/adapters/docker/target.ts';
import { loadDatabaseImage } from '../support/docker/database-images.ts';
import { eventually } from '../support/eventually.ts';
import { createFastClock } from '../support/fakes/fast-clock.ts';
import type { Rig } from '../support/reconciler-rig.ts';
import { container, createRig, file, stack } from '../support/reconciler-rig.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';
import { realClock, silentLogger } from '../support/docker/target-options.ts';

/*
 * Servers of Debian's packages, on a real engine: what is restored is what was there. MongoDB is in no Debian.
 */

const SIGNAL = new AbortController().signal;
const POSTGRES = 'test/postgres:15';
const REDIS = 'test/redis:7';
const MARIADB = 'test/mariadb:10.11';
const ADA = { name: 'Ada', email: 'ada@example.org' };

/** One minute in a second: schedules have no shorter step. */
const FASTER = 60;
const DAY_MS = 24 * 3_600_000;
/** Patience for the machines of others, which may be busy. */
const PATIENCE_MS = 100_000;

const SERVICES = {
  db: `image: "${POSTGRES}", environment: { POSTGRES_USER: app }, volumes: ["data:/var/lib/postgresql/data"]`,
  cache: `image: "${REDIS}", command: [--requirepass, "it's", --appendonly, "yes"], environment: { REDIS_PASSWORD: "it's" }`,
};

const MARIA = `image: "${MARIADB}", environment: { MARIADB_ROOT_PASSWORD: "p w" }`;

let directory: string;
let target: DockerTarget;
let rig: Rig;

beforeAll(async () => {
  const host = workerEngine();
  await loadDatabaseImage(host, 'postgres', POSTGRES);
  await loadDatabaseImage(host, 'redis', REDIS);
  await loadDatabaseImage(host, 'mariadb', MARIADB);
  directory = await mkdtemp(join(tmpdir(), 'kombinator-backups-'));
  const connection = { type: 'unix', path: host.replace('unix://', '') } as const;
  target = createDockerTarget({ name: 'local', connection, clock: realClock, logger: silentLogger });
  rig = createRig({
    createTarget: () => ({ ...target, async [Symbol.asyncDispose]() {} }),
    clock: createFastClock(FASTER),
    resyncMs: DAY_MS,
    backups: createBackupFolder(directory),
  });
  rig.source.push({
    [file('data')]: stack(
      'data',
      SERVICES,
      'volumes: { data: {} }\nbackup: { schedule: "* * * * *", keep: 3, services: [db] }\n',
    ),
    [file('sql')]: stack('sql', { maria: MARIA }),
    [file('kept')]: stack(
      'kept',
      { cache: `image: "${REDIS}", volumes: ["safe:/backups"]` },
      'volumes: { safe: {} }\nbackup: { enabled: true, schedule: "0 0 1 1 *", volume: safe, compression: zstd, keep: 1 }\n',
    ),
  });
});

afterAll(async () => {
  for (const name of ['data', 'sql', 'kept']) {
    const request = {
      stack: name,
      mode: 'destroy',
      volumes: true,
      confirm: true,
      actor: null,
      trigger: 'cli',
    } as const;
    const { id } = await rig.reconciler.apply(request, SIGNAL);
    await rig.reconciler.waitForJob(id, SIGNAL);
  }
  await rig[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function run(name: string, service: string, ...argv: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await target.exec(name, container(service), argv, SIGNAL);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} ended with ${exitCode}: ${stderr}`);
  return stdout.trim();
}

const psql = (sql: string, database = 'shop') =>
  run('data', 'db', 'psql', '-X', '-A', '-t', '-U', 'app', '-d', database, '-c', sql);
const redis = (...argv: string[]) =>
  run('data', 'cache', 'sh', '-c', 'REDISCLI_AUTH=$REDIS_PASSWORD exec redis-cli "$@"', 'sh', ...argv);
const mariadb = (sql: string) =>
  run(
    'sql',
    'maria',
    'sh',
    '-c',
    'MYSQL_PWD=$MARIADB_ROOT_PASSWORD exec mariadb -u root -N -B -e "$1"',
    'sh',
    sql,
  );

async function up(name: string, ask: () => Promise<string>): Promise<void> {
  const request = { stack: name, actor: null, trigger: 'cli' } as const;
  const { job } = await ended((await rig.reconciler.apply(request, SIGNAL)).id);
  const answer = await eventually(
    () => ask().catch((error: unknown) => String(error)),
    (text) => !/error|ended with/i.test(text),
    PATIENCE_MS,
  );
  expect(answer, JSON.stringify(job)).not.toMatch(/error|ended with/i);
}

const backupsOf = async (filter: { stack: string; service?: string }): Promise<readonly BackupView[]> =>
  (await rig.reconciler.listBackups(filter, SIGNAL)).backups;

async function ended(id: string) {
  const detail = await rig.reconciler.waitForJob(id, AbortSignal.timeout(PATIENCE_MS));
  expect(detail.job.error).toBeNull();
  return detail;
}

const backUp = (name: string, service: string) =>
  ended(rig.reconciler.backup({ stack: name, service, actor: ADA, trigger: 'cli' }).id);
const restore = (name: string, service: string, from: string) =>
  ended(rig.reconciler.restore({ stack: name, service, file: from, actor: ADA, trigger: 'cli' }).id);

describe('backups of real servers', () => {
  it('PostgreSQL 15: made by schedule, listed, restored, with the same rows', async () => {
    await up('data', () => psql('select 1', 'postgres'));
    await psql('create database shop owner app', 'postgres');
    await psql('create role web login');
    await psql(`create table items (id int primary key, name text, data bytea);
      insert into items select i, 'ü ' || i, decode(md5(i::text), 'hex') from generate_series(1, 30000) i;
      alter table items owner to web; alter database shop set work_mem = '8MB'`);
    const digest = `select count(*), md5(string_agg(id || name || data::text, ',' order by id)) from items`;
    const rows = await psql(digest);

    await rig.reconciler.start();
    const made = await eventually(
      () => backupsOf({ stack: 'data', service: 'db' }),
      (backups) => backups.length >= 2,
      PATIENCE_MS,
    );
    const [first] = made.toSorted((a, b) => (a.time < b.time ? 1 : -1));
    const [job] = rig.jobs('data').filter(({ type }) => type === 'backup');
    expect(job).toMatchObject({ trigger: 'schedule', actor: null });
    const folder = join(directory, 'data', 'db');
    await promisify(execFile)('sha256sum', ['-c', `${first?.file}.sha256`], { cwd: folder });
    // Time goes on as usual, and nothing happens by itself in the middle of what follows.
    rig = await rig.restart({ clock: realClock });
    await rig.reconciler.refresh(SIGNAL);
    await backUp('data', 'db');
    const [newest] = await backupsOf({ stack: 'data', service: 'db' });

    await psql('delete from items where id > 10; update items set name = null; create table later (a int)');
    // Somebody is connected all the time.
    const session = target.exec(
      'data',
      container('db'),
      ['sh', '-c', 'psql -U app -d shop -c "select pg_sleep(60)"'],
      SIGNAL,
    );
    const { steps } = await restore('data', 'db', newest?.file ?? '');
    await session;

    expect(steps.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
    expect(await psql(digest)).toBe(rows);
    expect(
      await psql(
        "select to_regclass('later') is null, (select rolname from pg_class c join pg_roles r on r.oid = relowner where relname = 'items')",
      ),
    ).toBe('t|web');
    expect(await psql('show work_mem')).toBe('8MB');
    expect(await psql("select count(*) from pg_database where datname like 'kombinator%'")).toBe('0');
    const before = (await backupsOf({ stack: 'data', service: 'db' })).find(
      ({ beforeRestore }) => beforeRestore,
    );
    await restore('data', 'db', before?.file ?? '');
    expect(await psql("select count(*), to_regclass('later') is null from items")).toBe('10|f');
  });

  it('PostgreSQL 15: a restore that fails leaves everything as it was', async () => {
    const [newest] = await backupsOf({ stack: 'data', service: 'db' });
    await psql('alter database shop rename to other', 'postgres');
    await psql(
      "create function public.block() returns event_trigger language plpgsql as $$ begin raise exception 'no'; end $$; create event trigger block on ddl_command_start execute function public.block()",
      'template1',
    );
    const { id } = rig.reconciler.restore({
      stack: 'data',
      service: 'db',
      file: newest?.file ?? '',
      actor: ADA,
      trigger: 'cli',
    });
    const { job } = await rig.reconciler.waitForJob(id, SIGNAL);
    expect(job.error?.code).toBe('RESTORE_FAILED');
    expect(job.error?.message).toMatch(
      /the databases are as they were before; what was there before: kombinator db restore data db --file db_\S+_before-restore\.sql\.gz$/,
    );
    expect(await psql('select count(*) from items', 'other')).toBe('10');
    expect(await psql("select count(*) from pg_database where datname like 'kombinator%'", 'postgres')).toBe(
      '0',
    );
  });

  it('Redis: with a password and an append-only file, live, and still there after a restart', async () => {
    await up('data', () => redis('ping'));
    await redis('set', 'name', 'ü\u0001');
    await redis('-n', '2', 'rpush', 'list', 'a', 'b');
    await backUp('data', 'cache');
    await redis('flushall');
    await redis('set', 'newer', 'x');
    const [backup] = await backupsOf({ stack: 'data', service: 'cache' });
    await restore('data', 'cache', backup?.file ?? '');
    const state = async () => [
      await redis('get', 'name'),
      await redis('-n', '2', 'lrange', 'list', '0', '-1'),
      await redis('exists', 'newer'),
    ];
    expect(await state()).toEqual(['ü\u0001', 'a\nb', '0']);
    expect(await redis('info', 'replication')).toContain('role:master');
    const { id } = rig.reconciler.control({ stack: 'data', action: 'restart', actor: null, trigger: 'cli' });
    await ended(id);
    await up('data', () => redis('ping'));
    expect(await redis('config', 'get', 'masterauth')).toBe('masterauth');
  });

  it('MariaDB: every database with what belongs to it', async () => {
    await up('sql', () => mariadb('select 1'));
    await mariadb(
      'create database shop; use shop; create table shop.items (id int primary key, data varbinary(40)); insert into shop.items select seq, unhex(md5(seq)) from seq_1_to_20000; create view shop.v as select count(*) as n from shop.items; create database `odd name`',
    );
    const digest = 'select count(*), sum(crc32(data)) from shop.items';
    const rows = await mariadb(digest);
    await backUp('sql', 'maria');
    await mariadb(
      'delete from shop.items where id > 5; drop database `odd name`; create table shop.later (a int)',
    );
    const [backup] = await backupsOf({ stack: 'sql' });
    await restore('sql', 'maria', backup?.file ?? '');
    expect(await mariadb(digest)).toBe(rows);
    expect(await mariadb('show tables in shop')).toBe('items\nv');
    expect(await mariadb("show databases like 'odd%'")).toBe('odd name');
  });

  it('MariaDB: users come back with their passwords, rights and roles; those that are there keep theirs', async () => {
    await mariadb(
      "create role reader; grant select on shop.* to reader; create user web@localhost identified by 'it''s'; grant reader to web@localhost; grant insert on shop.items to web@localhost; set default role reader for web@localhost; create user kept@localhost identified by 'old'",
    );
    const grants = await mariadb('show grants for web@localhost');
    await backUp('sql', 'maria');
    await mariadb(
      "drop user web@localhost; drop role reader; set password for kept@localhost = password('new')",
    );
    const backup = (await backupsOf({ stack: 'sql' })).find(({ beforeRestore }) => !beforeRestore);
    await restore('sql', 'maria', backup?.file ?? '');
    expect(await mariadb('show grants for web@localhost')).toBe(grants);
    const as = (user: string, password: string, sql: string) =>
      run(
        'sql',
        'maria',
        'sh',
        '-c',
        'MYSQL_PWD=$1 exec mariadb -u "$2" -N -B -e "$3"',
        'sh',
        password,
        user,
        sql,
      );
    expect(await as('web', "it's", 'select count(*) > 0 from shop.items')).toBe('1');
    expect(await as('kept', 'new', 'select 1')).toBe('1');
  });

  it('keeps them in a volume where that is asked for', async () => {
    const ask = () => run('kept', 'cache', 'redis-cli', 'ping');
    await up('kept', ask);
    await run('kept', 'cache', 'redis-cli', 'set', 'a', '1');
    await backUp('kept', 'cache');
    await backUp('kept', 'cache');
    const [backup, ...older] = await backupsOf({ stack: 'kept' });
    expect(older).toEqual([]);
    expect(backup).toMatchObject({
      location: 'kept/cache:/backups/kept/cache',
      file: expect.stringMatching(/\.rdb\.zst$/),
    });
    expect(await readdir(directory)).not.toContain('kept');
    await run('kept', 'cache', 'redis-cli', 'flushall');
    await restore('kept', 'cache', backup?.file ?? '');
    expect(await run('kept', 'cache', 'redis-cli', 'get', 'a')).toBe('1');
    const verify = 'cd /backups/kept/cache && sha256sum -c *.sha256';
    expect(await run('kept', 'cache', 'sh', '-c', verify)).toMatch(/^cache_\S+\.rdb\.zst: OK/);
  });

  it('tells what each of them holds', async () => {
    const servers = await rig.reconciler.databases(SIGNAL);
    expect(servers.map(({ stack, service, error }) => [`${stack}/${service}`, error])).toEqual([
      ['data/db', null],
      ['data/cache', null],
      ['kept/cache', null],
      ['sql/maria', null],
    ]);
  });
});

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createBackupFolder } from '../../../reconciler/adapters/backups/folder.ts';
import type { StreamedProgram } from '../../../reconciler/ports/target-capabilities.ts';
import { eventually } from '../../support/eventually.ts';
import { createFakeClock } from '../../support/fakes/fake-clock.ts';
import type { Rig, RigOptions } from '../../support/reconciler-rig.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const SIGNAL = new AbortController().signal;
const HEADER = '-- Kombinator backup: postgres\n';
const SERVICES = { web: 'image: "nginx:1.29"', db: 'image: "postgres:16"' };
const ask = { stack: 'shop', actor: { name: 'Ada', email: 'ada@example.org' }, trigger: 'cli' } as const;

interface Shop extends AsyncDisposable {
  readonly rig: Rig;
  readonly directory: string;
  /** Content of the server. */
  data: string;
  files(): Promise<readonly string[]>;
  backup(): Promise<string>;
  restore(more?: { file?: string; backupFirst?: boolean }): ReturnType<Rig['reconciler']['waitForJob']>;
  /** Plays the next programs instead. */
  program: ((program: StreamedProgram) => Promise<{ exitCode: number; stderr: string }>) | null;
}

/** A stack with a server that understands dumps: they are its data. */
async function openShop(more = '', options: RigOptions = {}): Promise<Shop> {
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-backups-'));
  const rig = createRig({ backups: createBackupFolder(directory), ...options });
  const { control } = rig.engine();
  const folder = join(directory, 'shop', 'db');
  const files = async () =>
    (await readdir(folder).catch((): string[] => [])).toSorted((a, b) => (a < b ? -1 : 1));
  const shop: Shop = {
    rig,
    directory,
    data: 'rows',
    program: null,
    files,
    async backup() {
      const job = rig.reconciler.backup(ask);
      await rig.reconciler.waitForJob(job.id, SIGNAL);
      const { backups } = await rig.reconciler.listBackups({ stack: 'shop' }, SIGNAL);
      return backups[0]?.file ?? '';
    },
    async restore(more = {}) {
      return rig.reconciler.waitForJob(rig.reconciler.restore({ ...ask, ...more }).id, SIGNAL);
    },
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
  control.streamed = async (program) => {
    if (shop.program !== null) return shop.program(program);
    if (program.input === undefined) {
      await program.onOutput(Buffer.from(HEADER));
      await program.onOutput(Buffer.from(shop.data));
      return { exitCode: 0, stderr: 'a notice\n' };
    }
    let text = '';
    for await (const chunk of program.input) text += Buffer.from(chunk).toString();
    shop.data = text.slice(HEADER.length);
    return { exitCode: 0, stderr: '' };
  };
  control.engine.images.add('postgres:16');
  rig.source.push({ [file('shop')]: stack('shop', SERVICES, more) });
  await rig.apply('shop');
  return shop;
}

describe('a backup', () => {
  it('is a compressed file with a checksum, listed and recorded as a job', async () => {
    await using shop = await openShop();
    const name = await shop.backup();
    expect(name).toMatch(/^db_\d{8}-\d{6}\.sql\.gz$/);
    expect(await shop.files()).toEqual([name, `${name}.sha256`]);
    const content = await readFile(join(shop.directory, 'shop/db', name));
    expect(gunzipSync(content).toString()).toBe(`${HEADER}rows`);
    const { backups, failures } = await shop.rig.reconciler.listBackups({}, SIGNAL);
    expect(failures).toEqual([]);
    expect(backups).toEqual([
      expect.objectContaining({
        stack: 'shop',
        service: 'db',
        file: name,
        sizeBytes: content.length,
        beforeRestore: false,
        location: join(shop.directory, 'shop/db'),
      }),
    ]);
    expect(await readFile(join(shop.directory, 'shop/db', `${name}.sha256`), 'utf8')).toBe(
      `${backups[0]?.sha256}  ${name}\n`,
    );
    const [job] = shop.rig.jobs('shop').filter(({ type }) => type === 'backup');
    expect(job).toMatchObject({ status: 'completed', actor: 'Ada', trigger: 'cli' });
    const { steps } = shop.rig.reconciler.getJob(job?.id ?? '');
    expect(steps).toEqual([expect.objectContaining({ name: 'back up db', status: 'completed' })]);
  });

  it.each([
    {
      when: 'the client fails after half of it',
      program: async ({ onOutput }: StreamedProgram) => {
        await onOutput(Buffer.from(`${HEADER}half`));
        return { exitCode: 1, stderr: 'notice\npg_dump: error: connection lost\n' };
      },
      message: 'shop/db: its client ended with 1: notice / pg_dump: error: connection lost',
    },
    {
      when: 'the client prints something else',
      program: async ({ onOutput }: StreamedProgram) => {
        await onOutput(Buffer.from('usage: pg_dump'));
        return { exitCode: 0, stderr: '' };
      },
      message: 'shop/db: its client printed something that is no dump',
    },
    {
      when: 'there is nothing',
      program: async () => ({ exitCode: 0, stderr: '' }),
      message: 'shop/db: its client printed something that is no dump',
    },
    {
      when: 'the connection breaks',
      program: async ({ onOutput }: StreamedProgram) => {
        await onOutput(Buffer.from(`${HEADER}half`));
        throw new Error('socket hang up');
      },
      message: 'shop/db: socket hang up',
    },
  ])('leaves nothing behind when $when', async ({ program, message }) => {
    await using shop = await openShop();
    shop.program = program;
    await shop.backup();
    expect(await shop.files()).toEqual([]);
    const [job] = shop.rig.jobs('shop');
    expect(job).toMatchObject({
      type: 'backup',
      status: 'failed',
      error: { code: 'BACKUP_FAILED', message },
    });
  });

  it('of a stack that is stopped, is unknown or has no database says so', async () => {
    await using shop = await openShop();
    const { reconciler, source } = shop.rig;
    expect(() => reconciler.backup({ ...ask, stack: 'none' })).toThrow('there is no stack none');
    expect(() => reconciler.backup({ ...ask, service: 'web' })).toThrow(
      'shop has no database web; its databases: db',
    );
    const { id } = reconciler.control({ ...ask, action: 'stop' });
    await reconciler.waitForJob(id, SIGNAL);
    await shop.backup();
    const { error } = shop.rig.jobs('shop')[0] ?? {};
    expect(error?.code).toBe('STACK_STOPPED');
    expect(error?.message).toMatch(
      /^shop is stopped \(by Ada, .+\), and so are its databases; start it first$/,
    );
    source.push({ [file('shop')]: stack('shop', { web: SERVICES.web }) });
    await reconciler.refresh(SIGNAL);
    expect(() => reconciler.backup(ask)).toThrow('shop has no database; its databases: none');
  });

  it('keeps what the policy says, and what others have put there', async () => {
    await using shop = await openShop('backup: { keep: 2, compression: none }\n');
    const names: string[] = [];
    for (let count = 0; count < 4; count += 1) names.push(await shop.backup());
    await writeFile(join(shop.directory, 'shop/db/notes.txt'), 'mine');
    await shop.backup();
    const kept = await shop.files();
    expect(kept.filter((name) => name.endsWith('.sql'))).toHaveLength(2);
    expect(kept).toContain(names[3]);
    expect(kept).toContain('notes.txt');
  });

  it('that fails lets go of nothing', async () => {
    await using shop = await openShop('backup: { days: 1 }\n');
    const name = await shop.backup();
    shop.program = async () => ({ exitCode: 1, stderr: '' });
    await shop.backup();
    expect(await shop.files()).toEqual([name, `${name}.sha256`]);
  });
});

describe('a restore', () => {
  it('verifies, backs up what is there, and puts the backup in its place', async () => {
    await using shop = await openShop();
    const name = await shop.backup();
    shop.data = 'newer';
    const { job, steps } = await shop.restore({ file: name });
    expect(job).toMatchObject({ type: 'restore', status: 'completed' });
    expect(steps.map((step) => [step.name, step.status])).toEqual([
      [`verify ${name}`, 'completed'],
      ['back up db', 'completed'],
      ['restore db', 'completed'],
    ]);
    expect(shop.data).toBe('rows');
    const { backups } = await shop.rig.reconciler.listBackups({ service: 'db' }, SIGNAL);
    const before = backups.find(({ beforeRestore }) => beforeRestore)?.file ?? '';
    expect(before).toMatch(/_before-restore\.sql\.gz$/);
    // The newest that was made on purpose, not the one before the restore.
    shop.data = 'newest';
    await shop.restore({ backupFirst: false });
    expect(shop.data).toBe('rows');
    await shop.restore({ file: before });
    expect(shop.data).toBe('newer');
  });

  it.each([
    ['is damaged', (content: Buffer) => Buffer.concat([content.subarray(0, -9), Buffer.alloc(9)])],
    ['is cut short', (content: Buffer) => content.subarray(0, content.length / 2)],
    ['is another dump', () => gzipSync('-- Kombinator backup: mysql\nx')],
  ])('of a file that %s touches nothing', async (_, change) => {
    await using shop = await openShop();
    const name = await shop.backup();
    const path = join(shop.directory, 'shop/db', name);
    await writeFile(path, change(await readFile(path)));
    shop.data = 'newer';
    const { job, steps } = await shop.restore({ file: name });
    expect(job).toMatchObject({ status: 'failed', error: { code: 'BACKUP_DAMAGED' } });
    expect(steps.map(({ status }) => status)).toEqual(['failed', 'skipped', 'skipped']);
    expect(shop.data).toBe('newer');
  });

  it('that fails tells how to get back', async () => {
    await using shop = await openShop();
    const name = await shop.backup();
    shop.program = async ({ input, onOutput }) => {
      if (input !== undefined) return { exitCode: 3, stderr: 'ERROR: no such role\n' };
      await onOutput(Buffer.from(`${HEADER}now`));
      return { exitCode: 0, stderr: '' };
    };
    const { job } = await shop.restore({ file: name });
    expect(job.error?.code).toBe('RESTORE_FAILED');
    expect(job.error?.message).toMatch(
      /^shop\/db: its client ended with 3: ERROR: no such role; the databases are as they were before; what was there before: kombinator db restore shop db --file db_\S+_before-restore\.sql\.gz$/,
    );
  });

  it('of what is not there names what is', async () => {
    await using shop = await openShop();
    const name = await shop.backup();
    const { job } = await shop.restore({ file: 'db_20200101-000000.sql.gz' });
    expect(job.error).toMatchObject({
      code: 'UNKNOWN_BACKUP',
      message: `there is no backup db_20200101-000000.sql.gz of shop/db; there are: ${name}`,
    });
  });
});

describe('a schedule', () => {
  const HOUR = 3_600_000;
  const scheduled = (rig: Rig) =>
    rig.jobs('shop').filter(({ type, trigger }) => type === 'backup' && trigger === 'schedule');

  const MORE = 'backup: { schedule: "0 3 * * *" }\n';

  it('backs up at its time, and not what is stopped', async () => {
    const clock = createFakeClock(new Date('2026-11-22T01:30').getTime());
    // A day of looking again every five minutes is not the matter here.
    await using shop = await openShop(MORE, { clock, resyncMs: 24 * HOUR });
    const { rig } = shop;
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    await clock.advance(HOUR);
    expect(scheduled(rig)).toEqual([]);
    await clock.advance(HOUR);
    await eventually(
      () => scheduled(rig),
      ([job]) => job?.status === 'completed',
    );
    expect(scheduled(rig)).toHaveLength(1);
    const { id } = rig.reconciler.control({ ...ask, action: 'stop' });
    await rig.reconciler.waitForJob(id, SIGNAL);
    await clock.advance(24 * HOUR);
    expect(scheduled(rig)).toHaveLength(1);
    expect(rig.engine().control.find('shop', container('db'))?.state).toBe('exited');
  });

  it('makes up once for all that was missed', async () => {
    const start = new Date('2026-11-22T04:00').getTime();
    await using shop = await openShop(MORE, { clock: createFakeClock(start) });
    await shop.backup();
    const clock = createFakeClock(start + 72 * HOUR);
    await using rig = await shop.rig.restart({ store: shop.rig.store, clock });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    await clock.advance(HOUR);
    await eventually(
      () => scheduled(rig),
      ([job]) => job?.status === 'completed',
    );
    expect(scheduled(rig)).toHaveLength(1);
    await clock.advance(HOUR);
    expect(scheduled(rig)).toHaveLength(1);
  });
});

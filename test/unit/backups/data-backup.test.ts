import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { createBackupFolder } from '../../../reconciler/adapters/backups/folder.ts';
import type { Rig, RigOptions } from '../../support/reconciler-rig.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

/* Volumes and directories on an engine in memory: what is decided, in which order, and what becomes of failures. */

const SIGNAL = new AbortController().signal;
const ADA = { name: 'Ada', email: 'ada@example.org' };
const SERVICES = {
  web: 'image: "nginx:1.29", depends_on: [api], volumes: ["data:/data", "/srv/site:/site", "/var/run/docker.sock:/sock", "/srv/ro:/ro:ro"]',
  api: 'image: "nginx:1.29", volumes: ["data:/data", "/srv/site/sub:/sub"]',
  db: 'image: "postgres:16", volumes: ["rows:/var/lib/postgresql/data"]',
};

async function archive(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: './', type: 'directory', mode: 0o750, uid: 33, gid: 33 });
  for (const [name, content] of Object.entries(files))
    tar.entry({ name: `./${name}`, mtime: new Date(0) }, content);
  tar.finalize();
  return buffer(tar);
}

interface Shop extends AsyncDisposable {
  readonly rig: Rig;
  readonly directory: string;
  readonly data: Map<string, Map<string, Buffer>>;
}

async function openShop(policy: string, options: RigOptions = {}): Promise<Shop> {
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-data-'));
  const rig = createRig({ backups: createBackupFolder(directory), stableMs: 0, ...options });
  const { control, data } = rig.engine();
  control.engine.images.add('postgres:16');
  for (const source of ['shop_data', 'shop_rows', '/srv/site', '/srv/site/sub'])
    data.set(source, new Map([['', await archive({ 'a.txt': `of ${source}` })]]));
  rig.source.push({
    [file('shop')]: stack('shop', SERVICES, `volumes: { data: {}, rows: {} }\nbackup: { ${policy} }\n`),
  });
  await rig.apply('shop');
  return {
    rig,
    directory,
    data,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

const run = (rig: Rig, service?: string) => {
  const what = service === undefined ? {} : { service };
  const { id } = rig.reconciler.backup({ stack: 'shop', ...what, actor: ADA, trigger: 'cli' });
  return rig.reconciler.waitForJob(id, AbortSignal.timeout(4_000));
};
const restore = (rig: Rig, service: string) => {
  const { id } = rig.reconciler.restore({ stack: 'shop', service, actor: ADA, trigger: 'cli' });
  return rig.reconciler.waitForJob(id, AbortSignal.timeout(4_000));
};

describe('what is backed up', () => {
  it.each([
    ['volumes: true, services: [db]', ['db', 'volume:data']],
    ['directories: true, services: [db]', ['db', 'web:/site']],
    ['volumes: true, directories: true, services: [db]', ['db', 'volume:data', 'web:/site']],
    ['volumes: [rows], directories: ["api:/sub"], services: [db]', ['db', 'api:/sub', 'volume:rows']],
  ])('%s', async (policy, names) => {
    await using shop = await openShop(policy);
    const { rig } = shop;
    rig.engine().control.streamed = async ({ onOutput }) => {
      await onOutput(Buffer.from(`-- Kombinator backup: postgres\n${'x'.repeat(99)}`));
      return { exitCode: 0, stderr: '' };
    };
    const { job, steps } = await run(rig);
    expect(job.error).toBeNull();
    expect(steps.map(({ name, status }) => [name, status])).toEqual(
      names.map((name) => [`back up ${name}`, 'completed']),
    );
  });

  it('is named, or refused with what there is', async () => {
    await using shop = await openShop('volumes: true');
    const { reconciler } = shop.rig;
    const ask = (service: string) => () =>
      reconciler.backup({ stack: 'shop', service, actor: null, trigger: 'cli' });
    expect(ask('volume:none')).toThrow('shop has no volume none; it has: volume:data, volume:rows');
    expect(ask('none:/x')).toThrow('shop has no service none');
    const { job } = await run(shop.rig, 'web:/none');
    expect(job.error?.message).toBe(
      'no container of shop/web has anything mounted at /none; what it has: web:/data, web:/ro, web:/site, web:/sock',
    );
  });

  it('that breaks off leaves nothing behind', async () => {
    await using shop = await openShop('volumes: [data]');
    const whole = shop.data.get('shop_data')?.get('') ?? Buffer.alloc(0);
    shop.data.get('shop_data')?.set('', whole.subarray(0, 1_024));
    const { job } = await run(shop.rig, 'volume:data');
    expect(job.error).toMatchObject({
      code: 'BACKUP_FAILED',
      message: 'shop/volume:data: the archive breaks off',
    });
    expect(await readdir(join(shop.directory, 'shop/volume=data'))).toEqual([]);
  });

  it('goes where the operator has set up a place of that name, and nowhere else', async () => {
    const other = await mkdtemp(join(tmpdir(), 'kombinator-data-'));
    const backupDestinations = new Map([['nas', createBackupFolder(other)]]);
    await using shop = await openShop('volumes: [data], destination: nas', { backupDestinations });
    await run(shop.rig, 'volume:data');
    expect(await readdir(join(other, 'shop'))).toEqual(['volume=data']);
    const { backups } = await shop.rig.reconciler.listBackups({}, SIGNAL);
    expect(backups).toEqual([
      expect.objectContaining({ service: 'volume:data', kind: 'data', destination: 'nas' }),
    ]);
    await rm(other, { recursive: true });
    await using lost = await openShop('volumes: [data], destination: nsa', { backupDestinations });
    expect(() => lost.rig.reconciler.backup({ stack: 'shop', actor: null, trigger: 'cli' })).toThrow(
      'there is no destination nsa for backups; the operator has set up: nas',
    );
  });

  it('is not written in the clear where nobody can be found to encrypt it for', async () => {
    await using shop = await openShop('volumes: [data], encrypt: true');
    const { job } = await run(shop.rig, 'volume:data');
    expect(job.error?.message).toMatch(/there is nobody to encrypt them for: put an age key into age.key/);
    expect(await readdir(shop.directory)).toEqual([]);
  });
});

describe('services that have the data', () => {
  it('stop in the order of who needs whom, and start the other way round', async () => {
    await using shop = await openShop('volumes: [data], stop: true');
    const { control } = shop.rig.engine();
    const { logs } = await run(shop.rig, 'volume:data');
    expect(logs.map(({ message }) => message).slice(0, 4)).toEqual([
      'stops web',
      'stops api',
      'starts api',
      'starts web',
    ]);
    expect(control.find('shop', container('web'))?.state).toBe('running');
  });

  it('run again when the data cannot be read', async () => {
    await using shop = await openShop('volumes: [data], stop: true');
    shop.data.delete('shop_data');
    const { control } = shop.rig.engine();
    const { job } = await run(shop.rig, 'volume:data');
    expect(job.error?.message).toBe('there is no volume shop_data');
    for (const name of ['web', 'api']) expect(control.find('shop', container(name))?.state).toBe('running');
  });

  it('are left alone by the loop meanwhile: what is asked for waits', async () => {
    await using shop = await openShop('volumes: [data], stop: true');
    const { rig } = shop;
    const { control } = rig.engine();
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    control.delayMs = 30;
    const backup = rig.reconciler.backup({
      stack: 'shop',
      service: 'volume:data',
      actor: ADA,
      trigger: 'cli',
    });
    const apply = await rig.reconciler.apply({ stack: 'shop', actor: ADA, trigger: 'cli' }, SIGNAL);
    const [saved, applied] = await Promise.all(
      [backup.id, apply.id].map((id) => rig.reconciler.waitForJob(id, AbortSignal.timeout(4_000))),
    );
    expect([saved?.job.status, applied?.job.status]).toEqual(['completed', 'completed']);
    const calls = control.log.slice(control.log.findIndex((one) => one.startsWith('stop ')));
    expect(calls.filter((one) => /^(stop|start|read|create|replace)/.test(one)).slice(0, 3)).toEqual([
      expect.stringMatching(/^stop .*web/),
      expect.stringMatching(/^stop .*api/),
      'read shop_data',
    ]);
  });
});

describe('a restore', () => {
  it('puts back what there was where it does not run well', async () => {
    await using shop = await openShop('volumes: [data]');
    const { rig, data } = shop;
    await run(rig, 'volume:data');
    const newer = await archive({ 'a.txt': 'newer' });
    data.get('shop_data')?.set('', newer);
    rig.engine().control.setHealth('shop', container('web'), { status: 'failed', reason: 'exited with 3' });
    const { job } = await restore(rig, 'volume:data');
    expect(job.error?.code).toBe('RESTORE_FAILED');
    expect(job.error?.message).toMatch(
      /exited with 3; what was there before has been put back; what was there before: kombinator backup restore shop volume:data --file volume=data_\S+_before-restore\.tar\.gz$/,
    );
    expect([...(data.get('shop_data') ?? [])]).toEqual([['', newer]]);
  });

  it.each([
    ['stage shop_data', 'nothing'],
    ['swap shop_data', 'nothing'],
  ])('that fails at "%s" changes nothing, and leaves what runs', async (call) => {
    await using shop = await openShop('volumes: [data]');
    const { rig, data } = shop;
    await run(rig, 'volume:data');
    const newer = await archive({ 'a.txt': 'newer' });
    data.get('shop_data')?.set('', newer);
    const { control } = rig.engine();
    control.failCall(call, new Error('the engine went away'));
    const { job } = await restore(rig, 'volume:data');
    expect(job.error?.message).toContain('the engine went away');
    expect(data.get('shop_data')?.get('')).toEqual(newer);
    expect(control.find('shop', container('web'))?.state).toBe('running');
  });

  it('looks first: what comes back, changes and goes', async () => {
    await using shop = await openShop('volumes: [data]');
    shop.data.get('shop_data')?.set('', await archive({ a: '1', b: '22', c: '333' }));
    await run(shop.rig, 'volume:data');
    shop.data.get('shop_data')?.set('', await archive({ b: '22', c: '4444', d: '5' }));
    const look = await shop.rig.reconciler.lookAtRestore({ stack: 'shop', service: 'volume:data' }, SIGNAL);
    expect(look).toMatchObject({
      stops: ['web', 'api'],
      data: { added: 1, changed: 1, removed: 1, same: 1, bytesBefore: 7, bytesAfter: 6 },
    });
    expect(look.data?.changes).toEqual([
      { path: 'a', change: 'added', before: null, after: 1 },
      { path: 'c', change: 'changed', before: 4, after: 3 },
      { path: 'd', change: 'removed', before: 1, after: null },
    ]);
  });
});

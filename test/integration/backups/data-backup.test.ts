import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAgeCipher } from '../../../reconciler/adapters/backups/age-cipher.ts';
import { createBackupFolder } from '../../../reconciler/adapters/backups/folder.ts';
import { createDockerTarget } from '../../../reconciler/adapters/docker/index.ts';
import type { DockerTarget } from '../../../reconciler/adapters/docker/target.ts';
import { engineJson } from '../../support/docker/docker-engine.ts';
import { realClock, silentLogger } from '../../support/docker/target-options.ts';
import { buildTestImage } from '../../support/docker/test-image.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import type { Rig } from '../../support/reconciler-rig.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

/* Volumes and directories on a real engine: what is restored is what was there, byte for byte. */

const SIGNAL = new AbortController().signal;
const IMAGE = 'test/data:1';
const ADA = { name: 'Ada', email: 'ada@example.org' };
const PATIENCE_MS = 100_000;

let directory: string;
let host: string;
let keys: string[] = [];
let target: DockerTarget;
let rig: Rig;

const web = (more = '') =>
  `image: "${IMAGE}", command: [sleep, "100000"], stop_grace_period: 1s, volumes: ["data:/data", "${directory}/site:/site"]${more}`;

const POLICY = (more: string) => `volumes: { data: {} }\nbackup: { schedule: "0 0 1 1 *", ${more} }\n`;

beforeAll(async () => {
  host = workerEngine();
  await buildTestImage(host, IMAGE);
  directory = await mkdtemp(join(tmpdir(), 'kombinator-data-'));
  mkdirSync(join(directory, 'site'));
  keys = [await generateIdentity()];
  const connection = { type: 'unix', path: host.replace('unix://', '') } as const;
  target = createDockerTarget({ name: 'local', connection, clock: realClock, logger: silentLogger });
  rig = createRig({
    createTarget: () => ({ ...target, async [Symbol.asyncDispose]() {} }),
    clock: realClock,
    stableMs: 300,
    backups: createBackupFolder(join(directory, 'backups')),
    backupCipher: createAgeCipher({
      required: [],
      readKeys: async () => ({
        keys,
        recipients: await Promise.all(keys.map((key) => identityToRecipient(key))),
      }),
    }),
  });
});

afterAll(async () => {
  const request = {
    stack: 'shop',
    mode: 'destroy',
    volumes: true,
    confirm: true,
    actor: null,
    trigger: 'cli',
  } as const;
  const { id } = await rig.reconciler.apply(request, SIGNAL);
  await rig.reconciler.waitForJob(id, SIGNAL);
  await rig[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function push(services: Record<string, string>, policy: string): Promise<void> {
  rig.source.push({ [file('shop')]: stack('shop', services, policy) });
  await rig.reconciler.refresh(SIGNAL);
  const { id } = await rig.reconciler.apply({ stack: 'shop', actor: null, trigger: 'cli' }, SIGNAL);
  expect((await rig.reconciler.waitForJob(id, AbortSignal.timeout(PATIENCE_MS))).job.error).toBeNull();
}

const sh = async (script: string, service = 'web') => {
  const { stdout, exitCode, stderr } = await target.exec(
    'shop',
    container(service),
    ['sh', '-c', script],
    SIGNAL,
  );
  if (exitCode !== 0) throw new Error(stderr);
  return stdout.trim();
};

const ended = (id: string) => rig.reconciler.waitForJob(id, AbortSignal.timeout(PATIENCE_MS));
const backUp = async (service?: string) => {
  const what = service === undefined ? {} : { service };
  const detail = await ended(
    rig.reconciler.backup({ stack: 'shop', ...what, actor: ADA, trigger: 'cli' }).id,
  );
  expect(detail.job.error).toBeNull();
  return detail;
};
const restore = (service: string, name?: string) => {
  const what = name === undefined ? {} : { file: name };
  return ended(rig.reconciler.restore({ stack: 'shop', service, ...what, actor: ADA, trigger: 'cli' }).id);
};
const newest = async (service: string) => {
  const { backups, failures } = await rig.reconciler.listBackups({ stack: 'shop', service }, SIGNAL);
  expect(failures).toEqual([]);
  return backups.find(({ beforeRestore }) => !beforeRestore);
};
const inspect = (name: string) =>
  engineJson<{ Id: string; State: { StartedAt: string; Running: boolean } }>(
    host.replace('unix://', ''),
    'GET',
    `/containers/${name}/json`,
  );

/** Everything that a backup has to bring back: names, links, owners, permissions, times, and contents. */
const FILL = `cd /data
mkdir -p deep/er 'odd name' .hidden
head -c 3000000 /dev/urandom >deep/er/big
printf 'ü\\n' >'odd name/ü.txt'; printf x >.hidden/x; printf '' >empty
ln -s deep/er/big link; ln deep/er/big hard; chmod 0640 empty; chown 1000:1000 'odd name' empty; chmod 2770 'odd name'
chown 1000:1000 .; chmod 0750 .`;
const LOOK = `cd /data && stat -c '%n %f %u %g' . && stat -c '%n %f %u %g %s %Y' deep .hidden/x empty 'odd name' 'odd name/ü.txt' deep/er/big link; busybox sha256sum deep/er/big 'odd name/ü.txt' .hidden/x; busybox readlink link; stat -c %h deep/er/big; busybox find . | busybox sort`;

describe('data of a stack', () => {
  it('a volume and a directory: compressed, encrypted, with a manifest, without a restart', async () => {
    await push(
      { web: web() },
      POLICY('volumes: true, directories: true, compression: zstd, encrypt: true, keep: 2'),
    );
    await sh(FILL);
    writeFileSync(join(directory, 'site', 'index.html'), '<h1>1</h1>');
    symlinkSync('index.html', join(directory, 'site', 'home'));
    const before = await inspect('shop-web-1');
    const { steps } = await backUp();
    expect(steps.map(({ name, status }) => [name, status])).toEqual([
      ['back up volume:data', 'completed'],
      ['back up web:/site', 'completed'],
    ]);
    const after = await inspect('shop-web-1');
    expect([after.Id, after.State.StartedAt]).toEqual([before.Id, before.State.StartedAt]);
    const names = readdirSync(join(directory, 'backups/shop/volume=data')).sort();
    expect(names).toHaveLength(4);
    expect(names[0]).toMatch(/^volume=data_\d{8}-\d{6}\.tar\.zst\.age$/);
    const manifest = JSON.parse(
      readFileSync(join(directory, 'backups/shop/volume=data', names[1] ?? ''), 'utf8'),
    ) as Record<string, unknown>;
    expect(manifest).toMatchObject({
      kombinator_backup: 1,
      stack: 'shop',
      data: 'volume:data',
      stopped: false,
    });
    const stored = readFileSync(join(directory, 'backups/shop/volume=data', names[0] ?? ''));
    expect(stored.subarray(0, 21).toString()).toBe('age-encryption.org/v1');
    expect(stored.includes('odd name')).toBe(false);
    expect(await leftovers()).toEqual([]);
  });

  it('verify proves every byte, and tells of one that is damaged', async () => {
    const backup = await newest('volume:data');
    const ask = () => rig.reconciler.verifyBackup({ stack: 'shop', service: 'volume:data' }, SIGNAL);
    expect(await ask()).toMatchObject({ result: 'whole', file: backup?.file, message: null });
    const path = join(directory, 'backups/shop/volume=data', backup?.file ?? '');
    const content = await readFile(path);
    for (const place of [30, 500, Math.floor(content.length / 2), content.length - 1]) {
      const other = Buffer.from(content);
      other[place] = (other[place] ?? 0) ^ 1;
      await writeFile(path, other);
      expect(await ask(), `byte ${place}`).toMatchObject({ result: 'damaged' });
    }
    await writeFile(path, content);
    await truncate(path, content.length - 70_000);
    expect(await ask()).toMatchObject({ result: 'damaged' });
    await writeFile(path, content);
    const held = keys;
    keys = [];
    expect(await ask()).toMatchObject({ result: 'stored', bytes: null });
    keys = held;
    expect(await ask()).toMatchObject({ result: 'whole' });
  });

  it('a look tells what a restore would change, and changes nothing', async () => {
    await sh("cd /data && rm -rf deep && printf 'other' >.hidden/x && printf new >newer");
    const look = await rig.reconciler.lookAtRestore({ stack: 'shop', service: 'volume:data' }, SIGNAL);
    expect(look).toMatchObject({ stops: ['web'], data: { changed: 2, removed: 1 } });
    const changes = look.data?.changes.map(({ path, change }) => `${change} ${path}`);
    expect(changes).toEqual(
      expect.arrayContaining(['changed .hidden/x', 'added deep', 'added deep/er/big', 'removed newer']),
    );
    expect(await sh('cat /data/.hidden/x')).toBe('other');
  });

  it('a restore brings back every file with owner, permissions, links and time, and removes what is newer', async () => {
    await sh('rm -rf /data/* /data/.hidden');
    await sh(FILL);
    const was = await sh(LOOK);
    const { Id } = await inspect('shop-web-1');
    await backUp('volume:data');
    await sh(
      "cd /data && rm -rf deep 'odd name' && printf 'other' >.hidden/x && printf new >newer && chmod 0777 . && chown 0:0 .",
    );
    const { job, steps, logs } = await restore('volume:data');
    expect(job.error).toBeNull();
    expect(steps.map(({ name }) => name.replace(/ volume=.*/, ''))).toEqual([
      'verify',
      'back up volume:data',
      'restore volume:data',
    ]);
    expect(await sh(LOOK)).toBe(was);
    expect((await inspect('shop-web-1')).Id).toBe(Id);
    expect(logs.map(({ message }) => message)).toEqual(expect.arrayContaining(['stops web', 'starts web']));
    expect(await sh('ls -a /data')).not.toContain('.kombinator-');
    expect(await leftovers()).toEqual([]);
    const [before] = (await rig.reconciler.listBackups({ service: 'volume:data' }, SIGNAL)).backups.filter(
      ({ beforeRestore }) => beforeRestore,
    );
    await restore('volume:data', before?.file);
    expect(await sh('cat /data/newer /data/.hidden/x')).toBe('newother');
  });

  it('a directory of the machine is restored in its place', async () => {
    const site = join(directory, 'site');
    writeFileSync(join(site, 'index.html'), '<h1>2</h1>');
    writeFileSync(join(site, 'more.html'), 'x');
    const { job } = await restore('web:/site');
    expect(job.error).toBeNull();
    expect(readdirSync(site).sort()).toEqual(['home', 'index.html']);
    expect(execFileSync('cat', [join(site, 'home')], { encoding: 'utf8' })).toBe('<h1>1</h1>');
  });

  it('what does not run well with a backup gets back what it had', async () => {
    const check = `, healthcheck: { test: ["CMD", "test", "-e", "/data/good"], interval: 200ms, timeout: 2s, retries: 2 }`;
    await sh('rm -f /data/good');
    await backUp('volume:data');
    const bad = await newest('volume:data');
    await sh('touch /data/good; printf mine >/data/mine');
    await push({ web: web(check) }, POLICY('volumes: true, compression: none, stop: true, keep: 3'));
    const { job } = await restore('volume:data', bad?.file);
    expect(job.error?.code).toBe('RESTORE_FAILED');
    expect(job.error?.message).toMatch(
      /what was there before has been put back; what was there before: kombinator backup restore shop volume:data --file/,
    );
    expect(await sh('cat /data/mine')).toBe('mine');
    expect(await sh('ls -a /data')).not.toContain('.kombinator-');
  });

  it('with stop, nothing that has the data runs while it is read, and it runs again afterwards', async () => {
    const { Id, State } = await inspect('shop-web-1');
    const { logs } = await backUp();
    const after = await inspect('shop-web-1');
    expect(after.Id).toBe(Id);
    expect(after.State.Running).toBe(true);
    expect(after.State.StartedAt).not.toBe(State.StartedAt);
    expect(logs.map(({ message }) => message).slice(0, 2)).toEqual(['stops web', 'starts web']);
  });

  it('keeps as many as the policy says, each with its manifest', async () => {
    await backUp();
    await backUp();
    const names = readdirSync(join(directory, 'backups/shop/volume=data'));
    expect(names.filter((name) => name.endsWith('.manifest'))).toHaveLength(3);
    expect(names).toHaveLength(12);
  });

  it('what another container has as well is not replaced under it', async () => {
    const socket = host.replace('unix://', '');
    const body = { Image: IMAGE, Cmd: ['sleep', '100'], HostConfig: { Binds: ['shop_data:/d'] } };
    const { Id } = await engineJson<{ Id: string }>(socket, 'POST', '/containers/create?name=stranger', body);
    await engineJson(socket, 'POST', `/containers/${Id}/start`);
    const { job } = await restore('volume:data');
    await engineJson(socket, 'DELETE', `/containers/${Id}?force=true`);
    expect(job.error?.message).toMatch(/^volume:data is in use by stranger, which shop may not stop/);
  });
});

async function leftovers(): Promise<readonly string[]> {
  const all = await engineJson<readonly { Names: string[] }[]>(
    host.replace('unix://', ''),
    'GET',
    '/containers/json?all=true',
  );
  return all.map(({ Names }) => Names[0] ?? '').filter((name) => name.startsWith('/kombinator-data'));
}

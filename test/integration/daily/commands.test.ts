import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DockerEngine } from '../../support/docker/docker-engine.ts';
import { startDockerEngine } from '../../support/docker/docker-engine.ts';
import type { RegistryServer } from '../../support/docker/registry-server.ts';
import { startRegistry } from '../../support/docker/registry-server.ts';
import { buildTestImage } from '../../support/docker/test-image.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import type { Json, MainJob } from '../../support/main-job.ts';
import { createMainJob, IMAGE, PATIENCE_MS } from '../../support/main-job.ts';

/* The daily commands on an engine and a registry: each through a daemon, those that only look without one as well. */

const run = promisify(execFile);

let engine: DockerEngine;
let registry: RegistryServer;
let job: MainJob;
let app: string;
let port: number;

const env = () => ({
  ...process.env,
  DOCKER_HOST: engine.host,
  DOCKER_CONFIG: join(registry.root, 'docker'),
});
const docker = async (...args: readonly string[]) =>
  (await run('docker', args, { env: env() })).stdout.trim();

/** Puts a version of the image under its tag at the registry; the engine forgets it again. */
async function publish(version: string): Promise<void> {
  await buildTestImage(engine.host, `${app}-new`, { files: { '/etc/version': version } });
  const old = await docker('images', '--quiet', '--no-trunc', app);
  await docker('tag', `${app}-new`, app);
  await docker('push', app);
  // The tag is as it was: somebody else has pushed.
  if (old === '') await docker('rmi', app);
  else await docker('tag', old, app);
  await docker('rmi', `${app}-new`);
}

beforeAll(async () => {
  [engine, registry] = await Promise.all([startDockerEngine(), startRegistry()]);
  app = `${registry.host}/team/app:1`;
  port = await freePort();
  const { host, username, password } = registry;
  await docker('login', host, '-u', username, '-p', password);
  job = await createMainJob(
    engine.host,
    { KOMBINATOR_STABLE: '1s', KOMBINATOR_SECRET_REGISTRY: password },
    'policy: { allow: { registries: ["*"] } }\n',
  );
});
afterAll(async () => {
  await job?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await engine?.stop();
});

const files = () => ({
  'kombinator.yaml': `registries: [{ host: "${registry.host}", username: ci, password: secret://env/REGISTRY }]\n`,
  'kombinations/shop/kombination.yaml': `version: "1.0"
meta: { name: shop }
services:
  web:
    image: "${app}"
    ports: ["${port}:80"]
    mem_limit: 64m
    stop_grace_period: 1s
    command: [sh, -c, "echo up since $$(cat /proc/uptime); echo version $$(cat /etc/version); sleep 1000"]
`,
  // A repository that describes nothing at all deletes nothing.
  'kombinations/other/kombination.yaml': `version: "1.0"
meta: { name: other }
services: { idle: { image: "${IMAGE}", pull_policy: never, stop_grace_period: 1s, command: [sleep, "1000"] } }
`,
});

const idOf = (container: string) => docker('inspect', '--format', '{{.Id}}', container);
const versionIn = (container: string) => docker('exec', container, 'cat', '/etc/version');
const json = (text: string): Json => JSON.parse(text);

it('waits until a push is in sync, and tells a failure from what takes too long', async () => {
  await publish('one');
  const commit = await job.push(files(), 'Open the shop');
  const good = await job.runRemote('wait', '--all', '--revision', commit.slice(0, 10), '--timeout', '60s');
  expect([good.code, good.stdout]).toEqual([0, 'other\tin_sync\t\nshop\tin_sync\t\n']);
  expect(await job.run('wait', 'shop', '--revision', commit)).toMatchObject({ code: 0 });

  const future = 'f'.repeat(40);
  expect(await job.runRemote('wait', 'shop', '--revision', future, '--timeout', '1s')).toMatchObject({
    code: 124,
    stderr: expect.stringContaining('timed out: waiting for revision ffffffffff'),
  });
  expect(await job.runRemote('wait', 'nope')).toMatchObject({ code: 1 });
  const bad = await job.push(
    {
      'kombinations/bad/kombination.yaml':
        'version: "1.0"\nmeta: { name: bad }\nservices: { a: { image: "A B" } }\n',
    },
    'Break something',
  );
  const failed = await job.runRemote('wait', '--all', '--revision', bad, '--timeout', '60s');
  expect([failed.code, failed.stdout]).toEqual([
    1,
    expect.stringMatching(/^bad\tinvalid\t.*\nother\tin_sync\t\nshop\tin_sync\t\n$/),
  ]);
  // It cannot be told what is left over while a description has errors.
  expect(await job.api('GET', '/prune')).toMatchObject({ status: 400 });
  await job.push({ 'kombinations/bad/kombination.yaml': null }, 'Mend it');
  await job.gone('bad');
});

it('shows addresses, what is used, and what was written before a restart', async () => {
  for (const command of [job.run, job.runRemote]) {
    expect(await command('open', 'shop')).toMatchObject({
      code: 0,
      stdout: `web\thttp://localhost:${port}\tlocal\n`,
    });
    const top = await command('top', 'shop', '--json');
    expect(json(top.stdout).stats).toMatchObject([
      {
        service: 'web',
        name: 'shop-web-1',
        memoryLimitBytes: 67_108_864,
        network: { sentBytes: expect.any(Number) },
      },
    ]);
    expect(json(top.stdout).stats[0].memoryBytes).toBeGreaterThan(10_000);
  }
  const first = (await job.runRemote('logs', 'shop')).stdout;
  expect(first).toMatch(/^web \| up since .*\nweb \| version one$/m);
  expect((await job.runRemote('logs', 'shop', 'web', '--previous')).stdout).toBe('');
  await docker('restart', '--time', '0', 'shop-web-1');
  await job.reaches('shop', 'in_sync');
  const lines = (await job.run('logs', 'shop', '--previous')).stdout;
  expect(lines).toBe(first);
  expect((await job.runRemote('logs', 'shop', 'web', '--previous', '--tail', '1')).stdout).toBe(
    'version one\n',
  );
  expect((await job.runRemote('logs', 'shop', 'web')).stdout.match(/up since/g)).toHaveLength(2);
});

it('moves a tag on when it is asked to, and not before', async () => {
  await publish('two');
  const before = await idOf('shop-web-1');
  expect((await job.runRemote('plan', '--stack', 'shop')).stdout).toContain('nothing to do');

  const pulled = await job.runRemote('pull', 'shop');
  expect([pulled.code, pulled.stdout]).toEqual([0, '✓ shop images are here\n']);
  expect(pulled.stderr).toContain('a newer one is here for the next update (sha256:');
  const { body: drift } = await job.api('POST', '/stacks/shop/drift/check');
  expect([drift.has_drift, await idOf('shop-web-1')]).toEqual([false, before]);

  const asked = await job.runRemote('update', 'shop');
  expect([asked.code, asked.stderr]).toEqual([1, expect.stringContaining('needs a yes')]);
  expect(asked.stdout).toMatch(/the tag has moved from sha256:[0-9a-f]{12} to sha256:[0-9a-f]{12}/);
  expect(await idOf('shop-web-1')).toBe(before);

  const updated = await job.runRemote('update', 'shop', '--yes');
  expect([updated.code, updated.stderr]).toEqual([0, '']);
  expect([await versionIn('shop-web-1'), await idOf('shop-web-1')]).toEqual([
    'two',
    expect.not.stringMatching(before),
  ]);
  const again = await job.runRemote('update', 'shop', '--yes');
  expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('nothing to do')]);
});

it('never moves a digest', async () => {
  const digest = (await docker('inspect', '--format', '{{index .RepoDigests 0}}', app)).split('@')[1] ?? '';
  const pinned = `${app.slice(0, app.lastIndexOf(':'))}@${digest}`;
  const text = files()['kombinations/shop/kombination.yaml'].replace(`"${app}"`, `"${pinned}"`);
  const commit = await job.push({ 'kombinations/shop/kombination.yaml': text }, 'Pin it');
  await job.runRemote('wait', 'shop', '--revision', commit, '--timeout', '60s');
  await publish('three');
  expect((await job.runRemote('update', 'shop', '--yes')).stdout).toContain('nothing to do');
  expect(await versionIn('shop-web-1')).toBe('two');
  const back = await job.push(files(), 'Let it move');
  await job.runRemote('wait', 'shop', '--revision', back, '--timeout', '60s');
  expect(await job.runRemote('update', 'shop', '--yes')).toMatchObject({ code: 0 });
  expect(await versionIn('shop-web-1')).toBe('three');
});

it('removes what is provably left over, after a yes, and nothing else', async () => {
  await docker('volume', 'create', 'mine');
  await buildTestImage(engine.host, 'local/kept:1', { files: { '/etc/version': 'mine' } });
  const asked = await job.runRemote('prune');
  expect([asked.code, asked.stderr]).toEqual([
    1,
    expect.stringContaining('look at the list, then repeat with --yes'),
  ]);
  // The versions before are no tag's any more.
  expect(asked.stdout.trim().split('\n')).toHaveLength(2);
  expect(asked.stdout).not.toContain(app);
  expect(asked.stdout).not.toContain('local/kept');
  expect(await job.api('GET', '/prune', { key: null })).toMatchObject({ status: 401 });

  const done = await job.runRemote('prune', '--yes');
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('✓ 2 of 2 removed')]);
  expect((await job.runRemote('prune', '--yes')).stdout).toBe('nothing is left over\n');
  expect(await versionIn('shop-web-1')).toBe('three');

  await docker('tag', app, 'somebody/else:1');
  await job.push({ 'kombinations/shop/kombination.yaml': null }, 'Close the shop');
  await job.gone('shop');
  // Somebody has given it a name of their own.
  expect((await job.runRemote('prune', '--yes')).stdout).toBe('nothing is left over\n');
  await docker('rmi', 'somebody/else:1');
  await docker('run', '--detach', '--name', 'mine', app, 'sleep', '1000');
  expect((await job.runRemote('prune', '--yes')).stdout).toBe('nothing is left over\n');
  await docker('rm', '--force', 'mine');
  expect(await job.runRemote('prune', '--yes')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(app),
  });
  const left = await docker('images', '--format', '{{.Repository}}:{{.Tag}}');
  expect(left).toContain('local/kept:1');
  expect(left).not.toContain(app);
  expect(await docker('volume', 'ls', '--quiet')).toContain('mine');
});

it('lists stacks that nobody describes and nothing has removed', async () => {
  await job.push(files(), 'Open again');
  await job.reaches('shop', 'in_sync');
  await job.stop('SIGTERM');
  await job.push({ 'kombinations/shop/kombination.yaml': null }, 'Close it for good');
  const list = json((await job.run('prune', '--yes', '--json')).stdout);
  expect(list.remnants).toContainEqual(
    expect.objectContaining({ kind: 'stack', stack: 'shop', sizeBytes: expect.any(Number) as number }),
  );
  const gone = () => docker('ps', '--all', '--quiet', '--filter', 'name=shop-web-1');
  expect(await eventually(gone, (ids) => ids === '', PATIENCE_MS)).toBe('');
});

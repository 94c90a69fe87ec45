import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCliProcess, type CliProcess } from '../support/cli/cli-process.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import { freePort } from '../support/free-port.ts';
import { commitFiles, createBareRepo, git, type TestRepository } from '../support/git/git-repo.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { quietProbe } from '../support/docker/quiet-probe.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

const IMAGE = 'kombinator-cli/busybox:1';
const dockerHost = workerEngine();
const socketPath = dockerHost.replace('unix://', '');
const directory = mkdtempSync(join(tmpdir(), 'kombinator-e2e-cli-'));

beforeAll(() => buildTestImage(dockerHost, IMAGE));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A stack with a one-line page, a volume and a health check. */
function kombination(name: string, text: string, more = ''): string {
  return `version: "1.0"
meta:
  name: ${name}
services:
  web:
    image: ${IMAGE}
    pull_policy: never
    init: true
    stop_grace_period: 1s
    command: ["/bin/busybox", "sh", "-c", "echo ${text}; exec sleep 1000"]
    volumes: ["data:/data"]
    healthcheck: { test: [CMD-SHELL, "${quietProbe('true')}"], interval: 300ms }
${more}volumes:
  data:
`;
}

const pathOf = (name: string) => `kombinations/${name}/kombination.yaml`;

async function names(kind: 'containers' | 'volumes', stack: string): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`io.kombinator.stack=${stack}`] }));
  if (kind === 'containers') {
    const found = await engineJson<{ Names: string[] }[]>(
      socketPath,
      'GET',
      `/containers/json?all=1&filters=${filters}`,
    );
    return found.flatMap(({ Names }) => Names);
  }
  const { Volumes } = await engineJson<{ Volumes: { Name: string }[] | null }>(
    socketPath,
    'GET',
    `/volumes?filters=${filters}`,
  );
  return (Volumes ?? []).map(({ Name }) => Name);
}

async function isRunning(container: string): Promise<boolean> {
  const path = `/containers/${container}/json`;
  return (await engineJson<{ State: { Running: boolean } }>(socketPath, 'GET', path)).State.Running;
}

describe('without a daemon', () => {
  let repository: TestRepository;
  let cli: CliProcess;
  const repo = () => ['--repo', repository.path];

  beforeAll(async () => {
    repository = await createBareRepo();
    await commitFiles(repository, { [pathOf('solo')]: kombination('solo', 'one') }, 'Describe solo');
    cli = await createCliProcess({ DOCKER_HOST: dockerHost });
  });
  afterAll(async () => {
    await cli.run('destroy', ...repo(), '--stack', 'solo', '--volumes', '--yes');
    await cli[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
  });

  it('plans, applies, tags, and then has nothing to do', async () => {
    const first = await cli.spawn('plan', ...repo(), '--detailed-exitcode');
    expect(first).toMatchObject({ code: 2, stderr: '' });
    expect(first.stdout).toContain('create  local/container/web');

    const applied = await cli.spawn('apply', ...repo());
    expect(applied.stdout).toMatch(/✓ solo applied in .*, tagged deploy\/solo\/1/);
    expect(applied.code).toBe(0);
    expect(await git(repository.path, 'tag', '--list')).toBe('deploy/solo/1');
    expect(await names('containers', 'solo')).toEqual(['/solo-web-1']);

    expect(await cli.spawn('plan', ...repo(), '--detailed-exitcode')).toMatchObject({ code: 0 });
    const again = await cli.spawn('apply', ...repo());
    expect(again).toMatchObject({ code: 0, stdout: '✓ solo: nothing to do\n' });
    expect(await git(repository.path, 'tag', '--list')).toBe('deploy/solo/1');
  });

  it('shows status, history, jobs and logs', async () => {
    expect((await cli.run('status', ...repo())).stdout).toMatch(
      /^solo\tin_sync\t1\/1\t[0-9a-f]{10}\tdeploy\/solo\/1 /,
    );
    const status = JSON.parse((await cli.run('status', ...repo(), '--json')).stdout) as { stacks: object[] };
    expect(status.stacks).toMatchObject([
      { name: 'solo', state: 'in_sync', services: [{ name: 'web', health: 'healthy' }] },
    ]);
    expect((await cli.run('history', ...repo(), 'solo')).stdout).toMatch(/^1\tdeploy\/solo\/1\t/);
    expect((await cli.run('jobs', ...repo(), '--json')).stdout).toContain('"deploy/solo/1"');
    expect((await cli.run('logs', ...repo(), 'solo', 'web')).stdout).toBe('one\n');
  });

  it('leaves nothing in the working directory and nothing of a checkout', () => {
    expect(existsSync(join(cli.stateDir, 'kombinator'))).toBe(true);
    expect(existsSync(join(cli.stateDir, '..', '.kombinator'))).toBe(false);
  });

  it('says where every problem is, and exits with 1', async () => {
    await using broken = await createBareRepo();
    const text = kombination('broken', 'x').replace('volumes: [', 'volums: [');
    await commitFiles(broken, { [pathOf('broken')]: text }, 'A slip');
    const { code, stdout } = await cli.run('validate', '--repo', broken.path);
    expect(code).toBe(1);
    expect(stdout).toMatch(/kombinations\/broken\/kombination\.yaml:\d+:\d+: error: .*volums.*volumes/);
    expect((await cli.run('plan', '--repo', broken.path, '--detailed-exitcode')).code).toBe(1);
    expect((await cli.run('apply', '--repo', broken.path, '--yes')).code).toBe(1);
    expect(await names('containers', 'broken')).toEqual([]);
  });

  it('refuses a saved plan once something moved, with what moved', async () => {
    const file = join(directory, 'solo.plan.json');
    await commitFiles(repository, { [pathOf('solo')]: kombination('solo', 'two') }, 'Say two');
    expect((await cli.run('plan', ...repo(), '--out', file)).code).toBe(0);
    await commitFiles(repository, { [pathOf('solo')]: kombination('solo', 'three') }, 'Say three');
    const stale = await cli.run('apply', ...repo(), file, '--yes');
    expect(stale.code).toBe(1);
    expect(stale.stdout + stale.stderr).toMatch(/PLAN_STALE/);
    expect(stale.stdout + stale.stderr).toMatch(/the description changed/);

    expect((await cli.run('plan', ...repo(), '--out', file)).code).toBe(0);
    expect(await cli.run('apply', ...repo(), file, '--yes')).toMatchObject({ code: 0 });
    expect((await cli.run('logs', ...repo(), 'solo', 'web')).stdout).toBe('three\n');
  });

  it('goes back with a commit', async () => {
    expect((await cli.run('rollback', ...repo(), 'solo', '--to', '1')).code).toBe(1);
    const { code, stdout } = await cli.spawn('rollback', ...repo(), 'solo', '--to', '1', '--yes', '--json');
    expect(code).toBe(0);
    const { commit } = JSON.parse(stdout) as { commit: string };
    expect(await git(repository.path, 'rev-parse', 'main')).toBe(commit);
    expect(await git(repository.path, 'show', `main:${pathOf('solo')}`)).toContain('echo one');
  });

  it('stops at a step boundary on the first Ctrl-C and exits with 130', async () => {
    const slow = `  late:
    image: ${IMAGE}
    pull_policy: never
    init: true
    stop_grace_period: 1s
    command: ["/bin/busybox", "sleep", "1000"]
    healthcheck: { test: ["CMD", "/bin/busybox", "false"], interval: 1s, start_period: 60s }
`;
    await commitFiles(repository, { [pathOf('slow')]: kombination('slow', 'x', slow) }, 'Describe slow');
    await using running = cli.start('apply', ...repo(), '--stack', 'slow');
    await until(() => running.stdout().includes('local/container/late'));
    running.child.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(stderr).toContain('stopping after the steps that run now');
    expect(code).toBe(130);
    await cli.run('destroy', ...repo(), '--stack', 'slow', '--volumes', '--yes');
  });

  it('has what it was replacing run again when Ctrl-C comes while it stops', async () => {
    const deaf = (seconds: number) => `  late:
    image: ${IMAGE}
    pull_policy: never
    stop_grace_period: 4s
    command: ["/bin/busybox", "sh", "-c", "trap '' TERM; sleep ${seconds}"]
`;
    await commitFiles(
      repository,
      { [pathOf('deaf')]: kombination('deaf', 'x', deaf(1001)) },
      'Describe deaf',
    );
    expect((await cli.run('apply', ...repo(), '--stack', 'deaf', '--yes')).code).toBe(0);
    await commitFiles(repository, { [pathOf('deaf')]: kombination('deaf', 'x', deaf(1002)) }, 'Change deaf');
    await using running = cli.start('apply', ...repo(), '--stack', 'deaf', '--yes');
    await until(() => running.stdout().includes('local/container/late'));
    await sleep(1_500);
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect(await isRunning('deaf-late-1')).toBe(true);
    await sleep(4_000);
    expect(await isRunning('deaf-late-1')).toBe(true);
    await cli.run('destroy', ...repo(), '--stack', 'deaf', '--volumes', '--yes');
  });

  it('destroys only after a yes, and keeps the volume unless told otherwise', async () => {
    expect(await cli.spawn('destroy', ...repo(), '--stack', 'solo')).toMatchObject({ code: 1 });
    expect(await names('containers', 'solo')).toEqual(['/solo-web-1']);
    const kept = await cli.run('destroy', ...repo(), '--stack', 'solo', '--yes', '--keep-description');
    expect(kept).toMatchObject({ code: 0, stderr: expect.stringContaining('still describes solo') });
    expect(await names('containers', 'solo')).toEqual([]);
    expect(await names('volumes', 'solo')).toEqual(['solo_data']);
    expect(await cli.run('destroy', ...repo(), '--stack', 'solo', '--volumes', '--yes')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('✓ no longer described: commit '),
    });
    expect(await names('volumes', 'solo')).toEqual([]);
    expect(await git(repository.path, 'ls-tree', '-r', '--name-only', 'HEAD')).toBe('');
  });

  it('removes a stack that left the repository, and gives its port to the one that came instead', async () => {
    await using renamed = await createBareRepo();
    const published = `    ports: ["127.0.0.1:${await freePort()}:80"]\n`;
    await commitFiles(renamed, { [pathOf('w')]: kombination('before', 'x', published) }, 'Describe before');
    expect(await cli.run('apply', '--repo', renamed.path)).toMatchObject({ code: 0 });
    await commitFiles(renamed, { [pathOf('w')]: kombination('after', 'x', published) }, 'Rename it');
    expect((await cli.run('status', '--repo', renamed.path)).stdout).toMatch(/^before\tpending\t/m);
    expect((await cli.run('apply', '--repo', renamed.path)).stderr).toContain('deletes stack before');
    const applied = await cli.run('apply', '--repo', renamed.path, '--yes');
    expect(applied).toMatchObject({ code: 0, stdout: expect.stringContaining('✓ before destroyed') });
    expect(await names('containers', 'before')).toEqual([]);
    expect(await names('volumes', 'before')).toEqual(['before_data']);
    expect((await cli.run('plan', '--repo', renamed.path)).stdout).toBe('✓ after: nothing to do\n');
    for (const stack of ['before', 'after'])
      await cli.run('destroy', '--repo', renamed.path, '--stack', stack, '--volumes', '--yes');
    expect(await names('volumes', 'before')).toEqual([]);
  });

  it('names what is wrong with the place it was given', async () => {
    const missing = await cli.spawn('plan', '--repo', join(directory, 'nowhere'), '--json');
    expect(missing.code).toBe(1);
    expect(JSON.parse(missing.stdout)).toMatchObject({ error: { code: 'REPOSITORY_NOT_FOUND' } });
    const branch = await cli.run('plan', ...repo(), '--branch', 'nope');
    expect(branch.stderr).toContain('[BRANCH_NOT_FOUND]');
  });
});

describe('with a daemon', () => {
  let repository: TestRepository;
  let cli: CliProcess;
  let port: number;
  let daemon: ReturnType<CliProcess['start']>;
  const stateDir = join(directory, 'daemon');
  const url = () => `http://127.0.0.1:${port}`;
  const remote = () => ['--server', url(), '--api-key-file', join(stateDir, 'admin.key')];
  const startDaemon = async () => {
    const listen = `127.0.0.1:${port}`;
    const started = cli.start(
      'serve',
      '--repo',
      repository.path,
      '--state-dir',
      stateDir,
      '--listen',
      listen,
    );
    await until(
      async () => (await fetch(`${url()}/api/v1/health/ready`).catch(() => undefined))?.ok === true,
    );
    return started;
  };

  beforeAll(async () => {
    repository = await createBareRepo();
    await commitFiles(repository, { [pathOf('served')]: kombination('served', 'one') }, 'Describe served');
    cli = await createCliProcess({ DOCKER_HOST: dockerHost });
    port = await freePort();
    daemon = await startDaemon();
  });
  afterAll(async () => {
    await cli.run('destroy', ...remote(), '--stack', 'served', '--volumes', '--yes');
    await daemon[Symbol.asyncDispose]();
    await cli[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
  });

  it('writes its key to a file only its owner reads, and never to its log', () => {
    const file = join(stateDir, 'admin.key');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(daemon.stdout()).toContain(file);
    expect(daemon.stdout() + daemon.stderr()).not.toContain(readFileSync(file, 'utf8').trim());
  });

  it('keeps a connection for longer than the proxies before it do, so that none of theirs is answered with a reset', async () => {
    const { headers } = await fetch(`${url()}/api/v1/health/ready`);
    expect(headers.get('keep-alive')).toBe('timeout=75');
  });

  it('is asked over REST for what the command asks in process', async () => {
    await until(async () => (await cli.run('status', ...remote())).stdout.startsWith('served\tin_sync\t1/1'));
    expect(await cli.run('plan', ...remote(), '--detailed-exitcode')).toMatchObject({ code: 0 });
    expect((await cli.run('validate', ...remote())).stdout).toContain('✓ valid in 1 stack');
    expect((await cli.run('history', ...remote(), 'served')).stdout).toMatch(/^1\tdeploy\/served\/1\t/);
    expect((await cli.run('logs', ...remote(), 'served', 'web')).stdout).toBe('one\n');
    const jobs = JSON.parse((await cli.run('jobs', ...remote(), '--json')).stdout) as {
      jobs: { id: string; tag: string | null }[];
    };
    const job = jobs.jobs.find(({ tag }) => tag === 'deploy/served/1');
    expect((await cli.run('jobs', ...remote(), job?.id ?? '')).stdout).toContain(
      'served local/container/web create completed',
    );
  });

  it('destroys and applies through the daemon, following its steps', async () => {
    const argv = ['--stack', 'served', '--yes', '--keep-description'];
    const destroyed = await cli.run('destroy', ...remote(), ...argv);
    expect(destroyed).toMatchObject({ code: 0 });
    expect(await names('containers', 'served')).toEqual([]);
    const applied = await cli.run('apply', ...remote());
    expect(applied.stdout).toContain('✓ served local/container/web create completed');
    expect(applied.stdout).toContain('✓ served applied in');
    expect(applied.code).toBe(0);
  });

  it('explains a missing key, an unknown stack and a daemon that is not there', async () => {
    expect((await cli.run('status', '--server', url())).stderr).toMatch(/\[UNAUTHORIZED\]\n {2}→ give a key/);
    expect((await cli.run('plan', ...remote(), '--stack', 'servd')).stderr).toContain('did you mean served?');
    const nobody = await cli.run('status', '--server', `http://127.0.0.1:${await freePort()}`);
    expect(nobody).toMatchObject({ code: 1 });
    expect(nobody.stderr).toContain('no daemon answers');
  });

  it('lets keys be made, used and revoked beside the running daemon', async () => {
    const created = await cli.spawn('keys', 'create', 'ci', '--role', 'viewer', '--state-dir', stateDir);
    expect(created.code).toBe(0);
    const env = ['--server', url(), '--api-key', created.stdout.trim()];
    expect((await cli.run('status', ...env)).code).toBe(0);
    expect((await cli.run('apply', ...env)).stderr).toContain('FORBIDDEN');
    const list = await cli.run('keys', 'list', '--state-dir', stateDir, '--json');
    expect(list.stdout).not.toContain(created.stdout.trim());
    const { keys } = JSON.parse(list.stdout) as { keys: { id: string; name: string }[] };
    const id = keys.find(({ name }) => name === 'ci')?.id ?? '';
    expect((await cli.run('keys', 'revoke', id, '--state-dir', stateDir)).code).toBe(0);
    expect((await cli.run('status', ...env)).stderr).toContain('UNAUTHORIZED');
  });

  it('refuses a second process that applies on its state directory, and says how to reach the first', async () => {
    const second = await cli.spawn(
      'serve',
      '--repo',
      repository.path,
      '--state-dir',
      stateDir,
      '--listen',
      '127.0.0.1:0',
    );
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(
      /`kombinator serve` \(process \d+, since .*--server http:\/\/127\.0\.0\.1:\d+/,
    );
    expect((await cli.run('apply', '--repo', repository.path, '--state-dir', stateDir)).code).toBe(1);
  });

  it('ends cleanly on SIGTERM and leaves what runs running', async () => {
    daemon.child.kill('SIGTERM');
    expect((await daemon.ended).code).toBe(0);
    expect(existsSync(join(stateDir, 'lock.json'))).toBe(false);
    expect(await names('containers', 'served')).toEqual(['/served-web-1']);
    daemon = await startDaemon();
  });
});

describe('serve refuses', () => {
  it('an address that is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await until(() => other.listening);
    const { port } = other.address() as AddressInfo;
    await using cli = await createCliProcess({ DOCKER_HOST: dockerHost });
    await using repository = await createBareRepo();
    const { code, stderr } = await cli.spawn(
      'serve',
      '--repo',
      repository.path,
      '--listen',
      `127.0.0.1:${port}`,
    );
    other.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`port ${port} on 127\\.0\\.0\\.1 is in use.*\\n {2}→ .*--listen`));
  });

  it('to be open to others than this machine', async () => {
    await using cli = await createCliProcess({});
    const { code, stderr } = await cli.spawn('serve', '--no-auth', '--listen', '0.0.0.0:0');
    expect(code).toBe(1);
    expect(stderr).toContain('without authentication the API may listen on this machine only');
  });
});

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error('it did not happen within a minute');
    await sleep(50);
  }
}

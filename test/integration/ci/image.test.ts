import { execFile } from 'node:child_process';
import {
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPackage } from '../../../deploy/build/build-package.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { findCompose } from '../../support/compose/compose.ts';
import { buildTestImage } from '../../support/docker/test-image.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { commitFiles, createBareRepo, git, type TestRepository } from '../../support/git/git-repo.ts';
import { startGitServer } from '../../support/git/git-server.ts';

/*
 * The image and the compose file of deploy/, built and run. There is no registry here to pull the base image from, so a stand-in takes its place: this
 * machine's Node with the libraries it needs, busybox, and an apt-get that only writes down what it is asked for. What the first stage makes is made here
 * by what it calls, the build of the package; every other line is the Dockerfile's own.
 */

const exec = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const dockerHost = workerEngine();
const socketPath = dockerHost.replace('unix://', '');
const BASE = 'kombinator-test/base:1';
const IMAGE = 'kombinator';
const PINNED = /^FROM (node:24-bookworm-slim@sha256:[0-9a-f]{64})( AS build)?$/gm;
const directory = mkdtempSync(join(tmpdir(), 'kombinator-image-'));
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const docker = (...args: string[]) =>
  exec('docker', ['-H', dockerHost, ...args], {
    env: { PATH: process.env['PATH'], DOCKER_BUILDKIT: '0' },
    maxBuffer: 2 ** 28,
  });

async function importBase(): Promise<void> {
  const root = join(directory, 'base');
  const put = (path: string, content: string, mode = 0o644): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode });
  };
  const copy = (from: string, to: string): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    copyFileSync(from, join(root, to));
  };
  const { stdout } = await exec('ldd', [process.execPath]);
  for (const [, library = ''] of stdout.matchAll(/(\/\S+) \(0x/g)) copy(library, library);
  copy(process.execPath, 'usr/local/bin/node');
  copy('/bin/busybox', 'bin/busybox');
  for (const applet of ['sh', 'env', 'ln', 'rm', 'cat', 'id', 'ls', 'mkdir', 'chown', 'chmod'])
    symlinkSync('busybox', join(root, 'bin', applet));
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  symlinkSync('../../bin/busybox', join(root, 'usr/bin/env'));
  // Busybox of Debian has none; the directory is the last word.
  const install = 'mkdir "$8" && chown "$3:$5" "$8" && chmod "$7" "$8"';
  put('bin/install', `#!/bin/busybox sh\n${install}\n`, 0o755);
  put('bin/apt-get', '#!/bin/busybox sh\necho "$@" >>/asked-for\n', 0o755);
  put('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n');
  put('etc/group', 'root:x:0:\nnode:x:1000:\n');
  for (const path of ['tmp', 'home/node', 'usr/local/bin']) mkdirSync(join(root, path), { recursive: true });
  const archive = join(directory, 'base.tar');
  await exec('tar', ['-C', root, '--owner=0', '--group=0', '-cf', archive, '.']);
  await docker('import', '--change', 'ENV PATH=/usr/local/bin:/usr/bin:/bin', archive, BASE);
}

async function buildImage(): Promise<void> {
  const context = join(directory, 'context');
  mkdirSync(join(context, 'api/cli'), { recursive: true });
  await buildPackage(ROOT, { directory: join(context, 'dist'), library: false });
  const [, lastStage = ''] = read('deploy/Dockerfile').split(/^FROM .* AS build$[^]*?(?=^FROM )/m);
  writeFileSync(
    join(context, 'Dockerfile'),
    `FROM scratch AS build\nCOPY dist /app/dist\n\n${lastStage.replace(PINNED, `FROM ${BASE}`)}`,
  );
  for (const file of [
    'package.json',
    'LICENSE',
    'api/cli/kombinator.mjs',
    'api/cli/build-state.mjs',
    'api/cli/node-flags.json',
    'api/cli/start',
  ])
    cpSync(join(ROOT, file), join(context, file), { recursive: true });
  await docker('build', '--tag', IMAGE, context);
}

beforeAll(async () => {
  await importBase();
  await buildImage();
  await buildTestImage(dockerHost, 'kombinator-image/busybox:1');
}, 120_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the image', () => {
  it('is made of one base, pinned by its digest, and of no other image', () => {
    const text = read('deploy/Dockerfile');
    const bases = [...text.matchAll(PINNED)].map(([, base]) => base);
    expect(bases).toHaveLength(2);
    expect(new Set(bases).size).toBe(1);
    expect(text.match(/^FROM /gm)).toHaveLength(2);
    expect(text).not.toMatch(/^# *syntax=/m);
    expect(text.match(/^COPY --from=(?!build )/gm)).toBeNull();
  });

  it('runs the command as user 1000, by its entry point and by name, as CI does', async () => {
    const version = `${packageJson.version}\n`;
    expect((await docker('run', '--rm', IMAGE, '--version')).stdout).toBe(version);
    const named = ['run', '--rm', '--entrypoint', '', IMAGE, 'kombinator', '--version'];
    expect((await docker(...named)).stdout).toBe(version);
    expect((await docker('run', '--rm', '--entrypoint', 'id', IMAGE)).stdout).toContain('uid=1000(node)');
    expect((await docker('run', '--rm', '--entrypoint', 'ls', IMAGE, '-ld', '/state')).stdout).toMatch(
      /^drwx------ .* node /,
    );
    const asked = (await docker('run', '--rm', '--entrypoint', 'cat', IMAGE, '/asked-for')).stdout;
    expect(asked).toContain('ca-certificates git gpg openssh-client');
  });
});

const describePage = (name: string, more = ''): string => `version: "1.0"
meta: { name: ${name} }
services:
  web:
    image: kombinator-image/busybox:1
    pull_policy: never
    init: true
    stop_grace_period: 1s
    command: ["/bin/busybox", "sleep", "1000"]
${more}`;

describe('the compose file', () => {
  /** Brings it up on this worker's engine, beside which no other is touched. */
  async function up(env: Readonly<Record<string, string>>) {
    const compose = await findCompose();
    if (compose === undefined) throw new Error('docker-compose is missing: node test/support/prepare.ts');
    const port = await freePort();
    const override = join(directory, 'override.yaml');
    writeFileSync(
      override,
      `services:\n  kombinator:\n    environment: { KOMBINATOR_STABLE: 0s }\n    volumes: ["${socketPath}:/var/run/docker.sock"]\n    ports: !override ["127.0.0.1:${port}:5260"]\n`,
    );
    const files = ['-f', join(ROOT, 'deploy/compose.yaml'), '-f', override];
    const environment = {
      PATH: process.env['PATH'],
      HOME: directory,
      DOCKER_HOST: dockerHost,
      DOCKER_GID: String(statSync(socketPath).gid),
      ...env,
    };
    const run = (...args: string[]) =>
      exec(compose.program, [...compose.args, ...files, ...args], { env: environment });
    await run('up', '--no-build', '--detach');
    const read = (path: string, headers: Readonly<Record<string, string>> = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers });
    return {
      run,
      read,
      async health() {
        const { stdout } = await docker(
          'inspect',
          '--format',
          '{{.State.Health.Status}}',
          'kombinator-kombinator-1',
        );
        return stdout.trim();
      },
      async [Symbol.asyncDispose]() {
        await run('down', '--volumes', '--timeout', '5');
      },
    };
  }

  /** Resolves when the stack runs and is tagged, which is the last of it. */
  const deployed = async (name: string, path: string) => {
    const tags = () => git(path, '-c', `safe.directory=${path}`, 'tag', '--list');
    expect(await eventually(tags, (list) => list !== '', 30_000)).toBe(`deploy/${name}/1`);
    expect((await docker('ps', '--format', '{{.Names}}')).stdout).toContain(`${name}-web-1`);
  };
  afterAll(() => docker('rm', '--force', 'remote-web-1', 'local-web-1'));

  let repository: TestRepository;
  beforeAll(async () => {
    repository = await createBareRepo();
  });
  afterAll(() => repository[Symbol.asyncDispose]());

  it('works with an address and a configuration file', async () => {
    // Allowed by the operator alone.
    const text = describePage('remote', '    cap_add: [NET_ADMIN]\n');
    await commitFiles(repository, { 'kombination.yaml': text }, 'Describe remote');
    await git(repository.path, 'config', 'http.receivepack', 'true');
    const { stdout } = await docker(
      'network',
      'inspect',
      '--format',
      '{{(index .IPAM.Config 0).Gateway}}',
      'bridge',
    );
    await using server = await startGitServer({ repository: repository.path, address: stdout.trim() });
    const config = join(directory, 'operator.yaml');
    writeFileSync(config, 'policy: { stacks: { remote: { capabilities: [NET_ADMIN] } } }\n', { mode: 0o644 });
    await using daemon = await up({ KOMBINATOR_REPO: server.url, KOMBINATOR_CONFIG: config });
    await deployed('remote', repository.path);
    expect(
      await eventually(
        () => daemon.health(),
        (health) => health === 'healthy',
        40_000,
      ),
    ).toBe('healthy');
    const { stdout: key } = await daemon.run('exec', '-T', 'kombinator', 'cat', '/state/admin.key');
    const answer = await daemon.read('/api/v1/stacks', { 'X-API-KEY': key.trim() });
    expect(await answer.json()).toMatchObject({ stacks: [{ name: 'remote' }] });
  }, 90_000);

  it('works with a directory of this machine, which tags are written to', async () => {
    await using local = await createBareRepo();
    await commitFiles(local, { 'kombination.yaml': describePage('local') }, 'Describe local');
    const own = (path: string): void => {
      chownSync(path, 1000, 1000);
    };
    const { stdout } = await exec('find', [dirname(local.path)]);
    for (const path of stdout.trim().split('\n')) own(path);
    await using daemon = await up({ KOMBINATOR_REPO_DIR: local.path });
    await deployed('local', local.path);
    expect((await daemon.read('/metrics')).status).toBe(401);
    expect(existsSync('/unused')).toBe(false);
  }, 90_000);

  it('says what is missing when neither is given', async () => {
    await using daemon = await up({});
    const logs = await eventually(
      () => daemon.run('logs', '--no-color'),
      ({ stdout }) => stdout.includes('KOMBINATOR_REPO'),
      20_000,
    );
    expect(logs.stdout).toContain('/set-KOMBINATOR_REPO-or-KOMBINATOR_REPO_DIR');
  }, 60_000);
});

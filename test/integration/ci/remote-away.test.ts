import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { beforeAll, expect, it } from 'vitest';
import { userStateDirectory } from '../../../api/cli/options.ts';
import { createCliProcess, type CliProcess } from '../../support/cli/cli-process.ts';
import { buildTestImage } from '../../support/docker/test-image.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { commitFiles, createBareRepo } from '../../support/git/git-repo.ts';
import { startGitServer } from '../../support/git/git-server.ts';
import { encryptAge } from '../../support/sops-file.ts';

/* A daemon whose remote is away, and the state directory that it shares with the commands beside it. */

const IMAGE = 'kombinator-away/busybox:1';
const dockerHost = workerEngine();
const exec = promisify(execFile);
const docker = (...args: string[]) => exec('docker', ['-H', dockerHost, ...args]);
const describeStack = (name: string, more = ''): string => `version: "1.0"
meta: { name: ${name} }
services:
  web:
    image: ${IMAGE}
    pull_policy: never
    init: true
    stop_grace_period: 1s
    command: ["/bin/busybox", "sleep", "1000"]
${more}`;

beforeAll(() => buildTestImage(dockerHost, IMAGE));

async function serve(cli: CliProcess, repo: string) {
  const listen = `127.0.0.1:${await freePort()}`;
  const daemon = cli.start('serve', '--repo', repo, '--listen', listen, '--no-auth');
  const ask = async (path: string, init?: RequestInit) => fetch(`http://${listen}${path}`, init);
  const live = await eventually(
    () => ask('/api/v1/health/live').catch(() => null),
    (answer) => answer?.ok === true,
    20_000,
  );
  expect(live?.ok, daemon.stderr()).toBe(true);
  return {
    ask,
    running: (container: string) =>
      eventually(
        () => docker('ps', '--format', '{{.Names}}'),
        ({ stdout }) => stdout.split('\n').includes(container),
        20_000,
      ).then(({ stdout }) => stdout.split('\n').includes(container)),
    async [Symbol.asyncDispose]() {
      daemon.child.kill('SIGTERM');
      await daemon.ended;
    },
  };
}

it('a daemon that never read its repository answers 503 for stacks, and says when to come again', async () => {
  await using cli = await createCliProcess({ DOCKER_HOST: dockerHost });
  await using daemon = await serve(cli, 'http://127.0.0.1:9/none.git');
  for (const path of ['/api/v1/stacks', '/api/v1/stacks/x', '/api/stacks', '/api/stacks/x']) {
    const answer = await daemon.ask(path);
    expect([path, answer.status, Number(answer.headers.get('Retry-After')) > 0]).toEqual([path, 503, true]);
  }
  expect((await daemon.ask('/api/v1/stacks/x/apply', { method: 'POST' })).status).toBe(503);
});

it('a daemon that starts while its remote is away goes on with the revision that it read last', async () => {
  await using repository = await createBareRepo();
  await commitFiles(repository, { 'kombination.yaml': describeStack('away') }, 'Describe away');
  await using server = await startGitServer({ repository: repository.path });
  await using cli = await createCliProcess({ DOCKER_HOST: dockerHost });
  {
    await using first = await serve(cli, server.url);
    expect(await first.running('away-web-1')).toBe(true);
    const state = async () =>
      ((await (await first.ask('/api/v1/stacks/away')).json()) as { state: string }).state;
    expect(await eventually(state, (word) => word === 'in_sync', 20_000)).toBe('in_sync');
  }
  await server.stop();
  await docker('rm', '--force', 'away-web-1');
  await using second = await serve(cli, server.url);
  expect(await second.running('away-web-1')).toBe(true);
  expect(await (await second.ask('/api/v1/stacks')).json()).toMatchObject({ stacks: [{ name: 'away' }] });
  const status = await cli.run('status', '--repo', server.url);
  expect([status.code, status.stdout]).toEqual([0, expect.stringMatching(/^away\t/)]);
  await docker('rm', '--force', 'away-web-1');
});

it('a daemon and the commands beside it have one state directory: keys, secrets, jobs and the lock', async () => {
  await using repository = await createBareRepo();
  await using cli = await createCliProcess({ DOCKER_HOST: dockerHost });
  const stateDir = userStateDirectory(repository.path, { XDG_STATE_HOME: cli.stateDir });
  mkdirSync(join(stateDir, 'secrets'), { recursive: true, mode: 0o700 });
  const identity = await generateIdentity();
  writeFileSync(join(stateDir, 'age.key'), `${identity}\n`, { mode: 0o600 });
  writeFileSync(join(stateDir, 'secrets/token'), 'file-secret', { mode: 0o600 });
  const sealed = await encryptAge('sesame', await identityToRecipient(identity));
  const more = '    env: { PW: "secret://age/pw.age", T: "secret://file/token" }\n';
  const files = { 'kombination.yaml': describeStack('shared', more), 'pw.age': sealed };
  await commitFiles(repository, files, 'Describe shared');
  const repo = ['--repo', repository.path];
  expect(await cli.run('plan', ...repo, '--detailed-exitcode')).toMatchObject({ code: 2, stderr: '' });
  {
    await using daemon = await serve(cli, repository.path);
    expect(await daemon.running('shared-web-1')).toBe(true);
    const refused = await cli.run('apply', ...repo, '--yes');
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/kombinator serve.*is using the state directory/),
    ]);
    expect(refused.stderr).toContain(stateDir);
  }
  const jobs = JSON.parse((await cli.run('jobs', ...repo, '--json')).stdout) as {
    jobs: { trigger: string }[];
  };
  expect(jobs.jobs.filter(({ trigger }) => trigger !== 'cli')).not.toEqual([]);
  await docker('rm', '--force', 'shared-web-1');
});

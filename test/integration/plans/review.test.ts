import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCliProcess } from '../../support/cli/cli-process.ts';
import { buildTestImage } from '../../support/docker/test-image.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { commitFiles, createBareRepo } from '../../support/git/git-repo.ts';

const IMAGE = 'kombinator-review/busybox:1';
const FILE = 'kombination.yaml';
const DEADLINE_MS = 30_000;
const dockerHost = workerEngine();
const directory = mkdtempSync(join(tmpdir(), 'kombinator-review-'));

beforeAll(() => buildTestImage(dockerHost, IMAGE));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function described(port: number, level: string, more = ''): string {
  return `version: "1.0"
meta: { name: dif }
policy: { sync: manual }
services:
  web:
    image: ${IMAGE}
    pull_policy: never
    init: true
    stop_grace_period: 1s
    command: ["httpd", "-f", "-p", "80"]
    ports: ["${port}:80"]
    files:
      - { source: app.conf, target: /etc/app.conf }
      - { content: "level: ${level}\\npassword: hunter22\\n", target: /etc/level.yaml }
${more}`;
}

const MINER = `  miner: { image: "${IMAGE}", pull_policy: never, init: true, stop_grace_period: 1s, command: [sleep, "1000"], privileged: true, pid: host, volumes: ["/:/host"] }\n`;

const EXPECTED = `
  + create  local/container/miner  not found  (kombination.yaml:15)
    ! runs privileged
    ! uses the pid namespace of the machine
    ! mounts / of the machine
      image: ${IMAGE}
      mounts: / → /host
      networks: dif_default
      command: sleep 1000
  ± replace local/container/web    files changed  (kombination.yaml:12)
    ~ file /etc/app.conf, from app.conf
          @@ -1,1 +1,1 @@
        - retention = 15d
        + retention = 1d
    ~ file /etc/level.yaml
          @@ -1,2 +1,2 @@
        - level: info
        + level: debug
          password: ***

Plan: 1 to create, 0 to update, 1 to replace, 0 to delete, 2 unchanged.
`;

it('a plan on a real engine shows lines of files and what a new container is given, and a daemon the same', async () => {
  await using repository = await createBareRepo();
  const port = await freePort();
  await commitFiles(
    repository,
    { [FILE]: described(port, 'info'), 'app.conf': 'retention = 15d\n' },
    'Add the stack',
  );
  const config = join(directory, 'operator.yaml');
  writeFileSync(
    config,
    'policy: { stacks: { dif: { privileged: true, hostNamespaces: [pid], binds: ["/"] } } }\n',
  );
  await using cli = await createCliProcess({ DOCKER_HOST: dockerHost });
  const repo = ['--repo', repository.path, '--config', config];
  const applied = await cli.run('apply', ...repo, '--yes');
  expect(applied.stdout).toMatch(/✓ dif applied in .*, tagged deploy\/dif\/1: 2 created\n/);
  expect(applied.stdout).toContain(`\n  → web  `);
  expect(applied.stdout).toMatch(new RegExp(`:${port}\\n$`));

  await commitFiles(
    repository,
    { [FILE]: described(port, 'debug', MINER), 'app.conf': 'retention = 1d\n' },
    'Keep less',
  );
  const planned = await cli.run('plan', ...repo);
  expect(planned).toMatchObject({ code: 0, stderr: '' });
  expect(planned.stdout.split('\n').slice(1).join('\n')).toBe(EXPECTED);

  const listen = `127.0.0.1:${await freePort()}`;
  await using daemon = cli.start('serve', ...repo, '--no-auth', '--listen', listen);
  const remote = ['--server', `http://${listen}`];
  const answer = await eventually(
    () => cli.run('plan', ...remote),
    ({ code }) => code === 0,
    DEADLINE_MS,
  );
  expect(answer?.stdout, daemon.stderr()).toBe(planned.stdout);
  const history = await cli.run('history', 'dif', ...remote);
  expect(history.stdout).toMatch(/\tcli\tAdd the stack\n$/);
  expect((await cli.run('jobs', ...remote)).stdout.split('\n')).toHaveLength(2);
  await cli.run('destroy', '--stack', 'dif', '--keep-description', '--yes', ...remote);
});

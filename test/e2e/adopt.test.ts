import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../../deploy/demo/processes.ts';
import { prepareCompose } from '../support/compose/compose.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';
import type { Json, MainJob } from '../support/main-job.ts';
import { createMainJob, IMAGE, lines, PATIENCE_MS } from '../support/main-job.ts';

/* A project that docker-compose has made goes over to a stack, changes with pushes, and nothing of it is made anew that need not be. */

const dockerHost = workerEngine();
const socket = dockerHost.replace('unix://', '');
const OPERATOR = 'policy: { allow: everything }\n';
let job: MainJob;
let root: string;

beforeAll(async () => {
  job = await createMainJob(dockerHost, { KOMBINATOR_STABLE: '1s' }, OPERATOR);
  root = await mkdtemp(join(tmpdir(), 'kombinator-adopt-'));
}, 120_000);
afterAll(async () => {
  await job?.[Symbol.asyncDispose]();
  for (const { Id } of await containers('vault'))
    await engineJson(socket, 'DELETE', `/containers/${Id}?force=1&v=1`);
  for (const { Id } of await listed('/networks?', 'vault'))
    await engineJson(socket, 'DELETE', `/networks/${Id}`);
  for (const { Name } of (await listed('/volumes?', 'vault')).Volumes ?? [])
    await engineJson(socket, 'DELETE', `/volumes/${Name}`);
  await rm(root, { recursive: true, force: true });
});

function listed(path: string, project: string): Promise<Json> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${project}`] }));
  return engineJson(socket, 'GET', `${path}filters=${filters}`);
}

const containers = (project: string): Promise<readonly Json[]> => listed('/containers/json?all=1&', project);

/** `name id started` of each container. */
async function lives(project: string): Promise<readonly string[]> {
  const found = await Promise.all(
    (await containers(project)).map(({ Id }) => engineJson<Json>(socket, 'GET', `/containers/${Id}/json`)),
  );
  return found.map(({ Name, Id, State }) => `${Name} ${Id} ${State.StartedAt}`).sort();
}

async function write(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
}

async function compose(directory: string, ...words: readonly string[]): Promise<string> {
  const { program, args } = await prepareCompose(() => undefined);
  return run(program, [...args, ...words], {
    cwd: directory,
    env: { ...process.env, DOCKER_HOST: dockerHost },
  });
}

const COMPOSE = `services:
  web:
    image: ${IMAGE}
    init: true
    restart: unless-stopped
    stop_grace_period: 1s
    command: [httpd, -f, -p, "8080", -h, /www]
    environment: { MODE: "\${VAULT_MODE}", EMPTY: "" }
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    ulimits: { nofile: 1024 }
    labels: { org.example.team: blue }
    mem_limit: 64m
    volumes:
      - ./data:/data
      - ./www:/www:ro
      - ./app.conf:/etc/app.conf:ro
      - cache:/cache
    networks: [default, shared]
  db:
    image: ${IMAGE}
    init: true
    restart: always
    stop_grace_period: 1s
    command: [sleep, infinity]
    volumes: [./db:/var/lib/db]
    healthcheck: { test: [CMD, "true"], interval: 1s }
volumes:
  cache:
networks:
  shared: { name: vault-shared }
`;
const CONTENT = {
  'compose.yaml': COMPOSE,
  '.env': 'VAULT_MODE=one\n',
  'www/index.html': 'hello\n',
  'app.conf': 'a = 1\n',
};

it(
  'a project goes over as it runs, and back',
  async () => {
    const directory = join(root, 'vault');
    await write(directory, { ...CONTENT, 'data/db.sqlite3': 'live\n' });
    await compose(directory, 'up', '-d', '--wait');
    const before = await lives('vault');
    expect(before).toHaveLength(2);

    const files = Object.fromEntries(
      Object.entries(CONTENT).map(([path, text]) => [`kombinations/vault/${path}`, text]),
    );
    const kombination = `version: "1.0"
meta: { name: vault }
compose: compose.yaml
adopts: { project: vault, services: [web, db] }
data_dir: ${directory}
`;
    await job.push({ ...files, 'kombinations/vault/kombination.yaml': kombination }, 'Take over the vault');
    await job.reaches('vault', 'in_sync');
    const plan = await job.run('plan', '--stack', 'vault', '--detailed-exitcode');
    expect([plan.code, plan.stdout]).toEqual([0, expect.anything()]);
    expect(await lives('vault')).toEqual(before);

    const commit = await job.push({ 'kombinations/vault/.env': 'VAULT_MODE=two\n' }, 'Another mode');
    await job.job('vault', ({ revision, status }) => revision === commit && status === 'completed');
    await job.reaches('vault', 'in_sync');
    const changed = await lives('vault');
    expect(changed.filter((line) => !before.includes(line))).toHaveLength(1);
    expect(await readFile(join(directory, 'data/db.sqlite3'), 'utf8')).toBe('live\n');
    expect(lines((await job.run('history', 'vault')).stdout)).toHaveLength(1);
    expect(await job.run('plan', '--stack', 'vault', '--detailed-exitcode')).toMatchObject({ code: 0 });
  },
  PATIENCE_MS * 3,
);

it(
  'kombinator adopt does all of it',
  async () => {
    const directory = join(root, 'wiki');
    const text = COMPOSE.replaceAll('vault-shared', 'wiki-shared');
    await write(directory, {
      ...CONTENT,
      'compose.yaml': text,
      '.env': 'VAULT_MODE=one\nDB_PASSWORD=hunter2\n',
      'data/x': 'live\n',
    });
    await compose(directory, 'up', '-d', '--wait');
    const before = await lives('wiki');
    const list = await job.run('adopt');
    console.log(list.stdout, list.stderr);
    const done = await job.run('adopt', 'wiki', '--yes');
    console.log(done.code, done.stdout, done.stderr);
    expect(await lives('wiki')).toEqual(before);
    await job.reaches('wiki', 'in_sync');
    expect(await lives('wiki')).toEqual(before);
    const released = await job.run('release', 'wiki', '--yes');
    console.log(released.stdout, released.stderr);
    await job.gone('wiki');
    await compose(directory, 'up', '-d');
    expect(await lives('wiki')).toEqual(before);
  },
  PATIENCE_MS * 3,
);

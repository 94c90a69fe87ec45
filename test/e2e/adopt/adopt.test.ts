import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity } from 'age-encryption';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bytesOf, createRunningProjects, writeProjectFiles } from '../../support/compose/running-projects.ts';
import { engineJson } from '../../support/docker/docker-engine.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import { git } from '../../support/git/git-repo.ts';
import type { MainJob } from '../../support/main-job.ts';
import { createMainJob, IMAGE, lines, PATIENCE_MS } from '../../support/main-job.ts';

/* A project that docker-compose has made goes over to a stack, changes with pushes, and nothing of it is made anew that need not be. */

const dockerHost = workerEngine();
const socket = dockerHost.replace('unix://', '');
const { compose, containers, lives, remove, volumes } = createRunningProjects(dockerHost);
const OPERATOR = 'policy: { allow: everything }\n';
let job: MainJob;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kombinator-adopt-'));
  // One key for the daemon and the command, which have state directories of their own here.
  const key = join(root, 'age.key');
  await writeFile(key, `${await generateIdentity()}\n`);
  const environment = { KOMBINATOR_STABLE: '1s', KOMBINATOR_AGE_KEY_FILE: key };
  job = await createMainJob(dockerHost, environment, OPERATOR);
}, 120_000);
afterAll(async () => {
  await job?.[Symbol.asyncDispose]();
  await remove('vault');
  await rm(root, { recursive: true, force: true });
});

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

/** A stack that is always there: a repository that describes nothing is refused. */
const OTHER = {
  'kombinations/other/kombination.yaml': `version: "1.0"\nmeta: { name: other }\nservices: { idle: { image: "${IMAGE}", init: true, command: [sleep, infinity], stop_grace_period: 1s } }\n`,
};

it(
  'a project goes over as it runs, and back',
  async () => {
    const directory = join(root, 'vault');
    await writeProjectFiles(directory, { ...CONTENT, 'data/db.sqlite3': 'live\n' });
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
  'what an adopted stack loses comes back, and it goes when its description does',
  async () => {
    const idOf = async (name: string) =>
      (await lives('vault')).find((line) => line.startsWith(`${name} `))?.split(' ')[1];
    const db = await idOf('/vault-db-1');
    await engineJson(socket, 'POST', `/containers/${db}/stop?t=0`);
    const isUp = async () => (await containers('vault')).filter(({ State }) => State === 'running').length;
    await expect.poll(isUp, { timeout: PATIENCE_MS, interval: 200 }).toBe(2);
    // It was stopped, not changed: the very container is started again.
    expect(await idOf('/vault-db-1')).toBe(db);

    await engineJson(socket, 'DELETE', `/containers/${db}?force=1`);
    await expect.poll(isUp, { timeout: PATIENCE_MS, interval: 200 }).toBe(2);
    await job.reaches('vault', 'in_sync');
    expect(await readFile(join(root, 'vault', 'data/db.sqlite3'), 'utf8')).toBe('live\n');

    // One that is started by hand beside it is nobody's business.
    await job.push({ 'kombinations/vault': null, ...OTHER }, 'Without the vault');
    await job.gone('vault').catch(() => undefined);
    await expect
      .poll(async () => (await containers('vault')).length, { timeout: PATIENCE_MS, interval: 200 })
      .toBe(0);
    expect(await readFile(join(root, 'vault', 'data/db.sqlite3'), 'utf8')).toBe('live\n');
    expect(await volumes('vault')).toMatchObject([{ Name: 'vault_cache' }]);
    // Somebody has made a project of that name by hand since: it is none of ours.
    await compose(join(root, 'vault'), 'up', '-d', '--wait');
    const anew = await lives('vault');
    await job.run('plan');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await lives('vault')).toEqual(anew);
  },
  PATIENCE_MS * 3,
);

/** Common to all services of the eight. */
const SERVICE = `image: ${IMAGE}, init: true, restart: unless-stopped, stop_grace_period: 1s, command: [sleep, infinity]`;
const EIGHT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  safe: {
    'compose.yaml': `services:\n  app: { ${SERVICE}, environment: { SIGNUPS: "\${SIGNUPS:-no}", ADMIN_TOKEN: "\${ADMIN_TOKEN}" }, volumes: ["./data:/data", "./app.conf:/etc/app.conf:ro"] }\n`,
    '.env': 'SIGNUPS=yes\nADMIN_TOKEN=s3cr3t-of-the-house\n',
    'app.conf': 'a = 1\n',
    'data/db.sqlite3': 'passwords\n',
  },
  pages: {
    'compose.yaml': `services:
  web: { ${SERVICE}, depends_on: { db: { condition: service_healthy } }, environment: [DB_PASSWORD], env_file: web.env }
  db: { ${SERVICE}, volumes: ["db:/var/lib/db", "./init:/init:ro"], healthcheck: { test: [CMD, "true"], interval: 1s }, environment: { DB_PASSWORD: "\${DB_PASSWORD}" } }
volumes: { db: }
`,
    '.env': 'DB_PASSWORD="hunter 2"\n',
    'web.env': 'COLOUR=blue\n',
    'init/one.sql': 'create table a;\n',
    'init/two.sql': 'create table b;\n',
  },
  edge: {
    'compose.yaml': `services:\n  proxy: { ${SERVICE}, ports: ["127.0.0.1::80"], networks: [front], volumes: ["./certs:/certs"] }\nnetworks: { front: { name: eight-front, labels: { org.example.zone: dmz } } }\n`,
    'certs/acme.json': '{}\n',
  },
  blog: {
    'compose.yaml': `services:\n  web: { ${SERVICE}, networks: { front: { aliases: [blog.example.org] }, default: }, volumes: ["./html:/html:ro", "./uploads:/uploads"], labels: { org.example.route: blog } }\nnetworks: { front: { name: eight-front, external: true } }\n`,
    'html/index.html': 'hello\n',
    'uploads/cat.png': 'a cat\n',
  },
  media: {
    'compose.yaml': `services:
  films: { ${SERVICE}, user: "1000:1000", volumes: ["./library:/library:ro", "./films:/config"] }
  fetch: { ${SERVICE}, volumes: ["./library:/library", "./fetch:/config"], cap_drop: [ALL], cap_add: [CHOWN], ulimits: { nofile: 1024 } }
`,
    'library/a.mkv': 'a film\n',
    'films/state': 'seen\n',
    'fetch/state': 'queue\n',
  },
  monitor: {
    'compose.yaml': `services:\n  stats: { ${SERVICE}, extra_hosts: ["router:192.0.2.1"], tmpfs: [/run], mem_limit: 64m, hostname: stats, volumes: ["store:/store", "./rules.yml:/etc/rules.yml:ro"] }\nvolumes: { store: { name: eight-store, external: true } }\n`,
    'compose.override.yaml': 'services: { stats: { environment: { LEVEL: debug } } }\n',
    'rules.yml': 'groups: []\n',
  },
  queue: {
    'compose.yaml': `services:\n  worker: { ${SERVICE}, deploy: { replicas: 2 }, volumes: ["store:/store"], logging: { driver: json-file, options: { max-size: 1m } } }\nvolumes: { store: { name: eight-store, external: true } }\n`,
  },
  old_app: {
    'docker-compose.yml': `version: "3.8"\nservices:\n  app: { ${SERVICE}, container_name: the-old-app, volumes: ["./var:/var/app", "logs:/logs"], sysctls: { net.core.somaxconn: 512 }, shm_size: 32m }\nvolumes: { logs: { labels: [keep=me] } }\n`,
    'var/state': 'old\n',
  },
};
const PROJECTS = Object.keys(EIGHT);
const stackOf = (project: string) => project.replace('_', '-');

it(
  'eight projects become a repository and go back, without a minute down or a byte lost',
  async () => {
    const home = join(root, 'eight');
    await engineJson(socket, 'POST', '/volumes/create', { Name: 'eight-store' });
    for (const project of PROJECTS) {
      await writeProjectFiles(join(home, project), EIGHT[project] ?? {});
      await compose(join(home, project), 'up', '-d', '--wait');
    }
    const all = async () => (await Promise.all(PROJECTS.map(lives))).flat();
    const before = await all();
    const bytes = await bytesOf(home);
    expect(before).toHaveLength(11);

    const adopted = await job.run('adopt', ...PROJECTS, '--yes');
    expect([adopted.stderr, adopted.code]).toEqual(['', 0]);
    expect([adopted.stdout, adopted.stdout.match(/Nothing would change/g)?.length]).toEqual([
      expect.anything(),
      PROJECTS.length,
    ]);
    for (const project of PROJECTS) await job.reaches(stackOf(project), 'in_sync');
    expect(await all()).toEqual(before);
    const stacks = PROJECTS.flatMap((one) => ['--stack', stackOf(one)]);
    expect(await job.run('plan', ...stacks, '--detailed-exitcode')).toMatchObject({ code: 0 });
    const tree = await git(job.repository.path, 'ls-tree', '-r', '--name-only', 'main', 'kombinations');
    expect(lines(tree).filter((path) => /sqlite|acme|cat\.png|\.mkv|state$/.test(path))).toEqual([]);
    const texts = await git(job.repository.path, 'grep', '-e', 's3cr3t', '-e', 'hunter', 'main').catch(
      () => '',
    );
    expect(texts).toBe('');

    // One change, of one service.
    const changed = (EIGHT['blog']?.['compose.yaml'] ?? '').replace('route: blog', 'route: news');
    const commit = await job.push({ 'kombinations/blog/compose.yaml': changed }, 'Another route');
    await job.job('blog', ({ revision, status }) => revision === commit && status === 'completed');
    const after = await all();
    const anew = after.filter((line) => !before.includes(line)).map((line) => line.split(' ')[0]);
    expect(anew).toEqual(['/blog-web-1']);
    expect(await bytesOf(home)).toEqual(bytes);

    for (const project of PROJECTS) {
      expect(await job.run('release', stackOf(project), '--yes')).toMatchObject({ code: 0 });
      await job.gone(stackOf(project));
    }
    await writeFile(join(home, 'blog', 'compose.yaml'), changed);
    for (const project of PROJECTS) await compose(join(home, project), 'up', '-d', '--wait');
    expect(await all()).toEqual(after);
    for (const project of PROJECTS) await compose(join(home, project), 'down', '--volumes', '--timeout', '0');
  },
  PATIENCE_MS * 5,
);

it(
  'a project whose Compose files are gone is written down from what runs',
  async () => {
    const directory = join(root, 'lost');
    await writeProjectFiles(directory, {
      'compose.yaml': `services:
  web: { ${SERVICE}, environment: { DB_PASSWORD: "it's 5 $$ \\\\ more", COLOUR: blue }, volumes: ["./data:/data", "./www:/www:ro", "keep:/keep"], secrets: [token], depends_on: [db], labels: { org.example.team: red } }
  db: { ${SERVICE}, env_file: db.env, mem_limit: 64m, cap_drop: [ALL], networks: { default: { aliases: [base] } } }
volumes: { keep: }
secrets: { token: { file: ./token.txt } }
`,
      'db.env': 'MYSQL_ROOT_PASSWORD=from-the-env-file\n',
      'token.txt': 'a-token-of-the-house\n',
      'www/index.html': 'hello\n',
      'data/state': 'live\n',
    });
    await compose(directory, 'up', '-d', '--wait');
    const before = await lives('lost');
    expect(before).toHaveLength(2);
    for (const file of ['compose.yaml', 'db.env']) await rm(join(directory, file));

    const adopted = await job.run('adopt', 'lost', '--yes');
    expect([adopted.stderr, adopted.code]).toEqual(['', 0]);
    expect(adopted.stdout).toMatch(/compose\.yaml {2}rebuilt from what runs, because .* cannot be read/);
    expect([adopted.stdout, /Nothing would change/.test(adopted.stdout)]).toEqual([expect.anything(), true]);
    await job.reaches('lost', 'in_sync');
    expect(await job.run('plan', '--stack', 'lost', '--detailed-exitcode')).toMatchObject({ code: 0 });
    expect(await lives('lost')).toEqual(before);
    const tree = await git(job.repository.path, 'ls-tree', '-r', '--name-only', 'main', 'kombinations/lost');
    expect(lines(tree).map((path) => path.replace('kombinations/lost/', ''))).toEqual([
      '.env',
      '.gitignore',
      'compose.yaml',
      'kombination.yaml',
      'secrets/DB_PASSWORD.age',
      'secrets/MYSQL_ROOT_PASSWORD.age',
      'secrets/token.age',
      'www/index.html',
    ]);
    const clear = ['-e', '5 \\$', '-e', 'from-the-env-file', '-e', 'token-of-the-house'];
    expect(await git(job.repository.path, 'grep', ...clear, 'main').catch(() => '')).toBe('');

    expect(await job.run('release', 'lost', '--yes')).toMatchObject({ code: 0 });
    await job.gone('lost');
    expect(await lives('lost')).toEqual(before);

    // And once more, as it was described before.
    const again = await job.run('adopt', 'lost', '--yes');
    expect([again.stderr, again.code]).toEqual(['', 0]);
    expect(again.stdout).toMatch(/kombinator\.yaml {2}takes lost out of released/);
    await job.reaches('lost', 'in_sync');
    expect(await lives('lost')).toEqual(before);
    expect(await job.run('release', 'lost', '--yes')).toMatchObject({ code: 0 });
    await job.gone('lost');
    await remove('lost');
  },
  PATIENCE_MS * 3,
);

const MADE = `services:\n  app: { build: ./app, init: true, stop_grace_period: 1s, command: [sleep, infinity], volumes: ["./data:/data"] }\n`;

it(
  'an image that Compose has built counts as described until what it is built from changes',
  async () => {
    const directory = join(root, 'made');
    await writeProjectFiles(directory, {
      'compose.yaml': MADE,
      'app/Dockerfile': `FROM ${IMAGE}\nCOPY motto /motto\n`,
      'app/motto': 'one\n',
      'data/state': 'live\n',
    });
    await compose(directory, 'up', '-d', '--build');
    const before = await lives('made');
    expect(before).toHaveLength(1);

    const adopted = await job.run('adopt', 'made', '--yes');
    expect([adopted.stderr, adopted.code, adopted.stdout]).toEqual([
      '',
      0,
      expect.stringContaining('Nothing would change'),
    ]);
    await job.reaches('made', 'in_sync');
    expect(await job.run('plan', '--stack', 'made', '--detailed-exitcode')).toMatchObject({ code: 0 });
    expect(await lives('made')).toEqual(before);
    const kombination = await git(job.repository.path, 'show', 'main:kombinations/made/kombination.yaml');
    expect(kombination).toMatch(/\n {2}built:\n {4}app: [0-9a-f]{12}\n/);

    // A limit changes in place; a variable makes the container anew, with the image that is there.
    const limited = MADE.replace('init: true', 'init: true, mem_limit: 64m');
    let commit = await job.push({ 'kombinations/made/compose.yaml': limited }, 'A limit');
    await job.job('made', ({ revision, status }) => revision === commit && status === 'completed');
    expect(await lives('made')).toEqual(before);
    const image = async () =>
      (await engineJson<{ Image: string }>(socket, 'GET', '/containers/made-app-1/json')).Image;
    const builtImage = await image();
    const varied = limited.replace('init: true', 'init: true, environment: { A: b }');
    commit = await job.push({ 'kombinations/made/compose.yaml': varied }, 'A variable');
    await job.job('made', ({ revision, status }) => revision === commit && status === 'completed');
    expect(await image()).toBe(builtImage);
    expect(await lives('made')).not.toEqual(before);
    await job.reaches('made', 'in_sync');
    expect(await job.run('plan', '--stack', 'made', '--detailed-exitcode')).toMatchObject({ code: 0 });

    commit = await job.push({ 'kombinations/made/app/motto': 'two\n' }, 'Another motto');
    await job.job('made', ({ revision, status }) => revision === commit && status === 'completed');
    await job.reaches('made', 'in_sync');
    expect(await image()).not.toBe(builtImage);
    expect(await job.run('plan', '--stack', 'made', '--detailed-exitcode')).toMatchObject({ code: 0 });
    await remove('made');
  },
  PATIENCE_MS * 3,
);

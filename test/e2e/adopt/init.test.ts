import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CliProcess } from '../../support/cli/cli-process.ts';
import { createCliProcess } from '../../support/cli/cli-process.ts';
import { bytesOf, createRunningProjects, writeProjectFiles } from '../../support/compose/running-projects.ts';
import { buildTestImage } from '../../support/docker/test-image.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import { git } from '../../support/git/git-repo.ts';
import { IMAGE, lines, PATIENCE_MS } from '../../support/main-job.ts';

/* A folder of Compose projects that run becomes a repository whose plan is empty. */

const dockerHost = workerEngine();
const { compose, lives, remove } = createRunningProjects(dockerHost);
const PROJECTS = ['init-wiki', 'init-shop', 'init_old'];
let cli: CliProcess;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kombinator-init-'));
  await buildTestImage(dockerHost, IMAGE);
  cli = await createCliProcess({ DOCKER_HOST: dockerHost });
}, 120_000);
afterAll(async () => {
  for (const project of PROJECTS) await remove(project);
  await cli?.[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const SERVICE = `image: ${IMAGE}, init: true, restart: unless-stopped, stop_grace_period: 1s, command: [sleep, infinity]`;
const FILES = {
  'stacks/init-wiki/compose.yaml': `services:\n  web: { ${SERVICE}, volumes: ["./data:/data", "./www:/www:ro"] }\n`,
  'stacks/init-wiki/www/index.html': 'hello\n',
  'stacks/init-wiki/data/state': 'live\n',
  // Passwords, in an .env that is both filled in and given to a service as it is.
  'stacks/init-shop/compose.yaml': `services:
  web: { ${SERVICE}, env_file: .env, environment: { COLOUR: "\${COLOUR}", LEVEL: debug }, secrets: [key] }
  db: { ${SERVICE}, environment: [DB_PASSWORD], volumes: ["db:/var/lib/db", "./certs:/certs:ro"] }
volumes: { db: }
secrets: { key: { file: ./key.txt } }
`,
  'stacks/init-shop/.env':
    'COLOUR=blue\nLEVEL=info\nDB_PASSWORD="hunter $2"\nAPI_TOKEN=s3cr3t-of-the-house\n',
  'stacks/init-shop/key.txt': 'key-of-the-house\n',
  'stacks/init-shop/certs/tls.key': '-----BEGIN PRIVATE KEY-----\n',
  // A name that its directory does not have, and an older name of the file.
  'stacks/other/docker-compose.yml': `services:\n  app: { ${SERVICE}, volumes: ["./var:/var/app"] }\n`,
  'stacks/other/var/state': 'old\n',
  'notes.txt': 'nothing of a stack\n',
};

it(
  'a folder with running projects becomes a repository with an empty plan, and nothing is restarted',
  async () => {
    await writeProjectFiles(root, FILES);
    await compose(join(root, 'stacks/init-wiki'), 'up', '-d');
    await compose(join(root, 'stacks/init-shop'), 'up', '-d');
    await compose(join(root, 'stacks/other'), '-p', 'init_old', 'up', '-d');
    const all = async () => (await Promise.all(PROJECTS.map(lives))).flat();
    const before = await all();
    const bytes = await bytesOf(root);
    expect(before).toHaveLength(4);

    const asked = await cli.run('init', '--repo', root);
    expect([asked.code, asked.stderr]).toEqual([1, expect.stringContaining('CONFIRMATION_REQUIRED')]);
    expect(existsSync(join(root, '.git'))).toBe(false);

    const done = await cli.run('init', '--repo', root, '--yes');
    expect([done.code, done.stdout, done.stderr]).toEqual([0, expect.anything(), expect.anything()]);
    const plan = await cli.run('plan', '--repo', root, '--detailed-exitcode');
    expect([plan.code, plan.stdout]).toEqual([0, expect.anything()]);
    expect(await all()).toEqual(before);
    const after = new Set(await bytesOf(root));
    expect(bytes.filter((line) => !after.has(line))).toEqual([]);

    expect(await readFile(join(root, 'kombinator.yaml'), 'utf8')).toBe(
      `compose: "stacks/*/compose.yaml"\ndata_dir: "${root}"\nadopts: true\n`,
    );
    expect(lines(await git(root, 'ls-tree', '-r', '--name-only', 'main'))).toEqual([
      '.age-recipients',
      '.gitignore',
      'kombinator.yaml',
      'stacks/init-shop/compose.yaml',
      'stacks/init-shop/kombination.yaml',
      'stacks/init-shop/secrets/API_TOKEN.age',
      'stacks/init-shop/secrets/DB_PASSWORD.age',
      'stacks/init-shop/secrets/key.age',
      'stacks/init-wiki/compose.yaml',
      'stacks/init-wiki/www/index.html',
      'stacks/other/docker-compose.yml',
      'stacks/other/kombination.yaml',
    ]);
    expect(lines(await git(root, 'status', '--porcelain'))).toEqual(['?? notes.txt']);
    const clear = ['-e', 's3cr3t', '-e', 'hunter', '-e', 'key-of-the-house', '-e', 'PRIVATE KEY'];
    expect(await git(root, 'grep', ...clear, 'main').catch(() => '')).toBe('');

    // A second time there is nothing to do.
    const again = await cli.run('init', '--repo', root, '--yes');
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringContaining('says already where Compose files are'),
    ]);
  },
  PATIENCE_MS * 3,
);

it('data that Git knows is told of, with both ways out', async () => {
  const folder = join(root, 'tracked');
  await writeProjectFiles(folder, {
    'wiki/compose.yaml': `services: { web: { ${SERVICE}, volumes: ["./data:/data"] } }\n`,
    'wiki/data/state': 'live\n',
  });
  await git(folder, 'init', '--quiet', '--initial-branch=main');
  await git(folder, 'add', '--all');
  await git(folder, 'commit', '--quiet', '--message', 'All of it');
  const before = await git(folder, 'rev-parse', 'HEAD');
  const refused = await cli.run('init', '--repo', folder, '--yes');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('containers may write to what is in Git: wiki/data; nothing was changed');
  expect(refused.stderr).toContain('git rm -r --cached wiki/data');
  expect(await git(folder, 'rev-parse', 'HEAD')).toBe(before);
  await git(folder, 'rm', '-r', '--quiet', '--cached', 'wiki/data');
  await git(folder, 'commit', '--quiet', '--message', 'Data stays here');
  const done = await cli.run('init', '--repo', folder, '--yes');
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('wiki as the stack wiki')]);
  expect(await readFile(join(folder, '.gitignore'), 'utf8')).toContain('\n/wiki/data\n');
});

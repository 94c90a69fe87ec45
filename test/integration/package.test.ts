import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRequireOf } from '../../api/cli/start/run-bundle.mjs';
import { buildPackage } from '../../deploy/build/build-package.ts';
import packageJson from '../../package.json' with { type: 'json' };

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
let directory = '';
let home: string;

/** The package as `npm pack` makes it, without its dependencies. */
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'kombinator-package-'));
  directory = join(home, 'package');
  await mkdir(join(directory, 'api/cli'), { recursive: true });
  await buildPackage(root, { directory: join(directory, 'dist'), library: true });
  for (const file of ['package.json', ...packageJson.files.filter((name) => name !== 'dist')])
    await cp(join(root, file), join(directory, file), { recursive: true });
});

afterAll(() => rm(home, { recursive: true, force: true }));

const SCHEDULED = `version: "1.0"
meta: { name: web }
policy: { driftSchedule: "61 * * * *" }
services: { web: { image: "nginx:1.29" } }
`;

function kombinator(...args: readonly string[]) {
  const caches = { XDG_CACHE_HOME: join(home, 'caches'), NODE_COMPILE_CACHE: undefined };
  const env = { ...process.env, HOME: home, XDG_STATE_HOME: home, ...caches };
  return run(process.execPath, [join(directory, 'api/cli/kombinator.mjs'), ...args], { env });
}

it('runs from the bundle alone, without any package installed', async () => {
  const version = await kombinator('--version');
  expect(version.stdout).toBe(`${packageJson.version}\n`);
  const compose = join(home, 'compose.yaml');
  await writeFile(compose, 'services: { web: { image: "nginx:1.29", restart: always } }\n');
  const { stdout } = await kombinator('import', compose);
  const file = join(home, 'kombination.yaml');
  await writeFile(file, stdout.replace('image:', 'imge:'));
  const refused = await kombinator('validate', file).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('did you mean image?') as string,
  });
});

it('is started through a link by the shell that gives way to Node', async () => {
  const link = join(home, 'linked');
  await symlink(join(directory, packageJson.bin.kombinator), link);
  const { stdout } = await run(link, ['--version'], { env: { ...process.env, HOME: home } });
  expect(stdout).toBe(`${packageJson.version}\n`);
  const shell = await run(link, ['validate', '--server', 'http://127.0.0.1:9'], {
    env: { ...process.env, HOME: home },
  }).catch((error: unknown) => error);
  expect(shell).toMatchObject({ code: 1, stderr: expect.stringContaining('127.0.0.1:9') as string });
});

it('loads what stands in for packages and modules when it is used', async () => {
  const files = (await readdir(join(directory, 'dist/cli'))).filter((name) => name.endsWith('.cjs'));
  const names = files.map((name) => name.replace(/-[\w-]{8}\.cjs$/, ''));
  expect(names).toEqual(expect.arrayContaining(['cron', 'pino', 'ssh2', 'tar-stream', 'validate-workflow']));
  const load = createRequireOf(join(directory, 'dist/cli'));
  // The command itself begins at once.
  for (const file of files.filter((name) => name !== 'kombinator.cjs'))
    expect(Reflect.ownKeys(load(`./${file}`) as object), file).not.toEqual([]);
  // A schedule, which is read by one of those packages.
  const file = join(home, 'scheduled.yaml');
  await writeFile(file, SCHEDULED);
  const refused = await kombinator('validate', file).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('driftSchedule') as string });
});

it('keeps compiled code of each command, and does not mind when that is of no use', async () => {
  const caches = join(home, 'caches/kombinator');
  await rm(caches, { recursive: true, force: true });
  const file = join(home, 'kept.yaml');
  await writeFile(file, SCHEDULED.replace('61', '1'));
  await kombinator('validate', file);
  const [name = '', ...others] = await readdir(caches);
  expect(others).toEqual([]);
  const kept = await readFile(join(caches, name));
  await kombinator('validate', file);
  expect(await readFile(join(caches, name))).toEqual(kept);
  await kombinator('schema', 'kombination');
  expect((await readFile(join(caches, name), 'utf8')).split('\n')[0]).toContain(
    '"words":["validate","schema"]',
  );
  for (const broken of [
    '',
    '{}\n',
    kept.toString('latin1').slice(0, 20_000),
    `{"words":[],"files":[["./kombinator.cjs",[0,9]]]}\n123456789`,
  ]) {
    await writeFile(join(caches, name), broken, 'latin1');
    await kombinator('validate', file);
  }
  // Others may write to it: it is not run.
  await chmod(join(caches, name), 0o666);
  await writeFile(join(caches, name), '{"words":["validate"],"files":[]}\n');
  await kombinator('validate', file);
  expect((await stat(join(caches, name))).mode & 0o777).toBe(0o600);
});

it('names the packages that are in the bundle, with their licences', async () => {
  const notices = await readFile(join(directory, 'dist/cli/THIRD-PARTY.txt'), 'utf8');
  for (const name of ['yaml', 'koa', 'ssh2', 'isomorphic-git'])
    expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'));
});

it('is a library for other programs, with types', async () => {
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
  await writeFile(
    join(directory, 'use.mjs'),
    "import { createKombinator } from 'kombinator';\nconsole.log(typeof createKombinator);\n",
  );
  const { stdout } = await run(process.execPath, [join(directory, 'use.mjs')]);
  expect(stdout).toBe('function\n');
  expect(await readFile(join(directory, 'dist/reconciler/index.d.ts'), 'utf8')).toContain('createKombinator');
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CliProcess, RunningCli } from '../support/cli/cli-process.ts';
import { createCliProcess } from '../support/cli/cli-process.ts';
import { eventually } from '../support/eventually.ts';
import type { TestRepository } from '../support/git/git-repo.ts';
import { commitFiles, createBareRepo } from '../support/git/git-repo.ts';

/* A daemon that has no repository but its sources, and one whose sources have faults. No machine answers. */

let root: string;
let repository: TestRepository;
let library: TestRepository;
let cli: CliProcess;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kombinator-serve-sources-'));
  [repository, library] = await Promise.all([createBareRepo(), createBareRepo()]);
  const web = '{ image: "nothing:1", files: [{ source: shared/list.txt, target: /list.txt }] }';
  const stack = `version: "1.0"\nmeta: { name: till }\nservices: { web: ${web} }\n`;
  const shared = await commitFiles(library, { 'list.txt': 'a list of others' }, 'A list');
  const files = {
    'till/kombination.yaml': stack,
    'till/shared': { submodule: shared },
    '.gitmodules': `[submodule "shared"]\n\tpath = till/shared\n\turl = ${library.path}\n`,
  };
  await commitFiles(repository, files, 'A till');
  cli = await createCliProcess({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
});
afterAll(async () => {
  await cli[Symbol.asyncDispose]();
  await Promise.all([repository[Symbol.asyncDispose](), library[Symbol.asyncDispose]()]);
  await rm(root, { recursive: true, force: true });
});

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(root, name), text);
  return join(root, name);
}

async function urlOf(daemon: RunningCli): Promise<string> {
  const read = () => /"api":"(http:\/\/127\.0\.0\.1:\d+)\/api\/v1"/.exec(daemon.stdout())?.[1];
  const url = await eventually(read, (found) => found !== undefined || daemon.child.exitCode !== null);
  if (url === undefined) throw new Error(`${daemon.stdout()}${daemon.stderr()}`);
  return url;
}

const serve = (config: string, ...more: readonly string[]) =>
  cli.start(
    'serve',
    '--config',
    config,
    '--state-dir',
    join(root, 'state'),
    '--listen',
    '127.0.0.1:0',
    ...more,
  );

it('does not start while configurations of sources have faults, names each, and holds nothing then', async () => {
  await write('a.yaml', 'users: {}\n');
  await write('b.yaml', 'removals: { stacks: many }\n');
  const sources = ['good', 'a', 'b'].map((name, at) => {
    const config = name === 'good' ? '' : `, config: ${name}.yaml`;
    return `  ${name}: { repo: ${repository.path}, path: dir-${at}${config} }\n`;
  });
  const broken = await write('broken.yaml', `sources:\n${sources.join('')}`);
  const refused = await serve(broken).ended;
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('sources cannot be opened');
  expect(refused.stderr).toMatch(/ {2}a: .*a\.yaml:1:8: .*users is not for one repository/);
  expect(refused.stderr).toMatch(/ {2}b: .*b\.yaml:1:/);
  expect(refused.stdout).not.toContain('listening');
  const mended = await write('mended.yaml', `sources:\n${sources[0]}`);
  await using daemon = serve(mended);
  await urlOf(daemon);
});

it('is well with its sources alone, also while one cannot be read, and says where its repositories are', async () => {
  const config = await write(
    'alone.yaml',
    `sources:\n  shop: { repo: ${repository.path} }\n  gone: { repo: gone }\n`,
  );
  await using daemon = serve(config, '--no-auth');
  const url = await urlOf(daemon);
  const list = async () =>
    (await (await fetch(`${url}/api/v1/sources`)).json()) as { sources: { stacks: number }[] };
  const { sources } = await eventually(list, (found) => found.sources[0]?.stacks === 1);
  expect(sources).toMatchObject([
    { name: 'shop', stacks: 1, error: null },
    { name: 'gone', stacks: 0, revision: null, error: { code: 'REPOSITORY_NOT_FOUND' } },
  ]);
  const uncounted = await (await fetch(`${url}/api/v1/sources?counts=false`)).json();
  expect(uncounted).toMatchObject({ sources: [{ stacks: 1, counts: {} }, { stacks: 0 }] });
  expect(await (await fetch(`${url}/api/v1/health`)).json()).toMatchObject({
    status: 'degraded',
    checks: { sources: '1 of 2 not read yet' },
  });
  expect((await fetch(`${url}/api/v1/health/ready`)).status).toBe(200);
  const asked = await cli.run('status', '--server', url);
  expect(asked.stderr).toContain('no repository of its own; it has the sources shop, gone (--source');
  const shop = await cli.run('status', '--server', url, '--source', 'shop');
  expect(shop.stdout + shop.stderr).toContain('till');
});

it.each([
  ['by --fetch-submodules of the daemon', 'KOMBINATOR_FETCH_SUBMODULES', false],
  ['by a variable of its own', 'KOMBINATOR_SOURCE_SHOP__FETCH_SUBMODULES', true],
])('has submodules fetched %s (%s): %s', async (_how, variable, isFetched) => {
  await using own = await createCliProcess({ [variable]: library.path });
  const config = await write('shop.yaml', `sources: { shop: { repo: ${repository.path} } }\n`);
  const place = ['--config', config, '--state-dir', join(root, variable)];
  const found = await own.spawn('validate', '--source', 'shop', ...place, '--json');
  expect(JSON.parse(found.stdout)).toMatchObject({ valid: isFetched });
  expect(found.stdout.includes('submodule')).toBe(!isFetched);
});

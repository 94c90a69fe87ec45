import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { directoryKind } from '../../examples/extending/directory-target.ts';
import { createLineNotifier } from '../../examples/extending/line-notifier.ts';
import { createTableProvider } from '../../examples/extending/table-provider.ts';
import { createKombinator } from '../../reconciler/index.ts';
import type { Kombinator, KombinatorOptions, Logger, StackView } from '../../reconciler/index.ts';
import { commitFiles, createWorkRepo } from '../support/git/git-repo.ts';
import type { TestRepository } from '../support/git/git-repo.ts';
import { eventually } from '../support/eventually.ts';

/* A stranger's parts, built from the public surface alone, on a real repository. Other imports here are a repository and a wait. */

const FILE = 'kombinations/site/kombination.yaml';
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

let root: string;
let repo: TestRepository;
const lines: string[] = [];
const table = new Map([['token', 'hunter2-and-more']]);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kombinator-extending-'));
  repo = await createWorkRepo();
});
afterAll(async () => {
  await repo[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const pageOf = (name: string) => join(root, 'www/site', `${name}.page`);
const readPage = (name: string) => readFile(pageOf(name), 'utf8').catch(() => null);
const NODE = (path: string) => `type: directory\nconnection: { path: ${path} }\n`;

function site(greeting: string, more = ''): string {
  return [
    'version: "1.0"',
    'meta: { name: site }',
    'nodes: [{ name: www }]',
    'services:',
    `  home: { image: none, env: { PAGE: "${greeting}" }, node: www }`,
    '  key: { image: none, env: { PAGE: "secret://table/token" }, needs: [home], node: www }',
    more,
  ].join('\n');
}

function open(more: Partial<KombinatorOptions> = {}): Promise<Kombinator> {
  return createKombinator({
    repo: repo.path,
    stateDir: join(root, 'state'),
    resyncMs: 200,
    logger: silent,
    env: {},
    targets: [directoryKind],
    secretProviders: [createTableProvider(table)],
    notifiers: [createLineNotifier(async (line) => void lines.push(line))],
    ...more,
  });
}

async function reaches(kombinator: Kombinator, state: StackView['state']): Promise<StackView> {
  const look = () => kombinator.reconciler.getStack('site');
  const view = await eventually(look, (found) => found.state === state, 10_000);
  if (view.state !== state)
    throw new Error(`site is ${view.state}: ${view.message}\n${JSON.stringify(view.diagnostics)}`);
  return view;
}

it('brings a repository to a target of a new kind, with its own secrets and news', async () => {
  await commitFiles(repo, { 'nodes/www.yaml': NODE(join(root, 'www')), [FILE]: site('hello') }, 'a site');
  await using kombinator = await open();
  const { reconciler } = kombinator;
  await reconciler.start();
  const view = await reaches(kombinator, 'in_sync');
  expect([await readPage('home'), await readPage('key')]).toEqual(['hello', 'hunter2-and-more']);
  expect(view.services.map(({ name, health, resource }) => [name, health, resource])).toEqual([
    ['home', 'healthy', 'www/page/home'],
    ['key', 'healthy', 'www/page/key'],
  ]);
  expect(view.nodes).toMatchObject([
    { name: 'www', address: `directory:${join(root, 'www')}`, reachable: true },
  ]);
  await eventually(
    () => lines,
    (found) => found.length > 0,
  );
  expect(lines).toEqual(['site is deployed: deploy/site/1']);

  await writeFile(pageOf('home'), 'defaced');
  await eventually(
    () => readPage('home'),
    (page) => page === 'hello',
    10_000,
  );
  expect(await readPage('home')).toBe('hello');

  table.set('token', 'changed-and-longer');
  await commitFiles(repo, { [FILE]: site('good day') }, 'another greeting');
  await reconciler.refresh(AbortSignal.timeout(10_000));
  await eventually(
    () => readPage('home'),
    (page) => page === 'good day',
    10_000,
  );
  expect(await readPage('home')).toBe('good day');
  const { plan } = await reconciler.plan(
    { stack: 'site', mode: 'destroy', actor: null, trigger: 'cli' },
    AbortSignal.timeout(10_000),
  );
  expect(plan.changes.map(({ id, action }) => `${action} ${id}`).toSorted()).toEqual([
    'delete www/page/home',
    'delete www/page/key',
  ]);
  expect(JSON.stringify([plan, reconciler.getStack('site')])).not.toContain('hunter2');
});

it('says what a kind cannot do, and what it does not understand, at its line', async () => {
  await using kombinator = await open();
  const { reconciler } = kombinator;
  await reconciler.start();
  await reaches(kombinator, 'in_sync');
  const signal = AbortSignal.timeout(10_000);
  await expect(async () => {
    for await (const line of reconciler.logs('site', 'home', { signal })) void line;
  }).rejects.toMatchObject({
    code: 'TARGET_UNSUPPORTED',
    message: 'www keeps no logs: it is a target of kind directory',
  });
  const actor = { name: 'Ada', email: 'ada@example.org' };
  const request = { argv: ['sh'], actor, via: 'cli', signal } as const;
  await expect(reconciler.openSession('site', 'home', request)).rejects.toMatchObject({
    code: 'TARGET_UNSUPPORTED',
  });
  await commitFiles(repo, { [FILE]: site('hello', '  odd: { image: none, node: www }\n') }, 'an odd one');
  await reconciler.refresh(signal);
  const { diagnostics } = await reaches(kombinator, 'invalid');
  expect(diagnostics).toMatchObject([
    {
      code: 'UNSUPPORTED_KEY',
      file: FILE,
      line: 7,
      message: 'odd cannot be on a node of type directory: it needs env: { PAGE: … }',
    },
  ]);
  expect(await readPage('home')).toBe('good day');
});

it('checks the connection of a node with the schema of its kind', async () => {
  await using kombinator = await open({ ephemeral: true });
  const check = (text: string) =>
    kombinator.reconciler
      .validate(text, 'nodes/www.yaml')
      .diagnostics.map(({ line, code, message, hint }) => [line, code, message, hint]);
  expect(check(NODE('/srv/www'))).toEqual([]);
  expect(check(NODE('srv/www'))).toEqual([[2, 'INVALID_FORMAT', 'path must be an absolute path', undefined]]);
  expect(check('type: directory\n')).toMatchObject([[1, 'REQUIRED', 'connection is missing', undefined]]);
  expect(check('type: dirctory\nconnection: { host: localhost }\n')).toMatchObject([
    [1, 'INVALID_VALUE', expect.stringContaining('or "directory"'), 'did you mean directory?'],
  ]);
});

it.each([
  [{ targets: [{ ...directoryKind, kind: 'kubernetes' }] }, 'has the name of one that comes along'],
  [{ targets: [directoryKind, directoryKind] }, 'is given twice'],
  [{ targets: [{ ...directoryKind, connection: { type: 'nonsense' } }] }, 'is no JSON Schema'],
  [{ secretProviders: [{ name: 'env', read: async () => 'x' }] }, 'has the name of one that comes along'],
])('refuses parts that cannot be registered: %#', async (more, reason) => {
  const opened = open({ stateDir: join(root, 'other'), ...more });
  await expect(opened).rejects.toMatchObject({
    code: 'BAD_OPTIONS',
    message: expect.stringContaining(reason) as string,
  });
});

it('is told in EXTENDING.md with the very lines that run here', async () => {
  const here = import.meta.dirname;
  const names = ['directory-target', 'table-provider', 'line-notifier'];
  const sources = await Promise.all(
    names.map((name) => readFile(join(here, `../../examples/extending/${name}.ts`), 'utf8')),
  );
  const text = await readFile(join(here, '../../EXTENDING.md'), 'utf8');
  const blocks = [...text.matchAll(/^( *)```ts\n(.*?)^ *```$/gms)].map(([, indent = '', block = '']) =>
    block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
  const examples = blocks.filter((block) => !block.includes('await createKombinator'));
  expect(examples).toHaveLength(4);
  for (const block of examples) expect(sources.filter((source) => source.includes(block))).toHaveLength(1);
});

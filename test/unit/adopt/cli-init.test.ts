import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ProjectView } from '../../../reconciler/index.ts';
import type { FakeWorld } from '../../support/cli/cli-harness.ts';
import { planOf, recordTerminal, runFakeCli } from '../../support/cli/cli-harness.ts';
import { projectOf } from '../../support/fakes/adopt/host.ts';
import { git } from '../../support/git/git-repo.ts';

/* The questions of `init`, and what is there after which answer. Git is real, what runs is not. */

let root: string;
let home: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kombinator-init-'));
  home = mkdtempSync(join(tmpdir(), 'kombinator-home-'));
  write({ 'wiki/compose.yaml': 'services: { web: { image: nginx, volumes: ["./data:/data"] } }\n' });
});
afterEach(() => {
  rmSync(root, { recursive: true });
  rmSync(home, { recursive: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const LINES = 'policy:\n  stacks:\n    wiki:\n      adopts:\n        - wiki\n';

function worldWith(projects: readonly Partial<ProjectView>[]): FakeWorld {
  const running = projects.map((one): ProjectView => ({
    ...projectOf(['web'], {
      name: 'wiki',
      directory: join(root, 'wiki'),
      files: [join(root, 'wiki/compose.yaml')],
    }),
    node: null,
    adoptedBy: null,
    ...one,
  }));
  return {
    plans: { wiki: planOf('wiki'), shop: planOf('shop') },
    more: {
      listProjects: () => Promise.resolve({ projects: running, unreachable: [] }),
      suggestPolicy: () => Promise.resolve(running.length === 0 ? '' : LINES),
    },
  };
}

async function init(
  world: FakeWorld,
  options: Parameters<typeof recordTerminal>[0],
  ...args: readonly string[]
) {
  const env = { HOME: home, XDG_STATE_HOME: home, GIT_AUTHOR_NAME: 'me', GIT_AUTHOR_EMAIL: 'me@example.org' };
  return runFakeCli(
    ['init', '--no-color', '--repo', root, '--state-dir', join(home, 'state'), ...args],
    world,
    {
      env,
      ...options,
    },
  );
}

const settings = () => readFileSync(join(root, 'kombinator.yaml'), 'utf8');

it('asks what to take over, whether to commit, and whether to allow it', async () => {
  const answers = ['yes', 'yes', 'yes'];
  const done = await init(worldWith([{}, { name: 'other', directory: '/elsewhere' }]), {
    isTerminal: true,
    answers,
  });
  expect([done.code, done.questions]).toEqual([
    0,
    [
      expect.stringContaining('wiki run: take them over as they are?'),
      expect.stringContaining(`Make ${root} a Git repository, with one commit?`),
      expect.stringContaining('Allow it?'),
    ],
  ]);
  expect(done.stderr).toContain('other runs too, from /elsewhere: kombinator adopt other');
  expect(settings()).toBe(`compose: "*/compose.yaml"\ndata_dir: "${root}"\nadopts: true\n`);
  expect(readFileSync(join(home, 'state/operator.yaml'), 'utf8')).toBe(LINES);
  expect(await git(root, 'log', '--format=%s')).toBe('Describe a Compose project as stacks');
  expect(await git(root, 'status', '--porcelain')).toBe('');
});

it('leaves nothing behind after a no', async () => {
  const refused = await init(worldWith([]), { isTerminal: true, answers: ['no'] });
  expect([refused.code, refused.questions.length, existsSync(join(root, '.git'))]).toEqual([1, 1, false]);
  expect(existsSync(join(root, 'kombinator.yaml'))).toBe(false);
  expect(refused.stderr).toContain('nothing was changed');
});

it('leaves files as they were when Git refuses the commit', async () => {
  await git(root, 'init', '--quiet', '--initial-branch=main');
  write({ '.git/hooks/pre-commit': '#!/bin/sh\necho not today >&2\nexit 1\n', '.gitignore': '*.log\n' });
  chmodSync(join(root, '.git/hooks/pre-commit'), 0o755);
  const refused = await init(worldWith([]), {}, '--yes');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('not today')]);
  expect(existsSync(join(root, 'kombinator.yaml'))).toBe(false);
  expect(readFileSync(join(root, '.gitignore'), 'utf8')).toBe('*.log\n');
});

it('takes nothing over that is not to be', async () => {
  const done = await init(worldWith([{}]), {}, '--yes', '--no-adopt');
  expect([done.code, settings()]).toEqual([0, `compose: "*/compose.yaml"\ndata_dir: "${root}"\n`]);
});

it('adds to a repository that is there, and commits nothing else of it', async () => {
  await git(root, 'init', '--quiet', '--initial-branch=main');
  write({
    '.gitignore': '.env\n',
    'wiki/.env': 'A=b\n',
    'shop/compose.yaml': 'services: { web: { image: nginx } }\n',
  });
  write({ 'kombinator.yaml': 'policy: { drift: warn }\n', 'notes.txt': 'mine\n' });
  await git(root, 'add', 'notes.txt');
  const done = await init(worldWith([{}]), {}, '--yes', join(root, 'wiki'));
  expect([done.code, done.stderr]).toEqual([0, expect.anything()]);
  // An .env that Git ignores is none of the repository's: what it sets is said in a kombination.
  expect(settings()).toBe(`policy: { drift: warn }\ndata_dir: "${root}"\nadopts: true\n`);
  expect((await git(root, 'ls-tree', '-r', '--name-only', 'HEAD')).split('\n').filter(Boolean)).toEqual([
    '.gitignore',
    'kombinator.yaml',
    'wiki/compose.yaml',
    'wiki/kombination.yaml',
  ]);
  expect(readFileSync(join(root, 'wiki/kombination.yaml'), 'utf8')).toContain('variables:\n  A: b\n');
  expect(readFileSync(join(root, '.gitignore'), 'utf8')).toMatch(/^\.env\n[^]*\/wiki\/data\n/);
  expect(await git(root, 'status', '--porcelain')).toBe('A  notes.txt\n?? shop/');
});

it.each([
  {
    what: 'a folder without a project',
    files: {},
    args: ['nope'],
    says: 'there is no Compose project in nope',
  },
  {
    what: 'two of one name',
    files: { 'a/wiki/compose.yaml': 'services: { web: { image: nginx } }\n' },
    args: [],
    says: 'two projects would be the stack wiki',
  },
  {
    what: 'a file with errors',
    files: { 'wiki/compose.yaml': 'services: { web: { image: nginx, prots: [] } }\n' },
    args: [],
    says: 'wiki cannot be described as it is; nothing was changed',
  },
  {
    what: 'what Git ignores and a stack needs',
    files: {
      '.gitignore': '*.conf\n',
      'wiki/app.conf': 'a\n',
      'wiki/compose.yaml': 'services: { web: { image: nginx, volumes: ["./app.conf:/app.conf:ro"] } }\n',
    },
    args: [],
    says: 'stacks need what Git is told to ignore: wiki/app.conf',
  },
  {
    what: 'settings that say it already',
    files: { 'kombinator.yaml': 'compose: "*/compose.yaml"\n' },
    args: [],
    says: 'says already where Compose files are',
  },
])('refuses $what, and changes nothing', async ({ files, args, says }) => {
  write(files);
  const refused = await init(worldWith([]), {}, '--yes', ...args);
  expect([refused.code, refused.stderr, existsSync(join(root, '.git'))]).toEqual([
    1,
    expect.stringContaining(says),
    false,
  ]);
});

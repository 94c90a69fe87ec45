import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSchemaCheck } from '../../../reconciler/config/schema-check.ts';
import { readDaemonConfig } from '../../../reconciler/daemon/daemon-config.ts';
import { keepApart } from '../../../reconciler/daemon/operator/apart.ts';
import { environmentOf } from '../../../reconciler/daemon/operator/sources.ts';
import { git } from '../../support/git/git-repo.ts';

const directory = mkdtempSync(join(tmpdir(), 'kombinator-sources-'));
const file = join(directory, 'operator.yaml');
const checkSchema = createSchemaCheck();
afterAll(() => rmSync(directory, { recursive: true }));

function read(text: string, source?: string) {
  writeFileSync(file, text);
  return readDaemonConfig(file, checkSchema, source);
}

function problems(text: string, source?: string): string {
  try {
    read(text, source);
    return '';
  } catch (error) {
    return String(error).replaceAll(file, 'operator.yaml');
  }
}

describe('sources of the operator', () => {
  it('are none where nothing is said', () => {
    expect(read('sources: {}\n').sources).toEqual([]);
    expect(read('policy: {}\n').sources).toEqual([]);
  });

  it('have paths from the directory of the configuration on, and addresses as they are', () => {
    const text = [
      'sources:',
      '  home: { repo: home.git, branch: live, path: ./deploy/home/, config: home.yaml }',
      '  team-a: { repo: "https://git.example.org/a.git" }',
      '  b: { repo: "git@git.example.org:team/b.git", path: . }',
      '',
    ].join('\n');
    expect(read(text).sources).toEqual([
      {
        name: 'home',
        repo: join(directory, 'home.git'),
        branch: 'live',
        path: 'deploy/home',
        config: join(directory, 'home.yaml'),
      },
      { name: 'team-a', repo: 'https://git.example.org/a.git' },
      { name: 'b', repo: 'git@git.example.org:team/b.git' },
    ]);
  });

  it.each([
    ['sources: { Home: { repo: a } }', 'operator.yaml:1:12', 'small letters'],
    ['sources: { config: { repo: a } }', 'operator.yaml:1:12', 'not config'],
    ['sources: { a--: { repo: a } }', 'operator.yaml:1:12', 'small letters'],
    ['sources: { a--b: { repo: a } }', 'operator.yaml:1:12', 'single hyphens'],
    ['sources: { a: { } }', 'operator.yaml:1:12', 'repo is missing'],
    ['sources: { a: { repo: a, url: b } }', 'operator.yaml:1:26', 'url is not a known key'],
    ['sources: { a: { repo: "ftp://x/y" } }', 'operator.yaml:1:23', 'ftp:// is not supported'],
    ['sources: { a: { repo: a, path: ../b } }', 'operator.yaml:1:32', 'leads out of the repository'],
    [
      'sources: { a: { repo: a }, b: { repo: ./a/ } }',
      'operator.yaml:1:31',
      'the same repository and path as a',
    ],
    ['sources: { a: { repo: a }, b: { repo: a, branch: x } }', 'operator.yaml:1:31', 'the same tags'],
    [
      'sources: { a: { repo: "https://h/r.git" }, b: { repo: "https://h/r" } }',
      'operator.yaml:1:47',
      'the same',
    ],
  ])('%s is refused at its place', (text, place, words) => {
    const said = problems(`${text}\n`);
    expect(said).toContain(place);
    expect(said).toContain(words);
  });

  it('are told apart by where a path leads to', () => {
    mkdirSync(join(directory, 'real'), { recursive: true });
    symlinkSync(join(directory, 'real'), join(directory, 'link'));
    expect(problems('sources: { a: { repo: real }, b: { repo: link } }\n')).toContain('the same repository');
    expect(problems('sources: { a: { repo: real }, b: { repo: link, path: b } }\n')).toBe('');
  });

  it('tell every problem at once', () => {
    const said = problems('sources: { A: { repo: a }, b: {}, c: { repo: c, path: /x } }\n');
    for (const words of ['small letters', 'repo is missing', 'begins with a slash'])
      expect(said).toContain(words);
  });
});

describe('the configuration of one source', () => {
  it('has every section but those of the daemon', () => {
    expect(problems('removals: { stacks: 1 }\nexec: { for: nobody }\n', 'shop')).toBe('');
    const said = problems('users: {}\nproxies: []\ninstances: {}\nsources: {}\n', 'shop');
    for (const [line, section] of ['users', 'proxies', 'instances', 'sources'].entries()) {
      expect(said).toContain(`operator.yaml:${line + 1}:`);
      expect(said).toContain(`${section} is not for one repository of a daemon`);
    }
  });

  it('links to the page of the source, however the address of the daemon is written', () => {
    const host = (page: string) => `git: { host: { kind: gitea, page: "${page}" } }\n`;
    const pageOf = (page: string, source?: string) => read(host(page), source).gitHost?.page;
    expect(pageOf('https://k.example.org/')).toBe('https://k.example.org');
    expect(pageOf('https://k.example.org/', 'shop')).toBe('https://k.example.org/sources/shop');
    expect(pageOf('https://k.example.org/sources/shop/', 'shop')).toBe('https://k.example.org/sources/shop');
  });
});

it('gives a source its own variables in the place of the daemon’s', () => {
  const env = {
    PATH: '/bin',
    KOMBINATOR_GIT_TOKEN: 'own',
    KOMBINATOR_SECRET_A: 'own',
    SOPS_AGE_KEY: 'own',
    KOMBINATOR_SOURCE_TEAM_A__SECRET_A: 'a',
    KOMBINATOR_SOURCE_TEAM_A__GIT_TOKEN: 'token of a',
    KOMBINATOR_SOURCE_TEAM_B__SECRET_A: 'b',
  };
  expect(environmentOf('team-a', env)).toEqual({
    PATH: '/bin',
    KOMBINATOR_SECRET_A: 'a',
    KOMBINATOR_GIT_TOKEN: 'token of a',
  });
  // No name begins like another one with what follows it.
  expect(environmentOf('team', env)).toEqual({ PATH: '/bin' });
  expect(environmentOf('team-a-secret', env)).toEqual({ PATH: '/bin' });
});

describe('what the operator decides', () => {
  const repo = join(directory, 'watched');
  beforeAll(async () => {
    mkdirSync(join(repo, 'nested'), { recursive: true });
    await git(repo, 'init', '--quiet', '--initial-branch=main');
    writeFileSync(join(repo, 'other.yaml'), 'policy: {}\n');
    await git(repo, 'add', '--all');
    await git(repo, 'commit', '--quiet', '--message', 'A configuration of theirs');
  });

  it('is no file of any source, nor is the state in one, or the daemon’s own repository', async () => {
    const places = { stateDir: join(repo, 'nested'), configs: [join(repo, 'other.yaml')], own: { repo } };
    const error = await keepApart([{ name: 'shop', repo }], places).catch(String);
    expect(error).toContain("shop: it is the daemon's own repository");
    expect(error).toContain('shop: the state directory');
    expect(error).toContain('shop: the operator');
    const apart = { stateDir: join(directory, 'state'), configs: [file, join(directory, 'missing.yaml')] };
    await expect(keepApart([{ name: 'shop', repo }], apart)).resolves.toBeUndefined();
  });
});

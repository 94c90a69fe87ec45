import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseLocation } from '../../../reconciler/adapters/git/location.ts';
import { ContentOwners } from '../../../reconciler/adapters/git/modules/content-owners.ts';
import { parseGitModules, resolveModuleUrl } from '../../../reconciler/adapters/git/modules/git-modules.ts';
import {
  credentialsFor,
  findPlace,
  parseModuleLocation,
  parsePlaces,
} from '../../../reconciler/adapters/git/modules/places.ts';
import { Secret } from '../../../reconciler/model/secret.ts';

it('owners of contents are as many as commits that are remembered have, and not as were ever read', () => {
  const owners = new ContentOwners<string>();
  const read = (commit: number) => Array.from({ length: 6_000 }, (_, index) => `${commit} ${index}`);
  for (let commit = 1; commit <= 20; commit += 1) {
    for (const blob of read(commit)) owners.set(blob, 'theirs');
    owners.sweep(() => read(commit));
    expect(owners.size).toBeLessThan(18_000);
    expect(owners.get(`${commit} 5999`)).toBe('theirs');
  }
  expect(owners.get('1 0')).toBeUndefined();
});

describe('.gitmodules', () => {
  it('is read as Git reads its configuration', () => {
    const text = `# ours
[core]
\tpath = no
[submodule "a \\"b"]
\tpath = sub/a ; where
\tURL = "../a # b"
\tbranch = main
[Submodule "twice"]
  path=sub/twice/
[submodule "no url"]
\tpath = lost
[submodule "twice"]
  url = https://h/x.git # there
`;
    expect(parseGitModules(text)).toEqual([
      { path: 'sub/a', url: '../a # b' },
      { path: 'sub/twice', url: 'https://h/x.git' },
    ]);
  });

  it.each(['../x', '/etc', 'a/../../x', '.git/hooks', 'a//b', 'a/.GIT'])('leaves out %s', (path) => {
    expect(parseGitModules(`[submodule "a"]\npath = ${path}\nurl = ../a\n`)).toEqual([]);
  });
});

describe('the address of a submodule', () => {
  it.each([
    { base: 'https://h/org/config.git', url: '../lib.git', is: 'https://h/org/lib.git' },
    { base: 'https://h:8443/org/config', url: '../../other/lib', is: 'https://h:8443/other/lib' },
    { base: 'https://h/org/config', url: './lib', is: 'https://h/org/config/lib' },
    { base: 'ssh://git@h/org/config.git', url: '../lib', is: 'ssh://git@h/org/lib' },
    { base: 'git@h:org/config.git', url: '../lib.git', is: 'git@h:org/lib.git' },
    { base: '/srv/git/config.git', url: '../lib/', is: '/srv/git/lib' },
    { base: '/srv/git/config.git', url: 'https://h/lib', is: 'https://h/lib' },
    { base: 'https://h/config', url: '../../../../x', is: 'https://h/x' },
  ])('of $base with $url is $is', ({ base, url, is }) => {
    expect(resolveModuleUrl(base, url)).toBe(is);
  });
});

describe('a place that submodules are fetched from', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'kombinator-places-'));
    await mkdir(join(root, 'allowed', 'lib.git'), { recursive: true });
    await mkdir(join(root, 'secret.git'));
    await symlink('../secret.git', join(root, 'allowed', 'link.git'));
    await mkdir(join(root, 'allowed', 'link'));
  });
  afterAll(() => rm(root, { recursive: true }));

  const isAllowed = async (places: readonly string[], url: string) => {
    const location = parseModuleLocation(url.replace('ROOT', root));
    if (location === null) return false;
    return (
      (await findPlace(
        parsePlaces(
          places.map((place) => place.replace('ROOT', root)),
          'submodules',
        ),
        location,
      )) !== null
    );
  };

  it.each([
    ['https://h/acme/', 'https://h/acme/lib.git'],
    ['https://h/acme', 'https://h/acme/lib'],
    ['https://h/acme/lib', 'https://h/acme/lib.git'],
    ['https://h/', 'https://H:443/any/lib'],
    ['https://h/acme/', 'https://ada:pw@h/acme/lib'],
    ['ssh://git@h/acme/', 'git@h:acme/lib.git'],
    ['git@h:acme', 'ssh://git@h:22/acme/lib'],
    ['ssh://h/', 'ssh://git@h/acme/lib'],
    ['ROOT/allowed/', 'ROOT/allowed/lib.git'],
    ['ROOT/allowed/', 'file://ROOT/allowed/lib'],
    ['ssh://h/', 'ssh://%zz@h/acme/lib'],
  ])('%s lets in %s', async (place, url) => {
    expect(await isAllowed([place], url)).toBe(true);
  });

  it.each([
    ['https://h/acme/', 'https://h/acme-evil/lib'],
    ['https://h/acme/', 'http://h/acme/lib'],
    ['https://h/acme/', 'https://h:8443/acme/lib'],
    ['https://h/acme/', 'https://h.evil.org/acme/lib'],
    ['https://h/acme/', 'https://h@evil.org/acme/lib'],
    ['https://h/acme/', 'https://h/acme/../other/lib'],
    ['https://h/acme/', 'https://h/acme/%2e%2e/other/lib'],
    ['https://h/acme/', 'https://h/acme/..%2fother/lib'],
    ['https://h/acme/', 'https://h/acme/..\\other/lib'],
    ['https://h/acme/', 'https://h/acme/lib?x=/../'],
    ['https://h/acme/', 'ext::sh -c id'],
    ['https://h/acme/', '--upload-pack=id'],
    ['https://h/acme/', 'ssh://-oProxyCommand=id/acme/lib'],
    ['https://h/acme/', 'ROOT/secret.git'],
    ['ssh://git@h/acme/', 'root@h:acme/lib'],
    ['ssh://git@h/acme/', 'ssh://git@h:2222/acme/lib'],
    ['ssh://git@h/acme/', 'git@h:acme/../other/lib'],
    ['ROOT/allowed/', 'ROOT/secret.git'],
    ['ROOT/allowed/', 'ROOT/allowed/../secret.git'],
    ['ROOT/allowed/', 'ROOT/allowed/link.git'],
    ['ROOT/allowed/', 'file://ROOT/allowed/%2e%2e/secret.git'],
  ])('%s does not let in %s', async (place, url) => {
    expect(await isAllowed([place], url)).toBe(false);
  });

  it.each(['git://h/acme/', 'ext::sh', '', 'https://h/a/..%2f/'])('is not %s', (place) => {
    expect(() => parsePlaces([place], 'submodules')).toThrow(/submodules cannot be fetched from/);
  });

  it('gives the credentials of its own, or those of a config repository on the same host', () => {
    const credentials = { token: new Secret('t', 'test') };
    const own = { location: parseLocation('https://h/acme/config'), credentials };
    const given = (place: string, url: string) => {
      const [allowed] = parsePlaces([place], 'submodules');
      return allowed && credentialsFor(parseLocation(url), allowed, own);
    };
    expect(given('https://h/', 'https://h/acme/lib')).toBe(credentials);
    expect(given('https://other/', 'https://other/acme/lib')).toBeUndefined();
    expect(given('http://h/', 'http://h/acme/lib')).toBeUndefined();
    expect(given('https://h:8443/', 'https://h:8443/acme/lib')).toBeUndefined();
    expect(given('https://ada:pw@other/', 'https://other/acme/lib')).toMatchObject({ username: 'ada' });
  });
});

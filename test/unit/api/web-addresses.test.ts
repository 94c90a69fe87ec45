import { expect, it } from 'vitest';
import { findWebAddresses } from '../../../api/operations/web-addresses.ts';

it.each([
  { location: 'https://github.com/o/r.git', commit: 'https://github.com/o/r/commit/{commit}' },
  { location: 'git@github.com:o/r.git', commit: 'https://github.com/o/r/commit/{commit}' },
  {
    location: 'ssh://git@gitlab.example.org:2222/g/s/r.git',
    commit: 'https://gitlab.example.org/g/s/r/-/commit/{commit}',
  },
  { location: 'https://ann:secret@codeberg.org/o/r', commit: 'https://codeberg.org/o/r/commit/{commit}' },
  { location: 'http://gitea.lan:3000/o/r/', commit: 'http://gitea.lan:3000/o/r/commit/{commit}' },
  { location: 'git@bitbucket.org:o/r.git', commit: 'https://bitbucket.org/o/r/commits/{commit}' },
])('knows the pages of $location', ({ location, commit }) => {
  expect(findWebAddresses(location)?.commit).toBe(commit);
});

it('has a place for the line of a file', () => {
  const files = ['github.com', 'gitlab.com', 'forgejo.lan', 'bitbucket.org'].map(
    (host) => findWebAddresses(`https://${host}/o/r`)?.file,
  );
  expect(files).toEqual([
    'https://github.com/o/r/blob/{commit}/{path}#L{line}',
    'https://gitlab.com/o/r/-/blob/{commit}/{path}#L{line}',
    'https://forgejo.lan/o/r/src/commit/{commit}/{path}#L{line}',
    'https://bitbucket.org/o/r/src/{commit}/{path}#lines-{line}',
  ]);
});

it('believes the operator before any name, for hosts of his own and repositories of this machine', () => {
  const found = (['github', 'gitlab', 'gitea', 'forgejo', 'bitbucket'] as const).map(
    (kind) =>
      findWebAddresses('/srv/config.git', { kind, address: 'https://git.example.org/acme/config' })?.commit,
  );
  expect(found).toEqual(
    ['commit', '-/commit', 'commit', 'commit', 'commits'].map(
      (path) => `https://git.example.org/acme/config/${path}/{commit}`,
    ),
  );
});

it.each([
  '/srv/config.git',
  'file:///srv/config',
  'memory:config',
  'https://git.example.org/o/r',
  'https://github.com/',
  '',
])('knows none of %s', (location) => expect(findWebAddresses(location)).toBeNull());

it('leads to files below the directory that is read', () => {
  const { commit, file } = findWebAddresses('https://github.com/o/r', undefined, 'deploy/a b{c}') ?? {};
  expect(commit).toBe('https://github.com/o/r/commit/{commit}');
  expect(file).toBe('https://github.com/o/r/blob/{commit}/deploy/a%20b%7Bc%7D/{path}#L{line}');
});

import { describe, expect, it } from 'vitest';
import { findHostPlace } from '../../../reconciler/daemon/hosts/host-place.ts';

const NOTHING = { kind: null, api: null, repository: null };

describe('the place of a repository at its host', () => {
  it.each([
    {
      location: 'https://github.com/acme/config.git',
      kind: 'github',
      address: 'https://github.com/acme/config',
      api: 'https://api.github.com',
      repository: 'acme/config',
    },
    {
      location: 'git@github.com:acme/config.git',
      kind: 'github',
      address: 'https://github.com/acme/config',
      api: 'https://api.github.com',
      repository: 'acme/config',
    },
    {
      location: 'https://me:hunter2@gitlab.com/acme/infra/config.git',
      kind: 'gitlab',
      address: 'https://gitlab.com/acme/infra/config',
      api: 'https://gitlab.com/api/v4',
      repository: 'acme/infra/config',
    },
    {
      location: 'ssh://git@codeberg.org:2222/acme/config',
      kind: 'forgejo',
      address: 'https://codeberg.org/acme/config',
      api: 'https://codeberg.org/api/v1',
      repository: 'acme/config',
    },
    {
      location: 'https://bitbucket.org/acme/config',
      kind: 'bitbucket',
      address: 'https://bitbucket.org/acme/config',
      api: 'https://api.bitbucket.org/2.0',
      repository: 'acme/config',
    },
  ])('is found by the address $location alone', ({ location, ...place }) => {
    expect(findHostPlace(NOTHING, location)).toEqual(place);
  });

  it('of a host below a path, and of GitHub in the own house', () => {
    const gitea = findHostPlace({ ...NOTHING, kind: 'gitea' }, 'http://nas.lan:3000/git/acme/config.git');
    expect(gitea).toEqual({
      kind: 'gitea',
      address: 'http://nas.lan:3000/git/acme/config',
      api: 'http://nas.lan:3000/git/api/v1',
      repository: 'acme/config',
    });
    const github = findHostPlace({ ...NOTHING, kind: 'github' }, 'https://git.acme.com/acme/config');
    expect(github.api).toBe('https://git.acme.com/api/v3');
  });

  it('is what the operator says before what the address tells', () => {
    const config = {
      kind: 'gitea',
      api: 'https://git.example.org/api/v1',
      repository: 'infra/deploy',
    } as const;
    for (const location of ['/srv/config.git', 'ssh://git@internal:22/acme/config'])
      expect(findHostPlace(config, location)).toEqual({
        kind: 'gitea',
        address: 'https://git.example.org/infra/deploy',
        api: 'https://git.example.org/api/v1',
        repository: 'infra/deploy',
      });
  });

  it.each([
    { config: NOTHING, location: 'https://git.example.org/acme/config', says: 'git.host.kind' },
    { config: { ...NOTHING, kind: 'gitea' }, location: '/srv/config.git', says: 'git.host.repository' },
    {
      config: { ...NOTHING, kind: 'gitea' },
      location: 'https://git.example.org/',
      says: 'git.host.repository',
    },
    {
      config: { ...NOTHING, kind: 'gitea', repository: 'acme/config' },
      location: '/srv/config.git',
      says: 'git.host.api',
    },
  ] as const)('that cannot be told names what has to be said: $says', ({ config, location, says }) => {
    expect(() => findHostPlace(config, location)).toThrow(says);
  });
});

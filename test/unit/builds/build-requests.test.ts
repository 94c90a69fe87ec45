import { describe, expect, it } from 'vitest';
import { normaliseHost } from '../../../reconciler/model/registry.ts';
import { imageReference } from '../../../reconciler/run/builds/image-reference.ts';
import { collectContext } from '../../../reconciler/run/builds/build-context.ts';
import { readBuildRequest } from '../../../reconciler/run/builds/read-request.ts';
import { createBuildsRig } from '../../support/builds/builds-rig.ts';
import { createFakeRepositories } from '../../support/fakes/fake-repositories.ts';

const asked = { repository: 'https://git.example.org/app', registry: 'r', imageName: 'app' };

describe('what is asked for', () => {
  it('has defaults', () => {
    expect(readBuildRequest(asked)).toEqual({
      repository: asked.repository,
      branch: null,
      context: '.',
      dockerfile: null,
      args: {},
      generated: false,
      imageName: 'app',
      tag: 'latest',
    });
  });

  it.each([
    ['https://github.com/acme/shop/tree/dev', undefined, 'https://github.com/acme/shop', 'dev'],
    ['https://github.com/acme/shop/tree/dev', 'main', 'https://github.com/acme/shop', 'dev'],
    ['https://github.com/acme/shop/tree/dev', 'next', 'https://github.com/acme/shop', 'next'],
    ['https://gitlab.com/a/b/shop/-/tree/feature/x%20y/', undefined, 'https://gitlab.com/a/b/shop', null],
    ['https://gitlab.com/a/b/shop/-/tree/feature/x', undefined, 'https://gitlab.com/a/b/shop', 'feature/x'],
    ['https://github.com/acme/tree', 'main', 'https://github.com/acme/tree', 'main'],
    ['ssh://git@host/acme/shop', undefined, 'ssh://git@host/acme/shop', null],
  ])('names a branch in the address: %s with %s', (address, branch, repository, expected) => {
    const read = () =>
      readBuildRequest({ ...asked, repository: address, ...(branch === undefined ? {} : { branch }) });
    if (address.includes('%20')) expect(read).toThrow('cannot be the name of a branch');
    else expect(read()).toMatchObject({ repository, branch: expected });
  });

  it.each([
    [{ branch: '--upload-pack=x' }, 'cannot be the name of a branch'],
    [{ branch: 'a..b' }, 'cannot be the name of a branch'],
    [{ branch: 'a\nb' }, 'cannot be the name of a branch'],
    [{ context: '../..' }, 'is no path inside of the repository'],
    [{ context: '/etc' }, 'is no path inside of the repository'],
    [{ dockerfile: 'a/../../b' }, 'is no path inside of the repository'],
    [{ dockerfile: 'a\\b' }, 'is no path inside of the repository'],
    [{ args: { 'A B': 'x' } }, 'cannot be the name of a build argument'],
    [{ args: { __proto__x: 'x', 'a=b': 'swordfish' } }, 'cannot be the name'],
    [{ args: { A: 'x'.repeat(40_000) } }, 'the build argument A is too long'],
    [
      { args: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`A${index}`, ''])) },
      '101 build arguments',
    ],
    [{ repository: `https://h/${'x'.repeat(3_000)}` }, 'too long'],
  ])('is refused: %j', (more, text) => {
    expect(() => readBuildRequest({ ...asked, ...more })).toThrow(text);
    expect(() => readBuildRequest({ ...asked, ...more })).not.toThrow('swordfish');
  });

  it('is checked before anything is queued', async () => {
    await using on = await createBuildsRig();
    const refused = async (more: Parameters<typeof on.start>[0], code: string, text: string) => {
      await expect(on.start(more)).rejects.toMatchObject({
        code,
        message: expect.stringContaining(text) as string,
      });
    };
    await refused({ repository: 'https://evil.example.org/x' }, 'BAD_OPTIONS', 'builds.sources');
    await refused({ registry: '0'.repeat(24) }, 'UNKNOWN_REGISTRY', 'registry not found');
    await refused({ stack: 'gone' }, 'UNKNOWN_STACK', 'there is no stack gone');
    await refused({ stack: 'shop', service: 'conf' }, 'BAD_OPTIONS', 'no deployment conf');
    await refused({ imageName: 'Team/App' }, 'BAD_OPTIONS', 'cannot be the name of an image');
    expect(on.rig.store.listBuilds({ limit: 5 }).total).toBe(0);
  });
});

describe('the reference of an image', () => {
  it.each([
    ['dockerhub', 'docker.io', 'app', 'docker.io/ada/app:1'],
    ['dockerhub', 'docker.io', 'ada/app', 'docker.io/ada/app:1'],
    ['ghcr', 'https://ghcr.io', 'app', 'ghcr.io/ada/app:1'],
    ['custom', 'http://hub.example.org:5000/', 'team/app', 'hub.example.org:5000/team/app:1'],
    ['custom', 'https://hub.example.org/v2/team', 'app', 'hub.example.org/team/app:1'],
    ['gcr', 'gcr.io/project', 'app', 'gcr.io/project/app:1'],
    ['ecr', '1.dkr.ecr.eu-west-1.amazonaws.com', 'app', '1.dkr.ecr.eu-west-1.amazonaws.com/app:1'],
  ] as const)('at %s %s', (type, url, imageName, reference) => {
    const entry = { type, url, host: normaliseHost(url) };
    expect(imageReference(entry, 'Ada', { imageName, tag: '1' })).toBe(reference);
  });

  it.each([
    ['app', 'a b'],
    ['app', '-x'],
    ['app', 'x'.repeat(129)],
    ['App', '1'],
    ['a//b', '1'],
    ['../x', '1'],
    ['app:2', '1'],
    ['app@sha256:abc', '1'],
    ['', '1'],
    ['a'.repeat(256), '1'],
  ])('cannot be of %j and %j', (imageName, tag) => {
    const entry = { type: 'custom', host: 'h.example.org', url: 'h.example.org' } as const;
    expect(() => imageReference(entry, 'ada', { imageName, tag })).toThrow(/cannot be/);
  });

  it('has an account that can be part of one', () => {
    const entry = { type: 'dockerhub', host: 'docker.io', url: 'docker.io' } as const;
    expect(() => imageReference(entry, 'a b@c', { imageName: 'app', tag: '1' })).toThrow(
      'cannot be the reference',
    );
  });
});

describe('the context of a build', () => {
  const collect = async (
    files: Readonly<Record<string, string>>,
    context = '.',
    dockerfile: string | null = null,
  ) => {
    const repositories = createFakeRepositories({ app: files });
    await using repository = await repositories.fetch(
      'https://git.example.org/app',
      null,
      new AbortController().signal,
    );
    return collectContext(repository, { context, dockerfile });
  };

  it('is a directory, with the Dockerfile named below it or from the root', async () => {
    const files = { 'web/Dockerfile': '', 'web/docker/Dev': '', 'api/x': '' };
    expect(await collect(files, 'web')).toMatchObject({ dockerfile: 'Dockerfile' });
    expect((await collect(files, 'web')).files.map(({ path }) => path)).toEqual(['Dockerfile', 'docker/Dev']);
    expect(await collect(files, 'web', 'docker/Dev')).toMatchObject({ dockerfile: 'docker/Dev' });
    expect(await collect(files, 'web', 'web/docker/Dev')).toMatchObject({ dockerfile: 'docker/Dev' });
    expect(await collect(files, 'api')).toMatchObject({ dockerfile: null });
    await expect(collect(files, 'web', 'api/x')).rejects.toThrow('there is no api/x in web');
  });

  it('leaves out what is ignored, by the file of the Dockerfile if it has one, and tells of submodules', async () => {
    const files = {
      Dockerfile: '',
      '.dockerignore': '*\n!keep\n',
      'Dockerfile.dockerignore': 'drop\n',
      drop: '',
      keep: '',
      'vendor/lib': '',
    };
    const { files: sent, warnings } = await collect(files);
    expect(sent.map(({ path }) => path)).toEqual([
      '.dockerignore',
      'Dockerfile',
      'Dockerfile.dockerignore',
      'keep',
    ]);
    expect(warnings).toEqual(['the submodule vendor/lib is not fetched: its files are not there']);
  });

  it('says which file of patterns is wrong', async () => {
    await expect(collect({ Dockerfile: '', '.dockerignore': '[a\n' })).rejects.toThrow(
      '.dockerignore cannot be read: line 1',
    );
    const large = { Dockerfile: '', '.dockerignore': 'x'.repeat(300_000) };
    await expect(collect(large)).rejects.toThrow('it is larger than 256 KiB');
  });
});

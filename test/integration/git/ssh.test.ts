import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitFiles, createBareRepo, git } from '../../support/git/git-repo.ts';
import { commitOne, openSource, pathsOf } from '../../support/git/git-sources.ts';
import type { SshServer } from '../../support/git/git-ssh-server.ts';
import { startSshServer } from '../../support/git/git-ssh-server.ts';

const signal = new AbortController().signal;
let server: SshServer;

beforeAll(async () => {
  server = await startSshServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('ssh remote', () => {
  it('is read and written with a key', async () => {
    await using repo = await createBareRepo();
    await commitFiles(repo, { a: '1' }, 'first');
    const { identityFile, knownHostsFile } = server;
    await using opened = await openSource({
      location: `${server.url}${repo.path}`,
      ssh: { identityFile, knownHostsFile },
    });

    expect(await pathsOf(opened.source)).toEqual(['a']);
    const commit = await commitOne(opened.source, 'b', '2');
    await opened.source.tag({ name: 'deploy/web/1', commit, message: 'Deploy' });
    await opened.source.pushTags(['deploy/web/1'], signal);

    expect(await git(repo.path, 'rev-parse', 'main', 'deploy/web/1^{commit}')).toBe(`${commit}\n${commit}`);
  });

  it.each([
    {
      when: 'the key is not accepted',
      identity: 'stranger',
      hosts: 'known',
      path: '',
      code: 'REPOSITORY_UNAUTHORIZED',
    },
    {
      when: 'the host is not known',
      identity: 'client',
      hosts: 'empty',
      path: '',
      code: 'REPOSITORY_UNAUTHORIZED',
    },
    {
      when: 'there is no such repository',
      identity: 'client',
      hosts: 'known',
      path: '/nowhere',
      code: 'REPOSITORY_NOT_FOUND',
    },
  ])('is refused when $when', async ({ identity, hosts, path, code }) => {
    await using repo = await createBareRepo();
    await commitFiles(repo, { a: '1' }, 'first');
    const empty = join(repo.path, 'no-hosts');
    await writeFile(empty, '');
    await using opened = await openSource({
      location: `${server.url}${path || repo.path}`,
      ssh: {
        command: 'ssh -F none',
        identityFile: identity === 'client' ? server.identityFile : server.strangerFile,
        knownHostsFile: hosts === 'known' ? server.knownHostsFile : empty,
      },
    });

    await expect(opened.source.resolve(signal)).rejects.toMatchObject({ code });
  });

  it('is unreachable while the server is down', async () => {
    await using repo = await createBareRepo();
    await commitFiles(repo, { a: '1' }, 'first');
    const { identityFile, knownHostsFile } = server;
    await using opened = await openSource({
      location: `${server.url}${repo.path}`,
      ssh: { identityFile, knownHostsFile },
    });
    await server.stop();
    await expect(opened.source.resolve(signal)).rejects.toMatchObject({
      code: 'REPOSITORY_UNREACHABLE',
      retryable: true,
    });

    await server.start();
    expect(await pathsOf(opened.source)).toEqual(['a']);
  });

  it.each([null, '/nowhere/git'])('says what to install where there is no git (%s)', async (gitCommand) => {
    await using opened = await openSource({ location: 'git@127.0.0.1:config.git', gitCommand });

    await expect(opened.source.resolve(signal)).rejects.toMatchObject({
      code: 'GIT_NOT_INSTALLED',
      message: expect.stringContaining('apt-get install git openssh-client'),
    });
  });
});

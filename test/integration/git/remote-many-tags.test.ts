import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestRepository } from '../../support/git/git-repo.ts';
import { commitFiles, createBareRepo, git } from '../../support/git/git-repo.ts';
import type { GitServer } from '../../support/git/git-server.ts';
import { startGitServer } from '../../support/git/git-server.ts';
import { createHastyClock, openSource } from '../../support/git/git-sources.ts';
import { startSshServer } from '../../support/git/git-ssh-server.ts';

const signal = new AbortController().signal;
const TAGS = 100_000;
const FIVE_MINUTES_MS = 300_000;
const names = async (source: { tags(prefix: string): Promise<readonly { readonly name: string }[]> }) =>
  (await source.tags('web-v')).map(({ name }) => name);

/** A repository with many tags on its first commit, written as Git packs them. */
async function createTagged(nameOf: (number: number) => string, count = TAGS) {
  const repo = await createBareRepo();
  const commit = await commitFiles(repo, { a: '1' }, 'first');
  const lines = Array.from({ length: count }, (_, index) => `refs/tags/${nameOf(index)}`).sort();
  await writeFile(
    join(repo.path, 'packed-refs'),
    `# pack-refs with: peeled fully-peeled sorted\n${lines.map((name) => `${commit} ${name}\n`).join('')}`,
  );
  return { repo, commit };
}

describe.each([
  { what: 'deployments', nameOf: (index: number) => `deploy/s${index % 1_000}/${index}`, isSeenAtOnce: true },
  { what: 'others', nameOf: (index: number) => `build-${index}`, isSeenAtOnce: false },
])('a remote with a hundred thousand tags of $what', ({ nameOf, isSeenAtOnce }) => {
  let repo: TestRepository;
  let server: GitServer;
  beforeAll(async () => {
    ({ repo } = await createTagged(nameOf));
    server = await startGitServer({ repository: repo.path });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await repo[Symbol.asyncDispose]();
  });

  it('is asked in less than 2 KB whether there is anything new, and its releases are seen', async () => {
    const clock = createHastyClock();
    await using opened = await openSource({ location: server.url, clock, timeoutMs: 60_000 });
    const { source } = opened;
    const { commit } = await source.resolve(signal);
    const poll = async () => {
      const [before, asked] = [server.traffic(), server.requests.length];
      const revision = await source.resolve(signal);
      return {
        commit: revision.commit,
        bytes: server.traffic() - before,
        requests: server.requests.length - asked,
      };
    };

    for (let round = 0; round < 3; round += 1) {
      const { bytes, ...told } = await poll();
      expect(told).toEqual({ commit, requests: 1 });
      expect(bytes).toBeLessThan(2_048);
    }

    await git(repo.path, 'tag', 'web-v1.2.3-prod', commit);
    await poll();
    expect(await names(source)).toEqual(isSeenAtOnce ? ['web-v1.2.3-prod'] : []);
    clock.pass(FIVE_MINUTES_MS);
    await poll();
    expect(await names(source)).toEqual(['web-v1.2.3-prod']);
    await git(repo.path, 'tag', '-d', 'web-v1.2.3-prod');
    source.expectTags();
    await poll();
    expect(await names(source)).toEqual([]);
    expect(opened.log.text()).toBe('');
  });

  it('takes a tag without listing its own', async () => {
    await using opened = await openSource({ location: server.url, timeoutMs: 60_000 });
    const { source } = opened;
    const { commit } = await source.resolve(signal);
    await source.tag({ name: 'deploy/web/1', commit, message: 'one' });
    const before = server.traffic();

    expect((await source.pushTags(['deploy/web/1'], signal)).taken).toEqual([]);

    expect(server.traffic() - before).toBeLessThan(4_096);
    expect(await git(repo.path, 'rev-parse', 'deploy/web/1^{commit}')).toBe(commit);
    await git(repo.path, 'tag', '-d', 'deploy/web/1');
  });
});

it('a tag of somebody else is seen when a push of ours finds it in its place', async () => {
  await using repo = await createBareRepo();
  const commit = await commitFiles(repo, { a: '1' }, 'first');
  await using server = await startGitServer({ repository: repo.path });
  await using opened = await openSource({ location: server.url });
  const { source } = opened;
  await source.resolve(signal);
  await git(repo.path, 'tag', '-a', '-m', 'theirs', 'deploy/web/1', commit);
  await source.resolve(signal);
  expect(await source.tags('deploy/')).toEqual([]);
  await source.tag({ name: 'deploy/web/1', commit, message: 'ours' });

  expect((await source.pushTags(['deploy/web/1'], signal)).taken).toEqual(['deploy/web/1']);
  await source.resolve(signal);

  expect((await source.tags('deploy/')).map(({ message }) => message)).toEqual(['theirs']);
});

it('a branch that HEAD names anew is followed', async () => {
  await using repo = await createBareRepo();
  const first = await commitFiles(repo, { a: '1' }, 'first');
  await using server = await startGitServer({ repository: repo.path });
  await using opened = await openSource({ location: server.url });
  expect((await opened.source.resolve(signal)).commit).toBe(first);
  const second = await commitFiles(repo, { b: '1' }, 'second', { branch: 'live' });
  await git(repo.path, 'symbolic-ref', 'HEAD', 'refs/heads/live');

  expect(await opened.source.resolve(signal)).toMatchObject({ commit: second, branch: 'live' });

  await git(repo.path, 'symbolic-ref', 'HEAD', 'refs/heads/none');
  expect(await opened.source.resolve(signal)).toMatchObject({ commit: first, branch: 'main' });
  await git(repo.path, 'update-ref', '-d', 'refs/heads/main');
  await expect(opened.source.resolve(signal)).rejects.toMatchObject({
    code: 'BRANCH_NOT_FOUND',
    message: expect.stringContaining('it has live') as string,
  });
});

it('a server that stands in the place of another is asked as it can be asked', async () => {
  await using repo = await createBareRepo();
  await commitFiles(repo, { a: '1' }, 'first');
  const options = { repository: repo.path, protocol: 2 as 0 | 2 };
  await using server = await startGitServer(options);
  await using opened = await openSource({ location: server.url });
  await opened.source.resolve(signal);
  options.protocol = 0;

  const commit = await commitFiles(repo, { a: '2' }, 'second');

  expect((await opened.source.resolve(signal)).commit).toBe(commit);
  await git(repo.path, 'tag', '-a', '-m', 'theirs', 'deploy/web/1', commit);
  await opened.source.resolve(signal);
  // It lists them all anyway.
  expect(await opened.source.tags('deploy/')).toHaveLength(1);
  expect(opened.log.text()).toBe('');
});

it('is asked the same over ssh', async () => {
  const { repo, commit } = await createTagged((index) => `deploy/s${index % 10}/${index}`, 200);
  await using _ = repo;
  await using sshd = await startSshServer();
  const { identityFile, knownHostsFile } = sshd;
  await using opened = await openSource({
    location: `${sshd.url}${repo.path}`,
    ssh: { identityFile, knownHostsFile },
    timeoutMs: 60_000,
  });
  expect((await opened.source.resolve(signal)).commit).toBe(commit);

  await git(repo.path, 'tag', '-a', '-m', 'Deploy', 'deploy/web/1', commit);
  // A server that lists everything would have told of it.
  expect((await opened.source.resolve(signal)).commit).toBe(commit);
  expect(await opened.source.tags('deploy/web/')).toEqual([]);
  opened.source.expectTags();
  await opened.source.resolve(signal);
  expect(await opened.source.tags('deploy/web/')).toHaveLength(1);
});

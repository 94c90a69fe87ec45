import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../reconciler/model/secret.ts';
import { commitFiles, createBareRepo, git } from '../../support/git/git-repo.ts';
import { startGitServer } from '../../support/git/git-server.ts';
import {
  commitOne,
  createHastyClock,
  eventually,
  openSource,
  pathsOf,
} from '../../support/git/git-sources.ts';

const signal = new AbortController().signal;
const author = { name: 'Grace', email: 'grace@example.org' };
const auth = { username: 'ada', password: 'hunter2' };

function mirrorOf(cacheDir: string): string {
  const [name = ''] = readdirSync(cacheDir).filter((entry) => entry.endsWith('.git'));
  return join(cacheDir, name);
}

describe('credentials', () => {
  it('work from the address, and are never shown', async () => {
    await using repo = await createBareRepo();
    await commitFiles(repo, { a: '1' }, 'first');
    await using server = await startGitServer({ repository: repo.path, auth });
    await using opened = await openSource({ location: server.url.replace('//', '//ada:hunter2@') });

    expect(await pathsOf(opened.source)).toEqual(['a']);
    expect(opened.source.location).toBe(server.url);
    const mirror = mirrorOf(opened.cacheDir);
    for (const name of ['config', 'HEAD'])
      expect(String(await readdir(mirror)) + name).not.toContain('hunter2');
    expect(await git(mirror, 'config', '--list')).not.toContain('hunter2');
    expect(statSync(opened.cacheDir).mode & 0o777).toBe(0o700);
  });

  it('work as a token, basic or bearer as the server asks', async () => {
    await using repo = await createBareRepo();
    await commitFiles(repo, { a: '1' }, 'first');
    const token = new Secret('tok', 'test');
    for (const accepted of [{ username: 'x-access-token', password: 'tok' }, { bearer: 'tok' }]) {
      await using server = await startGitServer({ repository: repo.path, auth: accepted });
      await using opened = await openSource({ location: server.url, credentials: { token } });
      expect(await pathsOf(opened.source)).toContain('a');
      await commitOne(opened.source, 'b', JSON.stringify(accepted));
    }
  });

  it.each([
    { when: 'wrong', credentials: { username: 'ada', password: new Secret('wr0ng', 'test') } },
    { when: 'a wrong token', credentials: { token: new Secret('wr0ng', 'test') } },
    { when: 'missing', credentials: undefined },
  ])('that are $when are refused without being repeated', async ({ credentials }) => {
    await using repo = await createBareRepo();
    await commitFiles(repo, { a: '1' }, 'first');
    await using server = await startGitServer({ repository: repo.path, auth });
    await using opened = await openSource({ location: server.url, ...(credentials ? { credentials } : {}) });

    const error = await opened.source.resolve(signal).catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code: 'REPOSITORY_UNAUTHORIZED', retryable: false });
    expect(`${String(error)} ${JSON.stringify(error)} ${opened.log.text()}`).not.toContain('wr0ng');
  });
});

describe('a server in trouble', () => {
  it.each([
    { status: 403, code: 'REPOSITORY_UNAUTHORIZED' },
    { status: 404, code: 'REPOSITORY_NOT_FOUND' },
    { status: 500, code: 'REPOSITORY_UNREACHABLE' },
    { status: 302, code: 'REPOSITORY_NOT_FOUND' },
    { status: 204, code: 'GIT_ERROR' },
  ])('that answers $status means $code', async ({ status, code }) => {
    await using repo = await createBareRepo();
    await using server = await startGitServer({ repository: repo.path, fault: () => status });
    await using opened = await openSource({ location: server.url, clock: createHastyClock() });

    await expect(opened.source.resolve(signal)).rejects.toMatchObject({ code });
  });

  it('that is no Git server is not found', async () => {
    const server = createServer((_, response) => void response.end('<html>hello</html>')).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    await using opened = await openSource({
      location: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`,
    });

    await expect(opened.source.resolve(signal)).rejects.toMatchObject({ code: 'REPOSITORY_NOT_FOUND' });
    server.close();
  });

  it('that is down is unreachable; what was fetched can be read, and it is asked again', async () => {
    await using repo = await createBareRepo();
    const first = await commitFiles(repo, { a: '1' }, 'first');
    await using server = await startGitServer({ repository: repo.path });
    await using opened = await openSource({ location: server.url });
    const { source } = opened;
    await source.resolve(signal);
    await server.stop();

    await expect(source.resolve(signal)).rejects.toMatchObject({
      code: 'REPOSITORY_UNREACHABLE',
      retryable: true,
    });
    expect(await source.diff(null, first, signal)).toHaveLength(1);
    await source.tag({ name: 'deploy/web/1', commit: first, message: 'm' });
    await expect(source.pushTags(['deploy/web/1'], signal)).rejects.toMatchObject({
      code: 'REPOSITORY_UNREACHABLE',
    });
    const request = { writes: [{ path: 'a', content: '2' }], message: 'x', author, expectedHead: first };
    await expect(source.commit(request, signal)).rejects.toMatchObject({ code: 'REPOSITORY_UNREACHABLE' });

    await server.start();
    expect((await source.resolve(signal)).commit).toBe(first);
    await source.pushTags(['deploy/web/1'], signal);
    expect(await git(repo.path, 'tag', '--list')).toBe('deploy/web/1');
  });

  it('that says nothing is given up after the time set, or at once when asked to stop', async () => {
    await using repo = await createBareRepo();
    await using server = await startGitServer({ repository: repo.path, fault: () => 'hang' });
    await using opened = await openSource({ location: server.url, timeoutMs: 200 });
    await using patient = await openSource({ location: server.url, timeoutMs: 60_000 });

    await expect(opened.source.resolve(signal)).rejects.toMatchObject({
      code: 'REPOSITORY_UNREACHABLE',
      message: expect.stringContaining('no answer'),
    });
    const controller = new AbortController();
    const resolving = patient.source.resolve(controller.signal);
    controller.abort(new Error('shutting down'));
    await expect(resolving).rejects.toThrow('shutting down');
  });
});

describe('what others push', () => {
  it('is fetched: new commits, force pushes, vanished branches, deployment tags but no others', async () => {
    await using repo = await createBareRepo();
    await using server = await startGitServer({ repository: repo.path });
    await using opened = await openSource({ location: server.url });
    const { source } = opened;
    const old = await commitFiles(repo, { a: '1', b: '1' }, 'old');
    await commitFiles(repo, { other: '1' }, 'other', { branch: 'other', parent: null });
    await git(repo.path, 'tag', '-a', '-m', 'Deploy', 'deploy/web/1', old);
    await git(repo.path, 'tag', '-a', '-m', 'Release', 'v1', 'other');
    await source.resolve(signal);
    expect((await source.tags('')).map(({ name }) => name)).toEqual(['deploy/web/1']);
    await expect(source.lookup('other')).rejects.toMatchObject({ code: 'GIT_ERROR' });

    const forced = await commitFiles(repo, { b: '2' }, 'forced', { parent: null });
    expect((await source.resolve(signal)).commit).toBe(forced);
    expect((await source.diff(old, forced, signal)).map(({ path }) => path)).toEqual(['a', 'b']);

    await git(repo.path, 'update-ref', '-d', 'refs/heads/main');
    await expect(source.resolve(signal)).rejects.toMatchObject({ code: 'BRANCH_NOT_FOUND' });
    const back = await commitFiles(repo, { c: '1' }, 'back');
    expect((await source.resolve(signal)).commit).toBe(back);
  });

  it('costs one request when nothing is new', async () => {
    await using repo = await createBareRepo();
    await commitFiles(repo, { a: '1' }, 'first');
    await using server = await startGitServer({ repository: repo.path });
    await using opened = await openSource({ location: server.url });
    await opened.source.resolve(signal);
    const before = server.requests.length;

    await opened.source.resolve(signal);

    expect(server.requests.length - before).toBe(1);
  });

  it('comes with hundreds of deployment tags at once', async () => {
    await using repo = await createBareRepo();
    const commit = await commitFiles(repo, { a: '1' }, 'first');
    await using maker = await openSource({ location: repo.path });
    for (let number = 1; number <= 60; number += 1) {
      await maker.source.tag({ name: `deploy/web/${number}`, commit, message: `number ${number}` });
    }
    await using server = await startGitServer({ repository: repo.path });
    await using opened = await openSource({ location: server.url });
    await opened.source.resolve(signal);
    const before = server.requests.length;

    const tags = await opened.source.tags('deploy/web/');

    expect(tags).toHaveLength(60);
    expect(tags.find(({ name }) => name === 'deploy/web/59')?.message).toBe('number 59');
    await opened.source.pushTags(
      tags.map(({ name }) => name),
      signal,
    );
    expect(server.requests.slice(before).filter((line) => line.includes('receive-pack'))).toEqual([]);
  });
});

describe.each([{ gitCommand: 'git' }, { gitCommand: null }])('pushing, with $gitCommand', (how) => {
  it('gives way to whoever was first, and leaves nothing behind', async () => {
    await using repo = await createBareRepo();
    await using server = await startGitServer({ repository: repo.path });
    await using one = await openSource({ location: server.url, ...how });
    await using two = await openSource({ location: server.url, ...how });
    const head = await commitFiles(repo, { a: '1' }, 'first');
    await Promise.all([one.source.resolve(signal), two.source.resolve(signal)]);
    const request = { writes: [{ path: 'a', content: 'mine' }], message: 'x', author, expectedHead: head };

    const results = await Promise.allSettled([
      one.source.commit({ ...request, message: 'one' }, signal),
      two.source.commit({ ...request, message: 'two' }, signal),
    ]);

    const won = results.filter((result) => result.status === 'fulfilled');
    expect(won).toHaveLength(1);
    expect(results.find((result) => result.status === 'rejected')?.reason).toMatchObject({
      code: 'WRITE_CONFLICT',
    });
    expect(await git(repo.path, 'rev-parse', 'main')).toBe(won[0]?.value);
    await git(repo.path, 'fsck', '--strict');
    for (const { source } of [one, two]) {
      expect((await source.resolve(signal)).commit).toBe(won[0]?.value);
    }
  });

  it('says why the server refuses a commit', async () => {
    await using repo = await createBareRepo();
    await using server = await startGitServer({ repository: repo.path });
    await using opened = await openSource({ location: server.url, ...how });
    const head = await commitFiles(repo, { a: '1' }, 'first');
    const hook = join(repo.path, 'hooks/pre-receive');
    await writeFile(hook, '#!/bin/sh\nexit 1\n', { mode: 0o755 });

    await expect(commitOne(opened.source, 'a', '2')).rejects.toMatchObject({
      code: 'GIT_ERROR',
      message: expect.stringContaining('pre-receive hook declined'),
    });

    expect((await opened.source.resolve(signal)).commit).toBe(head);
  });

  it('pushes many tags at once, and one that the remote refuses holds up no others', async () => {
    await using repo = await createBareRepo();
    await using server = await startGitServer({ repository: repo.path });
    await using opened = await openSource({ location: server.url, ...how });
    const { source } = opened;
    const commit = await commitFiles(repo, { a: '1' }, 'first');
    await source.resolve(signal);
    const names = ['deploy/bad/1', ...Array.from({ length: 30 }, (_, index) => `deploy/good/${index + 1}`)];
    for (const name of names) await source.tag({ name, commit, message: name });
    const hook = '#!/bin/sh\ncase $1 in refs/tags/deploy/bad/*) exit 1;; esac\n';
    await writeFile(join(repo.path, 'hooks/update'), hook, { mode: 0o755 });

    const { taken, refused } = await source.pushTags(names, signal);

    expect(taken).toEqual([]);
    expect([...refused]).toEqual([['deploy/bad/1', 'hook declined']]);
    expect((await git(repo.path, 'tag', '--list')).split('\n')).toHaveLength(30);
    expect(server.requests.filter((line) => line.includes('receive-pack'))).toHaveLength(1);
  });

  it('pushes tags that the remote lacks and never replaces one', async () => {
    await using repo = await createBareRepo();
    await using server = await startGitServer({ repository: repo.path });
    await using opened = await openSource({ location: server.url, ...how });
    const { source } = opened;
    const commit = await commitFiles(repo, { a: '1' }, 'first');
    await source.resolve(signal);
    await source.tag({ name: 'deploy/web/1', commit, message: 'ours' });
    await source.tag({ name: 'deploy/web/2', commit, message: 'ours' });
    await git(repo.path, 'tag', '-a', '-m', 'theirs', 'deploy/web/1', commit);

    const { taken } = await source.pushTags(['deploy/web/1', 'deploy/web/2'], signal);
    expect(taken).toEqual(['deploy/web/1']);

    const listed = await git(repo.path, 'tag', '--list', '--format=%(refname:short) %(contents:subject)');
    expect(listed).toBe('deploy/web/1 theirs\ndeploy/web/2 ours');
    await source.resolve(signal);
    expect((await source.tags('deploy/')).map(({ message }) => message)).toEqual(['theirs', 'ours']);
  });
});

describe.each([{ gitCommand: 'git' }, { gitCommand: null }])('the mirror, with $gitCommand', (how) => {
  it('tells a process that cannot reach the remote what was read last', async () => {
    await using repo = await createBareRepo();
    const commit = await commitFiles(repo, { a: '1' }, 'first');
    const server = await startGitServer({ repository: repo.path });
    await using before = await openSource({ location: server.url });
    expect(await before.source.lastKnown()).toBeNull();
    await before.source.resolve(signal);
    await server[Symbol.asyncDispose]();
    await using opened = await openSource({ location: server.url, cacheDir: before.cacheDir });
    await expect(opened.source.resolve(signal)).rejects.toMatchObject({ code: 'REPOSITORY_UNREACHABLE' });
    expect(await opened.source.lastKnown()).toMatchObject({ commit, branch: 'main' });
    expect(await opened.source.contains(commit)).toBe(true);
    expect((await opened.source.diff(null, commit, signal)).map(({ path }) => path)).toEqual(['a']);
  });

  it('is kept between lives', async () => {
    await using repo = await createBareRepo();
    const commit = await commitFiles(repo, { a: '1' }, 'first', { branch: 'live' });
    await git(repo.path, 'symbolic-ref', 'HEAD', 'refs/heads/live');
    await using server = await startGitServer({ repository: repo.path });
    await using first = await openSource({ location: server.url, ...how });
    await first.source.resolve(signal);
    await first.source.tag({ name: 'deploy/web/1', commit, message: 'not pushed yet' });
    await server.stop();

    await using second = await openSource({ location: server.url, cacheDir: first.cacheDir, ...how });

    expect(second.source.branch).toBe('live');
    expect((await second.source.lookup('live')).commit).toBe(commit);
    expect(await second.source.tags('deploy/')).toHaveLength(1);
  });

  it('is built anew when it is damaged, with the tags that were not pushed yet', async () => {
    await using repo = await createBareRepo();
    const files = Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [`f${index}`, `content ${index}`]),
    );
    const commit = await commitFiles(repo, files, 'first');
    await using server = await startGitServer({ repository: repo.path });
    await using first = await openSource({ location: server.url, ...how });
    await first.source.resolve(signal);
    await first.source.tag({ name: 'deploy/web/1', commit, message: 'not pushed yet' });
    await first.source[Symbol.asyncDispose]();
    const packs = join(mirrorOf(first.cacheDir), 'objects/pack');
    for (const name of await readdir(packs)) {
      if (name.endsWith('.pack')) await truncate(join(packs, name), 100);
    }

    await using second = await openSource({ location: server.url, cacheDir: first.cacheDir, ...how });

    expect(await pathsOf(second.source)).toHaveLength(200);
    expect((await second.source.tags('deploy/')).map(({ message }) => message)).toEqual(['not pushed yet']);
    await second.source.pushTags(['deploy/web/1'], signal);
    expect(await git(repo.path, 'tag', '--list')).toBe('deploy/web/1');
    expect(second.log.text()).toContain('built anew');
  });

  it('is made again when somebody deletes it', async () => {
    await using repo = await createBareRepo();
    await commitFiles(repo, { a: '1' }, 'first');
    await using server = await startGitServer({ repository: repo.path });
    await using opened = await openSource({ location: server.url, ...how });
    await opened.source.resolve(signal);

    await rm(mirrorOf(opened.cacheDir), { recursive: true });

    expect(await pathsOf(opened.source)).toEqual(['a']);
  });

  it('stays small in packs, however often it fetches', async () => {
    await using repo = await createBareRepo();
    await commitFiles(repo, { a: '0' }, 'first');
    await using server = await startGitServer({ repository: repo.path });
    await using opened = await openSource({ location: server.url, ...how });
    for (let number = 1; number <= 25; number += 1) {
      await commitFiles(repo, { a: `${number}` }, `push ${number}`);
      await opened.source.resolve(signal);
    }

    const packs = await readdir(join(mirrorOf(opened.cacheDir), 'objects/pack'));

    const limit = how.gitCommand === null ? 100 : 21;
    expect(packs.filter((name) => name.endsWith('.pack')).length).toBeLessThanOrEqual(limit);
    expect(await pathsOf(opened.source)).toEqual(['a']);
  });
});

describe('watching a remote', () => {
  it('goes on through failures of the server', async () => {
    await using repo = await createBareRepo();
    await commitFiles(repo, { a: '1' }, 'first');
    await using server = await startGitServer({ repository: repo.path });
    await using opened = await openSource({ location: server.url, pollIntervalMs: 30 });
    const controller = new AbortController();
    let calls = 0;
    const ended = opened.source.watch(() => (calls += 1), controller.signal);

    await eventually('several calls', () => calls >= 3);
    await server.stop();
    const before = calls;
    await eventually('calls while it is down', () => calls > before + 1);

    controller.abort();
    await ended;
    const after = calls;
    await opened.source.lookup('main').catch(() => undefined);
    expect(calls).toBe(after);
  });
});

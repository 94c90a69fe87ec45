import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commitFiles, createBareRepo, git } from '../../support/git/git-repo.ts';
import type { GitServerFault } from '../../support/git/git-server.ts';
import { startGitServer } from '../../support/git/git-server.ts';
import { commitOne, createHastyClock, openSource } from '../../support/git/git-sources.ts';

const signal = new AbortController().signal;

/** A server whose answers are as listed, then as they should be; those to requests that do not match are never in trouble. */
async function troubled(faults: readonly GitServerFault[], match = /./) {
  const repo = await createBareRepo();
  const commit = await commitFiles(repo, { a: 'x'.repeat(10_000) }, 'first');
  const left = [...faults];
  const server = await startGitServer({
    repository: repo.path,
    fault: ({ method, url }) => (match.test(`${method} ${url}`) ? (left.shift() ?? null) : null),
  });
  const clock = createHastyClock();
  const open = (timeoutMs = 30_000, cacheDir?: string) =>
    openSource({
      location: server.url,
      clock,
      timeoutMs,
      ...(cacheDir === undefined ? {} : { cacheDir }),
    });
  return {
    repo,
    commit,
    server,
    clock,
    open,
    trouble: (more: readonly GitServerFault[]) => void left.push(...more),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await repo[Symbol.asyncDispose]();
    },
  };
}

const again = { code: 'REPOSITORY_UNREACHABLE', retryable: true };

describe('a server that is silent', () => {
  // Tenths of 4.5, 7 and 30 s before a limit of 60.
  it.each([450, 700, 3_000])('for %i ms of 6,000 is waited for', async (silentMs) => {
    await using place = await troubled([{ silentMs }]);
    await using opened = await place.open(6_000);

    expect((await opened.source.resolve(signal)).commit).toBe(place.commit);
    expect(opened.log.text()).toBe('');
  });

  it('is given up after the limit, and says nothing about the mirror', async () => {
    await using place = await troubled([]);
    await using before = await place.open(30_000);
    await before.source.resolve(signal);
    await using opened = await place.open(300, before.cacheDir);
    place.trouble(['hang']);

    await expect(opened.source.resolve(signal)).rejects.toMatchObject(again);

    expect(opened.log.text()).not.toContain('built anew');
    // A busy machine may have been given up before it was asked.
    place.trouble([]);
    expect((await before.source.resolve(signal)).commit).toBe(place.commit);
  });

  it('for longer than it keeps a connection open for the next request is waited for', async () => {
    await using place = await troubled([]);
    // Node's servers say `Keep-Alive: timeout=5`: nobody is to take that for a limit on an answer.
    await using opened = await place.open(30_000);
    await opened.source.resolve(signal);
    place.trouble([{ silentMs: 5_500 }]);

    expect((await opened.source.resolve(signal)).commit).toBe(place.commit);
  });
});

describe.each([
  { what: 'the list of refs', match: /info\/refs/ },
  { what: 'the pack', match: /POST .*git-upload-pack/ },
])('an answer with $what', ({ match }) => {
  it.each(['half', 'reset', 500, 503] as const)('that ends with %s is asked for again', async (fault) => {
    await using place = await troubled([fault, fault], match);
    await using opened = await place.open();

    expect((await opened.source.resolve(signal)).commit).toBe(place.commit);

    // One on a connection that was open before is sent again at once: the server may have closed it.
    expect([[1_000], [1_000, 3_000]]).toContainEqual(place.clock.pauses);
    expect(opened.log.text()).not.toContain('built anew');
  });

  it.each(['half', 'reset', 500] as const)('that ends with %s each time is none', async (fault) => {
    await using place = await troubled(
      Array.from({ length: 9 }, () => fault),
      match,
    );
    await using opened = await place.open();

    await expect(opened.source.resolve(signal)).rejects.toMatchObject(again);

    expect(opened.log.text()).not.toContain('built anew');
    const [mirror = ''] = await readdir(opened.cacheDir);
    expect(await readdir(join(opened.cacheDir, mirror, 'objects/pack'))).toEqual([]);
  });
});

it('a server that refuses is not asked again', async () => {
  await using place = await troubled([401, 401, 401]);
  await using opened = await place.open();

  await expect(opened.source.resolve(signal)).rejects.toMatchObject({
    code: 'REPOSITORY_UNAUTHORIZED',
    retryable: false,
  });

  expect(place.server.requests).toHaveLength(1);
  expect(place.clock.pauses).toEqual([]);
});

describe('a server that asks to be left alone', () => {
  const busy = (after: string): GitServerFault => ({ status: 429, headers: { 'retry-after': after } });

  it('for a moment is asked again then', async () => {
    await using place = await troubled([busy('2'), busy('7')]);
    await using opened = await place.open();

    expect((await opened.source.resolve(signal)).commit).toBe(place.commit);

    expect(place.clock.pauses.map((pause) => Math.round(pause / 1_000))).toEqual([2, 7]);
  });

  it.each(['120', () => new Date(Date.now() + 120_000).toUTCString()])(
    'for longer (%s) is left alone until then',
    async (after) => {
      await using place = await troubled([busy(typeof after === 'string' ? after : after())]);
      await using opened = await place.open();

      await expect(opened.source.resolve(signal)).rejects.toMatchObject(again);
      await expect(opened.source.resolve(signal)).rejects.toMatchObject({
        ...again,
        message: expect.stringMatching(/left alone, for another 1[12]\d s$/) as string,
      });
      expect(place.server.requests).toHaveLength(1);

      place.clock.pass(121_000);
      expect((await opened.source.resolve(signal)).commit).toBe(place.commit);
    },
  );
});

describe('a push', () => {
  it('whose answer is lost was done', async () => {
    await using place = await troubled([], /git-receive-pack/);
    await using opened = await place.open();
    await opened.source.resolve(signal);
    place.trouble(['lost']);

    const commit = await commitOne(opened.source, 'a', '2');

    expect(await git(place.repo.path, 'rev-parse', 'main')).toBe(commit);
    expect(
      place.server.requests.filter((line) => line.startsWith('POST') && line.includes('receive')),
    ).toHaveLength(1);
  });

  it('that did not get there is said to be none, and is not made twice', async () => {
    await using place = await troubled([], /git-receive-pack/);
    await using opened = await place.open();
    await opened.source.resolve(signal);
    place.trouble(['reset']);

    await expect(commitOne(opened.source, 'a', '2')).rejects.toMatchObject(again);

    expect(await git(place.repo.path, 'rev-parse', 'main')).toBe(place.commit);
    expect((await opened.source.resolve(signal)).commit).toBe(place.commit);
  });

  it('is made again after the time that the server has named', async () => {
    await using place = await troubled([], /git-receive-pack/);
    await using opened = await place.open();
    await opened.source.resolve(signal);
    place.trouble([{ status: 429, headers: { 'retry-after': '3' } }]);

    const commit = await commitOne(opened.source, 'a', '2');

    expect(await git(place.repo.path, 'rev-parse', 'main')).toBe(commit);
  });
});

it('a connection that the server has closed meanwhile is opened again, without a pause', async () => {
  const repo = await createBareRepo();
  await using _ = repo;
  const commit = await commitFiles(repo, { a: '1' }, 'first');
  const served = new WeakSet<object>();
  let isClosing = false;
  await using server = await startGitServer({
    repository: repo.path,
    fault: ({ socket }) => {
      const isOld = served.has(socket);
      served.add(socket);
      return isOld && isClosing ? 'reset' : null;
    },
  });
  const clock = createHastyClock();
  await using opened = await openSource({ location: server.url, clock });
  await opened.source.resolve(signal);
  isClosing = true;

  expect((await opened.source.resolve(signal)).commit).toBe(commit);
  expect(clock.pauses).toEqual([]);
});

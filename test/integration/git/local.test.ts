import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Source } from '../../../reconciler/ports/source.ts';
import {
  checkout,
  commitFiles,
  createBareRepo,
  createWorkRepo,
  git,
  gitTestEnvironment,
} from '../../support/git/git-repo.ts';
import { commitOne, eventually, openSource, pathsOf } from '../../support/git/git-sources.ts';

const signal = new AbortController().signal;
const author = { name: 'Grace', email: 'grace@example.org' };

/** Watches for as long as `work` runs and counts the calls. */
async function watching(source: Source, work: (calls: () => number) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  let calls = 0;
  const ended = source.watch(() => (calls += 1), controller.signal);
  try {
    await eventually('the watch begins', () => calls > 0);
    await work(() => calls);
  } finally {
    controller.abort();
    await ended;
  }
}

describe.each([{ gitCommand: 'git' }, { gitCommand: null }])(
  'bare repository, read with $gitCommand',
  (how) => {
    it('finds objects again after others repacked and pruned', async () => {
      await using repo = await createBareRepo();
      await using opened = await openSource({ location: repo.path, ...how });
      const { source } = opened;
      const files = Object.fromEntries(
        Array.from({ length: 150 }, (_, index) => [`d${index}/f`, `${index}`]),
      );
      const first = await commitFiles(repo, files, 'first');
      expect(await pathsOf(source)).toHaveLength(150);

      await git(repo.path, 'gc', '--quiet', '--prune=now');
      const second = await commitFiles(repo, { 'd7/f': 'changed', 'd8/f': 'changed too' }, 'second');
      await git(repo.path, 'gc', '--quiet', '--prune=now');

      const changes = await source.diff(first, second, signal);
      expect(changes.map(({ path }) => path)).toEqual(['d7/f', 'd8/f']);
      const contents = await Promise.all(changes.map(({ after }) => source.readBlob(after?.blob ?? '')));
      expect(contents.map(String)).toEqual(['changed', 'changed too']);
      expect((await source.resolve(signal)).commit).toBe(second);
    });

    it('leaves a repository behind that Git finds nothing wrong with', async () => {
      await using repo = await createBareRepo();
      await using opened = await openSource({ location: repo.path, ...how });
      await commitFiles(repo, { 'a/b': '1', 'a.b': '2', a0: '3' }, 'first');

      const commit = await commitOne(opened.source, 'a/c/d', 'new');
      await commitOne(opened.source, 'a.b', null);
      await opened.source.tag({ name: 'deploy/web/1', commit, message: 'Deploy' });

      await git(repo.path, 'fsck', '--strict', '--full');
      expect(await git(repo.path, 'log', '-1', '--format=%an %ae %cn %s')).toBe(
        'Grace grace@example.org Kombinator api',
      );
      expect(
        await git(repo.path, 'tag', '--list', '--format=%(objecttype) %(taggername) %(contents:subject)'),
      ).toBe('tag Kombinator Deploy');
    });

    it('reads hundreds of tags, packed and loose, and makes more beside them', async () => {
      await using repo = await createBareRepo();
      await using opened = await openSource({ location: repo.path, ...how });
      const { source } = opened;
      const commit = await commitFiles(repo, { a: '1' }, 'first');
      const lines = Array.from(
        { length: 300 },
        (_, index) => `create refs/tags/deploy/old/${index} ${commit}\n`,
      );
      await source.resolve(signal);
      await writeFile(join(repo.path, 'refs.txt'), lines.join(''));
      await git(repo.path, '-c', 'core.logAllRefUpdates=false', 'pack-refs', '--all');
      await updateRefs(repo.path, lines.join(''));
      await git(repo.path, 'pack-refs', '--all');
      await source.tag({ name: 'deploy/old/300', commit, message: 'loose' });

      const tags = await source.tags('deploy/old/');

      expect(tags).toHaveLength(301);
      expect(tags.find(({ name }) => name === 'deploy/old/300')?.message).toBe('loose');
      await expect(source.tag({ name: 'deploy/old/7', commit, message: 'taken' })).rejects.toMatchObject({
        code: 'WRITE_CONFLICT',
      });
      await expect(source.tag({ name: 'deploy/old/7/x', commit, message: 'below' })).rejects.toMatchObject({
        code: 'WRITE_CONFLICT',
      });
      await expect(source.tag({ name: 'deploy/old', commit, message: 'above' })).rejects.toMatchObject({
        code: 'WRITE_CONFLICT',
      });
    });
  },
);

async function updateRefs(path: string, commands: string): Promise<void> {
  const child = spawn('git', ['update-ref', '--stdin'], { cwd: path, env: gitTestEnvironment() });
  const ended = Promise.withResolvers<number | null>();
  child.on('close', ended.resolve);
  child.stdin.end(commands);
  expect(await ended.promise).toBe(0);
}

describe('branches', () => {
  it('reads and writes a branch with slashes, packed or not', async () => {
    await using repo = await createBareRepo();
    await using opened = await openSource({ location: repo.path, branch: 'team/prod' });
    await commitFiles(repo, { a: '1' }, 'first', { branch: 'team/prod' });
    await git(repo.path, 'pack-refs', '--all');

    const commit = await commitOne(opened.source, 'a', '2');

    expect(await git(repo.path, 'rev-parse', 'team/prod')).toBe(commit);
    expect(await opened.source.resolve(signal)).toMatchObject({ commit, branch: 'team/prod' });
  });

  it('takes main when HEAD names a branch that nobody has pushed', async () => {
    await using repo = await createBareRepo({ branch: 'master' });
    await using opened = await openSource({ location: repo.path });
    const commit = await commitFiles(repo, { a: '1' }, 'first', { branch: 'main' });

    expect(await opened.source.resolve(signal)).toMatchObject({ commit, branch: 'main' });
    expect(opened.source.branch).toBe('main');
  });

  it('names the branches there are when the one asked for is not', async () => {
    await using repo = await createBareRepo();
    await using opened = await openSource({ location: repo.path, branch: 'live' });
    await commitFiles(repo, { a: '1' }, 'first');

    await expect(opened.source.resolve(signal)).rejects.toMatchObject({
      code: 'BRANCH_NOT_FOUND',
      message: expect.stringContaining('it has main'),
    });
  });

  it('follows a force push to an unrelated history, and still knows the old one', async () => {
    await using repo = await createBareRepo();
    await using opened = await openSource({ location: repo.path });
    const { source } = opened;
    const old = await commitFiles(repo, { a: '1', b: '1' }, 'old');
    await source.resolve(signal);
    const unrelated = await commitFiles(repo, { b: '2', c: '1' }, 'unrelated', { parent: null });

    expect((await source.resolve(signal)).commit).toBe(unrelated);
    const changes = await source.diff(old, unrelated, signal);
    expect(changes.map(({ path }) => path)).toEqual(['a', 'b', 'c']);
    expect(await source.contains(old)).toBe(true);
  });

  it('tells an emptied repository from a branch that was deleted', async () => {
    await using repo = await createBareRepo();
    await using opened = await openSource({ location: repo.path });
    await commitFiles(repo, { a: '1', 'b/c': '1' }, 'first');
    await commitFiles(repo, { a: null, 'b/c': null }, 'empty');
    expect(await pathsOf(opened.source)).toEqual([]);

    await git(repo.path, 'update-ref', '-d', 'refs/heads/main');

    await expect(opened.source.resolve(signal)).rejects.toMatchObject({
      code: 'BRANCH_NOT_FOUND',
      retryable: true,
    });
  });

  it('names submodules, and reads nothing of them', async () => {
    await using repo = await createBareRepo();
    await using opened = await openSource({ location: repo.path });
    await commitFiles(repo, { a: '1', 'lib/sub': { submodule: 'c'.repeat(40) } }, 'first');

    expect(await pathsOf(opened.source)).toEqual(['a', 'lib/sub']);
    const { commit } = await opened.source.resolve(new AbortController().signal);
    const changes = await opened.source.diff(null, commit, new AbortController().signal);
    expect(changes[1]?.after).toEqual({ type: 'submodule', blob: 'c'.repeat(40) });
  });

  it('says unknown for a missing commit of a shallow clone', async () => {
    await using origin = await createBareRepo();
    const old = await commitFiles(origin, { a: '1' }, 'old');
    await commitFiles(origin, { a: '2' }, 'new');
    await using clone = await createBareRepo();
    await git(clone.path, 'fetch', '--quiet', '--depth=1', `file://${origin.path}`, 'main:main');
    await using opened = await openSource({ location: clone.path });

    expect(await opened.source.contains(old)).toBe('unknown');
  });
});

describe('a repository that is not there', () => {
  it('is not found, and found again when it is back, with watching going on', async () => {
    await using repo = await createBareRepo();
    await using opened = await openSource({ location: repo.path });
    const { source } = opened;
    await commitFiles(repo, { a: '1' }, 'first');
    await source.resolve(signal);

    await watching(source, async (calls) => {
      await rename(repo.path, `${repo.path}.away`);
      await expect(source.resolve(signal)).rejects.toMatchObject({
        code: 'REPOSITORY_NOT_FOUND',
        retryable: true,
      });
      await expect(source.tags('deploy/')).rejects.toMatchObject({ code: 'REPOSITORY_NOT_FOUND' });

      // Counted before it is back: on a busy machine its return is noticed before the next line runs.
      const before = calls();
      await rename(`${repo.path}.away`, repo.path);
      const back = await commitFiles(repo, { a: '2' }, 'back');
      expect((await source.resolve(signal)).commit).toBe(back);

      await eventually('the return is noticed', () => calls() > before);
      const noticed = calls();
      await commitFiles(repo, { a: '3' }, 'after the return');
      await eventually('a push after the return is noticed', () => calls() > noticed);
    });
  });

  it('is opened anew when another one has taken its place', async () => {
    await using repo = await createBareRepo();
    await using other = await createBareRepo();
    await using opened = await openSource({ location: repo.path });
    const first = await commitFiles(repo, { a: '1' }, 'first');
    await opened.source.resolve(signal);
    const second = await commitFiles(other, { b: '1' }, 'other');

    await rm(repo.path, { recursive: true });
    await rename(other.path, repo.path);

    expect((await opened.source.resolve(signal)).commit).toBe(second);
    expect(await opened.source.contains(first)).toBe(false);
  });

  it.each(['nowhere', 'plain'])('is refused with what is wrong: %s', async (name) => {
    await using repo = await createBareRepo();
    const path = join(repo.path, '..', name);
    if (name === 'plain') await mkdir(path);
    await using opened = await openSource({ location: path });

    await expect(opened.source.resolve(signal)).rejects.toMatchObject({
      code: 'REPOSITORY_NOT_FOUND',
      message: expect.stringMatching(name === 'plain' ? /not a Git repository/ : /no such directory/),
    });
  });

  it('is refused clearly when its format is not supported', async () => {
    await using repo = await createBareRepo();
    await using opened = await openSource({ location: repo.path });
    await git(repo.path, 'config', 'extensions.refStorage', 'reftable');

    await expect(opened.source.resolve(signal)).rejects.toMatchObject({
      code: 'GIT_ERROR',
      message: expect.stringContaining('git refs migrate'),
    });
  });
});

describe('watching', () => {
  it('notices pushes, packing, and branches in directories that did not exist, and nothing else', async () => {
    await using repo = await createBareRepo();
    await using opened = await openSource({ location: repo.path, branch: 'team/prod' });
    await watching(opened.source, async (calls) => {
      const start = calls();
      await commitFiles(repo, { a: '1' }, 'first', { branch: 'team/prod' });
      await eventually('the first push', () => calls() === start + 1);

      await git(repo.path, 'pack-refs', '--all', '--prune');
      await commitFiles(repo, { x: '1' }, 'another branch', { branch: 'other' });
      await commitFiles(repo, { a: '2' }, 'second', { branch: 'team/prod' });
      await eventually('the second push', () => calls() >= start + 2);
      expect(calls()).toBe(start + 2);
    });
  });

  it('notices a checkout of another branch in a work tree', async () => {
    await using repo = await createWorkRepo();
    await commitFiles(repo, { a: '1' }, 'first');
    const other = await commitFiles(repo, { a: '2' }, 'other', { branch: 'other' });
    await checkout(repo);
    await using opened = await openSource({ location: repo.path });
    await watching(opened.source, async (calls) => {
      const start = calls();
      await git(repo.path, 'checkout', '--quiet', 'other');
      await eventually('the checkout', () => calls() > start);
      expect(await opened.source.resolve(signal)).toMatchObject({ commit: other, branch: 'other' });
    });
  });
});

describe('races', () => {
  it('lets one of two processes win and waits for a lock that is given back', async () => {
    await using repo = await createBareRepo();
    await using one = await openSource({ location: repo.path });
    await using two = await openSource({ location: repo.path });
    let head = await commitFiles(repo, { a: '0' }, 'first');
    for (let round = 1; round <= 10; round += 1) {
      const request = (name: string) => ({
        writes: [{ path: 'a', content: `${round} ${name}` }],
        message: name,
        author,
        expectedHead: head,
      });
      const results = await Promise.allSettled([
        one.source.commit(request('one'), signal),
        two.source.commit(request('two'), signal),
      ]);
      const won = results.filter((result) => result.status === 'fulfilled');
      expect(won).toHaveLength(1);
      head = won[0]?.value ?? '';
      expect(await git(repo.path, 'rev-parse', 'main')).toBe(head);
    }
    expect(await git(repo.path, 'rev-list', '--count', 'main')).toBe('11');
    await git(repo.path, 'fsck', '--strict');
  });

  it('names the lock that somebody left behind', async () => {
    await using repo = await createBareRepo();
    await using opened = await openSource({ location: repo.path });
    await commitFiles(repo, { a: '1' }, 'first');
    await writeFile(join(repo.path, 'refs/heads/main.lock'), '');

    await expect(commitOne(opened.source, 'a', '2')).rejects.toMatchObject({
      code: 'WRITE_CONFLICT',
      message: expect.stringContaining('main.lock'),
    });
    expect(existsSync(join(repo.path, 'refs/heads/main.lock'))).toBe(true);
  });

  it('takes away a lock that a killed writer has left long ago', async () => {
    await using repo = await createBareRepo();
    await commitFiles(repo, { a: '1' }, 'first');
    await using opened = await openSource({ location: repo.path });
    const eleven = new Date(Date.now() - 11 * 60_000);
    for (const name of ['refs/heads/main.lock', 'packed-refs.lock']) {
      await writeFile(join(repo.path, name), '');
      await utimes(join(repo.path, name), eleven, eleven);
    }
    const commit = await commitOne(opened.source, 'b', '2');
    expect(await git(repo.path, 'rev-parse', 'main')).toBe(commit);
    expect(existsSync(join(repo.path, 'refs/heads/main.lock'))).toBe(false);
  });
});

describe('the lock of a deployment tag', () => {
  const request = { name: 'deploy/shop/1', message: 'Deploy shop #1\n' };
  const lockOf = (path: string) => join(path, 'refs/tags/deploy/shop/1.lock');

  it.each([
    { when: 'another writer is at it', ageMs: 1_000, error: 'WRITE_CONFLICT' },
    { when: 'a killed process has left it some seconds ago', ageMs: 20_000, error: null },
  ])('$when', async ({ ageMs, error }) => {
    await using repo = await createBareRepo();
    const commit = await commitFiles(repo, { a: '1' }, 'first');
    await using opened = await openSource({ location: repo.path });
    await mkdir(join(repo.path, 'refs/tags/deploy/shop'), { recursive: true });
    await writeFile(lockOf(repo.path), '');
    const since = new Date(Date.now() - ageMs);
    await utimes(lockOf(repo.path), since, since);
    const tagging = opened.source.tag({ ...request, commit });
    await (error === null ? tagging : expect(tagging).rejects.toMatchObject({ code: error }));
    expect((await opened.source.tags('deploy/')).length).toBe(error === null ? 1 : 0);
  });
});

describe.runIf(process.getuid?.() === 0)('a repository of another user, read by root', () => {
  it('stays writable for its owner', async () => {
    await using repo = await createBareRepo();
    await using opened = await openSource({ location: repo.path });
    await commitFiles(repo, { a: '1' }, 'first');
    execFileSync('chown', ['-R', '12345:23456', repo.path]);

    const commit = await commitOne(opened.source, 'deep/b', 'new');
    await opened.source.tag({ name: 'deploy/web/1', commit, message: 'm' });

    const foreign = execFileSync('find', [repo.path, '!', '-user', '12345']).toString();
    expect(foreign).toBe('');
  });
});

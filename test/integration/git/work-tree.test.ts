import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout, commitFiles, createBareRepo, createWorkRepo, git } from '../../support/git/git-repo.ts';
import { createKombinator } from '../../../reconciler/index.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';
import { file, stack } from '../../support/reconciler-rig.ts';
import { commitOne, openSource, pathsOf } from '../../support/git/git-sources.ts';

const signal = new AbortController().signal;
const author = { name: 'Grace', email: 'grace@example.org' };

describe.each([{ gitCommand: 'git' }, { gitCommand: null }])('work tree, with $gitCommand', (how) => {
  it('is read as committed, and said to be dirty when it differs', async () => {
    await using repo = await createWorkRepo();
    await using opened = await openSource({ location: repo.path, ...how });
    const commit = await commitFiles(repo, { a: '1', '.gitignore': 'ignored\n' }, 'first');
    await checkout(repo);
    await writeFile(join(repo.path, 'ignored'), 'x');
    expect(await opened.source.resolve(signal)).toMatchObject({ commit, dirty: false });

    await writeFile(join(repo.path, 'a'), 'changed');
    expect(await opened.source.resolve(signal)).toMatchObject({ commit, dirty: true });
    await checkout(repo);
    await writeFile(join(repo.path, 'new'), 'x');
    expect(await opened.source.resolve(signal)).toMatchObject({ commit, dirty: true });
    expect(await pathsOf(opened.source)).toEqual(['.gitignore', 'a']);
  });

  it('follows a commit, so that the next commit of its user does not take it back', async () => {
    await using repo = await createWorkRepo();
    await using opened = await openSource({ location: repo.path, ...how });
    await commitFiles(repo, { 'dir/a': '1', 'gone/b': '1', mine: '1' }, 'first');
    await checkout(repo);
    await writeFile(join(repo.path, 'mine'), 'my work');
    const { commit: head } = await opened.source.resolve(signal);

    await opened.source.commit(
      {
        writes: [
          { path: 'dir/a', content: '2' },
          { path: 'gone/b', content: null },
          { path: 'deep/er/c', content: 'new' },
          { path: 'link', content: 'dir/a', type: 'symlink' },
        ],
        message: 'api',
        author,
        expectedHead: head,
      },
      signal,
    );

    expect(await git(repo.path, 'status', '--porcelain')).toBe('M mine');
    expect(await readFile(join(repo.path, 'deep/er/c'), 'utf8')).toBe('new');
    expect(await readlink(join(repo.path, 'link'))).toBe('dir/a');
    expect(existsSync(join(repo.path, 'gone'))).toBe(false);
    expect(existsSync(join(repo.path, '.git/index.lock'))).toBe(false);
  });

  it.each([
    { when: 'changed', break: (path: string) => writeFile(join(path, 'a'), 'my work') },
    { when: 'staged', break: (path: string) => stage(path, 'a') },
    { when: 'deleted', break: (path: string) => rm(join(path, 'a')) },
    { when: 'in the way of a new file', break: (path: string) => writeFile(join(path, 'new'), 'mine') },
    { when: 'ignored and in the way', break: (path: string) => writeFile(join(path, 'new'), 'mine') },
  ])('refuses to write over a file that is $when', async ({ when, break: damage }) => {
    await using repo = await createWorkRepo();
    await using opened = await openSource({ location: repo.path, ...how });
    const ignore = when.startsWith('ignored') ? 'new\n' : '';
    const head = await commitFiles(repo, { a: '1', '.gitignore': ignore }, 'first');
    await checkout(repo);
    await damage(repo.path);
    const path = when.includes('in the way') ? 'new' : 'a';

    const request = { writes: [{ path, content: 'api' }], message: 'api', author, expectedHead: head };
    await expect(opened.source.commit(request, signal)).rejects.toMatchObject({
      code: 'WRITE_CONFLICT',
      message: expect.stringContaining(path),
    });

    expect(await git(repo.path, 'rev-parse', 'main')).toBe(head);
    expect(existsSync(join(repo.path, '.git/index.lock'))).toBe(false);
  });
});

async function stage(path: string, name: string): Promise<void> {
  await writeFile(join(path, name), 'staged');
  await git(path, 'add', name);
  await writeFile(join(path, name), '1');
}

describe('work tree', () => {
  it('is never left through a symlink', async () => {
    await using repo = await createWorkRepo();
    await using opened = await openSource({ location: repo.path });
    const head = await commitFiles(repo, { 'dir/a': '1' }, 'first');
    await checkout(repo);
    const outside = join(repo.path, '..', 'outside');
    await mkdir(outside);
    await rm(join(repo.path, 'dir'), { recursive: true });
    await symlink(outside, join(repo.path, 'dir'));

    const request = { writes: [{ path: 'dir/b', content: 'x' }], message: 'api', author, expectedHead: head };
    await expect(opened.source.commit(request, signal)).rejects.toMatchObject({ code: 'WRITE_CONFLICT' });

    expect(existsSync(join(outside, 'b'))).toBe(false);
    expect(await git(repo.path, 'rev-parse', 'main')).toBe(head);
  });

  it('takes commits one after the other: none is told of a Git command that it is itself', async () => {
    await using repo = await createWorkRepo();
    await using opened = await openSource({ location: repo.path });
    const head = await commitFiles(repo, { a: '1' }, 'first');
    await checkout(repo);
    const commit = (content: string) =>
      opened.source.commit(
        { writes: [{ path: 'a', content }], message: content, author, expectedHead: head },
        signal,
      );

    const [first, second] = await Promise.allSettled([commit('one'), commit('two')]);

    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({
      reason: { code: 'WRITE_CONFLICT', message: expect.stringMatching(/^main has moved on to/) },
    });
    expect(await readFile(join(repo.path, 'a'), 'utf8')).toBe('one');
  });

  it('gives way to a Git command that is at work', async () => {
    await using repo = await createWorkRepo();
    await using opened = await openSource({ location: repo.path });
    await commitFiles(repo, { a: '1' }, 'first');
    await checkout(repo);
    await writeFile(join(repo.path, '.git/index.lock'), '');

    await expect(commitOne(opened.source, 'a', '2')).rejects.toMatchObject({
      code: 'WRITE_CONFLICT',
      message: expect.stringContaining('index.lock'),
    });
  });

  it('may be a linked one; every work tree on the branch follows', async () => {
    await using repo = await createWorkRepo();
    await commitFiles(repo, { a: '1' }, 'first');
    await commitFiles(repo, { a: '1' }, 'live', { branch: 'live' });
    await checkout(repo);
    const linked = join(repo.path, '..', 'linked');
    await git(repo.path, 'worktree', 'add', '--quiet', linked, 'live');
    await using onLinked = await openSource({ location: linked });
    await using onMain = await openSource({ location: repo.path, branch: 'live' });

    expect((await onLinked.source.resolve(signal)).branch).toBe('live');
    await commitOne(onLinked.source, 'a', '2');
    await commitOne(onMain.source, 'a', '3');

    expect(await readFile(join(linked, 'a'), 'utf8')).toBe('3');
    expect(await git(linked, 'status', '--porcelain')).toBe('');
    expect(await git(repo.path, 'status', '--porcelain')).toBe('');
  });

  it('can be read with a detached HEAD, as CI checks out, but not committed to', async () => {
    await using repo = await createWorkRepo();
    await using opened = await openSource({ location: repo.path });
    const commit = await commitFiles(repo, { a: '1' }, 'first');
    await git(repo.path, 'checkout', '--quiet', '--detach', commit);

    expect(await opened.source.resolve(signal)).toMatchObject({ commit, branch: 'HEAD' });
    await expect(commitOne(opened.source, 'a', '2')).rejects.toMatchObject({ code: 'GIT_ERROR' });
  });

  it('runs no program that the repository names', async () => {
    await using repo = await createWorkRepo();
    await using opened = await openSource({ location: repo.path });
    await commitFiles(repo, { a: '1' }, 'first');
    await checkout(repo);
    const trap = join(repo.path, '..', 'trap');
    await writeFile(trap, `#!/bin/sh\ntouch ${trap}.sprung\n`);
    await chmod(trap, 0o755);
    await git(repo.path, 'config', 'core.fsmonitor', trap);
    for (const hook of ['post-commit', 'reference-transaction', 'post-index-change']) {
      await mkdir(join(repo.path, '.git/hooks'), { recursive: true });
      await symlink(trap, join(repo.path, '.git/hooks', hook));
    }

    await opened.source.resolve(signal);
    await commitOne(opened.source, 'a', '2');

    expect(existsSync(`${trap}.sprung`)).toBe(false);
  });

  it('ignores the repository that a surrounding Git hook points at', async () => {
    await using repo = await createBareRepo();
    await using other = await createBareRepo();
    const commit = await commitFiles(repo, { a: '1' }, 'first');
    process.env['GIT_DIR'] = other.path;
    try {
      await using opened = await openSource({ location: repo.path });
      expect((await opened.source.resolve(signal)).commit).toBe(commit);
      expect(await pathsOf(opened.source)).toEqual(['a']);
    } finally {
      delete process.env['GIT_DIR'];
    }
  });
});

it('of something else is not made dirty by a state directory in it, whose key nobody commits by accident', async () => {
  await using repo = await createBareRepo();
  await commitFiles(repo, { [file('shop')]: stack('shop', { web: 'image: "web:1"' }) }, 'first');
  await using other = await createWorkRepo();
  await commitFiles(other, { a: '1' }, 'first');
  await checkout(other);
  const options = { repo: repo.path, stateDir: join(other.path, '.kombinator'), env: {} };
  await using kombinator = await createKombinator({ ...options, logger: createQuietLogger() });
  await kombinator.reconciler.refresh(signal);
  await writeFile(join(options.stateDir, 'admin.key'), 'x');

  expect(await git(other.path, 'status', '--porcelain')).toBe('');
});

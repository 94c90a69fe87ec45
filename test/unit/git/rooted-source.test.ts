import { describe, expect, it } from 'vitest';
import { createRootedSource } from '../../../reconciler/adapters/git/rooted-source.ts';
import {
  formatOrigin,
  formatRefFolder,
  placeOfOrigin,
  readRoot,
} from '../../../reconciler/model/git/source-root.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';

const signal = new AbortController().signal;
const author = { name: 'Grace', email: 'grace@example.org' };

describe('a root', () => {
  it.each([
    ['', ''],
    ['.', ''],
    ['deploy/home', 'deploy/home'],
    ['./deploy//home/', 'deploy/home'],
    ['a b/ü', 'a b/ü'],
  ])('is read from "%s" as "%s"', (written, root) => expect(readRoot(written)).toBe(root));

  it.each(['/deploy', '../other', 'a/../b', '.git/hooks', 'a/.GIT', 'a\nb', 'x'.repeat(1_001)])(
    'is refused as %j',
    (written) => expect(() => readRoot(written)).toThrow('is no directory of a repository'),
  );

  it.each([
    ['', ''],
    ['deploy/home', '@deploy+home/'],
    ['deploy+home', '@deploy%2Bhome/'],
    ['a b/ü.lock', '@a%20b+%C3%BC%2Elock/'],
    ['a~^:?*[\\..@{', '@a%7E%5E%3A%3F%2A%5B%5C%2E%2E%40%7B/'],
  ])('%j is a name of Git as %s', (root, folder) => expect(formatRefFolder(root)).toBe(folder));

  it('is said with the branch', () => {
    expect(formatOrigin({ branch: 'main', root: '' })).toBe('main');
    expect(formatOrigin({ branch: 'main', root: 'a/b' })).toBe('main:a/b');
    expect(formatOrigin({ branch: 'main', root: 'a/b', name: 'shop' })).toBe('//shop/main:a/b');
    expect(['main', 'main:a/b', 'main:a:b', null].map(placeOfOrigin)).toEqual([
      {},
      { root: 'a/b' },
      { root: 'a:b' },
      {},
    ]);
    expect(['//shop/main', '//shop/team/main:a//b'].map(placeOfOrigin)).toEqual([
      { source: 'shop' },
      { source: 'shop', root: 'a//b' },
    ]);
  });
});

describe('a source with a root', () => {
  const listed = async (source: ReturnType<typeof createRootedSource>, from: string | null, to: string) =>
    (await source.diffWithModules(from, to, signal)).map(({ path }) => path);

  it('has no part in what lies elsewhere, also where names begin alike', async () => {
    const repository = createMemorySource();
    const source = createRootedSource(repository, 'home');
    const first = repository.push({ 'home/a': '1', 'homestead/b': '1', 'x/home/c': '1', 'README.md': '1' });
    const second = repository.push({ 'homestead/b': '2', 'x/home/c': '2', 'README.md': null });

    expect(await listed(source, null, first)).toEqual(['a']);
    expect(await listed(source, first, second)).toEqual([]);
  });

  it.each([
    ['is not there', { 'README.md': '1' }, 'there is no directory deploy/home on main'],
    ['is a file', { 'deploy/home': '1' }, 'deploy/home is a file'],
    ['is below a file', { deploy: '1' }, 'deploy is a file'],
  ])('describes nothing where the directory %s', async (_, files, message) => {
    const repository = createMemorySource();
    const source = createRootedSource(repository, 'deploy/home');
    const commit = repository.push(files);
    const failure = { code: 'EMPTY_REPOSITORY', message: expect.stringContaining(message) };

    await expect(source.diffWithModules(null, commit, signal)).rejects.toMatchObject(failure);
    // Old commits may well lack it.
    expect(await source.diff(null, commit, signal)).toEqual([]);
  });

  it('tells a symlink in the place of the directory', async () => {
    const repository = createMemorySource();
    const source = createRootedSource(repository, 'home');
    const commit = repository.pushWrites([
      { path: 'home', content: 'other', type: 'symlink' },
      { path: 'other/a', content: '1' },
    ]);

    await expect(source.diffWithModules(null, commit, signal)).rejects.toThrow('home is a symlink');
  });

  it('refuses a commit that takes the directory away, and not one that leaves something in it', async () => {
    const repository = createMemorySource();
    const source = createRootedSource(repository, 'home');
    const first = repository.push({ 'home/a': '1', 'home/b': '1', 'other/c': '1' });
    const second = repository.push({ 'home/a': null });
    const third = repository.push({ 'home/b': null });

    expect(await listed(source, first, second)).toEqual(['a']);
    await expect(listed(source, second, third)).rejects.toMatchObject({ code: 'EMPTY_REPOSITORY' });
  });

  it('writes below the directory alone', async () => {
    const repository = createMemorySource();
    const source = createRootedSource(repository, 'deploy/home');
    const head = repository.push({ 'deploy/home/a': '1', a: '1' });
    const request = { message: 'm', author, expectedHead: head };

    const commit = await source.commit({ ...request, writes: [{ path: 'a', content: '2' }] }, signal);

    const changes = await repository.diff(head, commit, signal);
    expect(changes.map(({ path }) => path)).toEqual(['deploy/home/a']);
    const outside = { ...request, expectedHead: commit, writes: [{ path: '../../b', content: '2' }] };
    await expect(source.commit(outside, signal)).rejects.toMatchObject({ code: 'GIT_ERROR' });
  });

  it('tells conflicts elsewhere, which keep a merge from being made as well', async () => {
    const repository = createMemorySource();
    const source = createRootedSource(repository, 'home');
    const fork = repository.push({ 'home/a': '1', README: '1' });
    const base = repository.push({ README: '2' });
    const clean = repository.commitBeside(fork, { 'home/a': '2', other: '1' });
    const torn = repository.commitBeside(fork, { 'home/a': '2', README: '3' });
    const ref = 'refs/pull/1/head';

    const merged = await source.tryMerge({ base, head: clean, ref }, signal);
    expect(merged.changes.map(({ path }) => path)).toEqual(['a']);
    expect(await source.tryMerge({ base, head: torn, ref }, signal)).toEqual({
      changes: [],
      conflicts: ['../README'],
    });
  });
});

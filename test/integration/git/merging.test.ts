import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commitFiles, createWorkRepo, git } from '../../support/git/git-repo.ts';
import { openSource } from '../../support/git/git-sources.ts';

const signal = new AbortController().signal;
const REF = 'refs/heads/proposal';
const lines = (first: string, last: string) => `${first}\n${'-\n'.repeat(20)}${last}\n`;

/** Merges that git leaves behind would be found by the next run as well. */
async function places(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('kombinator-merge-'));
}

it('a merge of both sides has contents of its own, runs no program that the repository names, and writes nothing there', async () => {
  await using repo = await createWorkRepo();
  const ran = join(repo.path, '..', 'ran');
  await git(repo.path, 'config', 'merge.evil.driver', `touch ${ran}`);
  await git(repo.path, 'config', 'merge.default', 'evil');
  await git(repo.path, 'config', 'merge.renormalize', 'true');
  await git(repo.path, 'config', 'filter.evil.clean', `touch ${ran}`);
  const fork = await commitFiles(repo, { 'd/a': lines('1', '1'), plain: '1' }, 'first');
  const attributes = '* merge=evil filter=evil diff=evil\n';
  const proposed = { 'd/a': lines('2', '1'), '.gitattributes': attributes, 'd/new': 'n' };
  const head = await commitFiles(repo, proposed, 'proposed', { branch: 'proposal', parent: fork });
  const base = await commitFiles(repo, { 'd/a': lines('1', '2') }, 'meanwhile', { parent: fork });
  await using opened = await openSource({ location: repo.path });
  const { source } = opened;
  await source.resolve(signal);
  const objects = await git(repo.path, 'count-objects', '-v');

  const { changes, conflicts, contents } = await source.tryMerge({ base, head, ref: REF }, signal);

  expect(conflicts).toEqual([]);
  expect(changes.map(({ path }) => path)).toEqual(['.gitattributes', 'd/a', 'd/new']);
  const blob = changes.find(({ path }) => path === 'd/a')?.after?.blob ?? '';
  expect(Buffer.from(contents?.get(blob) ?? '').toString()).toBe(lines('2', '2'));
  expect(contents?.size).toBe(1);
  expect(existsSync(ran)).toBe(false);
  expect(await git(repo.path, 'count-objects', '-v')).toBe(objects);
  expect(await places()).toEqual([]);
});

it('what a merge makes is told to be too large where nobody would read it', async () => {
  await using repo = await createWorkRepo();
  const large = (first: string, last: string) =>
    `${first}\n${`${'-'.repeat(1_000)}\n`.repeat(17_000)}${last}\n`;
  const fork = await commitFiles(repo, { a: large('1', '1') }, 'first');
  const head = await commitFiles(repo, { a: large('2', '1') }, 'proposed', {
    branch: 'proposal',
    parent: fork,
  });
  const base = await commitFiles(repo, { a: large('1', '2') }, 'meanwhile', { parent: fork });
  await using opened = await openSource({ location: repo.path });

  const { changes, contents } = await opened.source.tryMerge({ base, head, ref: REF }, signal);

  expect(changes.map(({ path }) => path)).toEqual(['a']);
  expect([...(contents?.values() ?? [])]).toEqual([null]);
});

it('histories that cross are merged, and submodules and symlinks are told as what they are', async () => {
  await using repo = await createWorkRepo();
  const first = await commitFiles(repo, { a: lines('1', '1') }, 'first');
  const left = await commitFiles(repo, { a: lines('2', '1') }, 'left', { parent: first });
  const right = await commitFiles(repo, { a: lines('1', '2') }, 'right', {
    branch: 'proposal',
    parent: first,
  });
  const tree = await git(repo.path, 'merge-tree', '--write-tree', left, right);
  const join = (one: string, two: string) =>
    git(repo.path, 'commit-tree', tree, '-p', one, '-p', two, '-m', 'crossed');
  const [base, crossed] = [await join(left, right), await join(right, left)];
  await git(repo.path, 'update-ref', 'refs/heads/main', base);
  const files = {
    link: { mode: '120000', content: '/etc/passwd' },
    module: { submodule: first },
  } as const;
  const head = await commitFiles(repo, files, 'proposed', { branch: 'proposal', parent: crossed });
  await using opened = await openSource({ location: repo.path });

  const { changes, conflicts } = await opened.source.tryMerge({ base, head, ref: REF }, signal);

  expect(conflicts).toEqual([]);
  expect(changes.map(({ path, after }) => [path, after?.type])).toEqual([
    ['link', 'symlink'],
    ['module', 'submodule'],
  ]);
});

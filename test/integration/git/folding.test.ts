import { expect, it } from 'vitest';
import type { Source } from '../../../reconciler/ports/source.ts';
import { commitFiles, createBareRepo, git } from '../../support/git/git-repo.ts';
import type { GitServerFault } from '../../support/git/git-server.ts';
import { startGitServer } from '../../support/git/git-server.ts';
import { createHastyClock, openSource } from '../../support/git/git-sources.ts';

const signal = new AbortController().signal;
const NUMBERS = Array.from({ length: 12 }, (_, index) => index + 1);
const FOLD = { keep: 2, above: 5, except: [] };

async function deploy(source: Source, numbers: readonly number[], job = 'job'): Promise<void> {
  const { commit } = await source.resolve(signal);
  for (const number of numbers)
    await source.tag({
      name: `deploy/web/${number}`,
      commit,
      message: `Deploy web #${number}\n\nJob: ${job}_${number}`,
    });
}

const push = (source: Source, numbers: readonly number[]) =>
  source.pushTags(
    numbers.map((number) => `deploy/web/${number}`),
    signal,
  );

const numbersOf = async (source: Source) =>
  (await source.tags('deploy/web/')).map(({ name }) => Number(name.split('/').at(-1))).sort((a, b) => a - b);

const refsAt = async (path: string) =>
  (await git(path, 'for-each-ref', '--format=%(refname)', 'refs/tags', 'refs/kombinator')).split('\n').sort();

const AFTER = ['refs/kombinator/history/web', 'refs/tags/deploy/web/11', 'refs/tags/deploy/web/12'];

/** A remote whose pushes are in trouble as listed, one after the other. */
async function createRemote() {
  const repo = await createBareRepo();
  await commitFiles(repo, { a: '1' }, 'first');
  const faults: (GitServerFault | null)[] = [];
  const server = await startGitServer({
    repository: repo.path,
    fault: ({ url }) => (url?.includes('git-receive-pack') === true ? (faults.shift() ?? null) : null),
  });
  const clock = createHastyClock();
  const open = (cacheDir?: string) =>
    openSource({ location: server.url, clock, ...(cacheDir === undefined ? {} : { cacheDir }) });
  return {
    repo,
    server,
    faults,
    open,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await repo[Symbol.asyncDispose]();
    },
  };
}

it('leaves few tags at the remote, and whoever fetches has all of them', async () => {
  await using remote = await createRemote();
  await using one = await remote.open();
  await deploy(one.source, NUMBERS);
  await push(one.source, NUMBERS);

  expect([...(await one.source.foldTags(FOLD, signal))]).toEqual([]);

  expect(await refsAt(remote.repo.path)).toEqual(AFTER);
  await git(remote.repo.path, 'fsck', '--strict');
  await git(remote.repo.path, 'gc', '--prune=now', '--quiet');
  await using other = await remote.open();
  await other.source.resolve(signal);
  expect(await numbersOf(other.source)).toEqual(NUMBERS);
  expect((await other.source.tags('deploy/web/3'))[0]?.message).toBe('Deploy web #3\n\nJob: job_3');
});

it('keeps the commits of folded deployments, also when the branch has lost them', async () => {
  await using remote = await createRemote();
  await using one = await remote.open();
  await deploy(one.source, NUMBERS);
  await push(one.source, NUMBERS);
  const deployed = (await one.source.lookup('deploy/web/1')).commit;
  await one.source.foldTags({ ...FOLD, keep: 0 }, signal);
  await commitFiles(remote.repo, { b: '1' }, 'forced', { parent: null });
  await git(remote.repo.path, 'gc', '--prune=now', '--quiet');

  await using other = await remote.open();
  await other.source.resolve(signal);

  expect((await other.source.lookup('deploy/web/1')).commit).toBe(deployed);
});

it.each([
  { when: 'before the history is there', faults: ['reset'] as const },
  { when: 'when the history is there, and the answer is lost', faults: ['lost'] as const },
  { when: 'before the refs are gone', faults: [null, 'reset'] as const },
  { when: 'when the refs are gone, and the answer is lost', faults: [null, 'lost'] as const },
])('loses nothing when it ends $when, and goes on from there', async ({ faults }) => {
  await using remote = await createRemote();
  await using one = await remote.open();
  await deploy(one.source, NUMBERS);
  await push(one.source, NUMBERS);
  remote.faults.push(...faults);

  await one.source.foldTags(FOLD, signal).catch(() => undefined);

  await using other = await remote.open();
  await other.source.resolve(signal);
  expect(await numbersOf(other.source)).toEqual(NUMBERS);
  expect(await numbersOf(one.source)).toEqual(NUMBERS);
  // Another process on the same state directory.
  await using next = await remote.open(one.cacheDir);
  await next.source.resolve(signal);
  expect([...(await next.source.foldTags(FOLD, signal))]).toEqual([]);
  expect(await refsAt(remote.repo.path)).toEqual(AFTER);
  expect(await numbersOf(next.source)).toEqual(NUMBERS);
});

it('is left to the next time where somebody else folds, and both have all', async () => {
  await using remote = await createRemote();
  await using one = await remote.open();
  await deploy(one.source, NUMBERS);
  await push(one.source, NUMBERS);
  await using two = await remote.open();
  await two.source.resolve(signal);
  await one.source.foldTags({ ...FOLD, keep: 6 }, signal);

  expect([...(await two.source.foldTags(FOLD, signal)).keys()]).toEqual(['refs/kombinator/history/web']);
  await two.source.resolve(signal);
  expect([...(await two.source.foldTags(FOLD, signal))]).toEqual([]);

  expect(await refsAt(remote.repo.path)).toEqual(AFTER);
  for (const { source } of [one, two]) {
    await source.resolve(signal);
    expect(await numbersOf(source)).toEqual(NUMBERS);
  }
});

it('gives no number twice that somebody else has folded', async () => {
  await using remote = await createRemote();
  await using late = await remote.open();
  await late.source.resolve(signal);
  await using one = await remote.open();
  await deploy(one.source, NUMBERS);
  await push(one.source, NUMBERS);
  await one.source.foldTags(FOLD, signal);
  await deploy(late.source, [1], 'late');

  expect((await push(late.source, [1])).taken).toEqual(['deploy/web/1']);

  await late.source.resolve(signal);
  expect((await late.source.tags('deploy/web/1'))[0]?.message).toContain('Job: job_1');
  await deploy(late.source, [13], 'late');
  expect((await push(late.source, [13])).taken).toEqual([]);
  expect(await numbersOf(late.source)).toEqual([...NUMBERS, 13]);
});

it('says what the remote refuses, and leaves those tags as they are', async () => {
  await using remote = await createRemote();
  await using one = await remote.open();
  await deploy(one.source, NUMBERS);
  await push(one.source, NUMBERS);
  await git(remote.repo.path, 'config', 'transfer.hideRefs', 'refs/kombinator');

  expect([...(await one.source.foldTags(FOLD, signal))]).toEqual([
    ['refs/kombinator/history/web', expect.stringContaining('hidden') as string],
  ]);

  expect((await refsAt(remote.repo.path)).filter((ref) => ref.includes('tags'))).toHaveLength(12);
  expect(await numbersOf(one.source)).toEqual(NUMBERS);
});

it('folds packed tags of a repository on this machine, and leaves those of people', async () => {
  await using repo = await createBareRepo();
  const commit = await commitFiles(repo, { a: '1' }, 'first');
  await using opened = await openSource({ location: repo.path });
  await deploy(opened.source, NUMBERS);
  await git(repo.path, 'tag', '-a', '-m', 'by hand', 'deploy/web/13', commit);
  await git(repo.path, 'tag', 'deploy/web/14', commit);
  await git(repo.path, 'pack-refs', '--all');
  await git(repo.path, 'tag', '-f', '-a', '-m', 'by hand', 'deploy/web/2', commit);

  await opened.source.foldTags({ keep: 1, above: 5, except: ['deploy/web/4'] }, signal);

  expect(await refsAt(repo.path)).toEqual([
    'refs/kombinator/history/web',
    'refs/tags/deploy/web/13',
    'refs/tags/deploy/web/14',
    'refs/tags/deploy/web/2',
    'refs/tags/deploy/web/4',
  ]);
  expect(await numbersOf(opened.source)).toEqual([...NUMBERS, 13, 14]);
  await git(repo.path, 'fsck', '--strict');
});

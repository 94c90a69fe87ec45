import { expect, it } from 'vitest';
import { commitFiles, createBareRepo, git } from '../../support/git/git-repo.ts';
import { startGitServer } from '../../support/git/git-server.ts';
import { openSource } from '../../support/git/git-sources.ts';
import type { MemorySource } from '../../support/memory/memory-source.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';

const SIGNAL = new AbortController().signal;
const ANN = { name: 'Ann', email: 'ann@example.org' };
const web = (root: string, round: number) => ({
  [`${root}${file('shop')}`]: stack('shop', {
    web: `image: "nginx:1.29", environment: { ROUND: "${round}" }`,
  }),
});

// Everything that reads deployments reads those that are folded.
it.each([
  { of: 'a repository', root: '', folder: '' },
  { of: 'a directory', root: 'deploy/home', folder: '@deploy+home/' },
])(
  'history, rollback, comparisons and numbers of $of go on over folded deployments',
  async ({ root, folder }) => {
    const start = root === '' ? '' : `${root}/`;
    const reading = { folding: null, ...(root !== '' && { root }) };
    await using repo = await createBareRepo();
    await using server = await startGitServer({ repository: repo.path });
    await using opened = await openSource({ location: server.url });
    await using rig = createRig({ source: opened.source as unknown as MemorySource, ...reading });
    const revisions: string[] = [];
    for (let round = 1; round <= 5; round += 1) {
      revisions.push(await commitFiles(repo, web(start, round), `round ${round}`));
      await rig.apply('shop');
    }
    const before = await rig.reconciler.history('shop');
    expect(before.map(({ number, revision }) => [number, revision])).toEqual(
      revisions.map((revision, index) => [index + 1, revision]),
    );
    const compare = () =>
      rig.reconciler
        .compareDeployments({ stack: 'shop', from: 1, to: 5 }, SIGNAL)
        .then(({ commits }) => commits);
    const compared = await compare();

    await opened.source.foldTags({ keep: 1, above: 2, except: [] }, SIGNAL);

    expect(await git(repo.path, 'tag', '--list')).toBe(`deploy/${folder}shop/5`);
    expect(await rig.reconciler.history('shop')).toEqual(before);
    expect(await compare()).toEqual(compared);
    await using fresh = await openSource({ location: server.url });
    await using next = createRig({ source: fresh.source as unknown as MemorySource, ...reading });
    await next.reconciler.rollback('shop', 2, ANN, SIGNAL);
    await next.apply('shop');
    const after = await next.reconciler.history('shop');
    expect(after.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await git(repo.path, 'show', `main:${start}${file('shop')}`)).toContain('ROUND: "2"');

    await fresh.source.foldTags({ keep: 0, above: 0, except: [] }, SIGNAL);
    expect(await git(repo.path, 'tag', '--list')).toBe('');
    await commitFiles(repo, web(start, 7), 'round 7');
    await next.apply('shop');
    expect(await git(repo.path, 'tag', '--list')).toBe(`deploy/${folder}shop/7`);
  },
);

import { expect, it } from 'vitest';
import type { SourceHarness } from './source-harness.ts';
import { file, NOWHERE, paths, signal } from './source-harness.ts';

const author = { name: 'Eve', email: 'eve@example.org' };

/** Describes merges that are only tried: what is proposed beside the branch, and what becomes of the branch by it. */
export function describeMerges(setup: () => Promise<SourceHarness>): void {
  const propose = async ({ source }: SourceHarness, base: string, writes: ReturnType<typeof file>[]) => {
    const branch = 'feature/one';
    const { commit } = await source.propose({ branch, base, writes, message: 'Propose', author }, signal);
    return { head: commit, ref: `refs/heads/${branch}` };
  };

  it('tells what a merge would change, and leaves the branch where it is', async () => {
    await using harness = await setup();
    const { source } = harness;
    const fork = await harness.push([file('a', '1'), file('b', '1'), file('gone', '1')], 'first');
    await source.resolve(signal);
    const proposed = await propose(harness, fork, [file('a', '2'), file('new', 'n'), file('gone', null)]);
    const base = await harness.push([file('b', '2')], 'meanwhile');
    await source.resolve(signal);

    const { changes, conflicts } = await source.tryMerge({ base, ...proposed }, signal);

    expect(conflicts).toEqual([]);
    expect(paths(changes)).toEqual(['~ a', '- gone', '+ new']);
    const blob = changes.find(({ path }) => path === 'a')?.after?.blob ?? '';
    expect(Buffer.from(await source.readBlob(blob)).toString()).toBe('2');
    expect((await source.resolve(signal)).commit).toBe(base);
  });

  it('changes nothing by what is there already', async () => {
    await using harness = await setup();
    const { source } = harness;
    const fork = await harness.push([file('a', '1')], 'first');
    await source.resolve(signal);
    const proposed = await propose(harness, fork, [file('a', '2')]);
    const base = await harness.push([file('a', '2')], 'the same');
    await source.resolve(signal);

    expect(await source.tryMerge({ base, ...proposed }, signal)).toMatchObject({
      changes: [],
      conflicts: [],
    });
  });

  it('names what both sides have changed', async () => {
    await using harness = await setup();
    const { source } = harness;
    const fork = await harness.push([file('a b.yaml', '1'), file('b', '1'), file('c', '1')], 'first');
    await source.resolve(signal);
    const proposed = await propose(harness, fork, [file('a b.yaml', '2'), file('b', null), file('c', '2')]);
    const base = await harness.push([file('a b.yaml', '3'), file('b', '3')], 'meanwhile');
    await source.resolve(signal);

    expect(await source.tryMerge({ base, ...proposed }, signal)).toEqual({
      changes: [],
      conflicts: ['a b.yaml', 'b'],
    });
  });

  it('refuses commits that are not there', async () => {
    await using harness = await setup();
    const { source } = harness;
    const base = await harness.push([file('a', '1')], 'first');
    await source.resolve(signal);
    const proposed = await propose(harness, base, [file('a', '2')]);

    const request = { base: NOWHERE, ...proposed };
    await expect(source.tryMerge(request, signal)).rejects.toMatchObject({ code: 'GIT_ERROR' });
  });
}

import { expect, it } from 'vitest';
import type { ProposalRequest, Source } from '../../reconciler/ports/source.ts';
import type { SourceHarness } from './source-harness.ts';
import { file, paths, readAt, signal } from './source-harness.ts';

const author = { name: 'Grace', email: 'grace@example.org' };

export function describeWriting(setup: () => Promise<SourceHarness>): void {
  it('commits new, changed and deleted files and leaves the rest alone', async () => {
    await using harness = await setup();
    const { source } = harness;
    await harness.push([file('keep', 'k'), file('dir/edit', '1'), file('dir/sub/gone', '1')], 'start');
    const { commit: head } = await source.resolve(signal);

    const commit = await source.commit(
      {
        writes: [file('dir/edit', '2'), file('dir/sub/gone', null), file('new/deep/file', 'ü')],
        message: 'Change things\n\nbecause',
        author,
        expectedHead: head,
      },
      signal,
    );

    expect(await source.resolve(signal)).toMatchObject({
      commit,
      author,
      subject: 'Change things',
      dirty: false,
    });
    expect(paths(await source.diff(head, commit, signal))).toEqual([
      '~ dir/edit',
      '- dir/sub/gone',
      '+ new/deep/file',
    ]);
    expect(await readAt(source, commit, 'new/deep/file')).toBe('ü');
    expect(await readAt(source, commit, 'keep')).toBe('k');
  });

  it('makes the first commit of a repository that has none, once', async () => {
    await using harness = await setup();
    const { source } = harness;
    await expect(source.resolve(signal)).rejects.toMatchObject({ code: 'BRANCH_NOT_FOUND' });
    const request = { writes: [file('dir/a', '1')], message: 'first', author, expectedHead: null };

    const commit = await source.commit(request, signal);

    expect(await source.resolve(signal)).toMatchObject({ commit, author, subject: 'first' });
    expect(paths(await source.diff(null, commit, signal))).toEqual(['+ dir/a']);
    await expect(source.commit(request, signal)).rejects.toMatchObject({ code: 'WRITE_CONFLICT' });
  });

  it('writes executables and symlinks when asked to, and keeps the type of what is there', async () => {
    await using harness = await setup();
    const { source } = harness;
    await harness.push([{ path: 'run', content: '1', type: 'executable' }], 'start');
    const { commit: head } = await source.resolve(signal);

    const commit = await source.commit(
      {
        writes: [file('run', '2'), { path: 'link', content: 'run', type: 'symlink' }],
        message: 'types',
        author,
        expectedHead: head,
      },
      signal,
    );

    const types = (await source.diff(null, commit, signal)).map(({ path, after }) => [path, after?.type]);
    expect(types).toEqual([
      ['link', 'symlink'],
      ['run', 'executable'],
    ]);
  });

  it('refuses a commit that was decided on an older state, and changes nothing', async () => {
    await using harness = await setup();
    const { source } = harness;
    const old = await harness.push([file('a', '1')], 'first');
    await source.resolve(signal);
    const newest = await harness.push([file('a', '2')], 'second');

    const request = { writes: [file('a', 'mine')], message: 'late', author, expectedHead: old };
    await expect(source.commit(request, signal)).rejects.toMatchObject({ code: 'WRITE_CONFLICT' });

    expect((await source.resolve(signal)).commit).toBe(newest);
  });

  it('lets exactly one of many writers win', async () => {
    await using harness = await setup();
    const { source } = harness;
    const head = await harness.push([file('a', '1')], 'first');
    await source.resolve(signal);

    const results = await Promise.allSettled(
      Array.from({ length: 6 }, (_, index) =>
        source.commit(
          { writes: [file(`writer-${index}`, 'x')], message: `writer ${index}`, author, expectedHead: head },
          signal,
        ),
      ),
    );

    const won = results.filter((result) => result.status === 'fulfilled');
    const lost = results.filter((result) => result.status === 'rejected');
    expect(won).toHaveLength(1);
    expect(lost.map(({ reason }) => reason.code)).toEqual(lost.map(() => 'WRITE_CONFLICT'));
    expect((await source.resolve(signal)).commit).toBe(won[0]?.value);
  });

  it('refuses to write outside the repository, into .git or through a file', async () => {
    await using harness = await setup();
    const { source } = harness;
    const head = await harness.push([file('file', '1')], 'first');
    await source.resolve(signal);
    const bad = ['../out', '/etc/passwd', 'a/../b', '.git/config', 'sub/.GIT/x', 'a//b', '', 'file/below'];

    for (const path of bad) {
      const request = { writes: [file(path, 'x')], message: 'bad', author, expectedHead: head };
      await expect(source.commit(request, signal), path).rejects.toMatchObject({ code: 'GIT_ERROR' });
    }

    expect((await source.resolve(signal)).commit).toBe(head);
  });

  it('refuses to delete a file that is not there', async () => {
    await using harness = await setup();
    const head = await harness.push([file('a', '1')], 'first');
    await harness.source.resolve(signal);

    const request = { writes: [file('b', null)], message: 'gone', author, expectedHead: head };
    await expect(harness.source.commit(request, signal)).rejects.toMatchObject({ code: 'WRITE_CONFLICT' });
  });

  it('can empty the repository and fill it again', async () => {
    await using harness = await setup();
    const { source } = harness;
    const first = await harness.push([file('dir/a', '1')], 'first');
    await source.resolve(signal);
    const write = (content: string | null, expectedHead: string): Promise<string> =>
      source.commit({ writes: [file('dir/a', content)], message: 'x', author, expectedHead }, signal);

    const empty = await write(null, first);
    expect(await source.diff(null, empty, signal)).toEqual([]);
    const filled = await write('2', empty);

    expect(paths(await source.diff(first, filled, signal))).toEqual(['~ dir/a']);
  });
}

export function describeProposals(setup: () => Promise<SourceHarness>): void {
  const propose = (source: Source, base: string, content: string, more: Partial<ProposalRequest> = {}) =>
    source.propose(
      { branch: 'drift/web', base, writes: [file('a', content)], message: 'Propose', author, ...more },
      signal,
    );

  it('puts a proposal on a branch of its own, once, and replaces it', async () => {
    await using harness = await setup();
    const { source } = harness;
    const head = await harness.push([file('a', '1'), file('b', '1')], 'first');
    await source.resolve(signal);

    const first = await propose(source, head, '2');
    const again = await propose(source, head, '2');
    const other = await propose(source, head, '3');
    const told = await propose(source, head, '3', { message: 'Propose it again' });

    expect([first.isNew, again.isNew, other.isNew, told.isNew]).toEqual([true, false, true, true]);
    expect(again.commit).toBe(first.commit);
    expect((await source.resolve(signal)).commit).toBe(head);
    expect(paths(await source.diff(head, told.commit, signal))).toEqual(['~ a']);
    expect(await readAt(source, told.commit, 'a')).toBe('3');
  });

  it('does not propose the same again because the branch has moved on elsewhere', async () => {
    await using harness = await setup();
    const { source } = harness;
    const head = await harness.push([file('a', '1')], 'first');
    await source.resolve(signal);
    const first = await propose(source, head, '2');
    const moved = await harness.push([file('b', '1')], 'second');
    await source.resolve(signal);

    expect(await propose(source, moved, '2')).toEqual({ commit: first.commit, isNew: false });
    expect((await propose(source, moved, '3')).isNew).toBe(true);
  });

  it('leaves a branch alone that somebody else has committed on', async () => {
    await using harness = await setup();
    const { source } = harness;
    const head = await harness.push([file('a', '1')], 'first');
    await source.resolve(signal);
    await propose(source, head, '2', { author: { name: 'Ada', email: 'ada@example.org' } });

    await expect(propose(source, head, '3')).rejects.toMatchObject({ code: 'WRITE_CONFLICT' });
  });
}

export function describeTags(setup: () => Promise<SourceHarness>): void {
  it('tags commits and lists tags by prefix, sorted by name', async () => {
    await using harness = await setup();
    const { source } = harness;
    const commit = await harness.push([file('a', '1')], 'first');
    await source.resolve(signal);
    for (const name of ['deploy/web/2', 'deploy/web/1', 'deploy/web-2/1', 'deploy/db/1']) {
      await source.tag({ name, commit, message: `Deploy ${name}\n\njob: job_1\n` });
    }

    const tags = await source.tags('deploy/web/');

    expect(tags.map(({ name }) => name)).toEqual(['deploy/web/1', 'deploy/web/2']);
    expect(tags[0]).toMatchObject({ commit, message: 'Deploy deploy/web/1\n\njob: job_1' });
    expect(Math.abs(Date.parse(tags[0]?.time ?? '') - Date.now())).toBeLessThan(60_000);
    expect((await source.tags('deploy/web')).map(({ name }) => name)).toEqual([
      'deploy/web-2/1',
      'deploy/web/1',
      'deploy/web/2',
    ]);
    expect(await source.tags('deploy/none/')).toEqual([]);
  });

  it('never moves a tag', async () => {
    await using harness = await setup();
    const { source } = harness;
    const first = await harness.push([file('a', '1')], 'first');
    const second = await harness.push([file('a', '2')], 'second');
    await source.resolve(signal);
    await source.tag({ name: 'deploy/web/1', commit: first, message: 'one' });

    const again = source.tag({ name: 'deploy/web/1', commit: second, message: 'two' });
    await expect(again).rejects.toMatchObject({ code: 'WRITE_CONFLICT' });

    expect((await source.tags('deploy/web/')).map(({ commit }) => commit)).toEqual([first]);
  });

  it('has no room for a tag below whose name there is another one', async () => {
    await using harness = await setup();
    const { source } = harness;
    const commit = await harness.push([file('a', '1')], 'first');
    await source.resolve(signal);
    await source.tag({ name: 'deploy/web/1/old', commit, message: 'one' });

    const above = source.tag({ name: 'deploy/web/1', commit, message: 'two' });
    await expect(above).rejects.toMatchObject({ code: 'WRITE_CONFLICT' });
  });

  it('pushes tags as often as asked', async () => {
    await using harness = await setup();
    const { source } = harness;
    const commit = await harness.push([file('a', '1')], 'first');
    await source.resolve(signal);
    await source.tag({ name: 'deploy/web/1', commit, message: 'one' });
    await source.tag({ name: 'deploy/web/2', commit, message: 'two' });

    await source.pushTags(['deploy/web/1'], signal);
    await source.pushTags(['deploy/web/1', 'deploy/web/2'], signal);
    await source.pushTags([], signal);

    expect(await source.tags('deploy/')).toHaveLength(2);
  });

  it('moves and deletes a tag of somebody who knows where it is', async () => {
    await using harness = await setup();
    const { source } = harness;
    const first = await harness.push([file('a', '1')], 'first');
    const second = await harness.push([file('a', '2')], 'second');
    await source.resolve(signal);
    const name = 'web-v1.2.3-prod';
    const on = async () => (await source.tags('web-v')).map(({ commit, message }) => [commit, message]);

    await source.moveTag({ name, commit: first, message: 'one' }, null, signal);
    await source.moveTag({ name, commit: second, message: 'two' }, first, signal);
    expect(await on()).toEqual([[second, 'two']]);
    const late = [
      () => source.moveTag({ name, commit: first, message: 'three' }, first, signal),
      () => source.moveTag({ name, commit: first, message: 'three' }, null, signal),
      () => source.deleteTag(name, first, signal),
      () => source.deleteTag('web-v9.9.9-prod', first, signal),
    ];
    for (const attempt of late) await expect(attempt()).rejects.toMatchObject({ code: 'WRITE_CONFLICT' });
    await source.resolve(signal);
    expect(await on()).toEqual([[second, 'two']]);

    await source.deleteTag(name, second, signal);
    expect(await on()).toEqual([]);
    await source.resolve(signal);
    expect(await on()).toEqual([]);
    await source.moveTag({ name, commit: first, message: 'again' }, null, signal);
    expect(await on()).toEqual([[first, 'again']]);
  });
}

export function describeFolding(setup: () => Promise<SourceHarness>): void {
  const deploy = (source: Source, stack: string, number: number, commit: string): Promise<void> =>
    source.tag({
      name: `deploy/${stack}/${number}`,
      commit,
      message: `Deploy ${stack} #${number}\n\nJob: job_${stack}_${number}\n`,
    });
  const told = async (source: Source) =>
    (await source.tags('deploy/')).map(({ name, commit, message }) => ({ name, commit, message }));

  it('folds tags of a stack that has many, and knows of them as before', async () => {
    await using harness = await setup();
    const { source } = harness;
    const commits = [
      await harness.push([file('a', '1')], 'first'),
      await harness.push([file('a', '2')], 'second'),
    ];
    await source.resolve(signal);
    for (let number = 1; number <= 12; number += 1)
      await deploy(source, 'web', number, commits[number % 2] ?? '');
    for (let number = 1; number <= 3; number += 1) await deploy(source, 'db', number, commits[0] ?? '');
    const names = (await source.tags('deploy/')).map(({ name }) => name);
    await source.pushTags(names, signal);
    const before = await told(source);

    const fold = () => source.foldTags({ keep: 2, above: 5, except: ['deploy/web/3'] }, signal);
    expect([...(await fold())]).toEqual([]);
    expect(await told(source)).toEqual(before);
    expect([...(await fold())]).toEqual([]);
    await source.resolve(signal);

    expect(await told(source)).toEqual(before);
    expect((await source.tags('deploy/web/1')).map(({ name }) => name)).toEqual([
      'deploy/web/1',
      'deploy/web/10',
      'deploy/web/11',
      'deploy/web/12',
    ]);
    expect((await source.lookup('deploy/web/5')).commit).toBe(commits[1]);
    await expect(deploy(source, 'web', 5, commits[0] ?? '')).rejects.toMatchObject({
      code: 'WRITE_CONFLICT',
    });
    expect(await told(source)).toEqual(before);
  });

  it('folds what has come since to what is folded', async () => {
    await using harness = await setup();
    const { source } = harness;
    const commit = await harness.push([file('a', '1')], 'first');
    await source.resolve(signal);
    for (let number = 1; number <= 130; number += 1) {
      await deploy(source, 'web', number, commit);
      if (number % 65 !== 0) continue;
      const all = (await source.tags('deploy/')).map(({ name }) => name);
      await source.pushTags(all, signal);
      await source.foldTags({ keep: 1, above: 10, except: [] }, signal);
    }

    const numbers = (await source.tags('deploy/web/')).map(({ name }) => Number(name.split('/').at(-1)));

    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 130 }, (_, index) => index + 1));
  });
}

import { describe, expect, it } from 'vitest';
import { eventually } from '../support/git/git-sources.ts';
import type { SourceHarness } from './source-harness.ts';
import { file, NOWHERE, paths, readAt, signal } from './source-harness.ts';
import { describeMerges } from './source-merging.ts';
import { describeFolding, describeProposals, describeTags, describeWriting } from './source-writing.ts';

/** Describes what every config repository must do, in memory or real. */
export function describeSourceContract(name: string, setup: () => Promise<SourceHarness>): void {
  describe(`source contract: ${name}`, () => {
    describeReading(setup);
    describeWriting(setup);
    describeTags(setup);
    describeFolding(setup);
    describeProposals(setup);
    describeMerges(setup);
    describeWatching(setup);
  });
}

function describeReading(setup: () => Promise<SourceHarness>): void {
  it('has no revision before the first commit', async () => {
    await using harness = await setup();

    await expect(harness.source.resolve(signal)).rejects.toMatchObject({ code: 'BRANCH_NOT_FOUND' });
  });

  it('resolves to the newest commit of the branch, whoever made it', async () => {
    await using harness = await setup();
    const { source } = harness;
    const first = await harness.push([file('a.yaml', '1')], 'first\n\nwith a body');
    expect(await source.resolve(signal)).toMatchObject({
      commit: first,
      branch: 'main',
      subject: 'first',
      author: { name: 'Ada', email: 'ada@example.org' },
      dirty: false,
    });

    const second = await harness.push([file('a.yaml', '2')], 'second');

    const revision = await source.resolve(signal);
    expect(revision.commit).toBe(second);
    expect(new Date(revision.time).toISOString()).toBe(revision.time);
    expect(source.branch).toBe('main');
  });

  it('lists every file with its type, sorted by path', async () => {
    await using harness = await setup();
    const commit = await harness.push(
      [
        file('z.yaml', 'z'),
        file('a/b/c.yaml', 'c'),
        file('a.yaml', 'a'),
        { path: 'bin/run', content: '#!/bin/sh\n', type: 'executable' },
        { path: 'link', content: '../outside', type: 'symlink' },
      ],
      'files',
    );
    await harness.source.resolve(signal);

    const changes = await harness.source.diff(null, commit, signal);
    expect(await harness.source.diffWithModules(null, commit, signal)).toEqual(changes);
    expect(harness.source.isIncomplete(commit)).toBe(false);

    expect(changes.map(({ path, before, after }) => [path, before, after?.type])).toEqual([
      ['a.yaml', null, 'file'],
      ['a/b/c.yaml', null, 'file'],
      ['bin/run', null, 'executable'],
      ['link', null, 'symlink'],
      ['z.yaml', null, 'file'],
    ]);
    expect(await readAt(harness.source, commit, 'link')).toBe('../outside');
  });

  it('reports only what differs between two commits, in both directions', async () => {
    await using harness = await setup();
    const { source } = harness;
    const one = await harness.push(
      [file('keep/x', 'x'), file('edit/y', 'y'), file('gone/z', 'z'), file('turn', 't'), file('mode', 'm')],
      'one',
    );
    await harness.push([file('turn', null)], 'between');
    const two = await harness.push(
      [
        file('edit/y', 'Y'),
        file('gone/z', null),
        file('turn/into', 'directory'),
        file('new/n', 'n'),
        { path: 'mode', content: 'm', type: 'executable' },
      ],
      'two',
    );
    await source.resolve(signal);

    expect(paths(await source.diff(one, two, signal))).toEqual([
      '~ edit/y',
      '- gone/z',
      '~ mode',
      '+ new/n',
      '- turn',
      '+ turn/into',
    ]);
    expect(paths(await source.diff(two, one, signal))).toEqual([
      '~ edit/y',
      '+ gone/z',
      '~ mode',
      '- new/n',
      '+ turn',
      '- turn/into',
    ]);
    expect(await source.diff(two, two, signal)).toEqual([]);
  });

  it('keeps spaces, quotes and letters of any script in paths', async () => {
    await using harness = await setup();
    const names = ['a b/c d.yaml', 'quote"d.yaml', 'tab\tbed.yaml', 'ünïcode/日本.yaml', '🚢.yaml'];
    const commit = await harness.push(
      names.map((name) => file(name, name)),
      'names',
    );
    await harness.source.resolve(signal);

    const listed = (await harness.source.diff(null, commit, signal)).map(({ path }) => path);

    expect([...listed].sort()).toEqual([...names].sort());
    expect(await readAt(harness.source, commit, 'ünïcode/日本.yaml')).toBe('ünïcode/日本.yaml');
  });

  it('reads contents as bytes and refuses unknown ones', async () => {
    await using harness = await setup();
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256);
    const commit = await harness.push([{ path: 'data.bin', content: bytes }, file('empty', '')], 'bytes');
    await harness.source.resolve(signal);
    const changes = await harness.source.diff(null, commit, signal);

    const contents = await Promise.all(
      changes.map(({ after }) => harness.source.readBlob(after?.blob ?? '')),
    );

    expect(contents.map((content) => Buffer.from(content).toString('hex'))).toEqual([
      Buffer.from(bytes).toString('hex'),
      '',
    ]);
    await expect(harness.source.readBlob(NOWHERE)).rejects.toMatchObject({ code: 'GIT_ERROR' });
  });

  it.each([3, 200])('streams %i contents and leaves out those that are too large', async (count) => {
    await using harness = await setup();
    const writes = Array.from({ length: count }, (_, index) => file(`f${index}`, `content ${index}`));
    const commit = await harness.push([...writes, file('large', 'x'.repeat(5000))], 'many');
    await harness.source.resolve(signal);
    const changes = await harness.source.diff(null, commit, signal);
    const blobs = new Map(changes.map(({ path, after }) => [after?.blob ?? '', path]));

    const read = new Map<string, string | number>();
    for await (const { blob, size, content } of harness.source.readBlobs([...blobs.keys()], 4096, signal)) {
      read.set(blobs.get(blob) ?? '', content === null ? size : Buffer.from(content).toString());
    }

    expect(read.size).toBe(count + 1);
    expect(read.get('large')).toBe(5000);
    expect(read.get(`f${count - 1}`)).toBe(`content ${count - 1}`);
  });

  it('looks commits up by branch, tag, id and start of an id', async () => {
    await using harness = await setup();
    const { source } = harness;
    const first = await harness.push([file('a', '1')], 'first');
    const second = await harness.push([file('a', '2')], 'second');
    await source.resolve(signal);
    await source.tag({ name: 'deploy/web/1', commit: first, message: 'one' });

    const found = await Promise.all(
      ['main', 'deploy/web/1', first, first.slice(0, 12)].map((reference) => source.lookup(reference)),
    );

    expect(found.map(({ commit }) => commit)).toEqual([second, first, first, first]);
    for (const unknown of ['nowhere', NOWHERE, 'deploy/web', '../HEAD', '']) {
      await expect(source.lookup(unknown), unknown).rejects.toMatchObject({ code: 'GIT_ERROR' });
    }
  });

  it('knows which commit comes after which', async () => {
    await using harness = await setup();
    const first = await harness.push([file('a', '1')], 'first');
    const second = await harness.push([file('a', '2')], 'second');
    const third = await harness.push([file('a', '3')], 'third');
    await harness.source.resolve(signal);

    expect(await harness.source.comesAfter(third, first)).toBe(true);
    expect(await harness.source.comesAfter(second, second)).toBe(true);
    expect(await harness.source.comesAfter(first, second)).toBe(false);
    expect(await harness.source.comesAfter(third, NOWHERE)).toBe(false);
  });

  it('lists the commits between two, the newest first', async () => {
    await using harness = await setup();
    const first = await harness.push([file('a', '1')], 'first');
    const second = await harness.push([file('a', '2')], 'second');
    const third = await harness.push([file('a', '3')], 'third\n\nbecause');
    await harness.source.resolve(signal);

    const between = async (earlier: string, later: string, limit = 9) =>
      (await harness.source.between(earlier, later, limit)).map(({ commit, subject, parent }) => [
        commit,
        subject,
        parent,
      ]);
    expect(await between(first, third)).toEqual([
      [third, 'third', second],
      [second, 'second', first],
    ]);
    expect(await between(first, third, 1)).toEqual([[third, 'third', second]]);
    expect(await between(third, first)).toEqual([]);
    expect(await between(second, second)).toEqual([]);
  });

  it('knows which commits it contains', async () => {
    await using harness = await setup();
    const commit = await harness.push([file('a', '1')], 'first');
    await harness.source.resolve(signal);

    expect(await harness.source.contains(commit)).toBe(true);
    expect(await harness.source.contains(NOWHERE)).toBe(false);
  });

  it('stops with the reason of an aborted signal', async () => {
    await using harness = await setup();
    const commit = await harness.push([file('a', '1')], 'first');
    const aborted = AbortSignal.abort(new Error('enough'));

    await expect(harness.source.resolve(aborted)).rejects.toThrow('enough');
    await expect(harness.source.diff(null, commit, aborted)).rejects.toThrow('enough');
  });
}

function describeWatching(setup: () => Promise<SourceHarness>): void {
  it('calls back when watching begins and after every push, until the signal aborts', async () => {
    await using harness = await setup();
    await harness.push([file('a', '1')], 'first');
    const controller = new AbortController();
    const seen: string[] = [];
    let calls = 0;
    const read = async (): Promise<void> => {
      // One read at a time; calls that come meanwhile lead to one more.
      for (let known = -1; known !== calls && !controller.signal.aborted;) {
        known = calls;
        const revision = await harness.source.resolve(signal).catch(() => null);
        if (revision !== null) seen.push(revision.commit);
      }
    };
    const reads: Promise<void>[] = [];
    let busy = false;
    const watching = harness.source.watch(() => {
      calls += 1;
      if (busy) return;
      busy = true;
      reads.push(read().finally(() => (busy = false)));
    }, controller.signal);
    await eventually('the first call', () => seen.length > 0);

    for (const content of ['2', '3']) {
      const commit = await harness.push([file('a', content)], `push ${content}`);
      await eventually(`a call after push ${content}`, () => seen.at(-1) === commit);
    }

    controller.abort();
    await watching;
    await Promise.all(reads);
  });
}

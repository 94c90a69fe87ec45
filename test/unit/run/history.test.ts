import { describe, expect, it } from 'vitest';
import { inOrder } from '../../../reconciler/run/record/history.ts';
import { ownChanges } from '../../../reconciler/run/write/rollback-files.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';
import type { Rig } from '../../support/reconciler-rig.ts';

const SIGNAL = new AbortController().signal;
const ANN = { name: 'Ann', email: 'ann@example.org' };
const GOOD = { [file('shop')]: stack('shop', { web: 'image: "nginx:1.28"' }) };
const FINE = { [file('shop')]: stack('shop', { web: 'image: "nginx:1.29"' }) };
const BROKEN = {
  [file('shop')]: stack('shop', { web: 'image: "nginx:1.29", healthcheck: { test: ["CMD", "false"] }' }),
};

function imageOf(rig: Rig): unknown {
  return rig.engine().control.find('shop', container('web'))?.spec['image'];
}

async function subjects(rig: Rig): Promise<string> {
  return (await rig.source.resolve(SIGNAL)).subject;
}

describe('the history of a stack', () => {
  it('tells of each deployment who, what, how long and how it ended', async () => {
    await using rig = createRig();
    const first = rig.source.push(GOOD);
    await rig.apply('shop');
    const second = rig.source.push(BROKEN, 'Break it', { name: 'Bob', email: 'bob@example.org' });
    await rig.apply('shop', { actor: ANN });
    const history = await rig.reconciler.history('shop');
    expect(history).toMatchObject([
      { number: 1, tag: 'deploy/shop/1', revision: first, author: 'Ada', result: 'deployed', trigger: 'cli' },
      { number: null, tag: null, revision: second, author: 'Ann', result: 'failed' },
    ]);
    expect(history[1]?.message).toContain('local/container/web');
    for (const { durationMs, summary, jobId } of history) {
      expect(durationMs).toBeGreaterThanOrEqual(0);
      expect(summary).toMatch(/^Plan: /);
      expect(jobId).toMatch(/^job_/);
    }
  });

  it('keeps what tags hold when the state directory is lost', async () => {
    await using rig = createRig();
    rig.source.push(GOOD);
    await rig.apply('shop');
    rig.source.push(BROKEN);
    await rig.apply('shop');
    const [before] = await rig.reconciler.history('shop');
    await using next = await rig.restart();
    const after = await next.reconciler.history('shop');
    expect(after).toHaveLength(1);
    const { time: _, durationMs, ...rest } = before ?? { time: '', durationMs: 0 };
    expect(after[0]).toMatchObject(rest);
    // The tag is made a moment before the job ends.
    expect(after[0]?.durationMs).toBeLessThanOrEqual(durationMs ?? 0);
  });
});

describe('the order of a history', () => {
  const entry = (number: number | null, seconds: number) => ({
    number,
    time: new Date(seconds * 1_000).toISOString(),
  });

  it.each([
    { when: 'by time', failed: [entry(null, 2)], deployed: [entry(1, 1), entry(2, 3)], want: [1, null, 2] },
    {
      when: 'by number, where a tag only knows the second in which its job still ends',
      failed: [],
      deployed: [entry(2, 7), entry(1, 7.9)],
      want: [1, 2],
    },
    {
      when: 'what failed before what was deployed at the same time',
      failed: [entry(null, 7)],
      deployed: [entry(1, 7)],
      want: [null, 1],
    },
  ])('is $when', ({ failed, deployed, want }) => {
    expect(inOrder(failed, deployed).map(({ number }) => number)).toEqual(want);
  });
});

describe('a rollback', () => {
  it('after a bad push that was put back by itself is a deployment with a tag of its own', async () => {
    await using rig = createRig();
    rig.source.push(GOOD);
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.source.push(BROKEN);
    await rig.reaches('shop', 'failed');
    await rig.reconciler.rollback('shop', 1, ANN, SIGNAL);
    await rig.reaches('shop', 'in_sync');
    await rig.ended('shop', 3);
    expect(imageOf(rig)).toBe('nginx:1.28');
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1', 'deploy/shop/2']);
    const rows = (await rig.reconciler.history('shop')).map(
      ({ result, number, author }) => `${result} ${number} ${author}`,
    );
    // A machine that is slow to roll back sees the bad push fail once more.
    expect([...new Set(rows)]).toEqual(['deployed 1 Ada', 'failed null Ada', 'deployed 2 Ann']);
    expect(await subjects(rig)).toBe('Roll shop back from deployment 1 to deployment 1');
  });

  it('after a bad push that was deployed tells from which to which', async () => {
    await using rig = createRig();
    rig.source.push(GOOD);
    await rig.apply('shop');
    rig.source.push(FINE);
    await rig.apply('shop');
    await rig.reconciler.rollback('shop', 1, ANN, SIGNAL);
    expect(await subjects(rig)).toBe('Roll shop back from deployment 2 to deployment 1');
    await rig.apply('shop');
    expect(imageOf(rig)).toBe('nginx:1.28');
    expect(await rig.tags('shop')).toHaveLength(3);
  });

  it('makes no commit when nothing differs', async () => {
    await using rig = createRig();
    const commit = rig.source.push(GOOD);
    await rig.apply('shop');
    await expect(rig.reconciler.rollback('shop', 1, ANN, SIGNAL)).rejects.toMatchObject({
      message: 'the files of shop are already as in deployment 1',
    });
    expect((await rig.source.resolve(SIGNAL)).commit).toBe(commit);
  });

  it('reads the branch first, and loses a race against a push with a conflict', async () => {
    const source = createMemorySource();
    await using rig = createRig({ source });
    source.push(GOOD);
    await rig.apply('shop');
    source.push(FINE);
    await rig.apply('shop');
    source.push({ 'README.md': 'Notes.' });
    await rig.reconciler.rollback('shop', 1, ANN, SIGNAL);
    await rig.apply('shop');
    source.push(FINE);
    await rig.apply('shop');
    const { diff } = source;
    Object.assign(source, {
      diff: (...args: Parameters<typeof diff>) => {
        if (args[0] === null) source.push({ 'README.md': 'Faster.' });
        return diff(...args);
      },
    });
    await expect(rig.reconciler.rollback('shop', 1, ANN, SIGNAL)).rejects.toMatchObject({
      code: 'WRITE_CONFLICT',
    });
  });

  it('brings a stack back that was deleted, or moved, since', async () => {
    await using rig = createRig();
    rig.source.push({
      ...GOOD,
      'kombinations/blog/kombination.yaml': stack('blog', { web: 'image: "nginx:1.28"' }),
    });
    await rig.apply('shop');
    rig.source.push({ [file('shop')]: null, 'apps/kombination.yaml': FINE[file('shop')] ?? '' });
    await rig.apply('shop');
    await rig.reconciler.rollback('shop', 1, ANN, SIGNAL);
    expect(rig.reconciler.getStack('shop').file).toBe(file('shop'));
    rig.source.push({ [file('shop')]: null });
    await rig.reconciler.refresh(SIGNAL);
    await rig.reconciler.rollback('shop', 2, ANN, SIGNAL);
    expect(rig.reconciler.getStack('shop')).toMatchObject({ file: 'apps/kombination.yaml', diagnostics: [] });
  });

  it('names every file that it changed', async () => {
    await using rig = createRig();
    const config = 'kombinations/shop/app.conf';
    rig.source.push({ ...GOOD, [config]: 'one' });
    await rig.apply('shop');
    rig.source.push({ ...FINE, [config]: 'two' });
    await rig.apply('shop');
    const { files } = await rig.reconciler.rollback('shop', 1, ANN, SIGNAL);
    expect(files).toEqual([config, file('shop')]);
  });

  it('is refused to a removal, which the history shows as such', async () => {
    await using rig = createRig();
    rig.source.push({ ...GOOD, [file('blog')]: stack('blog', { web: 'image: "nginx:1.28"' }) });
    await rig.apply('shop');
    await rig.apply('shop', { mode: 'destroy', confirm: true });
    rig.source.push({ [file('shop')]: FINE[file('shop')] ?? '' });
    await rig.apply('shop');
    const commit = (await rig.source.resolve(SIGNAL)).commit;
    await expect(rig.reconciler.rollback('shop', 2, ANN, SIGNAL)).rejects.toMatchObject({
      code: 'BAD_OPTIONS',
      message: expect.stringMatching(
        /^deployment 2 of shop .* one of 1, 3; .* kombinator destroy --stack shop$/,
      ),
    });
    expect((await rig.source.resolve(SIGNAL)).commit).toBe(commit);
    const history = await rig.reconciler.history('shop');
    expect(history.map(({ result, trigger }) => [result, trigger])).toEqual([
      ['deployed', 'cli'],
      ['removed', 'cli'],
      ['deployed', 'cli'],
    ]);
    const [, removal] = await rig.source.tags('deploy/shop/');
    expect(removal?.message).toMatch(/^Remove shop #2\n/);
  });

  it('is refused to a deployment whose revision does not describe the stack', async () => {
    await using rig = createRig();
    const commit = rig.source.push({ [file('blog')]: stack('blog', { web: 'image: "nginx:1.28"' }) });
    const message = `Deploy shop #1\n\nDesired: d\nFile: ${file('shop')}\n`;
    await rig.source.tag({ name: 'deploy/shop/1', commit, message });
    rig.source.push(GOOD);
    await rig.reconciler.refresh(SIGNAL);
    await expect(rig.reconciler.rollback('shop', 1, ANN, SIGNAL)).rejects.toMatchObject({
      code: 'BAD_OPTIONS',
    });
    expect(rig.reconciler.getStack('shop').file).toBe(file('shop'));
  });

  it('leaves alone what others use, too', async () => {
    await using rig = createRig();
    rig.source.push({ ...GOOD, 'nodes/pve.yaml': 'connection: { host: 10.0.0.1 }\n' });
    await rig.apply('shop');
    rig.source.push({ ...FINE, 'nodes/pve.yaml': 'connection: { host: 10.0.0.2 }\n' });
    await rig.apply('shop');
    await rig.reconciler.rollback('shop', 1, ANN, SIGNAL);
    const worker = rig.reconciler.listWorkers().find(({ name }) => name === 'pve');
    expect(worker?.address).toBe('ssh://root@10.0.0.2:22');
  });
});

describe('the files of a stack that a rollback puts back', () => {
  const entry = { type: 'file', blob: 'b' } as const;
  const own = (files: readonly string[], present: readonly string[], changed: readonly string[]) =>
    ownChanges({
      files,
      present,
      changes: changed.map((path) => ({ path, before: entry, after: null })),
    }).map(({ path }) => path);

  it.each([
    {
      when: 'beside and below',
      files: ['a/kombination.yaml'],
      want: ['a/x', 'a/b/x'],
      not: ['b/x', 'ab/x', 'x'],
    },
    {
      when: 'not of a stack below it',
      files: ['a/kombination.yaml'],
      present: ['a/b/kombination.yaml'],
      want: ['a/x'],
      not: ['a/b/x', 'a/b/kombination.yaml'],
    },
    {
      when: 'not of a stack above it',
      files: ['a/b/kombination.yaml'],
      present: ['a/kombination.yaml'],
      want: ['a/b/x'],
      not: ['a/x', 'a/kombination.yaml'],
    },
    {
      when: 'at the root, alone',
      files: ['kombination.yaml'],
      want: ['x'],
      not: ['nodes/a.yaml', 'kombinator.yaml'],
    },
    {
      when: 'at the root, with others',
      files: ['kombination.yaml'],
      present: ['a/kombination.yaml'],
      want: ['kombination.yaml'],
      not: ['x', 'a/x'],
    },
  ])('$when', ({ files, present = [], want, not }) => {
    expect(own(files, present, [...want, ...not])).toEqual(want);
  });
});

it.each(['alert', 'propose'])(
  'a rollback is deployed although drift is only to be reported (%s)',
  async (drift) => {
    const described = (services: Readonly<Record<string, string>>) => ({
      [file('shop')]: stack('shop', services, `policy: { drift: ${drift} }\n`),
    });
    const good = { web: 'image: "nginx:1.28"', db: 'image: "nginx:1.28"' };
    await using rig = createRig();
    rig.source.push(described(good));
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const bad = {
      web: 'image: "nginx:1.29"',
      db: 'image: "nginx:1.29", healthcheck: { test: ["CMD", "false"] }',
    };
    rig.source.push(described(bad));
    await rig.reaches('shop', 'failed');
    expect(imageOf(rig)).toBe('nginx:1.29');
    await rig.reconciler.rollback('shop', 1, ANN, SIGNAL);
    await rig.reaches('shop', 'in_sync');
    expect(imageOf(rig)).toBe('nginx:1.28');
    expect(await rig.tags('shop')).toHaveLength(2);
  },
);

it('the removal of a stack of which nothing is there leaves no tag, whatever had been begun before', async () => {
  await using rig = createRig();
  rig.source.push(GOOD);
  await rig.apply('shop');
  await rig.apply('shop', { mode: 'destroy', confirm: true });
  const before = rig.store.getStack('shop');
  if (before === undefined) throw new Error('the stack is remembered');
  rig.store.saveStack({ ...before, untagged: true });
  const { job } = await rig.apply('shop', { mode: 'destroy', confirm: true });
  expect(job).toMatchObject({ status: 'completed', tag: null });
  expect(await rig.tags('shop')).toEqual(['deploy/shop/1', 'deploy/shop/2']);
});

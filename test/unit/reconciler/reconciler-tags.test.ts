import { describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { eventually } from '../../support/eventually.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import type { MemorySource } from '../../support/memory/memory-source.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import type { Rig } from '../../support/reconciler-rig.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';

const web = (image: string) => ({ [file('shop')]: stack('shop', { web: `image: "${image}"` }) });
const AWAY = new ReconcilerError('REPOSITORY_NOT_FOUND', 'the repository is away', { retryable: true });

/** A repository in which no tag can be made until it is mended. */
function createUntaggable(refusal = AWAY) {
  const source = createMemorySource();
  const { tag } = source;
  source.tag = () => Promise.reject(refusal);
  return { source, mend: () => void (source.tag = tag) };
}

async function tagged(rig: Rig, count: number) {
  const tags = await eventually(
    () => rig.tags('shop'),
    (names) => names.length >= count,
    4_000,
  );
  return (await rig.source.tags('deploy/shop/')).filter(({ name }) => tags.includes(name));
}

const commits = async (source: MemorySource) =>
  (await source.tags('deploy/shop/')).map(({ name, commit }) => `${name} ${commit}`);

describe('a deployment that cannot be tagged', () => {
  it('is tagged as soon as that is possible, and says so until then', async () => {
    const { source, mend } = createUntaggable();
    await using rig = createRig({ source });
    const commit = source.push(web('nginx:1.29'));
    await rig.reconciler.start();
    const view = await rig.reaches('shop', 'in_sync');
    expect(view.message).toBe('deployed, but not tagged yet: the repository is away');
    expect(rig.reconciler.tagError()).toBe('the repository is away');
    const [job] = rig.jobs('shop');
    expect(job).toMatchObject({ status: 'completed', tag: null });
    expect(await rig.reconciler.history('shop')).toMatchObject([
      {
        number: null,
        tag: null,
        revision: commit,
        result: 'deployed',
        message: expect.stringContaining('away'),
      },
    ]);
    mend();
    expect(await tagged(rig, 1)).toMatchObject([{ name: 'deploy/shop/1', commit }]);
    const after = await eventually(
      () => rig.reconciler.getJob(job?.id ?? ''),
      (detail) => detail.logs.some(({ message }) => message === 'tagged deploy/shop/1'),
      4_000,
    );
    expect(after.job.tag).toBe('deploy/shop/1');
    expect(rig.reconciler.getStack('shop')).toMatchObject({ message: null, deployment: { number: 1 } });
    expect(rig.reconciler.tagError()).toBeNull();
    expect(await rig.reconciler.history('shop')).toMatchObject([{ number: 1, jobId: job?.id }]);
  });

  it('is tagged by the next process', async () => {
    const { source, mend } = createUntaggable();
    const store = createSqliteStore({ path: ':memory:', clock: createFastClock() });
    const rig = createRig({ source, store });
    const commit = source.push(web('nginx:1.29'));
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    mend();
    await using next = await rig.restart({ store });
    await next.reconciler.start();
    expect(await tagged(next, 1)).toMatchObject([{ name: 'deploy/shop/1', commit }]);
  });

  it('is tagged before the one that comes after it', async () => {
    const { source, mend } = createUntaggable();
    await using rig = createRig({ source });
    const first = source.push(web('nginx:1.28'));
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const second = source.push(web('nginx:1.29'));
    await rig.ended('shop', 2);
    mend();
    await tagged(rig, 2);
    expect(await commits(source)).toEqual([`deploy/shop/1 ${first}`, `deploy/shop/2 ${second}`]);
  });

  it('is tagged once its commit comes back: a repository that stands in its place for a while has none of them', async () => {
    const { source, mend } = createUntaggable(new ReconcilerError('GIT_ERROR', 'there is no such commit'));
    const { contains } = source;
    source.contains = async () => false;
    await using rig = createRig({ source });
    const commit = source.push(web('nginx:1.29'));
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    expect(rig.reconciler.tagError()).toBe('there is no such commit');
    source.contains = contains;
    mend();
    expect(await tagged(rig, 1)).toMatchObject([{ name: 'deploy/shop/1', commit }]);
  });

  it('is given up when its commit is gone, and holds up none that come after it', async () => {
    const { source, mend } = createUntaggable();
    await using rig = createRig({ source });
    const first = source.push(web('nginx:1.28'));
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const second = source.push(web('nginx:1.29'));
    await rig.ended('shop', 2);
    source.forget(first);
    mend();
    await tagged(rig, 1);
    expect(await commits(source)).toEqual([`deploy/shop/1 ${second}`]);
    expect(rig.logger.lines.map(({ message }) => message)).toContain(
      'a deployment cannot be tagged any more',
    );
  });
});

describe('what runs is what the newest tag names', () => {
  it('where a broken half of a push was taken back', async () => {
    await using rig = createRig();
    const push = (good: string, bad: string, check: string) =>
      rig.source.push({
        [file('shop')]: stack('shop', {
          good: `image: "${good}"`,
          bad: `image: "${bad}", healthcheck: { test: ["CMD", "${check}"] }`,
        }),
      });
    push('nginx:1.28', 'nginx:1.28', 'true');
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    push('nginx:1.29', 'nginx:1.29', 'false');
    await rig.reaches('shop', 'failed');
    const commit = push('nginx:1.29', 'nginx:1.28', 'true');
    await rig.reaches('shop', 'in_sync');
    expect((await tagged(rig, 2)).at(-1)).toMatchObject({ name: 'deploy/shop/2', commit });
  });

  it('not where a push that changed nothing was taken back', async () => {
    await using rig = createRig();
    rig.source.push(web('nginx:1.29'));
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.source.push({
      [file('shop')]: stack('shop', { web: 'image: "nginx:1.28", healthcheck: { test: ["CMD", "false"] }' }),
    });
    await rig.reaches('shop', 'failed');
    rig.source.push(web('nginx:1.29'));
    await rig.reaches('shop', 'in_sync');
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1']);
  });

  it('where the store was lost before the tag could be made', async () => {
    const { source, mend } = createUntaggable();
    const rig = createRig({ source });
    const commit = source.push(web('nginx:1.29'));
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    mend();
    const next = await rig.restart();
    await next.reconciler.start();
    expect(await tagged(next, 1)).toMatchObject([{ name: 'deploy/shop/1', commit }]);
    await using last = await next.restart();
    await last.reconciler.start();
    await last.reaches('shop', 'in_sync');
    expect(await last.tags('shop')).toEqual(['deploy/shop/1']);
  });

  it('where the process died with all done but the last hooks', async () => {
    const store = createSqliteStore({ path: ':memory:', clock: createFastClock() });
    const rig = createRig({ store });
    rig.source.push(web('nginx:1.29'));
    const { job } = await rig.apply('shop');
    const record = store.getStack('shop');
    if (record === undefined) throw new Error('the stack is remembered');
    store.saveJob({ ...job, status: 'running', endedAt: null });
    store.saveStack({ ...record, untagged: true });
    store.closeInterrupted('2026-01-01T00:00:00.000Z');
    await using next = await rig.restart({ store });
    await next.reconciler.start();
    await next.ended('shop', 2);
    await next.reaches('shop', 'in_sync');
    expect(await next.tags('shop')).toEqual(['deploy/shop/1']);
    expect(store.getStack('shop')).toMatchObject({ untagged: false, pendingTags: [] });
  });
});

describe('a removal whose last answer is lost', () => {
  it('is tagged once it is seen that nothing is left', async () => {
    await using rig = createRig();
    const target = rig.engine();
    const { apply } = target;
    let lost = 0;
    target.apply = async (change, context) => {
      const made = await apply(change, context);
      if (context.stack !== 'shop' || change.change.action !== 'delete') return made;
      lost += 1;
      throw new ReconcilerError('TARGET_UNREACHABLE', 'it did not answer in time', { retryable: true });
    };
    rig.source.push({
      ...web('nginx:1.29'),
      [file('other')]: stack('other', { web: 'image: "nginx:1.29"' }),
    });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const commit = rig.source.push({ [file('shop')]: null });
    expect(await tagged(rig, 2)).toMatchObject([
      { name: 'deploy/shop/1' },
      { name: 'deploy/shop/2', commit },
    ]);
    expect(lost).toBeGreaterThan(0);
    await rig.gone('shop');
  });
});

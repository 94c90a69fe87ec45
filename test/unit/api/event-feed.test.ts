import { describe, expect, it } from 'vitest';
import type { FeedItem, FeedType } from '../../../api/operations/live/event-feed.ts';
import { createEventFeed, FEED_TYPES } from '../../../api/operations/live/event-feed.ts';
import { createPaced } from '../../../api/operations/live/paced.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import type { ReconcilerEvent, StackRow } from '../../../reconciler/index.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';
import { buildJob } from '../../support/records.ts';

describe('the feed of events', () => {
  it('keeps of a stack only how it stands last', async () => {
    const { emit, follow } = rig({ stackEveryMs: 1 });
    await follow().take(1);
    const first = follow();
    await first.take(1);
    emit({ type: 'stack', stack: 'shop', state: 'pending' });
    const [seen] = await first.take(1);
    emit({ type: 'stack', stack: 'shop', state: 'applying' });
    emit({ type: 'stack', stack: 'shop', state: 'in_sync' });
    const [last] = await first.take(1);
    expect([seen?.place.sequence, last?.place.sequence]).toEqual([1, 2]);
    const late = follow(`${last?.place.epoch}-0`);
    expect((await late.take(2)).map(({ place }) => place.sequence)).toEqual([0, 2]);
  });

  it('tells of a stack with the beginning and the end of its jobs, not with their progress', async () => {
    const { emit, follow } = rig({ stackEveryMs: 1 });
    const reader = follow(undefined, ['stack']);
    await reader.take(1);
    const job = buildJob(1, { stack: 'shop', status: 'running', endedAt: null });
    emit({ type: 'job', job });
    await reader.take(1);
    for (const progress of [10, 20]) emit({ type: 'job', job: { ...job, progress } });
    emit({ type: 'job', job: { ...job, status: 'completed', endedAt: job.createdAt } });
    const [end] = await reader.take(1);
    expect(end?.place.sequence).toBe(6);
  });

  it('tells that a stack is gone once, also when its last job ends later', async () => {
    const { emit, follow } = rig({ stackEveryMs: 1 });
    const reader = follow(undefined, ['stack', 'gone', 'node']);
    await reader.take(1);
    emit({ type: 'gone', stack: 'left' });
    emit({ type: 'job', job: buildJob(1, { stack: 'left' }) });
    const [gone] = await reader.take(1);
    expect(gone).toMatchObject({ event: { type: 'gone', stack: 'left' } });
    emit({ type: 'stack', stack: 'shop', state: 'in_sync' });
    expect((await reader.take(1))[0]).toMatchObject({ event: { type: 'stack', stack: 'shop' } });
  });

  it('stands in for what a slow reader has missed', async () => {
    const { emit, follow } = rig({ most: 3 });
    const reader = follow();
    await reader.take(1);
    for (const node of ['a', 'b', 'c', 'd'])
      emit({ type: 'node', node, address: 'local', reachable: true, message: null });
    const [reset] = await reader.take(1);
    expect(reset).toMatchObject({ kind: 'reset', place: { sequence: 4 } });
  });

  it('tells of stacks that leave a real reconciler', async () => {
    await using engine = createRig();
    const stopping = new AbortController();
    const feed = createEventFeed({ reconciler: engine.reconciler, stopping: stopping.signal });
    for (const name of ['shop', 'stays'])
      engine.source.push({ [file(name)]: stack(name, { [name]: 'image: "nginx:1.29"' }) });
    await engine.reconciler.start();
    await engine.reaches('shop', 'in_sync');
    const items = feed.follow({ types: new Set<FeedType>(['gone']) }, undefined, stopping.signal);
    await items.next();
    engine.source.push({ [file('shop')]: null });
    expect((await items.next()).value).toMatchObject({ event: { type: 'gone', stack: 'shop' } });
    stopping.abort();
    expect((await items.next()).done).toBe(true);
  });
});

describe('what is paced', () => {
  it('is told at once, then once an interval, and is forgotten when it is quiet', async () => {
    const told: string[] = [];
    using paced = createPaced(1, (key) => void told.push(key));
    for (const key of ['a', 'a', 'b', 'a']) paced.touch(key);
    expect(told).toEqual(['a', 'b']);
    await expect.poll(() => told).toEqual(['a', 'b', 'a']);
  });
});

function rig(options: { readonly most?: number; readonly stackEveryMs?: number }) {
  const listeners = new Set<(event: ReconcilerEvent) => void>();
  const feed = createEventFeed({
    reconciler: {
      subscribe(listener) {
        listeners.add(listener);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
      getJob(id) {
        throw new ReconcilerError('UNKNOWN_JOB', id);
      },
      getStackRow(name) {
        if (name === 'left') throw new ReconcilerError('UNKNOWN_STACK', name);
        return { name } as StackRow;
      },
    },
    stopping: new AbortController().signal,
    ...options,
  });
  return {
    emit(event: ReconcilerEvent) {
      for (const listener of listeners) listener(event);
    },
    follow(after?: string, types: readonly FeedType[] = FEED_TYPES) {
      const items = feed.follow({ types: new Set(types) }, after, new AbortController().signal);
      return { take: (count: number) => take(items, count) };
    },
  };
}

async function take(items: AsyncGenerator<FeedItem, void>, count: number): Promise<readonly FeedItem[]> {
  const taken: FeedItem[] = [];
  while (taken.length < count) {
    const { value } = await items.next();
    if (value !== undefined) taken.push(value);
  }
  return taken;
}

import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../../reconciler/base/errors.ts';
import { retryDelayMs } from '../../../../reconciler/run/loop/retry.ts';
import type { WorkQueueOptions } from '../../../../reconciler/run/loop/work-queue.ts';
import { WorkQueue } from '../../../../reconciler/run/loop/work-queue.ts';
import { createFakeClock, settle } from '../../../support/fakes/fake-clock.ts';

describe('retryDelayMs', () => {
  it.each([
    { attempt: 1, random: 0, delay: 100 },
    { attempt: 1, random: 1, delay: 1_000 },
    { attempt: 4, random: 1, delay: 8_000 },
    { attempt: 30, random: 1, delay: 300_000 },
  ])('waits $delay ms after failure $attempt at random $random', ({ attempt, random, delay }) => {
    expect(retryDelayMs(new Error('x'), attempt, () => random)).toBe(delay);
  });

  it('gives up when waiting cannot help', () => {
    const error = new ReconcilerError('INVALID_CONFIGURATION', 'x');
    expect(retryDelayMs(error, 1, () => 1)).toBeNull();
  });
});

describe('WorkQueue', () => {
  it('runs a key that was added many times once', async () => {
    const { queue, started } = rig();
    for (let index = 0; index < 5; index += 1) queue.add('a', 10);
    queue.add('a');
    await settle();
    expect(started).toEqual(['a']);
  });

  it('runs a key that is added while it runs once more, afterwards', async () => {
    const { queue, started, finish } = rig();
    queue.add('a');
    await settle();
    queue.add('a');
    queue.add('a');
    await settle();
    expect(started).toEqual(['a']);
    finish('a');
    await settle();
    expect(started).toEqual(['a', 'a']);
  });

  it('works on no more keys at a time than it may', async () => {
    const { queue, started, finish } = rig(2);
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await settle();
    expect(started).toEqual(['a', 'b']);
    finish('b');
    await settle();
    expect(started).toEqual(['a', 'b', 'c']);
  });

  // An engine that takes its time for each answer held all turns, and stacks on others waited for minutes.
  it('lets no place have more than its slots, so that who is slow keeps nobody else waiting', async () => {
    const places = { slow: ['slow-1', 'slow-2', 'slow-3'], good: ['good-1', 'good-2'] };
    const { queue, started, finish } = rig(8, places, { slots: 2 });
    for (const key of ['slow-1', 'slow-2', 'slow-3', 'good-1', 'good-2', 'new']) queue.add(key);
    await settle();
    expect(started).toEqual(['slow-1', 'slow-2', 'good-1', 'good-2', 'new']);
    finish('good-1');
    await settle();
    expect(started).toHaveLength(5);
    finish('slow-1');
    await settle();
    expect(started.slice(5)).toEqual(['slow-3']);
  });

  it('gives the turn of a run that takes long to others, and never its slot', async () => {
    const places = { slow: ['slow-1', 'slow-2', 'slow-3'], good: ['good-1'] };
    const { queue, started, finish, clock } = rig(2, places, { slots: 2 });
    for (const key of ['slow-1', 'slow-2', 'slow-3', 'good-1']) queue.add(key);
    await clock.advance(500);
    expect(started).toEqual(['slow-1', 'slow-2']);
    await clock.advance(2_000);
    expect(started).toEqual(['slow-1', 'slow-2', 'good-1']);
    for (const key of ['slow-1', 'slow-2', 'good-1']) finish(key);
    await settle();
    finish('slow-3');
    await settle();
    expect([queue.slotsTaken, queue.depth]).toEqual([0, 0]);
  });

  it('lets who works at several places hold up none of them for long', async () => {
    const places = { a: ['both-1', 'both-2', 'both-3', 'a-1'], b: ['both-1', 'both-2', 'both-3'] };
    const { queue, started, clock } = rig(8, places, { slots: 2 });
    for (const key of ['both-1', 'both-2', 'both-3', 'a-1']) queue.add(key);
    await settle();
    expect(started).toEqual(['both-1', 'both-2']);
    await clock.advance(6_000);
    expect(started).toEqual(['both-1', 'both-2', 'a-1']);
  });

  it('keeps a slot at each place for who needs several, however many come for one', async () => {
    const both = ['both'];
    const ended = new Set<string>();
    const many = (name: string) => Array.from({ length: 20 }, (_, index) => `${name}-${index}`);
    const places = { a: [...many('a'), ...both], b: [...many('b'), ...both] };
    const { queue, started, finish } = rig(8, places, { slots: 2 });
    for (const key of ['a-0', 'a-1', 'b-0', 'b-1', 'both']) queue.add(key);
    await settle();
    // One of each place ends at a time, never two in the same moment.
    for (let next = 2; next < 20 && !started.includes('both'); next += 1) {
      queue.add(`a-${next}`);
      queue.add(`b-${next}`);
      for (const place of ['a-', 'b-']) {
        const first = started.find((key) => key.startsWith(place) && !ended.has(key)) ?? '';
        ended.add(first);
        finish(first);
        await settle();
      }
    }
    expect(started).toContain('both');
  });

  it('lets a key wait without a slot while nobody knows whether its place is there', async () => {
    const open = new Set(['there']);
    const places = { there: ['a', 'both'], unknown: ['b', 'both'] };
    const { queue, started } = rig(8, places, {
      slots: 2,
      isOpen: (place) => open.has(place) || place.includes(' '),
    });
    for (const key of ['b', 'both', 'a']) queue.add(key);
    await settle();
    expect([started, queue.slotsTaken]).toEqual([['a'], 1]);
    open.add('unknown');
    queue.opened('unknown');
    await settle();
    expect(started).toEqual(['a', 'b', 'both']);
  });

  // Each event of a target looked through all that waited: 10,000 stacks took four times as long to deploy.
  it('does not look through all that wait for each that comes or ends', async () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `key-${index}`);
    const { queue, started, finish, looks } = rig(4, { one: many, idle: ['other'] });
    for (const key of many) queue.add(key);
    for (const key of many) queue.hint(key, 100);
    await settle();
    for (let done = 0; done < many.length; done += 1) {
      finish(many[done]!);
      queue.hint(many[done]!, 100_000);
      await settle();
    }
    expect(started).toEqual(many);
    expect(looks() / many.length).toBeLessThan(5);
  });

  it('lets a key that somebody waits for pass those that wait, and runs it once', async () => {
    const { queue, started, finish } = rig(1);
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
    await settle();
    queue.addFirst('c');
    queue.addFirst('e');
    queue.addFirst('a');
    for (const key of ['a', 'c', 'e', 'a', 'b', 'd']) {
      finish(key);
      await settle();
    }
    expect(started).toEqual(['a', 'c', 'e', 'a', 'b', 'd']);
  });

  it('runs a key when its pause is over, also when the clock is set back meanwhile', async () => {
    const { queue, started, clock } = rig();
    queue.add('a', 1_000);
    clock.step(-3_600_000);
    await clock.advance(1_000);
    expect(started).toEqual(['a']);
  });

  it('tries a failed key again, later each time, and starts over after a success', async () => {
    const { queue, started, finish, clock, failures } = rig();
    queue.add('a');
    await settle();
    finish('a', new Error('one'));
    await clock.advance(549);
    expect(started).toHaveLength(1);
    await clock.advance(1);
    expect(started).toHaveLength(2);
    finish('a', new Error('two'));
    await clock.advance(1_100);
    finish('a');
    await settle();
    queue.add('a');
    await settle();
    finish('a', new Error('three'));
    await settle();
    expect(failures).toEqual([
      ['one', 550],
      ['two', 1_100],
      ['three', 550],
    ]);
  });

  it('does not try again by itself what waiting cannot help', async () => {
    const { queue, started, finish, clock, failures } = rig();
    queue.add('a');
    await settle();
    finish('a', new ReconcilerError('PLAN_STALE', 'no'));
    await clock.advance(1_000_000);
    expect(started).toHaveLength(1);
    expect(failures).toEqual([['no', null]]);
  });

  it('takes the earlier of two times', async () => {
    const { queue, started, clock } = rig();
    queue.add('a', 1_000);
    queue.add('a', 100);
    await clock.advance(100);
    expect(started).toEqual(['a']);
  });

  it('is not hurried by hints while a key waits for its next try, but by everything else', async () => {
    const { queue, started, finish, clock } = rig();
    queue.add('a');
    await settle();
    queue.hint('a', 10);
    finish('a', new Error('one'));
    await settle();
    queue.hint('a', 10);
    await clock.advance(549);
    expect(started).toHaveLength(1);
    queue.addFirst('a');
    await settle();
    expect(started).toHaveLength(2);
    queue.hint('a', 10);
    finish('a');
    await clock.advance(10);
    expect(started).toHaveLength(3);
  });

  it('aborts a run with the reason it is given', async () => {
    const { queue, reasons } = rig();
    queue.add('a');
    await settle();
    queue.interrupt('a', new Error('newer'));
    await settle();
    expect(reasons).toEqual(['newer']);
  });

  it('ends by aborting what runs, waiting for it, and starting nothing more', async () => {
    const { queue, started, reasons } = rig(1);
    queue.add('a');
    queue.add('b');
    await settle();
    await queue[Symbol.asyncDispose]();
    queue.add('c');
    await settle();
    expect(started).toEqual(['a']);
    expect(reasons).toEqual(['shutting down']);
  });
});

function rig(
  concurrency = 4,
  places: Readonly<Record<string, readonly string[]>> = {},
  more: Partial<WorkQueueOptions> = {},
) {
  const clock = createFakeClock();
  let looks = 0;
  const started: string[] = [];
  const reasons: string[] = [];
  const failures: [string, number | null][] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const queue = new WorkQueue({
    clock,
    concurrency,
    ...more,
    placesOf: (key) => {
      looks += 1;
      return Object.keys(places).filter((place) => places[place]?.includes(key));
    },
    onFailure: (_key, error, retryInMs) => failures.push([(error as Error).message, retryInMs]),
    run: (key, signal) => {
      started.push(key);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      ends.set(key, (error) => (error === undefined ? resolve() : reject(error)));
      signal.addEventListener('abort', () => {
        reasons.push((signal.reason as Error).message);
        reject(signal.reason);
      });
      return promise;
    },
  });
  return {
    queue,
    clock,
    started,
    reasons,
    failures,
    /** Times that somebody asked where a key works. */
    looks: () => looks,
    finish: (key: string, error?: Error) => ends.get(key)?.(error),
  };
}

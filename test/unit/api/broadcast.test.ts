import { describe, expect, it } from 'vitest';
import { createBroadcasts } from '../../../api/operations/follow/broadcast.ts';
import { settle } from '../../support/fakes/fake-clock.ts';

describe('a broadcast', () => {
  it('makes items once for all who follow, from when they came', async () => {
    const { broadcast, push, made } = rig();
    const first = follow(broadcast);
    await settle();
    await push('a');
    const second = follow(broadcast);
    await settle();
    await push('b');
    expect([first.items, second.items, made()]).toEqual([['a', 'b'], ['b'], 1]);
  });

  it('stops making when the last one has gone, and begins anew for the next', async () => {
    const { broadcast, push, made, stopped } = rig();
    const [first, second] = [follow(broadcast), follow(broadcast)];
    await settle();
    await first.leave();
    expect(stopped()).toBe(0);
    await second.leave();
    expect(stopped()).toBe(1);
    const third = follow(broadcast);
    await settle();
    await push('c');
    expect([third.items, made()]).toEqual([['c'], 2]);
  });

  it('ends for all when there are no more, after what they have not taken yet', async () => {
    const { broadcast, push, end } = rig();
    const [first, second] = [follow(broadcast), follow(broadcast)];
    await settle();
    await push('a');
    end();
    expect([await first.ended, await second.ended, first.items]).toEqual([null, null, ['a']]);
  });

  it('fails for all when making fails', async () => {
    const { broadcast, end } = rig();
    const [first, second] = [follow(broadcast), follow(broadcast)];
    await settle();
    end(new Error('gone'));
    expect([await first.ended, await second.ended]).toEqual(['gone', 'gone']);
  });

  it('leaves out the oldest for a reader who is too slow', async () => {
    const { broadcast, push } = rig();
    const reading = broadcast(new AbortController().signal);
    const first = reading.next();
    await settle();
    for (let index = 0; index <= 1_500; index += 1) await push(String(index));
    expect(await first).toEqual({ done: false, value: '0' });
    expect(await reading.next()).toEqual({ done: false, value: '501' });
  });
});

function rig() {
  let made = 0;
  let stopped = 0;
  let waiting = Promise.withResolvers<string | Error | null>();
  const make = async function* (signal: AbortSignal): AsyncGenerator<string> {
    made += 1;
    signal.addEventListener('abort', () => {
      stopped += 1;
      waiting.resolve(null);
      waiting = Promise.withResolvers();
    });
    for (;;) {
      const item = await waiting.promise;
      waiting = Promise.withResolvers();
      if (item === null) return;
      if (item instanceof Error) throw item;
      yield item;
    }
  };
  const broadcasts = createBroadcasts<string>();
  return {
    broadcast: (signal: AbortSignal) => broadcasts.follow('one', make, signal),
    made: () => made,
    stopped: () => stopped,
    async push(item: string) {
      waiting.resolve(item);
      await settle();
    },
    end: (error?: Error) => waiting.resolve(error ?? null),
  };
}

function follow(read: ReturnType<typeof rig>['broadcast']) {
  const leaving = new AbortController();
  const items: string[] = [];
  const reading = async () => {
    for await (const item of read(leaving.signal)) items.push(item);
  };
  const ended = reading().then(
    () => null,
    (error: Error) => error.message,
  );
  return {
    items,
    ended,
    async leave() {
      leaving.abort();
      await settle();
    },
  };
}

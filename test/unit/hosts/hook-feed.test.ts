import { describe, expect, it } from 'vitest';
import type { HookNews } from '../../../reconciler/index.ts';
import { createHookFeed } from '../../../reconciler/run/hosts/hook-feed.ts';

function pull(number: number): HookNews {
  return { type: 'pull', delivery: `${number}`, number };
}

const numberOf = (news: HookNews) => (news.type === 'pull' ? news.number : 0);

describe('news of pull requests', () => {
  it('are kept until somebody listens, the newest thousand, and are handed over in order', () => {
    const feed = createHookFeed(() => {});
    for (let number = 1; number <= 1_500; number += 1) feed.note(pull(number));
    const heard: number[] = [];
    using _ = feed.listen((news) => void heard.push(numberOf(news)));
    expect([heard.length, heard[0], heard.at(-1)]).toEqual([1_000, 501, 1_500]);
    feed.note(pull(1_501));
    expect(heard.at(-1)).toBe(1_501);
  });

  it('are kept again when the listener has gone, and one that throws loses one of them', () => {
    const errors: unknown[] = [];
    const feed = createHookFeed((error) => void errors.push(error));
    const first = feed.listen(() => {
      throw new Error('no');
    });
    feed.note(pull(1));
    first[Symbol.dispose]();
    feed.note(pull(2));
    const heard: number[] = [];
    using _ = feed.listen((news) => void heard.push(numberOf(news)));
    expect([errors.length, heard]).toEqual([1, [2]]);
  });
});

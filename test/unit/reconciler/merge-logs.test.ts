import { expect, it } from 'vitest';
import { readLast } from '../../../api/operations/stack-logs.ts';
import type { ResourceId } from '../../../reconciler/model/resource.ts';
import type { LogLine } from '../../../reconciler/ports/target-capabilities.ts';
import { mergeLogs } from '../../../reconciler/run/observe/merge-logs.ts';

const line = (second: number, text = ''): LogLine => ({
  stream: 'stdout',
  time: `2026-11-29T00:00:${String(second).padStart(2, '0')}Z`,
  text,
});

it('reads logs of several containers in the order of time, one line ahead', async () => {
  let read = 0;
  let ended = 0;
  async function* log(seconds: readonly number[]): AsyncGenerator<LogLine> {
    try {
      for (const second of seconds) {
        read += 1;
        yield line(second);
      }
    } finally {
      ended += 1;
    }
  }
  const logs = new Map([
    ['t/container/web-1', [1, 4, 5, 9]],
    ['t/container/web-2', [2, 3, 6]],
  ]);
  const ids = [...logs.keys()] as ResourceId[];
  const { signal } = new AbortController();
  const times = async (most: number) => {
    const seen: number[] = [];
    for await (const { time } of mergeLogs(ids, (id) => log(logs.get(id) ?? []), { signal })) {
      seen.push(Number(time.slice(17, 19)));
      if (seen.length === most) break;
    }
    return seen;
  };
  expect(await times(100)).toEqual([1, 2, 3, 4, 5, 6, 9]);
  read = 0;
  ended = 0;
  expect(await times(2)).toEqual([1, 2]);
  expect(read).toBeLessThan(5);
  expect(ended).toBe(2);
});

it('keeps of a long log the newest that fit into an answer', async () => {
  async function* long(): AsyncGenerator<LogLine> {
    for (let second = 0; second < 300; second += 1)
      yield line(second % 60, `${second} ${'x'.repeat(64 * 1024)}`);
  }
  const lines = await readLast(long());
  expect(lines.length).toBe(63);
  expect(lines.at(-1)?.text).toMatch(/^299 /);
});

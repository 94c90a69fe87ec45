import { describe, expect, it } from 'vitest';
import { createBreather, createLine } from '../../../reconciler/base/mutex.ts';

const SIGNAL = new AbortController().signal;

/** Work that ends when it is told to. */
function createWork(name: string, log: string[]) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const work = () => {
    log.push(name);
    return promise;
  };
  return { work, end: () => resolve(name), fail: () => reject(new Error(name)) };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a line', () => {
  it('lets so many in at a time, in order, and goes on after one that failed', async () => {
    const log: string[] = [];
    const inLine = createLine(2);
    const all = ['a', 'b', 'c', 'd'].map((name) => createWork(name, log));
    const ends = all.map(({ work }) => inLine(work, SIGNAL).catch((error: unknown) => String(error)));
    await settle();
    expect(log).toEqual(['a', 'b']);
    all[1]?.fail();
    await settle();
    expect(log).toEqual(['a', 'b', 'c']);
    for (const { end } of all) end();
    expect(await Promise.all(ends)).toEqual(['a', 'Error: b', 'c', 'd']);
    // Nobody is in it any more.
    expect(await Promise.all([1, 2].map((one) => inLine(async () => one, SIGNAL)))).toEqual([1, 2]);
  });

  it('is left at once by who does not wait any longer, without a turn', async () => {
    const log: string[] = [];
    const inLine = createLine(1);
    const [first, second, third] = ['a', 'b', 'c'].map((name) => createWork(name, log));
    const { signal, abort } = controllerOf();
    const running = inLine(first?.work ?? fail, SIGNAL);
    const impatient = inLine(second?.work ?? fail, signal);
    const patient = inLine(third?.work ?? fail, SIGNAL);
    abort();
    await expect(impatient).rejects.toThrow('gone');
    await expect(inLine(fail, signal)).rejects.toThrow('gone');
    first?.end();
    third?.end();
    expect([await running, await patient, log]).toEqual(['a', 'c', ['a', 'c']]);
  });
});

function fail(): never {
  throw new Error('there is no work');
}

function controllerOf() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(new Error('gone')) };
}

it('a long loop lets others have a turn when it has had its own for a while', async () => {
  let now = 0;
  let breaths = 0;
  const breathe = createBreather({ elapsed: () => now, sleep: async () => void (breaths += 1) });
  for (let step = 0; step < 10; step += 1) {
    now += 6;
    await breathe(SIGNAL);
  }
  expect(breaths).toBe(5);
});

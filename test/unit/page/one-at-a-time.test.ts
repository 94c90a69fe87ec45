import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { oneAtATime } from '../../../api/web/client/one-at-a-time.ts';

/** Work that is begun by letter, and ends when it is told to. */
function createRig() {
  const begun: (() => void)[] = [];
  let isOver = false;
  const ask = oneAtATime(
    () => new Promise((done) => begun.push(done)),
    () => isOver,
  );
  return {
    begun,
    steps: {
      ask,
      end: () => begun.at(-1)?.(),
      leave: () => (isOver = true),
    },
  };
}

describe('work that is done one at a time', () => {
  it.each([
    ['is begun at once', ['ask'], 1],
    ['is not begun anew while it is under way', ['ask', 'ask', 'ask'], 1],
    ['is done once more for all who asked meanwhile', ['ask', 'ask', 'ask', 'end', 'end'], 2],
    ['is done again for those who ask during that', ['ask', 'ask', 'end', 'ask', 'end', 'end'], 3],
    ['rests when nobody asked meanwhile', ['ask', 'end', 'end'], 1],
    ['is begun at once after it rested', ['ask', 'end', 'ask'], 2],
    ['is not done again when nobody wants it any more', ['ask', 'ask', 'leave', 'end'], 1],
  ] as const)('%s', async (_, steps, times) => {
    const rig = createRig();
    for (const step of steps) {
      rig.steps[step]();
      await setImmediate();
    }
    expect(rig.begun.length).toBe(times);
  });
});

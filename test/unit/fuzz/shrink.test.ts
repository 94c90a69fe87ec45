import { describe, expect, it } from 'vitest';
import { checkFindings, guardPrototypes, toViolation } from '../../fuzz/checks.ts';
import type { FuzzInput, Player } from '../../fuzz/input.ts';
import { createRunner } from '../../fuzz/run-input.ts';
import { shrink } from '../../fuzz/shrink.ts';

const input = (text: string): FuzzInput => ({ kind: 'x', seed: 1, parts: [{ name: 'a', text }] });
const player = (play: () => void): Player => ({
  generate: () => Promise.resolve(input('')),
  async play() {
    play();
    return { accepted: true, violations: [] };
  },
  async [Symbol.asyncDispose]() {},
});

describe('shrink', () => {
  it('leaves the parts, lines and characters that it takes to fail', async () => {
    const parts = [
      { name: 'a', text: 'one\ntwo\n' },
      { name: 'b', text: 'one\nkey: [1, bad, 3]\nthree\n' },
    ];
    const small = await shrink(
      { kind: 'x', seed: 1, parts },
      (smaller) =>
        Promise.resolve(smaller.parts.some(({ name, text }) => name === 'b' && text.includes('bad'))),
      10_000,
    );
    expect(small.parts).toEqual([{ name: 'b', text: 'bad' }]);
  });
});

describe('the rules', () => {
  it('tell of a prototype that was changed, and put it back', async () => {
    const check = guardPrototypes();
    Reflect.set(Object.prototype, 'polluted', true);
    expect(check()).toMatchObject([{ place: 'Object.prototype', detail: 'polluted' }]);
    expect(check()).toEqual([]);
    expect('polluted' in {}).toBe(false);
  });

  it('tell of exceptions, and of promises that nobody waits for', async () => {
    using broken = createRunner(
      player(() => {
        throw new TypeError('x');
      }),
    );
    expect((await broken.run(input(''))).violations).toMatchObject([{ rule: 'an exception' }]);
  });

  it('know an exception by our innermost function', () => {
    const error = new Error('x');
    error.stack =
      'Error: x\n    at f (/a/node_modules/y/z.js:1:2)\n    at g (file:///a/reconciler/plan/x.ts:3:4)';
    expect(toViolation('r', error).place).toBe('reconciler/plan/x.ts:3 g');
  });

  it('ask for a place, and for no control characters, in findings', () => {
    const finding = { severity: 'error', code: 'X', message: 'm' } as const;
    expect(checkFindings([{ ...finding, file: 'a', line: 1, column: 1 }])).toEqual([]);
    expect(checkFindings([{ ...finding, file: 'a', line: 0, column: 1 }])).toHaveLength(1);
    expect(
      checkFindings([{ ...finding, code: 'INTERNAL_ERROR', file: 'a', line: 1, column: 1 }]),
    ).toHaveLength(1);
  });
});

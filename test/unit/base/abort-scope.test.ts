import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import {
  createAbortScope,
  onAbort,
  streamWithAbortScope,
  withAbortScope,
} from '../../../reconciler/base/abort-scope.ts';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('createAbortScope', () => {
  it('ends with the first of its signals, for the same reason', () => {
    const [one, other] = [new AbortController(), new AbortController()];
    using scope = createAbortScope({ signals: [one.signal, other.signal] });
    other.abort(new Error('enough'));
    expect(scope.signal.reason).toEqual(new Error('enough'));
    expect(scope.timedOut).toBe(false);
    expect(listeners(one.signal)).toBe(0);
  });

  it('is over from the start when one of them has aborted', () => {
    using scope = createAbortScope({ signals: [AbortSignal.abort('before')], timeoutMs: 1 });
    expect(scope.signal.reason).toBe('before');
  });

  it('ends after its time, with the reason that was given, unless it is touched', () => {
    vi.useFakeTimers();
    try {
      using scope = createAbortScope({
        signals: [],
        timeoutMs: 100,
        timeoutReason: () => new Error('too late'),
      });
      vi.advanceTimersByTime(90);
      scope.touch();
      vi.advanceTimersByTime(90);
      expect(scope.signal.aborted).toBe(false);
      vi.advanceTimersByTime(10);
      expect(scope.signal.reason).toEqual(new Error('too late'));
      expect(scope.timedOut).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it('leaves no listener and no timer behind, and does not come back by a touch', () => {
    vi.useFakeTimers();
    try {
      const { signal } = new AbortController();
      const scope = createAbortScope({ signals: [signal], timeoutMs: 100 });
      expect(listeners(signal)).toBe(1);
      scope[Symbol.dispose]();
      scope.touch();
      expect(listeners(signal)).toBe(0);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

it.each([
  ['work that succeeds', async () => 'done'],
  ['work that fails', () => Promise.reject(new Error('no'))],
])('withAbortScope lets go of its signals after %s', async (_, work) => {
  const { signal } = new AbortController();
  await withAbortScope({ signals: [signal] }, work).catch(() => undefined);
  expect(listeners(signal)).toBe(0);
});

it('streamWithAbortScope lets go when its reader leaves early', async () => {
  const { signal } = new AbortController();
  const numbers = streamWithAbortScope({ signals: [signal] }, async function* count() {
    for (let value = 0; ; value += 1) yield value;
  });
  for await (const value of numbers) if (value === 2) break;
  expect(listeners(signal)).toBe(0);
});

it('onAbort calls at once for a signal that has aborted, and never after it was disposed of', () => {
  const heard = vi.fn();
  onAbort(AbortSignal.abort(), heard);
  expect(heard).toHaveBeenCalledTimes(1);
  const controller = new AbortController();
  onAbort(controller.signal, heard)[Symbol.dispose]();
  controller.abort();
  expect(heard).toHaveBeenCalledTimes(1);
});

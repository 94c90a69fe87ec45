import type { Notice, ReconcilerEvent } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';

/** Events that are kept for a reader who has not taken the ones before; the oldest are dropped for newer ones. */
const MAX_WAITING = 1_000;

/** Events as they happen, until the signal aborts. A reader who is too slow misses the oldest. */
export function followEvents(
  { reconciler }: ApiDeps,
  signal: AbortSignal,
): AsyncGenerator<ReconcilerEvent, void, undefined> {
  return follow((listener) => reconciler.subscribe(listener), signal);
}

/** Notices as they are kept, until the signal aborts. A reader who is too slow misses the oldest. */
export function followNotices(
  { reconciler }: ApiDeps,
  signal: AbortSignal,
): AsyncGenerator<Notice, void, undefined> {
  return follow((listener) => reconciler.watchNotices(listener), signal);
}

async function* follow<T>(
  subscribe: (listener: (one: T) => void) => Disposable,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const waiting: T[] = [];
  let wake = () => {};
  using subscription = subscribe((one) => {
    if (waiting.length >= MAX_WAITING) waiting.shift();
    waiting.push(one);
    wake();
  });
  void subscription;
  const stop = () => wake();
  signal.addEventListener('abort', stop);
  try {
    while (!signal.aborted) {
      const one = waiting.shift();
      if (one !== undefined) yield one;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

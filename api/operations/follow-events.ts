import type { ReconcilerEvent } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';

/** Events that are kept for a reader who has not taken the ones before; the oldest are dropped for newer ones. */
const MAX_WAITING = 1_000;

/** Events as they happen, until the signal aborts. A reader who is too slow misses the oldest. */
export async function* followEvents(
  { reconciler }: ApiDeps,
  signal: AbortSignal,
): AsyncGenerator<ReconcilerEvent, void, undefined> {
  const waiting: ReconcilerEvent[] = [];
  let wake = () => {};
  using subscription = reconciler.subscribe((event) => {
    if (waiting.length >= MAX_WAITING) waiting.shift();
    waiting.push(event);
    wake();
  });
  void subscription;
  const stop = () => wake();
  signal.addEventListener('abort', stop);
  try {
    while (!signal.aborted) {
      const event = waiting.shift();
      if (event !== undefined) yield event;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

import type { Notice, ReconcilerEvent } from '../../../reconciler/index.ts';
import type { ApiDeps } from '../deps.ts';
import { createEventQueue } from './event-queue.ts';

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
  const { push, read } = createEventQueue<T>(signal);
  using subscription = subscribe(push);
  void subscription;
  yield* read();
}

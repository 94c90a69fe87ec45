import type { ObjectChange } from '../../../reconciler/index.ts';
import type { ApiDeps } from '../deps.ts';
import { createEventQueue } from './event-queue.ts';

/**
 * An object as it is, then its changes as they happen, until it is gone or the signal aborts. A reader who is too slow misses those in between: the newest is what
 * holds. Throws UNKNOWN_OBJECT.
 */
export async function* followObject(
  { reconciler }: ApiDeps,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<ObjectChange, void, undefined> {
  const { push, read } = createEventQueue<ObjectChange>(signal, 1);
  using following = reconciler.followObject(id, push);
  void following;
  const { object } = reconciler.getObject(id);
  yield { id, object, status: object.status };
  for await (const change of read()) {
    yield change;
    if (change.object === null) return;
  }
}

import type { ObjectChange } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';

/**
 * An object as it is, then its changes as they happen, until it is gone or the signal aborts. A reader who is too slow misses those in between: the newest is what
 * holds. Throws UNKNOWN_OBJECT.
 */
export async function* followObject(
  { reconciler }: ApiDeps,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<ObjectChange, void, undefined> {
  let newest: ObjectChange | null = null;
  let wake = () => {};
  using following = reconciler.followObject(id, (change) => {
    newest = change;
    wake();
  });
  void following;
  const { object } = reconciler.getObject(id);
  yield { id, object, status: object.status };
  const stop = () => wake();
  signal.addEventListener('abort', stop);
  try {
    while (!signal.aborted) {
      const change = take();
      if (change === null) await new Promise<void>((resolve) => (wake = resolve));
      else yield change;
      if (change !== null && change.object === null) return;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }

  function take(): ObjectChange | null {
    const change = newest;
    newest = null;
    return change;
  }
}

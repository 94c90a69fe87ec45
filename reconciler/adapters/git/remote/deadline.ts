import { createAbortScope, untilAborted } from '../../../base/abort-scope.ts';
import { unreachable } from '../errors.ts';

/** Ends work that hears nothing for a while. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** A sign of life: the time starts again. One of hardly any bytes does that a few times only, until something has come. */
  touch(bytes?: number): void;
}

/** Longest time that anything may take, however much a remote has to say: one that says a little every now and then would never be done. */
const MAX_TOTAL_MS = 3_600_000;
/** A remote that sends no more than this between two signs of life only says that it is there. */
const PROGRESS_BYTES = 4_096;
/** Signs of life without progress: a server that packs a large repository says for minutes that it is at it. */
const MAX_IDLE_SIGNS = 300;

/** Calls back at signs of life, until too many of them were nothing else. */
function createPatience(onSign: () => void): Deadline['touch'] {
  let came = 0;
  let idle = 0;
  return (bytes = PROGRESS_BYTES) => {
    came += bytes;
    if (came >= PROGRESS_BYTES) {
      came = 0;
      idle = 0;
    } else idle += 1;
    if (idle <= MAX_IDLE_SIGNS) onSign();
  };
}

function onTimeout(milliseconds: number, act: () => void): Disposable {
  const timer = setTimeout(act, milliseconds);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/**
 * Runs work that talks to a remote. It ends with the signal's reason when that aborts, and with REPOSITORY_UNREACHABLE when the
 * remote is silent for too long; the work is not waited for then, only told to stop.
 */
export async function withDeadline<T>(
  options: { readonly location: string; readonly timeoutMs: number; readonly signal: AbortSignal },
  work: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const { location, timeoutMs, signal } = options;
  signal.throwIfAborted();
  using scope = createAbortScope({
    signals: [signal],
    timeoutMs,
    timeoutReason: () => unreachable(location, `no answer within ${Math.round(timeoutMs / 1000)} s`),
  });
  using _ = onTimeout(MAX_TOTAL_MS, () =>
    scope.abort(unreachable(location, 'it is not done within an hour')),
  );
  const working = work({ signal: scope.signal, touch: createPatience(() => scope.touch()) });
  try {
    return await untilAborted(working, scope.signal);
  } catch (error) {
    // The reason for stopping is a better answer than whatever the work throws once it was told to stop.
    if (scope.signal.aborted) throw scope.signal.reason;
    // A remote that was given up may go on sending.
    scope.abort(error);
    throw error;
  } finally {
    // Keeps a late failure of abandoned work from counting as unhandled.
    working.catch(() => undefined);
  }
}

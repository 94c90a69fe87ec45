export interface AbortScopeOptions {
  /** The scope ends with the first of these that aborts, and with its reason. */
  readonly signals: readonly AbortSignal[];
  /** The scope ends by itself after this many milliseconds, at most 2^31 - 1. Default: never. */
  readonly timeoutMs?: number;
  /** Returns why it ended by itself. Default: a `TimeoutError`, as `AbortSignal.timeout` gives. */
  readonly timeoutReason?: () => Error;
}

/** A signal for one piece of work. Once disposed, nothing of it hangs on the signals that it was made from. */
export interface AbortScope extends Disposable {
  readonly signal: AbortSignal;
  /** True when its time has run out. */
  readonly timedOut: boolean;
  /** A sign of life: the time starts again. */
  touch(): void;
  /** Ends the scope from inside. */
  abort(reason?: unknown): void;
}

/**
 * Makes a signal that ends with others or after a time, for as long as one piece of work lasts.
 *
 * `AbortSignal.any` and `AbortSignal.timeout` leave listeners and timers behind until their sources go: on signals that live
 * as long as the process these add up. A scope takes its own away when it is disposed of.
 */
export function createAbortScope({ signals, timeoutMs, timeoutReason }: AbortScopeOptions): AbortScope {
  const controller = new AbortController();
  let expired = false;
  let released = false;
  const source = signals.find(({ aborted }) => aborted);
  if (source !== undefined) controller.abort(source.reason);
  const follow = (event: Event): void => end((event.target as AbortSignal).reason);
  const timer =
    timeoutMs === undefined || controller.signal.aborted ? undefined : setTimeout(expire, timeoutMs);
  if (!controller.signal.aborted) for (const signal of signals) signal.addEventListener('abort', follow);

  function expire(): void {
    expired = true;
    end(timeoutReason?.() ?? new DOMException('timed out', 'TimeoutError'));
  }
  function release(): void {
    released = true;
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener('abort', follow);
  }
  function end(reason: unknown): void {
    release();
    controller.abort(reason);
  }
  return {
    signal: controller.signal,
    get timedOut() {
      return expired;
    },
    touch() {
      // A timer that was cleared would run again.
      if (!released) timer?.refresh();
    },
    abort: end,
    [Symbol.dispose]: release,
  };
}

/** Runs work under a scope that ends with the work. */
export async function withAbortScope<T>(
  options: AbortScopeOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using scope = createAbortScope(options);
  return await work(scope.signal);
}

/** The same for work that gives values one by one. */
export async function* streamWithAbortScope<T>(
  options: AbortScopeOptions,
  work: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  using scope = createAbortScope(options);
  yield* work(scope.signal);
}

/** Calls back when the signal aborts, at once when it has; disposing takes the listener away. */
export function onAbort(signal: AbortSignal, listener: () => void): Disposable {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', listener) };
}

/** Waits for work, but no longer than until the signal aborts: for work of others, which may not heed it. Rejects with the signal's reason then. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  using _ = onAbort(signal, () => reject(signal.reason));
  return await Promise.race([work, promise]);
}

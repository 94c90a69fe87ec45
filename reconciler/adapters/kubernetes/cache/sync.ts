import { untilAborted } from '../../../base/abort-scope.ts';

/**
 * State that is up to date or is being brought up to date. Whoever asks while it is not sets off the next attempt and gets to know how it
 * went.
 */
export interface Sync {
  /** Rejects with what the attempt failed with, or with the signal's reason. */
  ready(signal: AbortSignal): Promise<void>;
  live(): void;
  fail(error: unknown): void;
  /** Not up to date any more, and already being looked after. */
  stale(): void;
  /** Resolves when somebody asks. */
  wanted(): Promise<void>;
}

export function createSync(): Sync {
  let isLive = false;
  let outcome = createOutcome();
  let wish = Promise.withResolvers<void>();
  return {
    async ready(signal) {
      signal.throwIfAborted();
      if (isLive) return;
      wish.resolve();
      await untilAborted(outcome.promise, signal);
    },
    live() {
      isLive = true;
      wish = Promise.withResolvers();
      outcome.resolve();
    },
    stale() {
      if (isLive) outcome = createOutcome();
      isLive = false;
    },
    fail(reason) {
      isLive = false;
      outcome.reject(reason);
      outcome = createOutcome();
      wish = Promise.withResolvers();
    },
    wanted: () => wish.promise,
  };
}

/** Nobody has to listen to it. */
function createOutcome(): PromiseWithResolvers<void> {
  const outcome = Promise.withResolvers<void>();
  outcome.promise.catch(() => undefined);
  return outcome;
}

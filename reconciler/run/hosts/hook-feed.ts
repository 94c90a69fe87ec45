import type { HookNews } from '../../ports/hosts/git-host.ts';

type HookListener = (news: HookNews) => void;

/** Hands on what the host tells of pull requests, to one listener at most. */
export interface HookFeed {
  note(news: HookNews): void;
  /** Hands over what is kept, the oldest first, and then everything at once. Disposed of, news are kept again. */
  listen(listener: HookListener): Disposable;
}

/** News that are kept while nobody listens; the oldest go first. */
const MAX_KEPT = 1_000;

/** @param onListenerError a listener that throws loses this news, and nothing else */
export function createHookFeed(onListenerError: (error: unknown) => void): HookFeed {
  let kept: HookNews[] = [];
  let listening: HookListener | null = null;

  function tell(listener: HookListener, news: HookNews): void {
    try {
      listener(news);
    } catch (error) {
      onListenerError(error);
    }
  }

  return {
    note(news) {
      if (listening === null) kept = [...kept.slice(1 - MAX_KEPT), news];
      else tell(listening, news);
    },
    listen(listener) {
      listening = listener;
      const missed = kept;
      kept = [];
      for (const news of missed) tell(listener, news);
      return {
        [Symbol.dispose]() {
          if (listening === listener) listening = null;
        },
      };
    },
  };
}

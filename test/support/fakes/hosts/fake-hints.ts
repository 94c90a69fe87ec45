import type { HookNews, Reconciler } from '../../../../reconciler/index.ts';

export interface FakeHints extends Pick<Reconciler, 'requestSync' | 'noteHook'> {
  readonly syncRequests: () => number;
  /** Hints of the host that were noted, in order. */
  readonly hooks: readonly HookNews[];
}

/** Counts and keeps what a reconciler is told to look at. */
export function createFakeHints(): FakeHints {
  const hooks: HookNews[] = [];
  let syncRequests = 0;
  return {
    syncRequests: () => syncRequests,
    hooks,
    requestSync: () => void syncRequests++,
    noteHook: (news) => void hooks.push(news),
  };
}

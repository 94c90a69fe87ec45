import type { Reconciler, SyncState } from '../../reconciler/index.ts';

/** One of the repositories of a daemon. */
export interface ServedSource {
  /** Empty for the daemon's own. */
  readonly name: string;
  /** Address below the daemon's, `/sources/team-a`; empty for its own. */
  readonly address: string;
  readonly reconciler: Pick<Reconciler, 'repository' | 'stackNames' | 'findStacks'>;
}

/** The repositories of a daemon, and which of them an API is about. */
export interface SourceList {
  readonly current: string;
  all(): readonly ServedSource[];
}

/** A source as lists show it. */
export interface SourceView {
  readonly name: string;
  readonly path: string;
  readonly location: string;
  readonly branch: string;
  readonly root: string;
  /** Commit in force; `null` before the first successful read. */
  readonly revision: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly stacks: number;
  /** Numbers of stacks by state; states that none is in are left out. */
  readonly counts: Readonly<Partial<Record<SyncState, number>>>;
}

/** @param counted stacks are counted by state, which is a look at all of them */
export function listSources({ all }: SourceList, counted: boolean): readonly SourceView[] {
  return all().map(({ name, address, reconciler }) => {
    const { location, branch, root, revision, error } = reconciler.repository();
    const commit = revision?.commit ?? null;
    // Nobody knows the stacks of one that was never read.
    const stacks = commit === null ? { stacks: 0, counts: {} } : countStacks(reconciler, counted);
    return { name, path: address, location, branch, root, revision: commit, error, ...stacks };
  });
}

function countStacks(
  reconciler: ServedSource['reconciler'],
  counted: boolean,
): Pick<SourceView, 'stacks' | 'counts'> {
  if (!counted) return { stacks: reconciler.stackNames().length, counts: {} };
  const { total, counts } = reconciler.findStacks({ limit: 0 });
  return { stacks: total, counts: Object.fromEntries([...counts].filter(([, count]) => count > 0)) };
}

import type { FileChange, FileWrite, Source } from '../../reconciler/ports/source.ts';

/** A repository with one source on it, and a hand that changes it from outside. */
export interface SourceHarness extends AsyncDisposable {
  readonly source: Source;
  /** Commits on the branch as somebody else would; answers the commit. */
  push(writes: readonly FileWrite[], message: string): Promise<string>;
}

export const signal = new AbortController().signal;
export const NOWHERE = 'f'.repeat(40);

export function file(path: string, content: string | null): FileWrite {
  return { path, content };
}

export function paths(changes: readonly FileChange[]): string[] {
  return changes.map(
    ({ path, before, after }) => `${before === null ? '+' : after === null ? '-' : '~'} ${path}`,
  );
}

export async function readAt(source: Source, commit: string, path: string): Promise<string | null> {
  const changes = await source.diff(null, commit, signal);
  const entry = changes.find((change) => change.path === path)?.after;
  return entry ? Buffer.from(await source.readBlob(entry.blob)).toString('utf8') : null;
}

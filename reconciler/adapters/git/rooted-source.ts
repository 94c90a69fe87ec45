import { posix } from 'node:path';
import { ReconcilerError } from '../../base/errors.ts';
import type { FileChange, FileEntry, FileWrite, Source } from '../../ports/source.ts';
import { delegateSource } from '../../ports/wrapping/delegate-source.ts';

/**
 * A source that shows one directory of a repository as if it were all of it: paths begin there, and whatever lies elsewhere is neither read nor written.
 * Commits, tags and branches are those of the repository. Disposes of the source below.
 *
 * @param root as `readRoot` gives it, not blank
 */
export function createRootedSource(source: Source, root: string): Source {
  const inside = (changes: readonly FileChange[]) => changesBelow(root, changes);
  const outward = (writes: readonly FileWrite[]) =>
    writes.map((write) => ({ ...write, path: `${root}/${write.path}` }));
  return {
    ...delegateSource(source),
    // Only known once it was resolved.
    get branch() {
      return source.branch;
    },
    root,
    async diff(from, to, signal) {
      return inside(await source.diff(from, to, signal));
    },
    async diffWithModules(from, to, signal) {
      const all = await source.diffWithModules(from, to, signal);
      const changes = inside(all);
      const mayBeGone = from === null ? changes.length === 0 : changes.every(({ after }) => after === null);
      if (!mayBeGone || (from !== null && changes.length === 0)) return changes;
      const present = from === null ? all : await source.diffWithModules(null, to, signal);
      if (inside(present).length === 0) throw noDirectory(root, source.branch, to, entryAt(root, present));
      return changes;
    },
    commit: (request, signal) => source.commit({ ...request, writes: outward(request.writes) }, signal),
    propose: (request, signal) => source.propose({ ...request, writes: outward(request.writes) }, signal),
    async tryMerge(request, signal) {
      const merge = await source.tryMerge(request, signal);
      // A conflict elsewhere keeps the merge from being made as well.
      const conflicts = merge.conflicts.map((path) => posix.relative(root, path));
      return { ...merge, changes: inside(merge.changes), conflicts };
    },
  };
}

function changesBelow(root: string, changes: readonly FileChange[]): readonly FileChange[] {
  const start = `${root}/`;
  return changes
    .filter(({ path }) => path.startsWith(start))
    .map((change) => ({ ...change, path: change.path.slice(start.length) }));
}

/** Returns what stands where the directory is to be, or above it. */
function entryAt(root: string, present: readonly FileChange[]): FileChange | undefined {
  return present.find(({ path }) => path === root || root.startsWith(`${path}/`));
}

/** A repository without the directory counts as one that describes nothing: it removes nothing, and may be written to. */
function noDirectory(
  root: string,
  branch: string,
  commit: string,
  found: FileChange | undefined,
): ReconcilerError {
  const entry = found?.after ?? null;
  const what =
    found === undefined || entry === null
      ? `there is no directory ${root}`
      : `${root} is no directory: ${found.path} is ${describe(entry)}`;
  const message = `${what} on ${branch} at ${commit.slice(0, 12)}; nothing is read, and what runs stays as it is`;
  return new ReconcilerError('EMPTY_REPOSITORY', message);
}

function describe({ type, reason }: FileEntry): string {
  if (type === 'submodule')
    return `a Git submodule${reason === undefined ? ', and submodules are not fetched' : `, and ${reason}`}`;
  return type === 'symlink' ? 'a symlink' : 'a file';
}

import type { FileChange } from '../../ports/source.ts';

export interface RollbackScope {
  /** File that describes the stack now, `null` when nothing does; and at that deployment, as far as its tag tells. */
  readonly files: readonly string[];
  /** Every file that is there now. */
  readonly present: readonly string[];
  /** Changes from now to that deployment. */
  readonly changes: readonly FileChange[];
}

/** Returns, of everything that differs, what belongs to the stack: its file, and what lies beside and below it. */
export function ownChanges({ files, present, changes }: RollbackScope): readonly FileChange[] {
  const folders = files.map(folderOf);
  const foreign = [...present, ...changes.map(({ path }) => path)]
    .filter((path) => isKombination(path) && !files.includes(path))
    .map(folderOf);
  return changes.filter(({ path }) => {
    if (files.includes(path)) return true;
    const own = deepest(folders, path);
    if (own === undefined) return false;
    // Files at the root belong to everybody, unless there is nobody else.
    if (own === '' && (foreign.length > 0 || SHARED.test(path))) return false;
    return (deepest(foreign, path)?.length ?? -1) < own.length;
  });
}

const SHARED = /^(?:kombinator\.ya?ml|(?:nodes|stackkits)\/.+)$/;

/** Returns what differs, too, and may matter to the stack, but belongs to all: it is left as it is. */
export function sharedChanges(changes: readonly FileChange[]): readonly string[] {
  return changes.map(({ path }) => path).filter(isShared);
}

/** Tells files that all stacks may rest on. */
export function isShared(path: string): boolean {
  return SHARED.test(path);
}

function deepest(folders: readonly string[], path: string): string | undefined {
  const around = folders.filter((folder) => path.startsWith(folder));
  return around.sort((a, b) => b.length - a.length)[0];
}

function isKombination(path: string): boolean {
  return /(?:^|\/)kombination\.ya?ml$/.test(path);
}

/** Returns the folder with a slash at its end; `''` at the root. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

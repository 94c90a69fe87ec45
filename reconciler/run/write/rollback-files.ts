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
export function ownChanges({ changes, ...scope }: RollbackScope): readonly FileChange[] {
  return createOwnership(scope)(changes);
}

/** The same for many lists of changes: every file that is there is looked at once. */
export function createOwnership({
  files,
  present,
}: Omit<RollbackScope, 'changes'>): (changes: readonly FileChange[]) => readonly FileChange[] {
  const foreignIn = (paths: readonly string[]) =>
    new Set(paths.filter((path) => isKombination(path) && !files.includes(path)).map(folderOf));
  const folders = new Set(files.map(folderOf));
  const others = foreignIn(present);
  return (changes) => {
    const gone = foreignIn(changes.map(({ path }) => path));
    const isForeign = (folder: string) => others.has(folder) || gone.has(folder);
    return changes.filter(({ path }) => {
      if (files.includes(path)) return true;
      const own = deepest(path, (folder) => folders.has(folder));
      if (own === undefined) return false;
      // Files at the root belong to everybody, unless there is nobody else.
      if (own === '' && (others.size + gone.size > 0 || SHARED.test(path))) return false;
      return (deepest(path, isForeign)?.length ?? -1) < own.length;
    });
  };
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

/** The folder nearest around a path that is one of some. */
function deepest(path: string, isOne: (folder: string) => boolean): string | undefined {
  for (let folder = folderOf(path); ; folder = folderOf(folder.slice(0, -1))) {
    if (isOne(folder)) return folder;
    if (folder === '') return undefined;
  }
}

function isKombination(path: string): boolean {
  return /(?:^|\/)kombination\.ya?ml$/.test(path);
}

/** Returns the folder with a slash at its end; `''` at the root. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

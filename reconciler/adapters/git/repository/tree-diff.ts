import type { FileChange, FileEntry } from '../../../ports/source.ts';
import { gitError } from '../errors.ts';
import type { TreeEntry } from './objects.ts';
import { entryEnd, parseTree, SUBMODULE_MODE, TREE_MODE } from './objects.ts';

/** Answers the raw content of a tree object. */
export type ReadTree = (id: string) => Promise<Buffer>;

/** More files than any config repository holds, and more directories; guards against trees made to explode. */
const MAX_CHANGED_FILES = 1_000_000;
/** Longest path, in UTF-16 code units: what no file system would check out. */
const MAX_PATH_LENGTH = 4_096;
/** All paths of a listing together, in UTF-16 code units. */
const MAX_LISTED_LENGTH = 64 * 1024 * 1024;
const COMPARE_BLOCK = 4096;
/** Trees that are read at the same time. */
const PARALLEL_READS = 64;

/**
 * Files that differ between two trees, sorted by path. Reads a tree only when its id differs on the two sides, and of a tree
 * read on both sides parses only the entries that differ: one changed directory among 10,000 costs two comparisons of bytes.
 *
 * @param before tree id, `null` for nothing
 */
export async function diffTrees(
  readTree: ReadTree,
  before: string | null,
  after: string | null,
  signal?: AbortSignal,
): Promise<readonly FileChange[]> {
  const changes: FileChange[] = [];
  const count = createBounds();
  let level: Pair[] = before === after ? [] : [{ path: '', before, after }];
  while (level.length > 0) {
    const next: Pair[] = [];
    for (let start = 0; start < level.length; start += PARALLEL_READS) {
      signal?.throwIfAborted();
      const batch = level.slice(start, start + PARALLEL_READS);
      const results = await Promise.all(batch.map((pair) => diffPair(readTree, pair)));
      for (const result of results) {
        count(result.files);
        count(result.trees);
        append(changes, result.files);
        append(next, result.trees);
      }
    }
    level = next;
  }
  return changes.sort(comparePaths);
}

/** Counts files and directories of a listing. Throws GIT_ERROR for one that was made to explode: a few objects, each of which holds the next many times. */
export function createBounds(): (entries: Iterable<{ readonly path: string }>) => void {
  let total = 0;
  let length = 0;
  return (entries) => {
    for (const { path } of entries) {
      total += 1;
      length += path.length;
      if (path.length > MAX_PATH_LENGTH)
        throw gitError(`the repository has a path of ${path.length} characters: ${path.slice(0, 60)}…`);
    }
    if (total > MAX_CHANGED_FILES)
      throw gitError(`the repository has more than ${MAX_CHANGED_FILES} files and directories`);
    if (length > MAX_LISTED_LENGTH) throw gitError('the names of all files of the repository are too long');
  };
}

/** A call takes no more than so many arguments, so that nothing is spread here. */
function append<T>(list: T[], more: readonly T[]): void {
  for (const one of more) list.push(one);
}

/** Compares by UTF-16 code units, the order of `<`. */
export function comparePaths(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

export function fileEntry(mode: string, id: string): FileEntry | null {
  if (mode === TREE_MODE) return null;
  if (mode === SUBMODULE_MODE) return { type: 'submodule', blob: id };
  if (mode === '120000') return { type: 'symlink', blob: id };
  return { type: mode === '100755' ? 'executable' : 'file', blob: id };
}

/** Names that Git itself would never check out; a tree made by hand can hold them. */
export function isSafeName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && name.toLowerCase() !== '.git';
}

/** The entries that differ between two raw trees, each side in the tree's order. */
export function diffEntries(a: Buffer, b: Buffer): readonly [readonly TreeEntry[], readonly TreeEntry[]] {
  const prefix = commonPrefix(a, b);
  let start = 0;
  while (start < prefix) {
    const end = entryEnd(a, start);
    if (end > prefix) break;
    start = end;
  }
  const suffix = commonSuffix(a, b, Math.min(a.length, b.length) - start);
  // The walk goes on both sides to the first boundary from which the rest is the same bytes.
  let inA = start;
  let inB = start;
  while (a.length - inA !== b.length - inB || a.length - inA > suffix) {
    if (a.length - inA >= b.length - inB) inA = entryEnd(a, inA);
    else inB = entryEnd(b, inB);
  }
  return [parseTree(a, start, inA), parseTree(b, start, inB)];
}

interface Pair {
  /** Path with a trailing slash, `` for the root. */
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

async function diffPair(
  readTree: ReadTree,
  pair: Pair,
): Promise<{ readonly files: FileChange[]; readonly trees: Pair[] }> {
  const none = Buffer.alloc(0);
  const [before, after] = await Promise.all([
    pair.before === null ? none : readTree(pair.before),
    pair.after === null ? none : readTree(pair.after),
  ]);
  const [left, right] = diffEntries(before, after);
  const old = new Map(left.map((entry) => [entry.name, entry]));
  const files: FileChange[] = [];
  const trees: Pair[] = [];
  const compare = (name: string, a: TreeEntry | undefined, b: TreeEntry | undefined): void => {
    if (!isSafeName(name)) return;
    const path = `${pair.path}${name}`;
    const [treeA, treeB] = [treeId(a), treeId(b)];
    if (treeA !== treeB) trees.push({ path: `${path}/`, before: treeA, after: treeB });
    const [fileA, fileB] = [a ? fileEntry(a.mode, a.id) : null, b ? fileEntry(b.mode, b.id) : null];
    if (fileA?.blob === fileB?.blob && fileA?.type === fileB?.type) return;
    files.push({ path, before: fileA, after: fileB });
  };
  for (const entry of right) {
    compare(entry.name, old.get(entry.name), entry);
    old.delete(entry.name);
  }
  for (const entry of old.values()) compare(entry.name, entry, undefined);
  return { files, trees };
}

function treeId(entry: TreeEntry | undefined): string | null {
  return entry?.mode === TREE_MODE ? entry.id : null;
}

/** Whole blocks are compared natively, only the block that differs byte by byte. */
function commonPrefix(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  let same = 0;
  while (same < length) {
    const end = Math.min(same + COMPARE_BLOCK, length);
    if (a.compare(b, same, end, same, end) !== 0) break;
    same = end;
  }
  while (same < length && a[same] === b[same]) same += 1;
  return same;
}

/** @param limit bytes at the end that may be compared, so that it never overlaps the common start */
function commonSuffix(a: Buffer, b: Buffer, limit: number): number {
  let same = 0;
  while (same < limit) {
    const size = Math.min(COMPARE_BLOCK, limit - same);
    const [endA, endB] = [a.length - same, b.length - same];
    if (a.compare(b, endB - size, endB, endA - size, endA) !== 0) break;
    same += size;
  }
  while (same < limit && a[a.length - 1 - same] === b[b.length - 1 - same]) same += 1;
  return same;
}

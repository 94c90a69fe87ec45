import { blobId } from '../../base/blob-id.ts';
import type { TreeDirectory } from '../../config/file-tree.ts';
import { isDirectory, nodeAt } from '../../config/file-tree.ts';
import type { FileChange, FileWrite, Revision, Source } from '../../ports/source.ts';

/** A source with files on top of a revision, as if they were committed; for reading only. */
export interface PreviewSource {
  readonly source: Source;
  readonly revision: Revision;
  /** Contents of the files, by blob id. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

/** @param tree files of the revision */
export function createPreviewSource(
  source: Source,
  base: Revision | null,
  writes: readonly FileWrite[],
  tree: TreeDirectory,
): PreviewSource {
  const contents = new Map<string, Uint8Array>();
  const written = writes.map(({ path, content, type = typeAt(tree, path) }): FileChange => {
    if (content === null) return { path, before: null, after: null };
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const blob = blobId(bytes);
    contents.set(blob, bytes);
    return { path, before: null, after: { type, blob } };
  });
  const paths = new Set(written.map(({ path }) => path));
  const revision: Revision = {
    ...(base ?? NOTHING),
    branch: source.branch,
    commit: blobId(new TextEncoder().encode(JSON.stringify([base?.commit ?? '', written]))),
    subject: 'preview',
  };
  return {
    revision,
    contents,
    source: {
      ...delegated(source),
      async diffWithModules(from: string | null, _to: string, signal: AbortSignal) {
        if (from !== null && from === base?.commit) return written;
        const there = base === null ? [] : await source.diffWithModules(null, base.commit, signal);
        const kept = there.filter(({ path }) => !paths.has(path));
        return [...kept, ...written.filter(({ after }) => after !== null)].sort((a, b) =>
          a.path < b.path ? -1 : 1,
        );
      },
      isIncomplete: () => false,
      readBlob: async (blob: string) => contents.get(blob) ?? source.readBlob(blob),
      async *readBlobs(blobs: readonly string[], maxBytes: number, signal: AbortSignal) {
        for (const blob of blobs) {
          const content = contents.get(blob);
          if (content === undefined) continue;
          yield { blob, size: content.length, content: content.length > maxBytes ? null : content };
        }
        yield* source.readBlobs(
          blobs.filter((blob) => !contents.has(blob)),
          maxBytes,
          signal,
        );
      },
    },
  };
}

/** A file keeps its type, as it does in a commit. */
function typeAt(tree: TreeDirectory, path: string): NonNullable<FileWrite['type']> {
  const node = nodeAt(tree, path);
  return node === undefined || isDirectory(node) || node.type === 'submodule' ? 'file' : node.type;
}

/** The source as a plain object: an instance of a class keeps its methods to itself. */
function delegated(source: Source): Source {
  return {
    location: source.location,
    branch: source.branch,
    hasRemote: source.hasRemote,
    resolve: (signal) => source.resolve(signal),
    expectTags: () => source.expectTags(),
    lastKnown: () => source.lastKnown(),
    lookup: (reference) => source.lookup(reference),
    contains: (commit) => source.contains(commit),
    comesAfter: (later, earlier) => source.comesAfter(later, earlier),
    between: (earlier, later, limit) => source.between(earlier, later, limit),
    diff: (from, to, signal) => source.diff(from, to, signal),
    diffWithModules: (from, to, signal) => source.diffWithModules(from, to, signal),
    isIncomplete: (commit) => source.isIncomplete(commit),
    fetchLarge: (files, maxBytes, signal) => source.fetchLarge(files, maxBytes, signal),
    readBlob: (blob) => source.readBlob(blob),
    readBlobs: (blobs, maxBytes, signal) => source.readBlobs(blobs, maxBytes, signal),
    commit: (request, signal) => source.commit(request, signal),
    propose: (request, signal) => source.propose(request, signal),
    tryMerge: (request, signal) => source.tryMerge(request, signal),
    verify: (request, signal) => source.verify(request, signal),
    tag: (request) => source.tag(request),
    moveTag: (request, expected, signal) => source.moveTag(request, expected, signal),
    deleteTag: (name, expected, signal) => source.deleteTag(name, expected, signal),
    tags: (prefix) => source.tags(prefix),
    pushTags: (names, signal) => source.pushTags(names, signal),
    foldTags: (options, signal) => source.foldTags(options, signal),
    watch: (onChange, signal) => source.watch(onChange, signal),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const NOTHING: Omit<Revision, 'commit' | 'branch' | 'subject'> = {
  author: { name: '', email: '' },
  time: new Date(0).toISOString(),
  dirty: false,
};

import { blobId } from '../../base/blob-id.ts';
import type { TreeDirectory } from '../../config/file-tree.ts';
import { isDirectory, nodeAt } from '../../config/file-tree.ts';
import type { FileChange, FileWrite, Revision, Source } from '../../ports/source.ts';
import { delegateSource } from '../../ports/wrapping/delegate-source.ts';

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
      ...delegateSource(source),
      [Symbol.asyncDispose]: () => Promise.resolve(),
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

const NOTHING: Omit<Revision, 'commit' | 'branch' | 'subject'> = {
  author: { name: '', email: '' },
  time: new Date(0).toISOString(),
  dirty: false,
};

import { isReconcilerError } from '../base/errors.ts';
import type { TreeChange } from '../config/file-tree.ts';
import { listFiles, updateTree } from '../config/file-tree.ts';
import type { FileChange, FileEntry, Revision } from '../ports/source.ts';
import { readNodes, readSettings } from './read-settings.ts';
import type { EntryContext } from './state.ts';
import { readKits } from './read-kits.ts';
import type { LoadOptions, Staged } from './repository-state.ts';
import { decode, readTexts } from './repository-state.ts';
import { createFilter, findTouched, readStacks } from './read-stacks.ts';

/** Longest target of a symlink. */
const LINK_BYTES = 4_096;
/** Longest `.dockerignore`. */
const IGNORE_BYTES = 64 * 1024;

/** Reads what a revision changes. Nothing of the state in force is touched. */
export async function readRevision(revision: Revision, options: LoadOptions): Promise<Staged> {
  const { state } = options;
  const changes = await listChanges(revision, options);
  const tree = updateTree(state.tree, await withLinks(changes, options));
  const settings = await readSettings(tree, options);
  const nodes = await readNodes(tree, changes, options);
  const kits = await readKits(tree, changes, options);
  const context: EntryContext = {
    tree,
    nodes: nodes.references,
    kits: kits.catalogue,
    checkSchema: options.checkSchema,
  };
  const files = findTouched({ tree, settings, nodes, kits, changes }, options);
  const staged = await readStacks(files, context, { ...options, includes: createFilter(settings.document) });
  return { state: { revision, tree, settings, nodes, kits }, changes: staged };
}

/** Changes since the state in force; everything is compared anew when history does not connect the two. */
async function listChanges(revision: Revision, options: LoadOptions): Promise<readonly FileChange[]> {
  const { source, state, signal } = options;
  const from = state.revision?.commit ?? null;
  if (from !== null) {
    try {
      return await source.diff(from, revision.commit, signal);
    } catch (error) {
      // A rewritten branch may have lost the old commit; anything else is the caller's to see.
      if (!isReconcilerError(error, 'GIT_ERROR') || error.retryable) throw error;
    }
  }
  const listed = await source.diff(null, revision.commit, signal);
  if (from === null) return listed;
  const present = new Set(listed.map((change) => change.path));
  const gone: FileChange[] = [];
  for (const [path, { type, blob }] of listFiles(state.tree)) {
    if (!present.has(path)) gone.push({ path, before: { type, blob }, after: null });
  }
  return [...listed, ...gone];
}

async function withLinks(
  changes: readonly FileChange[],
  options: LoadOptions,
): Promise<readonly TreeChange[]> {
  const blobs = changes.flatMap(({ after }) => (after?.type === 'symlink' ? [after.blob] : []));
  const targets = await readContents(blobs, LINK_BYTES, options);
  const ignores = changes.flatMap(({ path, after }) => (after && tellsOfOthers(path) ? [after.blob] : []));
  const texts = await readContents(ignores, IGNORE_BYTES, options);
  return changes.map(({ path, after }) => ({
    path,
    file:
      after &&
      withText(
        withLink(after, targets.get(after.blob)),
        tellsOfOthers(path) ? texts.get(after.blob) : undefined,
      ),
  }));
}

function tellsOfOthers(path: string): boolean {
  return path.endsWith('.dockerignore');
}

async function readContents(
  blobs: readonly string[],
  maxBytes: number,
  options: LoadOptions,
): Promise<ReadonlyMap<string, string>> {
  const contents = new Map<string, string>();
  for await (const [blob, bytes] of readTexts(blobs, maxBytes, options)) {
    const text = bytes && decode(bytes);
    if (text !== null) contents.set(blob, text);
  }
  return contents;
}

type File = NonNullable<TreeChange['file']>;

function withText(file: File, text: string | undefined): File {
  return text === undefined || file.type === 'symlink' ? file : { ...file, text };
}

function withLink({ type, blob }: FileEntry, link: string | undefined): File {
  return type === 'symlink' && link !== undefined && link !== '' ? { type, blob, link } : { type, blob };
}

import { isReconcilerError } from '../base/errors.ts';
import type { TreeChange, TreeDirectory } from '../config/file-tree.ts';
import { listLeaves, nodeAt, updateTree } from '../config/file-tree.ts';
import { createLfsFilter, isPointer, parsePointer, POINTER_BYTES } from '../config/git-lfs.ts';
import type { FileChange, FileEntry, Revision } from '../ports/source.ts';
import { readNodes, readSettings } from './read-settings.ts';
import type { EntryContext } from './state.ts';
import { readKits } from './read-kits.ts';
import { readPlugins } from './plugins/read-plugins.ts';
import type { LoadOptions, Staged } from './repository-state.ts';
import { decode, readTexts } from './repository-state.ts';
import { movedPlaces, withFormerShares } from './shared/moved-places.ts';
import { createFilter, findTouched, readStacks, refuseTooMany } from './read-stacks.ts';

/** Longest target of a symlink. */
const LINK_BYTES = 4_096;
/** Longest `.dockerignore`. */
const IGNORE_BYTES = 64 * 1024;

/** Reads what a revision changes. Nothing of the state in force is touched. */
export async function readRevision(revision: Revision, options: LoadOptions): Promise<Staged> {
  const { state } = options;
  const changes = await listChanges(revision, options);
  const tree = await markPointers(
    updateTree(state.tree, await withLinks(changes, options)),
    changes,
    options,
  );
  const settings = await readSettings(tree, options);
  const nodes = await readNodes(tree, changes, options);
  const kits = await readKits(tree, changes, options);
  const plugins = await readPlugins(tree, changes, options);
  const context: EntryContext = {
    tree,
    nodes: nodes.references,
    kits: kits.catalogue,
    // They are read for those who ask.
    get plugins() {
      return plugins.catalogue;
    },
    checkSchema: options.checkSchema,
    policy: options.policy,
  };
  const { only } = options;
  const files = only ?? findTouched({ tree, settings, nodes, kits, plugins, changes }, options);
  refuseTooMany([...files].filter((file) => nodeAt(tree, file) !== undefined).length, options.limits);
  const read = (some: ReadonlySet<string>, placesOf: NonNullable<EntryContext['placesOf']>) =>
    readStacks(
      some,
      { ...context, placesOf },
      { ...options, includes: createFilter(settings.document), settings: settings.document },
    );
  const before = (file: string) => options.index.entryOf(file)?.routesThrough;
  const first = withFormerShares(await read(files, before), options.index);
  // The proxy that a route leads through is known when all stacks are.
  const moved = movedPlaces(first, options.index);
  const late = new Set([...moved.keys()].filter((file) => only?.has(file) ?? true));
  const again = await read(late, (file) => moved.get(file));
  const staged = [...first.filter(({ file }) => !late.has(file)), ...again];
  return { state: { revision, read: revision, tree, settings, nodes, kits, plugins }, changes: staged };
}

/** Changes since the state in force; everything is compared anew when history does not connect the two. */
async function listChanges(revision: Revision, options: LoadOptions): Promise<readonly FileChange[]> {
  const { source, state, signal } = options;
  const from = state.revision?.commit ?? null;
  if (from !== null) {
    try {
      const changes = await source.diffWithModules(from, revision.commit, signal);
      return from === revision.commit ? [...changes, ...missingFiles(state.tree)] : changes;
    } catch (error) {
      // A rewritten branch may have lost the old commit; anything else is the caller's to see.
      if (!isReconcilerError(error, 'GIT_ERROR') || error.retryable) throw error;
    }
  }
  const listed = await source.diffWithModules(null, revision.commit, signal);
  if (from === null) return listed;
  const present = new Set(listed.map((change) => change.path));
  const gone: FileChange[] = [];
  for (const [path, { type, blob }] of listLeaves(state.tree)) {
    if (!present.has(path)) gone.push({ path, before: { type, blob }, after: null });
  }
  return [...listed, ...gone];
}

/** Large files that could not be had, as if they had changed. */
function missingFiles(tree: TreeDirectory): readonly FileChange[] {
  return [...listLeaves(tree)].flatMap(([path, file]) => {
    if (!('pointer' in file) || file.reason === undefined) return [];
    const entry = { type: file.type, blob: file.blob };
    return [{ path, before: entry, after: entry }];
  });
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
  return path.endsWith('.dockerignore') || /(^|\/)\.gitattributes$/.test(path);
}

/** Finds, among changed files that Git LFS may keep, those that are no more than pointers. */
async function markPointers(
  tree: TreeDirectory,
  changes: readonly FileChange[],
  options: LoadOptions,
): Promise<TreeDirectory> {
  // Attributes above a root are not seen: every file there is looked at.
  const isKept = options.source.root === '' ? createLfsFilter(tree) : () => true;
  const kept = changes.flatMap(({ path, after }) =>
    after !== null && (after.type === 'file' || after.type === 'executable') && isKept(path)
      ? [{ path, type: after.type, blob: after.blob }]
      : [],
  );
  const texts = await readContents(
    kept.map(({ blob }) => blob),
    POINTER_BYTES,
    options,
  );
  if (kept.length === 0) return tree;
  const pointers = kept.filter(({ blob }) => isPointer(texts.get(blob)));
  const { source, limits, signal } = options;
  const large = pointers.flatMap(({ blob }) => {
    const pointer = parsePointer(texts.get(blob) ?? '');
    return pointer === null ? [] : [{ blob, ...pointer }];
  });
  const missing = large.length === 0 ? null : await source.fetchLarge(large, limits.fileBytes, signal);
  const fetched = new Set(large.flatMap(({ blob }) => (missing?.has(blob) === true ? [] : [blob])));
  return updateTree(
    tree,
    pointers
      .filter(({ blob }) => !fetched.has(blob))
      .map(({ path, type, blob }) => {
        const reason = missing?.get(blob) ?? null;
        return { path, file: { type, blob, pointer: true, ...(reason === null ? {} : { reason }) } };
      }),
  );
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
  return text === undefined || file.type === 'symlink' || file.type === 'submodule'
    ? file
    : { ...file, text };
}

function withLink({ type, blob, reason }: FileEntry, link: string | undefined): File {
  if (type === 'submodule') return { type, blob, ...(reason === undefined ? {} : { reason }) };
  return type === 'symlink' && link !== undefined && link !== '' ? { type, blob, link } : { type, blob };
}

import type { SettingsDocument } from '../config/fleet/config-documents.ts';
import type { TreeDirectory, TreeNode } from '../config/file-tree.ts';
import { directoryOf, isDirectory, listFiles, nodeAt } from '../config/file-tree.ts';
import type { GlobWork } from '../config/glob.ts';
import { parseGlob } from '../config/glob.ts';
import { ReconcilerError } from '../base/errors.ts';
import { isProblem } from '../base/problem.ts';
import type { FileChange } from '../ports/source.ts';
import type { BuiltEntry, EntryContext, EntrySource } from './state.ts';
import { ALL_NODES, buildEntry, withOversize } from './build-entry.ts';
import { createComposeFilter, kombinationFor } from './compose/compose-stacks.ts';
import type { IndexChange } from './stack-index.ts';
import type { Readable } from './compose/read-compose-files.ts';
import { withComposeTexts } from './compose/read-compose-files.ts';
import { withContents } from './read-file-contents.ts';
import { withManifests } from './manifests/with-manifests.ts';
import { changedKits } from './read-kits.ts';
import { changedPlugins, pluginKey } from './plugins/read-plugins.ts';
import { readElementLists } from './templates/element-lists.ts';
import {
  brokenEntries,
  expandTemplates,
  fileOfKey,
  relistedKey,
  withDoubtful,
} from './templates/expand-templates.ts';
import { isWorkflowFile } from './workflow.ts';
import type {
  LoadedKits,
  LoadedNodes,
  LoadedPlugins,
  LoadedSettings,
  LoadLimits,
  LoadOptions,
} from './repository-state.ts';
import { createBreather, locateDocument, readTexts, toText } from './repository-state.ts';

const KOMBINATION = /(?:^|\/)kombination\.ya?ml$/;
const OVERRIDE = /\.override\.ya?ml$/;

function isStackFile(path: string): boolean {
  return KOMBINATION.test(path) || isWorkflowFile(path);
}

function isFile(node: TreeNode | undefined): boolean {
  return node !== undefined && !isDirectory(node);
}

/** Result of reading a revision besides its stacks. */
export interface Read {
  readonly tree: TreeDirectory;
  readonly settings: LoadedSettings;
  readonly nodes: LoadedNodes;
  readonly kits: LoadedKits;
  readonly plugins: LoadedPlugins;
  readonly changes: readonly FileChange[];
}

/** Files of stacks that have to be looked at again; keys, where only some stacks of a template have to. */
export function findTouched(
  { tree, settings, nodes, kits, plugins, changes }: Read,
  { state, index }: LoadOptions,
): ReadonlySet<string> {
  const touched = new Set<string>();
  const isCompose = createComposeFilter(tree, settings.document);
  for (const { path } of changes) {
    if (isStackFile(path) || isCompose(path)) touched.add(path);
    // Files beside a Compose file that take its place, or are merged over it.
    const others = KOMBINATION.test(path) || OVERRIDE.test(path) ? beside(tree, path) : [];
    for (const file of others) if (isCompose(file) || index.describes(file)) touched.add(file);
    for (const key of index.watchersOf(path)) touched.add(key);
    for (const key of index.listersOf(path)) touched.add(relistedKey(fileOfKey(key)));
  }
  if (nodes !== state.nodes) {
    for (const name of new Set([...nodes.references.keys(), ...state.nodes.references.keys()])) {
      const reference = nodes.references.get(name);
      // The findings of a file without a target may be others.
      if (reference !== null && reference === state.nodes.references.get(name)) continue;
      for (const file of index.usersOfNode(name)) touched.add(file);
    }
    if (!isSameNames(nodes.references, state.nodes.references))
      for (const key of index.usersOfNode(ALL_NODES)) touched.add(fileOfKey(key));
  }
  const parts = [...changedKits(state.kits, kits), ...changedPlugins(state.plugins, plugins).map(pluginKey)];
  for (const name of parts) {
    for (const file of index.usersOfKit(name)) touched.add(file);
  }
  if (globsOf(settings.document) !== globsOf(state.settings.document)) {
    for (const file of index.files()) touched.add(file);
    for (const [path] of listFiles(tree)) if (isStackFile(path) || isCompose(path)) touched.add(path);
  }
  return touched;
}

function isSameNames(one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): boolean {
  return one.size === other.size && [...one.keys()].every((name) => other.has(name));
}

/** Files in the same directory. */
function* beside(tree: TreeDirectory, path: string): Generator<string> {
  const directory = directoryOf(path);
  const node = directory === '' ? tree : nodeAt(tree, directory);
  if (isDirectory(node))
    for (const name of node.keys()) yield directory === '' ? name : `${directory}/${name}`;
}

function globsOf({ include, exclude, compose, released }: SettingsDocument): string {
  return JSON.stringify([include, exclude, compose, released]);
}

const MAX_GLOB_STEPS = 100_000_000;

/** Creates a test that tells whether a kombination file is to be read. */
export function createFilter({ include, exclude }: SettingsDocument): (file: string) => boolean {
  const work: GlobWork = { steps: 0 };
  const anyOf = (globs: readonly string[]) => {
    const matches = globs.flatMap((glob) => {
      const match = parseGlob(glob);
      return isProblem(match) ? [] : [match];
    });
    return (file: string): boolean => matches.some((match) => match(file, work));
  };
  const [included, excluded] = [anyOf(include), anyOf(exclude)];
  return (file) => {
    // A file that nobody knows to be left out is not to be taken for gone.
    if (work.steps > MAX_GLOB_STEPS)
      throw new ReconcilerError(
        'INVALID_CONFIGURATION',
        'the globs of kombinator.yaml take too long: write fewer of them, with fewer stars',
      );
    return (include.length === 0 || included(file)) && !excluded(file);
  };
}

type StackOptions = LoadOptions & {
  readonly includes: (file: string) => boolean;
  readonly settings: SettingsDocument;
};

function addTo<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** Throws INVALID_CONFIGURATION. */
export function refuseTooMany(files: number, { stackFiles }: Pick<LoadLimits, 'stackFiles'>): void {
  if (files <= stackFiles) return;
  const message = `the repository has ${files} files of stacks; at most ${stackFiles} are read`;
  throw new ReconcilerError('INVALID_CONFIGURATION', message);
}

/** Reads and checks kombinations; those that are no longer there, or left out, come as `null`. */
export async function readStacks(
  files: ReadonlySet<string>,
  context: EntryContext,
  options: StackOptions,
): Promise<readonly IndexChange[]> {
  const { index, includes } = options;
  const built: BuiltEntry[] = [];
  const ready: Readable[] = [];
  const waiting = new Map<string, EntrySource[]>();
  const breathe = createBreather();
  const isCompose = createComposeFilter(context.tree, options.settings);
  const wanted = groupByFile(files);
  for (const file of wanted.keys()) {
    const instances = index.instancesOf(file);
    const before = index.entryOf(file) ?? index.entryOf(instances[0] ?? '');
    const isStack = isStackFile(file) || isCompose(file);
    if (!isStack || !isFile(nodeAt(context.tree, file)) || !includes(file)) continue;
    const place = locateDocument(context.tree, file);
    const common = { file, visited: place.visited.filter((path) => path !== file), previous: before?.name };
    if (isProblem(place)) {
      const problem = { code: place.code, message: place.problem };
      built.push(...brokenEntries({ ...common, realFile: file, blob: null }, [problem], index));
      continue;
    }
    const source: EntrySource = { ...common, realFile: place.path, blob: place.blob };
    // The text of a Compose file is none of the entry's.
    if (before && before.text !== null && before.blob === place.blob && isStackFile(file))
      ready.push({ source, text: before.text });
    else addTo(waiting, place.blob, source);
    await breathe(options.signal);
  }
  await readWaiting(waiting, { ready, built }, options);
  const kombinations = ready.map((one) => asKombination(one, context, options.settings));
  const lists = await readElementLists(kombinations, context.tree, options);
  const expanded = expandTemplates(kombinations, context, { index, lists });
  const doubtful = (await withComposeTexts(expanded.doubtful, context.tree, options)).map(
    ({ source, text }) => buildEntry(source, text, context),
  );
  built.push(...withDoubtful(expanded.broken, doubtful));
  const stacks = expanded.readable.filter(({ source }) => isWanted(source, wanted, index));
  for (const { source, text } of await withComposeTexts(stacks, context.tree, options)) {
    built.push(buildEntry(source, text, context));
    await breathe(options.signal);
  }
  const described = [...expanded.readable.map(keyOfReadable), ...built.map(({ entry }) => entry.key)];
  const removed = noLonger(wanted, new Set(described), index);
  const released = new Set(options.settings.released);
  const [given, kept] = [
    built.filter(({ entry }) => released.has(entry.name)),
    built.filter(({ entry }) => !released.has(entry.name)),
  ];
  const handedOver = given.flatMap(({ entry: { key } }) =>
    index.entryOf(key) === undefined ? [] : [{ file: key, entry: null }],
  );
  const filled = await withManifests(await withContents(kept, context.tree, options), context.tree, options);
  return [...removed, ...handedOver, ...(await checkSizes(filled, context.tree, options))];
}

/** Keys that are wanted of each file; `null`: all that it describes. */
function groupByFile(files: ReadonlySet<string>): ReadonlyMap<string, ReadonlySet<string> | null> {
  const wanted = new Map<string, Set<string> | null>();
  for (const key of files) {
    const file = fileOfKey(key);
    const known = wanted.get(file);
    if (key === file) wanted.set(file, null);
    else if (known === undefined) wanted.set(file, new Set([key]));
    else known?.add(key);
  }
  return wanted;
}

/** Tells whether a stack is read again; of a template whose list alone has changed those are whose element has, or could not be read. */
function isWanted(
  { file, key = file, element, listed }: EntrySource,
  wanted: ReturnType<typeof groupByFile>,
  index: StackOptions['index'],
): boolean {
  const keys = wanted.get(file) ?? null;
  if (keys === null || keys.has(key)) return true;
  if (!keys.has(relistedKey(file))) return false;
  const before = index.entryOf(key);
  const isSame =
    before?.text !== null &&
    JSON.stringify(before?.element?.values) === JSON.stringify(element?.values) &&
    JSON.stringify(before?.listed?.visited) === JSON.stringify(listed?.visited);
  // One of them keeps the list as it is now.
  return !isSame || listed?.first === key;
}

function keyOfReadable({ source: { file, key = file } }: Readable): string {
  return key;
}

/** Stacks that files described before, and do not describe now, although they were read. */
function noLonger(
  wanted: ReturnType<typeof groupByFile>,
  described: ReadonlySet<string>,
  index: StackOptions['index'],
): readonly IndexChange[] {
  const before = [...wanted.keys()].flatMap((file) => [file, ...index.instancesOf(file)]);
  const gone = before.filter((key) => !described.has(key) && index.entryOf(key) !== undefined);
  return gone.map((key) => ({ file: key, entry: null }));
}

/** A Compose file that is a stack is read as a kombination that adopts it. */
function asKombination(
  { source, text }: Readable,
  { tree }: EntryContext,
  { compose }: SettingsDocument,
): Readable {
  const { file } = source;
  return isStackFile(file)
    ? { source, text }
    : { source, text: kombinationFor(tree, { file, text }, compose) };
}

/** Reads the texts that are not known yet, by blob, which empties the list. */
async function readWaiting(
  waiting: Map<string, EntrySource[]>,
  { ready, built }: { readonly ready: Readable[]; readonly built: BuiltEntry[] },
  options: StackOptions,
): Promise<void> {
  const breathe = createBreather();
  for await (const [blob, bytes, size] of readTexts(
    [...waiting.keys()],
    options.limits.documentBytes,
    options,
  )) {
    const text = toText(bytes, size, options.limits);
    for (const source of waiting.get(blob) ?? []) {
      if (typeof text === 'string') ready.push({ source, text });
      else built.push(...brokenEntries(source, [text], options.index));
    }
    waiting.delete(blob);
    await breathe(options.signal);
  }
  for (const source of [...waiting.values()].flat()) {
    const problem = { code: 'FILE_NOT_FOUND', message: 'the content is not in the repository' };
    built.push(...brokenEntries(source, [problem], options.index));
  }
}

/** Sizes of files that are to be copied; their content is not read. */
async function checkSizes(
  built: readonly BuiltEntry[],
  tree: TreeDirectory,
  options: LoadOptions,
): Promise<readonly IndexChange[]> {
  const { fileBytes } = options.limits;
  const blobs = built.flatMap(({ files }) => files.map((file) => file.spec.blob));
  const sizes = new Map<string, number>();
  for await (const [blob, , size] of readTexts(blobs, 0, options))
    if (size > fileBytes) sizes.set(blob, size);
  return built.map((each) => ({
    file: each.entry.key,
    entry: withOversize(each, sizes, { limit: fileBytes, tree }),
  }));
}

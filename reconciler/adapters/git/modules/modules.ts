import { LRUCache } from 'lru-cache';
import { errorMessage } from '../../../base/errors.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { FileChange, FileEntry, LargeFile, Source } from '../../../ports/source.ts';
import type { LargeFiles, Origin } from '../large-files/large-files.ts';
import type { Credentials, Location } from '../location.ts';
import { SUBMODULE_MODE } from '../repository/objects.ts';
import type { Repository } from '../repository/repository.ts';
import { comparePaths } from '../repository/tree-diff.ts';
import { ContentOwners } from './content-owners.ts';
import type { NamedModule } from './git-modules.ts';
import { parseGitModules, resolveModuleUrl } from './git-modules.ts';
import type { ModuleOptions, ModuleRepository } from './module-repository.ts';
import { openModule } from './module-repository.ts';
import type { Place } from './places.ts';
import { credentialsFor, findPlace, parseModuleLocation } from './places.ts';

/** The files of submodules, which a source reads besides those of its own repository. */
export interface Modules extends Disposable {
  /** Files that differ, those of submodules with them. */
  diff(
    repository: Repository,
    from: string | null,
    to: string,
    signal: AbortSignal,
  ): Promise<readonly FileChange[]>;
  isIncomplete(commit: string): boolean;
  fetchLarge(
    repository: Repository,
    files: readonly LargeFile[],
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string | null>>;
  /** Contents from whichever repository has them. */
  readBlob(repository: Repository, blob: string): Promise<Uint8Array>;
  readBlobs(
    repository: Repository,
    blobs: readonly string[],
    maxBytes: number,
    signal: AbortSignal,
  ): ReturnType<Source['readBlobs']>;
}

export interface ModulesOptions extends ModuleOptions {
  /** Places that the operator allows. None: submodules stay what they are. */
  readonly places: readonly Place[];
  /** The config repository and what it is read with. */
  readonly own: { readonly location: Location; readonly credentials: Credentials | undefined };
  readonly large: LargeFiles;
  readonly logger: Logger;
}

/** Milliseconds until something that could not be fetched is asked for again. */
const RETRY_MS = 60_000;
/** Submodules in submodules in submodules. */
const MAX_DEPTH = 4;
const MAX_FILES = 100_000;
const MAX_GITMODULES_BYTES = 256 * 1024;
/** Commits whose submodules are remembered as they were told. */
const MAX_TOLD = 16;
const MAX_LISTINGS = 256;

/** A submodule as it was told: its files, or itself with the reason why there are none. */
interface View {
  readonly leaves: ReadonlyMap<string, FileEntry>;
  /** Moment from which on it may be better, by `Clock.elapsed`; `null`: it is whole, or will not be. */
  readonly retryAt: number | null;
}

interface State {
  readonly options: ModulesOptions;
  readonly opened: Map<string, ModuleRepository>;
  /** Views of whole submodules, and of failed ones, by address, commit and path. */
  readonly views: LRUCache<string, View>;
  readonly told: LRUCache<string, ReadonlyMap<string, View>>;
  /** Repositories by the ids of contents that they alone may have. */
  readonly owners: ContentOwners<Owner>;
}

/** A repository and what it is read with. */
interface Owner extends Origin {
  readonly repository: Repository;
}

export function createModules(options: ModulesOptions): Modules {
  const state: State = {
    options,
    opened: new Map(),
    views: new LRUCache({ max: MAX_LISTINGS }),
    told: new LRUCache({ max: MAX_TOLD }),
    owners: new ContentOwners(),
  };
  const { told } = state;
  const { large } = options;
  const isOff = options.places.length === 0;
  return {
    async diff(repository, from, to, signal) {
      const plain = await repository.diff(from, to, signal);
      if (from === to) large.forgetDue();
      if (isOff) return plain;
      const own = { repository, address: options.own.location.address, depth: 0 };
      // The earlier answer counts, and not the one that there would be by now.
      const before =
        from === null
          ? new Map()
          : (told.get(from) ?? (await viewModules(state, { ...own, commit: from }, signal)));
      const after = await viewModules(state, { ...own, commit: to }, signal);
      told.set(to, after);
      state.owners.sweep(() => contentsIn(state));
      return before.size + after.size === 0 ? plain.map(withReasons) : combine(plain, before, after);
    },
    isIncomplete: (commit) =>
      large.isDue() ||
      [...(told.get(commit)?.values() ?? [])].some(
        ({ retryAt }) => retryAt !== null && retryAt <= options.clock.elapsed(),
      ),
    ...contentsOf(state),
    [Symbol.dispose]: () => {
      for (const module of state.opened.values()) module[Symbol.dispose]();
    },
  };
}

/** Ids of what the remembered commits hold. */
function* contentsIn({ views, told }: Pick<State, 'views' | 'told'>): Generator<string> {
  for (const known of [views, ...told.values()])
    for (const { leaves } of known.values()) for (const { blob } of leaves.values()) yield blob;
}

function contentsOf({
  options: { large, own },
  owners,
}: State): Pick<Modules, 'fetchLarge' | 'readBlob' | 'readBlobs'> {
  const repositoryOf = (blob: string, repository: Repository) => owners.get(blob)?.repository ?? repository;
  return {
    async fetchLarge(repository, files, maxBytes, signal) {
      const missing = new Map<string, string | null>();
      const origin: Owner = { ...own, repository, commonDir: repository.commonDir };
      for (const [owner, some] of Map.groupBy(files, ({ blob }) => owners.get(blob) ?? origin))
        for (const [blob, reason] of await large.fetch(owner, some, maxBytes, signal))
          missing.set(blob, reason);
      return missing;
    },
    readBlob: (repository, blob) =>
      large.sizeOf(blob) === undefined ? repositoryOf(blob, repository).readBlob(blob) : large.read(blob),
    async *readBlobs(repository, blobs, maxBytes, signal) {
      const plain: string[] = [];
      for (const blob of blobs) {
        const size = large.sizeOf(blob);
        if (size === undefined) plain.push(blob);
        else yield { blob, size, content: size > maxBytes ? null : await large.read(blob) };
      }
      for (const [owner, some] of Map.groupBy(plain, (blob) => repositoryOf(blob, repository)))
        yield* owner.readBlobs(some, maxBytes, signal);
    },
  };
}

/** A commit of a repository that may name submodules. */
interface Tree {
  readonly repository: Repository;
  readonly address: string;
  readonly commit: string;
  readonly depth: number;
}

async function viewModules(
  state: State,
  tree: Tree,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, View>> {
  const { repository, commit } = tree;
  const file = await repository.entryAt(commit, '.gitmodules');
  if (file === null) return new Map();
  const { content } = await repository.store.readBounded(file.id, MAX_GITMODULES_BYTES);
  const named = parseGitModules(content?.toString('utf8') ?? '');
  const views = await Promise.all(
    named.map(async (module): Promise<readonly [string, View] | null> => {
      const entry = await repository.entryAt(commit, module.path);
      if (entry?.mode !== SUBMODULE_MODE) return null;
      return [module.path, await viewModule(state, tree, { ...module, commit: entry.id }, signal)];
    }),
  );
  return new Map(views.filter((view) => view !== null));
}

interface PinnedModule extends NamedModule {
  readonly commit: string;
}

async function viewModule(
  state: State,
  tree: Tree,
  module: PinnedModule,
  signal: AbortSignal,
): Promise<View> {
  const { clock, logger } = state.options;
  const url = resolveModuleUrl(tree.address, module.url);
  const key = `${url} ${module.commit} ${module.path}`;
  const known = state.views.get(key);
  if (known !== undefined && (known.retryAt === null || known.retryAt > clock.elapsed())) return known;
  const opened = await findModule(state, url);
  if (typeof opened === 'string') return withoutFiles(module, opened, null);
  let view: View;
  try {
    view = await readModule(state, { tree, module, opened, key }, signal);
  } catch (error) {
    signal.throwIfAborted();
    const reason = errorMessage(error);
    logger.warn({ submodule: module.path, error: reason }, 'a submodule cannot be fetched');
    view = withoutFiles(module, `it cannot be fetched: ${reason}`, clock.elapsed() + RETRY_MS);
  }
  state.views.set(key, view);
  return view;
}

/** The repository of a submodule, or why there is none. */
async function findModule(state: State, url: string): Promise<ModuleRepository | string> {
  const { places, own } = state.options;
  const written = parseModuleLocation(url);
  const allowed = written && (await findPlace(places, written));
  if (allowed === null) {
    const shown = url.replace(/\/\/[^/@]*@/, '//').replaceAll(/\p{Cc}/gu, ' ');
    return `${shown} is not below a place that submodules are fetched from`;
  }
  const { location, place } = allowed;
  const known = state.opened.get(location.address);
  if (known !== undefined) return known;
  const opened = openModule(location, credentialsFor(location, place, own), state.options);
  state.opened.set(location.address, opened);
  return opened;
}

interface Reading {
  readonly tree: Tree;
  readonly module: PinnedModule;
  readonly opened: ModuleRepository;
  /** Place of the view among those that are remembered. */
  readonly key: string;
}

async function readModule(
  state: State,
  { tree, module, opened, key }: Reading,
  signal: AbortSignal,
): Promise<View> {
  const { path, commit } = module;
  const repository = await opened.withCommit(commit, signal);
  const listed = await repository.diff(null, commit, signal).catch((error: unknown) => {
    if (!signal.aborted) opened.suspect();
    throw error;
  });
  if (listed.length > MAX_FILES) return withoutFiles(module, `it has more than ${MAX_FILES} files`, null);
  const depth = tree.depth + 1;
  const inner = { repository, address: opened.address, commit, depth };
  const nested = depth < MAX_DEPTH ? await viewModules(state, inner, signal) : new Map<string, View>();
  const leaves = new Map<string, FileEntry>();
  const { location, credentials } = opened;
  const owner: Owner = { repository, location, credentials, commonDir: repository.commonDir };
  for (const { path: name, after } of listed) {
    if (after === null) continue;
    for (const [place, entry] of nested.get(name)?.leaves ?? [[name, withReason(after, depth)] as const])
      leaves.set(`${path}/${place}`, entry);
    if (after.type !== 'submodule') state.owners.set(after.blob, owner);
  }
  const retries = [...nested.values()].flatMap(({ retryAt }) => retryAt ?? []);
  const view = { leaves, retryAt: retries.length === 0 ? null : Math.min(...retries) };
  // A sweep that came between would forget whose its contents are.
  state.views.set(key, view);
  return view;
}

function withoutFiles({ path, commit }: PinnedModule, reason: string, retryAt: number | null): View {
  return { leaves: new Map([[path, { type: 'submodule', blob: commit, reason }]]), retryAt };
}

function withReason(entry: FileEntry, depth = 0): FileEntry {
  if (entry.type !== 'submodule' || entry.reason !== undefined) return entry;
  const reason =
    depth < MAX_DEPTH
      ? '.gitmodules does not say where it is'
      : `submodules are read down to ${MAX_DEPTH} in one another`;
  return { ...entry, reason };
}

function withReasons({ path, before, after }: FileChange): FileChange {
  return { path, before: before && withReason(before), after: after && withReason(after) };
}

/** Changes of the repository's own files and of those in submodules, as if they were one tree. */
function combine(
  plain: readonly FileChange[],
  before: ReadonlyMap<string, View>,
  after: ReadonlyMap<string, View>,
): readonly FileChange[] {
  const sides = new Map<string, { before: FileEntry | null; after: FileEntry | null }>();
  const at = (path: string) => {
    const known = sides.get(path) ?? { before: null, after: null };
    sides.set(path, known);
    return known;
  };
  for (const change of plain) {
    const side = at(change.path);
    if (!isViewed(change.before, before.get(change.path)))
      side.before = change.before && withReason(change.before);
    if (!isViewed(change.after, after.get(change.path)))
      side.after = change.after && withReason(change.after);
  }
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(path), after.get(path)];
    if (old === now) continue;
    for (const [place, entry] of old?.leaves ?? []) at(place).before = entry;
    for (const [place, entry] of now?.leaves ?? []) at(place).after = entry;
  }
  return [...sides]
    .map(([path, side]) => ({ path, ...side }))
    .filter((change) => !isSame(change.before, change.after))
    .sort(comparePaths);
}

/** Tells whether a view stands for an entry. */
function isViewed(entry: FileEntry | null, view: View | undefined): boolean {
  return entry?.type === 'submodule' && view !== undefined;
}

function isSame(a: FileEntry | null, b: FileEntry | null): boolean {
  return a?.blob === b?.blob && a?.type === b?.type && a?.reason === b?.reason;
}

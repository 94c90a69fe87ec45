import { LRUCache } from 'lru-cache';
import { ReconcilerError } from '../base/errors.ts';
import type { SchemaCheck } from '../config/schema-check.ts';
import { createSchemaCheck } from '../config/schema-check.ts';
import { viewKits } from '../config/kits/view-kits.ts';
import type { NodeKinds } from '../model/node-kind.ts';
import { NO_NODE_KINDS } from '../model/node-kind.ts';
import type { OperatorPolicy } from '../model/operator-policy.ts';
import { OPEN_POLICY } from '../model/operator-policy.ts';
import type { RegistrySetting } from '../model/registry.ts';
import type { RegistryEntry } from '../model/registry-entry.ts';
import type { Seal } from '../model/seal.ts';
import type { SecretSource } from '../model/secret-reference.ts';
import type {
  DesiredState,
  LoadResult,
  PreviewedState,
  RepositorySettings,
  SharedNode,
} from '../ports/desired.ts';
import type { ManifestRenderer } from '../ports/manifest-renderer.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { FileWrite, Revision, Source } from '../ports/source.ts';
import { draftAdoption } from './adopt/draft-adoption.ts';
import { createPreviewSource } from './adopt/preview-source.ts';
import { draftNode, draftStack, editStack, filesOf, generateFrom, rewriteStack } from './check-text.ts';
import { draftCluster, draftSettings } from './settings/draft-settings.ts';
import { listClusters } from './settings/list-clusters.ts';
import { registriesOf, registryEntriesOf } from './registries.ts';
import { checkAround } from './check-around.ts';
import { checkAlone, checkNamed } from './check-file.ts';
import { askedFor } from './policy/asked-for.ts';
import type { ShownStack } from '../model/stack.ts';
import type { Core, Rendered } from './state.ts';
import type { StackEntry } from './stack-index.ts';
import { copyIndex, createStackIndex } from './stack-index.ts';
import { describing } from './files/describing-files.ts';
import { servicesWith } from './files/services-with.ts';
import { whyNotNew } from './files/written-path.ts';
import { readRevision } from './read-revision.ts';
import { refuseTooMany } from './read-stacks.ts';
import { emptyState } from './read-settings.ts';
import { createManifestCache } from './manifests/manifest-cache.ts';
import { ordersOf } from './manifests/stack-manifests.ts';
import { createSecretCache } from './secret-cache.ts';
import type { LoadLimits } from './repository-state.ts';
import { createBreather } from './repository-state.ts';
import { listWorkflows } from './workflow.ts';
import {
  createLookup,
  findInline,
  listDiagnostics,
  renderStack,
  showStack,
  repositoryPolicy,
} from './render-stack.ts';

export interface DesiredStateOptions {
  readonly source: Source;
  readonly secrets: Secrets;
  /** Default 1 MiB for documents, 10 MiB for files that are copied into containers, 20,000 files of stacks. */
  readonly limits?: Partial<LoadLimits>;
  /** Default: a new one. */
  readonly checkSchema?: SchemaCheck;
  /** Kinds of targets besides Docker and Kubernetes; `checkSchema` has to know them. Default: none. */
  readonly kinds?: NodeKinds;
  /** Policy of the operator. Default: everything is allowed. */
  readonly policy?: OperatorPolicy;
  /** Credentials that were given over the API for what `kombinator.yaml` names, at the address that it has. Default: none. */
  readonly keptRegistry?: (entry: RegistryEntry) => RegistrySetting | undefined;
  /** Programs for charts and overlays; `null`: the operator has allowed none. Default: there are none here, and nobody knows what the operator has. */
  readonly renderer?: ManifestRenderer | null;
  /** Key for digests of secrets that leave the process. Default: none, they leave it as they are. */
  readonly seal?: Seal;
}

const DEFAULT_LIMITS: LoadLimits = {
  documentBytes: 1024 ** 2,
  fileBytes: 10 * 1024 ** 2,
  stackFiles: 20_000,
};

/** Rendered stacks that are kept at hand. */
const MAX_STACKS_KEPT = 64;
/** Stacks whose part for lists is kept at hand. */
const MAX_STACKS_SHOWN = 10_000;
const MAX_INLINE_TEXTS_KEPT = 256;

function createCore(options: DesiredStateOptions): Core {
  const { source, secrets, limits = {}, checkSchema = createSchemaCheck(), policy = OPEN_POLICY } = options;
  const merged = { ...DEFAULT_LIMITS, ...limits };
  return {
    source,
    secretCache: createSecretCache({ source, secrets, maxBytes: merged.documentBytes }),
    manifestCache: createManifestCache({
      source,
      renderer: options.renderer,
      fileBytes: merged.fileBytes,
    }),
    limits: merged,
    checkSchema,
    kinds: options.kinds ?? NO_NODE_KINDS,
    policy,
    keptRegistry: options.keptRegistry ?? (() => undefined),
    ...(options.seal === undefined ? {} : { seal: options.seal }),
    index: createStackIndex(),
    rendered: new LRUCache({ max: MAX_STACKS_KEPT }),
    shown: new LRUCache({ max: MAX_STACKS_SHOWN }),
    inline: new LRUCache({ max: MAX_INLINE_TEXTS_KEPT }),
    state: emptyState(policy),
  };
}

/**
 * Reads the config repository. Kept in memory of a stack is its text and what others must know of it; it is rendered
 * when somebody asks.
 */
export function createDesiredState(options: DesiredStateOptions): DesiredState {
  return toDesiredState(createCore(options), options);
}

function toDesiredState(core: Core, options: DesiredStateOptions): DesiredState {
  let last: Promise<unknown> = Promise.resolve();
  return {
    get revision() {
      return core.state.revision;
    },
    load(revision, signal) {
      // One at a time: each load starts from what the one before it left.
      const next = last.then(() => load(core, revision, signal));
      last = next.catch(() => undefined);
      return next;
    },
    async refresh(name, signal) {
      const entry = core.index.find(name);
      if (entry === undefined) return;
      if (entry.references.length > 0) await core.secretCache.prepare(entry.references, signal);
      await prepareManifests(core, [entry], signal, true);
    },
    names: () => core.index.names(),
    dependantsOf: (name) => core.index.order.dependantsOf(name),
    formerDependencies: (name) => core.index.order.formerDependencies(name),
    namersOf: (kind, name) => core.index.namersOf(kind, name),
    nameless: () => [...core.index.notable()].filter(({ guessed }) => guessed).map(({ file }) => file),
    get: (name) => renderStack(core, name),
    shown: (name) => showStack(core, name),
    facts: (name) => core.index.find(name)?.facts,
    diagnostics: () => listDiagnostics(core),
    settings: () => settingsOf(core),
    nodes: () => listNodes(core),
    clusters: () => listClusters(core),
    workflows: () => listWorkflows(core),
    plugins: () => core.state.plugins.catalogue,
    askedFor: (signal) => askedFor(core, signal),
    check: (text, file, { alone = false } = {}) =>
      alone ? checkAlone(core, text, file) : checkNamed(core, text, file),
    checkAround: (text, place, signal) => checkAround(core, text, place, signal),
    generate: (request) => generateFrom(core, request),
    ...draftPart(core),
    inlineBlob: (blob) => findInline(core, blob),
    filesOf: (name) => filesOf(core, name),
    whyNotNew: (path) => whyNotNew(core.state.tree, path),
    kits: () => viewKits(core.state.kits.catalogue),
    describing: (name) => describing(core, name),
    servicesWith: (writes, request, signal) => servicesWith(core, writes, request, signal),
    preview: (writes, signal, { everything = false, isUntrusted = false } = {}) =>
      preview(
        core,
        { writes, isUntrusted },
        { ...options, ...(everything ? { policy: { ...core.policy, everything } } : {}) },
        signal,
      ),
  };
}

type DraftPart = Pick<
  DesiredState,
  | 'draftStack'
  | 'editStack'
  | 'rewriteStack'
  | 'draftSettings'
  | 'draftCluster'
  | 'draftNode'
  | 'draftAdoption'
>;

function draftPart(core: Core): DraftPart {
  return {
    draftStack: (name, document, kind) => draftStack(core, name, document, kind),
    editStack: async (name, keys) => editStack(core, name, keys),
    rewriteStack: (name, edit) => rewriteStack(core, name, edit),
    draftSettings: (edit) => draftSettings(core, edit),
    draftCluster: (name, keys) => draftCluster(core, name, keys),
    draftNode: (name, document) => draftNode(core, name, document),
    draftAdoption: (request) => draftAdoption(core, request),
  };
}

interface PreviewRequest {
  readonly writes: readonly FileWrite[];
  readonly isUntrusted: boolean;
}

async function preview(
  core: Core,
  { writes, isUntrusted }: PreviewRequest,
  options: DesiredStateOptions,
  signal: AbortSignal,
): Promise<PreviewedState> {
  const { source, revision, contents } = createPreviewSource(
    core.source,
    core.state.read,
    writes,
    core.state.tree,
  );
  // Another policy makes something else of every file; with the same one only what the files change is read.
  const isSamePolicy = options.policy === undefined || options.policy === core.policy;
  const state = isSamePolicy
    ? toDesiredState(await forkCore(core, source, { isUntrusted, signal }), options)
    : createDesiredState({ ...options, source });
  const result = await state.load(revision, signal);
  return {
    ...state,
    revision,
    result,
    inlineBlob: (blob) => contents.get(blob) ?? state.inlineBlob(blob),
  };
}

/** A core of its own that knows all that this one does, on another source; neither sees what the other reads from then on. */
async function forkCore(
  core: Core,
  source: Source,
  { isUntrusted, signal }: { readonly isUntrusted: boolean; readonly signal: AbortSignal },
): Promise<Core> {
  const { secretCache } = core;
  const fork = {
    ...core,
    source,
    secretCache: isUntrusted
      ? secretCache.onlyKnown(new Set([...referencesOf(core)].map(({ reference }) => reference)))
      : secretCache.over(source),
    manifestCache: core.manifestCache.over(source, isUntrusted),
    rendered: new LRUCache<string, Rendered>({ max: MAX_STACKS_KEPT }),
    shown: new LRUCache<string, Rendered<ShownStack>>({ max: MAX_STACKS_SHOWN }),
    inline: new LRUCache<string, Uint8Array>({ max: MAX_INLINE_TEXTS_KEPT }),
  };
  const breathe = createBreather();
  return { ...fork, index: await copyIndex(core.index, () => breathe(signal)) };
}

async function load(core: Core, revision: Revision, signal: AbortSignal): Promise<LoadResult> {
  signal.throwIfAborted();
  const { state, index } = core;
  if (state.revision?.commit === revision.commit && !core.source.isIncomplete(revision.commit)) {
    core.state = { ...state, revision, read: revision };
    return { changed: [], removed: [] };
  }
  const staged = await readRevision(revision, { ...core, state: basisOf(core), signal });
  await core.secretCache.prepare(
    staged.changes.flatMap(({ entry }) => entry?.references ?? []),
    signal,
  );
  await prepareManifests(
    core,
    staged.changes.flatMap(({ entry }) => entry ?? []),
    signal,
  );
  signal.throwIfAborted();
  const growth = staged.changes.reduce((sum, { file, entry }) => {
    return sum + Number(entry !== null) - Number(index.entryOf(file) !== undefined);
  }, 0);
  refuseTooMany(index.size + growth, core.limits);
  // One that gives everything back describes nothing, and is meant.
  if (index.size + growth === 0 && staged.state.settings.document.released.length === 0) {
    // Nothing of a stack is lost by it; clusters and registries are there before the first one that uses them.
    if (state.revision === null) core.state = { ...staged.state, revision: null };
    throw new ReconcilerError('EMPTY_REPOSITORY', `${revision.commit.slice(0, 12)} describes no stack`);
  }
  return commit(core, staged);
}

/** Renders charts and overlays that nobody has rendered with these secrets; with `again` also those that could not be. */
async function prepareManifests(
  core: Core,
  entries: readonly StackEntry[],
  signal: AbortSignal,
  again = false,
): Promise<void> {
  const lookup = createLookup(core);
  const orders = entries.flatMap((entry) => (entry.manifests ? ordersOf(entry, lookup) : []));
  if (orders.length > 0) await core.manifestCache.prepare(orders, signal, again);
}

function listNodes({ state }: Core): readonly SharedNode[] {
  return [...state.nodes.documents.values()].flatMap(({ name, file, reference }) =>
    reference !== null && reference.kind !== 'kubernetes' ? [{ name, file, reference }] : [],
  );
}

function settingsOf(core: Core): RepositorySettings {
  const registryEntries = registryEntriesOf(core);
  const { released, imageUpdates } = core.state.settings.document;
  const registries = registriesOf(core);
  return { policy: repositoryPolicy(core), registries, registryEntries, imageUpdates, released };
}

/** The state that a revision is read on top of: nothing, while none is in force. */
function basisOf({ state, policy }: Core): Core['state'] {
  return state.revision === null ? emptyState(policy) : state;
}

/** Puts a revision in force, all at once. */
function commit(core: Core, staged: Awaited<ReturnType<typeof readRevision>>): LoadResult {
  const { index } = core;
  const settingsMoved = core.state.settings !== staged.state.settings;
  core.state = staged.state;
  const concerned = index.apply(staged.changes);
  if (core.secretCache.crowded) core.secretCache.keepOnly(referencesOf(core));
  if (core.manifestCache.crowded) core.manifestCache.keepOnly(manifestKeys(core));
  // Rendered stacks rest on the tree, the settings and each other: what is concerned is rendered anew.
  if (settingsMoved) {
    core.rendered.clear();
    core.shown.clear();
  }
  for (const name of concerned) {
    const entry = index.find(name);
    if (entry === undefined) continue;
    core.rendered.delete(entry.key);
    core.shown.delete(entry.key);
  }
  const changed = settingsMoved ? index.names() : [...concerned].filter((name) => index.find(name));
  const removed = [...concerned].filter((name) => !index.find(name));
  return { changed: changed.toSorted(), removed: removed.sort() };
}

function* referencesOf({ index }: Core): Generator<SecretSource> {
  for (const file of index.files()) yield* index.entryOf(file)?.references ?? [];
}

function manifestKeys(core: Core): ReadonlySet<string> {
  const lookup = createLookup(core);
  const keys = new Set<string>();
  for (const file of core.index.files()) {
    const entry = core.index.entryOf(file);
    if (entry?.manifests) for (const { key } of ordersOf(entry, lookup)) keys.add(key);
  }
  return keys;
}

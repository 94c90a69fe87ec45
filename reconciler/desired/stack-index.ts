import type { PublishedPort } from '../config/kombination/checks/check-kombination.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import type { SecretNeed } from '../config/kombination/checks/find-secrets.ts';
import type { DocumentDiagnostic } from '../base/document-diagnostic.ts';
import type { PulledImage } from '../config/kombination/pulled-images.ts';
import type { SecretSource } from '../model/secret-reference.ts';
import type { StackDependency } from '../config/kombination/stack-dependencies.ts';
import type { TemplateElement } from '../config/templates/read-elements.ts';
import type { WorkflowSummary } from '../model/stack.ts';
import type { StackFacts } from '../ports/desired.ts';
import { compareText } from '../base/values.ts';
import type { OrderedStack, StackOrder } from './stack-order.ts';
import { createStackOrder } from './stack-order.ts';
import type { PortHolder } from './shared/conflicts.ts';
import { nameConflicts, portConflicts, projectConflicts } from './shared/conflicts.ts';
import type { ImpliedOrder, SharedObjects } from './shared/implied-order.ts';
import { createImpliedOrder } from './shared/implied-order.ts';
import type { ManifestSource } from './manifests/manifest-source.ts';
import type { MultiMap } from './shared/multi-map.ts';
import { createMultiMap } from './shared/multi-map.ts';
import type { ProxyShare } from './shared/shared-proxies.ts';
import type { ListedElements } from './templates/listed-elements.ts';
import { proxyGroup } from './shared/shared-proxies.ts';

/** Memory of a kombination between loads: its text and what other files have to know of it. */
export interface StackEntry extends SharedObjects, ProxyShare {
  /** Place in the index: its file, of a stack of a template `<file>#<element>`. */
  readonly key: string;
  /** Repository path. */
  readonly file: string;
  /** Element of the template that the file is; left out: it is none. */
  readonly element?: TemplateElement;
  /** The file that the elements of its template stand in; left out: none. */
  readonly listed?: ListedElements;
  /** Path where the text really is, when the file is a symlink. */
  readonly realFile: string;
  /** Blob id of the text; `null` when there is none. */
  readonly blob: string | null;
  /** `null` when it could not be read. */
  readonly text: string | null;
  /** Texts of Compose files and their env files, by blob id. */
  readonly texts?: ReadonlyMap<string, string>;
  /** Contents of repository files that become a part of objects of clusters, by blob id. */
  readonly contents?: ReadonlyMap<string, Uint8Array>;
  readonly name: string;
  /** The file itself does not tell the name. */
  readonly guessed: boolean;
  readonly facts: StackFacts;
  readonly diagnostics: readonly Diagnostic[];
  readonly ports: readonly PublishedPort[];
  /** Names that it writes for networks and volumes of its own, as `ownNameKey` has them; left out: none. */
  readonly ownNames?: readonly string[];
  /** The Compose project that it has adopted. */
  readonly adopts?: string;
  /** Repository paths that it rests on, besides its own. */
  readonly watched: readonly string[];
  readonly sharedNodes: readonly string[];
  /** Names of kits as it uses them, and of plugins as `plugins/<id>`. */
  readonly kits: readonly string[];
  /** Other stacks that come first. */
  readonly dependsOn: readonly StackDependency[];
  /** Blob ids of texts written in the document. */
  readonly inline: readonly string[];
  readonly secrets: readonly SecretNeed[];
  /** Images that clusters pull for it; left out: none. */
  readonly pulled?: readonly PulledImage[];
  /** Every secret that is looked up by what it says itself, each once. */
  readonly references: readonly SecretSource[];
  /** Charts and overlays; left out: none. */
  readonly manifests?: readonly ManifestSource[];
  /** Secrets in values of charts, by reference as written; left out: none. */
  readonly sources?: ReadonlyMap<string, SecretSource>;
  /** Left out: it is no workflow, or one that could not be read. */
  readonly workflow?: WorkflowSummary;
}

export interface IndexChange {
  /** Key of the entry. */
  readonly file: string;
  /** `null`: no longer a stack. */
  readonly entry: StackEntry | null;
}

/** All stacks, with a way from everything they share to the stacks that share it. A change costs what it touches. */
export interface StackIndex {
  readonly size: number;
  /** The entry of a key. */
  entryOf(key: string): StackEntry | undefined;
  /** Keys of the stacks that a file describes as a template. */
  instancesOf(file: string): readonly string[];
  /** Tells whether a file describes stacks. */
  describes(path: string): boolean;
  /** The entry that speaks for a name. */
  find(name: string): StackEntry | undefined;
  /** Sorted. */
  names(): readonly string[];
  /** Keys of all entries, of which most are files. */
  files(): Iterable<string>;
  /** Keys of stacks that rest on this path or on a directory above it. */
  watchersOf(path: string): Iterable<string>;
  /** Keys of stacks whose template has its elements from this path, or from below it. */
  listersOf(path: string): Iterable<string>;
  usersOfNode(name: string): Iterable<string>;
  usersOfKit(name: string): Iterable<string>;
  fileOfInline(blob: string): string | undefined;
  /** Stacks that write this name for a network or volume of their own. */
  namersOf(kind: NamedKind, name: string): readonly string[];
  readonly order: Pick<StackOrder, 'dependantsOf' | 'formerDependencies'>;
  /** Stacks that come before one: those that it names, and those that make what it uses. */
  dependenciesOf(entry: StackEntry): readonly string[];
  /** The stack that makes a network or volume which another one uses and does not make; `undefined` when none does. */
  makerFor(entry: StackEntry, key: string): string | undefined;
  /** Entries that want a proxy, or have one, on the same engine. */
  proxyClaimants(group: string): Iterable<StackEntry>;
  /** Findings about an entry and others: one name or one port for two stacks, stacks that wait for each other. */
  conflictsOf(entry: StackEntry): readonly DocumentDiagnostic[];
  /** Entries that have findings of their own or with others, or that may look up secrets. */
  notable(): Iterable<StackEntry>;
  /** Puts changes in force; returns the names that they may concern. */
  apply(changes: readonly IndexChange[]): ReadonlySet<string>;
}

/** Kinds whose objects can go from stack to stack under a name that is written out. */
export type NamedKind = 'network' | 'volume';

export function ownNameKey(kind: NamedKind, name: string): string {
  return `${kind} ${name}`;
}

interface Tables {
  readonly entries: Map<string, StackEntry>;
  /** Keys by the template that they are of. */
  readonly templates: MultiMap<string>;
  readonly byName: MultiMap<StackEntry>;
  readonly byPort: MultiMap<PortHolder<StackEntry>>;
  readonly portHolders: Map<string, readonly PortHolder<StackEntry>[]>;
  readonly watchers: MultiMap<string>;
  readonly listers: MultiMap<string>;
  readonly nodeUsers: MultiMap<string>;
  readonly kitUsers: MultiMap<string>;
  readonly inline: MultiMap<string>;
  readonly namers: MultiMap<string>;
  /** Stacks by the Compose projects that they have adopted. */
  readonly adopters: MultiMap<StackEntry>;
  readonly notable: Set<StackEntry>;
  readonly order: StackOrder;
  readonly implied: ImpliedOrder<StackEntry>;
  readonly proxies: MultiMap<StackEntry>;
}

function createTables(): Tables {
  return {
    entries: new Map(),
    templates: createMultiMap(),
    byName: createMultiMap(),
    byPort: createMultiMap(),
    portHolders: new Map(),
    watchers: createMultiMap(),
    listers: createMultiMap(),
    nodeUsers: createMultiMap(),
    kitUsers: createMultiMap(),
    inline: createMultiMap(),
    namers: createMultiMap(),
    adopters: createMultiMap(),
    notable: new Set(),
    order: createStackOrder(),
    implied: createImpliedOrder(),
    proxies: createMultiMap(),
  };
}

export function createStackIndex(): StackIndex {
  const tables = createTables();
  const { entries, byName, byPort, order, implied } = tables;
  let sorted: readonly string[] = [];
  const find = (name: string) => first(byName.get(name));
  return {
    order,
    get size() {
      return entries.size;
    },
    entryOf: (key) => entries.get(key),
    instancesOf: (file) => [...tables.templates.get(file)],
    describes: (path) => entries.has(path) || tables.templates.get(path).size > 0,
    find,
    names: () => sorted,
    files: () => entries.keys(),
    watchersOf: (path) => above(tables.watchers, path),
    listersOf: (path) => above(tables.listers, path),
    usersOfNode: (name) => tables.nodeUsers.get(name),
    usersOfKit: (name) => tables.kitUsers.get(name),
    namersOf: (kind, name) => [...new Set(tables.namers.get(ownNameKey(kind, name)))].sort(),
    dependenciesOf: (entry) => inOrder(entry, implied).dependsOn.map(({ name }) => name),
    makerFor: (entry, key) => implied.makerFor(entry, key),
    proxyClaimants: (group) => tables.proxies.get(group),
    fileOfInline: (blob) => tables.inline.get(blob).values().next().value,
    conflictsOf: (entry) => [
      ...nameConflicts(entry, byName.get(entry.name)),
      ...projectConflicts(entry, tables.adopters),
      ...entry.ports.flatMap((port) => portConflicts(entry, port, byPort.get(port.key))),
      ...order.diagnosticsOf(entry, { find, names: () => sorted }),
    ],
    *notable() {
      const seen = new Set(tables.notable);
      for (const group of byName.shared()) for (const entry of group) seen.add(entry);
      for (const group of tables.adopters.shared()) for (const entry of group) seen.add(entry);
      for (const group of byPort.shared()) for (const { entry } of group) seen.add(entry);
      yield* seen;
    },
    apply(changes) {
      const concerned = new Set<string>();
      for (const { file, entry } of changes) {
        const before = entries.get(file);
        if (before) unlink(before, tables, concerned);
        if (entry) link(entry, tables, concerned);
      }
      for (const { entry, before } of implied.settle(find)) {
        concerned.add(entry.name);
        order.unlink({ name: entry.name, dependsOn: [...entry.dependsOn, ...before] });
        order.link(inOrder(entry, implied));
      }
      order.addDependants(concerned, (name) => byName.get(name).size > 0);
      sorted = updateNames(sorted, concerned, (name) => byName.get(name).size > 0);
      return concerned;
    },
  };
}

/** Returns what is kept for a path and for the directories above it. */
function* above(table: MultiMap<string>, path: string): Generator<string> {
  for (let place = path; place !== ''; place = place.slice(0, Math.max(0, place.lastIndexOf('/'))))
    yield* table.get(place);
  yield* table.get('');
}

/** Entries that are copied in one go. */
const COPIED_AT_ONCE = 250;

/**
 * An index of its own with the entries that there are when it is asked for.
 *
 * @param breathe called between parts
 */
export async function copyIndex(index: StackIndex, breathe: () => Promise<void>): Promise<StackIndex> {
  const copy = createStackIndex();
  const all = [...index.files()].map((file) => ({ file, entry: index.entryOf(file) ?? null }));
  for (let at = 0; at < all.length; at += COPIED_AT_ONCE) {
    copy.apply(all.slice(at, at + COPIED_AT_ONCE));
    await breathe();
  }
  return copy;
}

function link(entry: StackEntry, tables: Tables, concerned: Set<string>): void {
  const { key: file, name, watched, sharedNodes, inline, ports } = entry;
  concerned.add(name);
  tables.entries.set(file, entry);
  if (file !== entry.file) tables.templates.add(entry.file, file);
  tables.byName.add(name, entry);
  for (const path of watched) tables.watchers.add(path, file);
  for (const path of entry.listed?.visited ?? []) tables.listers.add(path, file);
  for (const node of sharedNodes) tables.nodeUsers.add(node, file);
  for (const kit of entry.kits) tables.kitUsers.add(kit, file);
  for (const blob of inline) tables.inline.add(blob, file);
  for (const key of entry.ownNames ?? []) tables.namers.add(key, name);
  if (entry.adopts !== undefined) {
    for (const other of tables.adopters.get(entry.adopts)) concerned.add(other.name);
    tables.adopters.add(entry.adopts, entry);
  }
  for (const claim of entry.proxies ?? []) tables.proxies.add(proxyGroup(claim), entry);
  tables.implied.link(entry);
  tables.order.link(entry);
  if (isNotable(entry)) tables.notable.add(entry);
  if (ports.length === 0) return;
  const holders = ports.map((port) => ({ entry, port }));
  tables.portHolders.set(file, holders);
  for (const holder of holders) {
    for (const other of tables.byPort.get(holder.port.key)) concerned.add(other.entry.name);
    tables.byPort.add(holder.port.key, holder);
  }
}

/** An entry with all that comes before it, as the order between stacks knows it. */
function inOrder(entry: StackEntry, implied: ImpliedOrder<StackEntry>): OrderedStack {
  const { name, dependsOn } = entry;
  const more = implied.dependenciesOf(entry);
  return more.length === 0 ? entry : { name, dependsOn: [...dependsOn, ...more] };
}

function isNotable({ diagnostics, secrets, dependsOn, pulled = [], manifests = [] }: StackEntry): boolean {
  return diagnostics.length + secrets.length + dependsOn.length + pulled.length + manifests.length > 0;
}

function unlink(entry: StackEntry, tables: Tables, concerned: Set<string>): void {
  const { key: file, name, watched, sharedNodes, inline, ports } = entry;
  concerned.add(name);
  tables.entries.delete(file);
  if (file !== entry.file) tables.templates.remove(entry.file, file);
  tables.byName.remove(name, entry);
  for (const path of watched) tables.watchers.remove(path, file);
  for (const path of entry.listed?.visited ?? []) tables.listers.remove(path, file);
  for (const node of sharedNodes) tables.nodeUsers.remove(node, file);
  for (const kit of entry.kits) tables.kitUsers.remove(kit, file);
  for (const blob of inline) tables.inline.remove(blob, file);
  for (const key of entry.ownNames ?? []) tables.namers.remove(key, name);
  if (entry.adopts !== undefined) {
    tables.adopters.remove(entry.adopts, entry);
    for (const other of tables.adopters.get(entry.adopts)) concerned.add(other.name);
  }
  tables.notable.delete(entry);
  for (const claim of entry.proxies ?? []) tables.proxies.remove(proxyGroup(claim), entry);
  tables.order.unlink(inOrder(entry, tables.implied));
  tables.implied.unlink(entry);
  for (const { key } of ports) for (const holder of tables.byPort.get(key)) concerned.add(holder.entry.name);
  for (const holder of tables.portHolders.get(file) ?? []) tables.byPort.remove(holder.port.key, holder);
  tables.portHolders.delete(file);
}

/** Chooses among several entries with one name: those that say it themselves first, then by path. */
function first(group: ReadonlySet<StackEntry>): StackEntry | undefined {
  let best: StackEntry | undefined;
  for (const entry of group) if (!best || speaksBefore(entry, best)) best = entry;
  return best;
}

function speaksBefore(a: StackEntry, b: StackEntry): boolean {
  return a.guessed === b.guessed ? a.key < b.key : b.guessed;
}

/** The sorted names after a change; nothing is sorted again when few have come or gone. */
function updateNames(
  names: readonly string[],
  concerned: ReadonlySet<string>,
  exists: (name: string) => boolean,
): readonly string[] {
  const MAX_MOVES_SPLICED = 64;
  const changed = [...concerned].map((name) => ({ name, at: lowerBound(names, name), now: exists(name) }));
  const moves = changed.filter(({ name, at, now }) => (names[at] === name) !== now);
  if (moves.length === 0) return names;
  if (moves.length > MAX_MOVES_SPLICED) {
    const gone = new Set(moves.filter(({ now }) => !now).map(({ name }) => name));
    const come = moves.filter(({ now }) => now).map(({ name }) => name);
    return [...names.filter((name) => !gone.has(name)), ...come].sort(compareText);
  }
  return moves.reduce((list, { name, now }) => {
    const at = lowerBound(list, name);
    return now ? list.toSpliced(at, 0, name) : list.toSpliced(at, 1);
  }, names);
}

function lowerBound(names: readonly string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

import type { ComposeNode, ListNode, MapNode } from './node.ts';
import { isEmpty, list, map, scalar, textOf } from './node.ts';
import { indexerOf } from './merge-keys.ts';

/*
 * The rules by which Compose puts one description over another: maps are merged key by key, lists appended, everything else replaced, apart
 * from the places below. `*` stands for any key.
 */

type Merge = (base: ComposeNode, over: ComposeNode, path: readonly string[]) => ComposeNode | undefined;

/** A list of `key=value` and a map are the same. */
const PAIRS = [
  'services.*.annotations',
  'services.*.build.args',
  'services.*.build.additional_contexts',
  'services.*.build.labels',
  'services.*.deploy.labels',
  'services.*.environment',
  'services.*.labels',
  'services.*.sysctls',
  'services.*.volumes.*.volume.labels',
  'networks.*.labels',
  'volumes.*.labels',
];
/** A single text stands for a list of one. */
const SEQUENCES = ['dns', 'dns_opt', 'dns_search', 'env_file', 'label_file', 'tmpfs'].map(
  (key) => `services.*.${key}`,
);
/** A list of names stands for a map. */
const NAMED = ['services.*.networks', 'services.*.models'];
const REPLACED = ['services.*.command', 'services.*.entrypoint', 'services.*.healthcheck.test'];

const RULES = new Map<string, Merge>([
  ...PAIRS.map((place): [string, Merge] => [
    place,
    (base, over, path) => mergeMaps(toPairs(base), toPairs(over), path),
  ]),
  ...SEQUENCES.map((place): [string, Merge] => [
    place,
    (base, over) => append(toSequence(base), toSequence(over)),
  ]),
  ...NAMED.map((place): [string, Merge] => [
    place,
    (base, over, path) => mergeMaps(toNamed(base), toNamed(over), path),
  ]),
  ...REPLACED.map((place): [string, Merge] => [place, (_base, over) => over]),
  ['services.*.depends_on', (base, over, path) => mergeMaps(toConditions(base), toConditions(over), path)],
  ['services.*.extra_hosts', (base, over) => appendNew(toHosts(base), toHosts(over))],
  ['services.*.build', (base, over, path) => mergeMaps(toBuild(base), toBuild(over), path)],
  ['services.*.logging', mergeLogging],
  ['services.*.ulimits.*', mergeUlimit],
  ['networks.*.ipam.config', mergePools],
]);

/** `over` on top of `base`; `undefined` when it takes the whole of it away. */
export function mergeNodes(
  base: ComposeNode | undefined,
  over: ComposeNode,
  path: readonly string[] = [],
): ComposeNode | undefined {
  if (over.tag === '!reset') return undefined;
  if (base === undefined || over.tag === '!override') return settle(over);
  const rule = RULES.get(placeOf(path));
  // A value that a null replaces is gone, and the image's own counts again.
  if (rule && (!isEmpty(over) || REPLACED.includes(placeOf(path)))) return rule(base, over, path);
  if (isEmpty(over) && !PAIRS.includes(placeOf(path.slice(0, -1)))) return base;
  if (base.kind === 'map' && over.kind === 'map') return mergeMaps(base, over, path);
  if (base.kind === 'list' && over.kind === 'list') return append(base, over);
  return settle(over);
}

/** A description without the tags that only count when it is put over another. */
export function settle(node: ComposeNode): ComposeNode | undefined {
  if (node.tag === '!reset') return undefined;
  const { tag: _, ...plain } = node;
  if (plain.kind === 'list') return { ...plain, items: plain.items.flatMap((item) => settle(item) ?? []) };
  if (plain.kind === 'scalar') return plain;
  const entries = [...plain.entries].flatMap(([key, value]): [string, ComposeNode][] => {
    const settled = settle(value);
    return settled ? [[key, settled]] : [];
  });
  return { ...plain, entries: new Map(entries) };
}

/**
 * Lists in which one entry may be said once only: of several, the last counts, at the place of the first. All GPUs are a list from then
 * on, which another file adds to.
 */
export function keepLastOfEachKey(node: ComposeNode, path: readonly string[] = []): ComposeNode {
  if (node.kind === 'scalar') return placeOf(path) === 'services.*.gpus' ? toRequests(node) : node;
  if (node.kind === 'map') {
    const entries = [...node.entries].map(
      ([key, value]) => [key, keepLastOfEachKey(value, [...path, key])] as const,
    );
    return { ...node, entries: new Map(entries) };
  }
  const indexer = indexerOf(placeOf(path));
  if (!indexer) return node;
  const byKey = new Map<string, ComposeNode>();
  for (const [index, item] of node.items.entries()) byKey.set(indexer(item) ?? `\0${index}`, item);
  return byKey.size === node.items.length ? node : { ...node, items: [...byKey.values()] };
}

/** `services.web.dns` as it stands in the tables. */
function placeOf(path: readonly string[]): string {
  return path.map((key, index) => (ANY.has(index) && !isFixed(path, index) ? '*' : key)).join('.');
}

const ANY = new Set([1, 3]);

/** The fourth part of a place is a name below `ulimits`, `volumes` and `networks` only. */
function isFixed(path: readonly string[], index: number): boolean {
  return index === 3 && !(path[0] === 'services' && /^(ulimits|volumes|networks)$/.test(path[2] ?? ''));
}

function mergeMaps(base: ComposeNode, over: ComposeNode, path: readonly string[]): ComposeNode | undefined {
  if (base.kind !== 'map' || over.kind !== 'map') return settle(over);
  const entries = new Map(base.entries);
  for (const [key, value] of over.entries) {
    const merged = mergeNodes(entries.get(key), value, [...path, key]);
    if (merged) entries.set(key, merged);
    else entries.delete(key);
  }
  return { ...over, entries };
}

function append(base: ComposeNode, over: ComposeNode): ComposeNode | undefined {
  const settled = settle(over);
  if (base.kind !== 'list' || settled?.kind !== 'list') return settled;
  return { ...settled, items: [...base.items, ...settled.items] };
}

/** Entries that are there already are not said again. */
function appendNew(base: ComposeNode, over: ComposeNode): ComposeNode | undefined {
  if (base.kind !== 'list' || over.kind !== 'list') return append(base, over);
  const known = new Set(base.items.map(textOf));
  return append(base, { ...over, items: over.items.filter((item) => !known.has(textOf(item))) });
}

/** `all` is a list of one that asks for all. */
function toRequests(node: ComposeNode): ComposeNode {
  if (isEmpty(node)) return node;
  return list([map([['count', node]], node.origin)], node.origin);
}

/** A list of `key=value` as a map; a key without a value has none. */
export function toPairs(node: ComposeNode): ComposeNode {
  if (node.kind !== 'list') return node;
  return map(
    node.items.map((item): [string, ComposeNode] => {
      const text = textOf(item) ?? '';
      const split = text.indexOf('=');
      const value = split === -1 ? null : text.slice(split + 1);
      return [split === -1 ? text : text.slice(0, split), scalar(value, item.origin)];
    }),
    node.origin,
  );
}

/** Hosts as a list of `host=address`: one host may have several addresses. */
function toHosts(node: ComposeNode): ComposeNode {
  if (node.kind !== 'map') return node;
  const items = [...node.entries].flatMap(([host, addresses]) =>
    toSequence(addresses).items.map((address) => scalar(`${host}=${textOf(address) ?? ''}`, address.origin)),
  );
  return list(items, node.origin);
}

export function toSequence(node: ComposeNode): ListNode {
  if (node.kind === 'list') return node;
  return isEmpty(node) ? list([], node.origin) : list([node], node.origin);
}

function toNamed(node: ComposeNode): ComposeNode {
  if (node.kind !== 'list') return node;
  return map(
    node.items.map((item) => [textOf(item) ?? '', scalar(null, item.origin)] as const),
    node.origin,
  );
}

function toConditions(node: ComposeNode): ComposeNode {
  if (node.kind !== 'list') return node;
  return map(
    node.items.map((item) => {
      const condition = scalar('service_started', item.origin);
      return [textOf(item) ?? '', map([['condition', condition]], item.origin)] as const;
    }),
    node.origin,
  );
}

function toBuild(node: ComposeNode): ComposeNode {
  return node.kind === 'scalar' ? map([['context', node]], node.origin) : node;
}

/** Options of another driver are no use. */
function mergeLogging(
  base: ComposeNode,
  over: ComposeNode,
  path: readonly string[],
): ComposeNode | undefined {
  if (base.kind !== 'map' || over.kind !== 'map') return settle(over);
  const [was, is] = [textOf(base.entries.get('driver')), textOf(over.entries.get('driver'))];
  return was === is || was === undefined || is === undefined ? mergeMaps(base, over, path) : settle(over);
}

function mergeUlimit(base: ComposeNode, over: ComposeNode, path: readonly string[]): ComposeNode | undefined {
  return over.kind === 'map' && base.kind === 'map' ? mergeMaps(base, over, path) : settle(over);
}

/** Pools of one subnet are the same. */
function mergePools(base: ComposeNode, over: ComposeNode, path: readonly string[]): ComposeNode | undefined {
  if (base.kind !== 'list' || over.kind !== 'list') return settle(over);
  const subnet = (node: ComposeNode): string | undefined =>
    node.kind === 'map' ? textOf(node.entries.get('subnet')) : undefined;
  const items = [...base.items];
  for (const pool of over.items) {
    const index = items.findIndex((item) => subnet(item) !== undefined && subnet(item) === subnet(pool));
    const known = items[index];
    const merged = known ? mergeMaps(known, pool, path) : settle(pool);
    if (merged && known) items[index] = merged;
    else if (merged) items.push(merged);
  }
  return { ...over, items };
}

export function isMapNode(node: ComposeNode | undefined): node is MapNode {
  return node?.kind === 'map';
}

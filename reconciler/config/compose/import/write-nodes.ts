import type { Document, Node, Pair, YAMLMap, YAMLSeq } from 'yaml';
import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Pair as YamlPair,
  visit,
  YAMLMap as YamlMap,
  YAMLSeq as YamlSeq,
} from 'yaml';
import type { YamlDocument } from '../../yaml-document.ts';
import { aliasTargets, keyText } from '../../yaml-document.ts';
import type { ComposeNode, ListNode, MapNode, Origin, ScalarNode } from '../node.ts';
import { textOf } from '../node.ts';
import { asText } from '../../../base/values.ts';

/*
 * A document is brought to say what a model says, with as little change as possible: what says it already stays as it is
 * written, with its comments, anchors and aliases; what comes from another file brings its comments along.
 */

interface Paper {
  readonly document: Document.Parsed;
  /** The file that the document is of, as the nodes of the model know it. */
  readonly main: YamlDocument;
  /** Nodes with anchors that have left the document. */
  readonly gone: Set<unknown>;
}

type Path = readonly (string | number)[];

/** Keys whose members are texts, however they are written. */
const TEXTS: ReadonlySet<unknown> = new Set(['annotations', 'args', 'environment', 'labels', 'sysctls']);

/**
 * Writes a model over a document.
 *
 * @param main the same file as the origins of the model name it
 */
export function writeOver(document: Document.Parsed, main: YamlDocument, model: MapNode): void {
  const paper = { document, main, gone: new Set() };
  document.contents = write(paper, document.contents, { model, path: [] }) as Document.Parsed['contents'];
}

interface Target<T extends ComposeNode = ComposeNode> {
  readonly model: T;
  readonly path: Path;
}

function write(paper: Paper, written: unknown, { model, path }: Target): Node {
  if (isNode(written) && says(paper, written, { model, path })) return written;
  if (isScalar(written) && model.kind === 'scalar') {
    setScalar(written, model);
    return written;
  }
  if (isMap(written) && model.kind === 'map') return writeMap(paper, written, { model, path });
  if (isSeq(written) && model.kind === 'list') return writeList(paper, written, { model, path });
  if (isSeq(written) && model.kind === 'map' && isPairs(model)) return writePairs(paper, written, model);
  discard(paper, written);
  return decorate(build(paper, model), written);
}

/** Aliases of what leaves the document lead nowhere from here on. */
function discard({ gone }: Paper, node: unknown): void {
  if (!isNode(node)) return;
  visit(node, {
    Value(_, inner) {
      if (inner.anchor) gone.add(inner);
    },
  });
}

function setScalar(node: { value: unknown; source?: string; type?: string }, model: ScalarNode): void {
  node.value = model.value;
  delete node.source;
  if (typeof model.value !== 'string') node.type = 'PLAIN';
}

function writeMap(paper: Paper, written: YAMLMap, { model, path }: Target<MapNode>): Node {
  const merged = mergedEntries(paper, written);
  const own = new Set(written.items.map(({ key }) => keyText(key)));
  // A map that is merged in, and says more than is left or is not there any more, is written out.
  const isExpanded =
    merged === undefined || [...merged.keys()].some((key) => !own.has(key) && !model.entries.has(key));
  const isKept = (pair: Pair): boolean =>
    keyText(pair.key) === '<<' ? !isExpanded : model.entries.has(keyText(pair.key));
  for (const pair of written.items) if (!isKept(pair)) discard(paper, pair.value);
  written.items = written.items.filter(isKept);
  for (const pair of written.items) {
    const member = model.entries.get(keyText(pair.key));
    if (member)
      pair.value = write(paper, pair.value ?? undefined, {
        model: member,
        path: [...path, keyText(pair.key)],
      });
  }
  for (const [key, member] of model.entries) {
    if (own.has(key)) continue;
    const inherited = isExpanded ? undefined : merged.get(key);
    if (inherited !== undefined && says(paper, inherited, { model: member, path: [...path, key] })) continue;
    written.items.push(buildPair(paper, key, member));
  }
  return written;
}

function writeList(paper: Paper, written: YAMLSeq, { model, path }: Target<ListNode>): Node {
  const there = [...written.items];
  const taken = new Set<number>();
  const take = (index: number): unknown => {
    taken.add(index);
    return there[index];
  };
  written.items = model.items.map((item, position) => {
    const at = { model: item, path: [...path, position] };
    const same = there.findIndex((node, index) => !taken.has(index) && says(paper, node, at));
    if (same !== -1) return take(same);
    const index = indexOf(paper, item.origin, path);
    if (index === undefined || taken.has(index)) return build(paper, item);
    return write(paper, take(index), at);
  });
  for (const [index, node] of there.entries()) if (!taken.has(index)) discard(paper, node);
  return written;
}

/** Finds the index of an item in the list at a path of the document; `undefined` for one from elsewhere. */
function indexOf({ main }: Paper, { file, path: place }: Origin, path: Path): number | undefined {
  const last = place.at(-1);
  const isHere =
    file.document === main &&
    place.length === path.length + 1 &&
    path.every((key, index) => key === place[index]);
  return isHere && typeof last === 'number' ? last : undefined;
}

/** A list of `name=value` stays one. */
function writePairs({ document }: Paper, written: YAMLSeq, model: MapNode): Node {
  const there = new Map(written.items.map((item) => [(scalarText(item) ?? '').split('=')[0] ?? '', item]));
  const order = [...there.keys()];
  const rank = (key: string): number => (there.has(key) ? order.indexOf(key) : order.length);
  const entries = [...model.entries].toSorted(([a], [b]) => rank(a) - rank(b));
  written.items = entries.map(([key, member]) => {
    const item = there.get(key);
    const text = pairText(key, member);
    if (isScalar(item) && scalarText(item) === text) return item;
    return decorate(document.createNode(text), item);
  });
  return written;
}

function isPairs(model: MapNode): boolean {
  return [...model.entries.values()].every(({ kind }) => kind === 'scalar');
}

function pairText(key: string, member: ComposeNode): string {
  const value = textOf(member);
  return value === undefined ? key : `${key}=${value}`;
}

function scalarText(node: unknown): string | undefined {
  return isScalar(node) ? asText(node.value) : undefined;
}

/** Tells whether a node of the document says what the model says. */
function says(paper: Paper, written: unknown, { model, path }: Target): boolean {
  const node = resolved(paper, written);
  if (isScalar(node)) {
    const [only] = model.kind === 'list' && model.items.length === 1 ? model.items : [model];
    if (only?.kind !== 'scalar') return false;
    return node.value === only.value || (TEXTS.has(path.at(-2)) && asText(node.value) === only.value);
  }
  if (isSeq(node) && model.kind === 'map') {
    const texts = new Set(node.items.map(scalarText));
    if (!isPairs(model) || texts.size !== model.entries.size) return false;
    return [...model.entries].every(([key, member]) => texts.has(pairText(key, member)));
  }
  if (isSeq(node)) {
    if (model.kind !== 'list' || model.items.length !== node.items.length) return false;
    return model.items.every((item, index) =>
      says(paper, node.items[index], { model: item, path: [...path, index] }),
    );
  }
  if (!isMap(node) || model.kind !== 'map') return false;
  const entries = entriesOf(paper, node);
  if (entries?.size !== model.entries.size) return false;
  return [...model.entries].every(
    ([key, member]) =>
      entries.has(key) && says(paper, entries.get(key) ?? null, { model: member, path: [...path, key] }),
  );
}

/** Entries of a map, merged maps included; `undefined` when one of them is not there any more. */
function entriesOf(paper: Paper, map: YAMLMap): Map<string, unknown> | undefined {
  const entries = mergedEntries(paper, map);
  for (const pair of map.items) if (keyText(pair.key) !== '<<') entries?.set(keyText(pair.key), pair.value);
  return entries;
}

function mergedEntries(paper: Paper, map: YAMLMap): Map<string, unknown> | undefined {
  const entries = new Map<string, unknown>();
  const merged = map.items
    .filter((pair) => keyText(pair.key) === '<<')
    .map(({ value }) => resolved(paper, value));
  for (const source of merged.flatMap((value) => (isSeq(value) ? value.items : [value]))) {
    const from = resolved(paper, source);
    const inner = isMap(from) ? entriesOf(paper, from) : undefined;
    if (!inner) return undefined;
    for (const [key, value] of inner) if (!entries.has(key)) entries.set(key, value);
  }
  return entries;
}

function resolved({ document, gone }: Pick<Paper, 'document' | 'gone'>, node: unknown): unknown {
  if (!isAlias(node)) return node;
  const target = aliasTargets(document).get(node);
  return gone.has(target) ? undefined : target;
}

/** A new node for a model, in the style and with the comments of what it was read from. */
function build(paper: Paper, model: ComposeNode): Node {
  const source = sourceOf(model.origin)?.value;
  if (model.kind === 'scalar') {
    const node = paper.document.createNode(model.value);
    if (!isScalar(source) || !isScalar(node)) return node;
    const isMeant = source.value === node.value || asText(source.value).includes('$');
    if (isMeant && source.type && typeof node.value === 'string') node.type = source.type;
    return decorate(node, source);
  }
  const node =
    model.kind === 'list' ? new YamlSeq(paper.document.schema) : new YamlMap(paper.document.schema);
  if (isCollection(source) && source.flow) node.flow = true;
  if (isMap(node) && model.kind === 'map')
    for (const [key, member] of model.entries) node.items.push(buildPair(paper, key, member));
  if (isSeq(node) && model.kind === 'list')
    for (const item of model.items) node.items.push(build(paper, item));
  return isMap(node) === isMap(source) && isSeq(node) === isSeq(source) ? decorate(node, source) : node;
}

function buildPair(paper: Paper, key: string, member: ComposeNode): Pair {
  const name = paper.document.createNode(key);
  const source = member.origin.path.at(-1) === key ? sourceOf(member.origin) : undefined;
  decorate(name, source?.key);
  if (source?.comment) name.commentBefore = source.comment;
  return new YamlPair(name, build(paper, member));
}

/** A node with the comments of another one. */
function decorate<T extends Node>(node: T, source: unknown): T {
  if (!isNode(source) || isAlias(source)) return node;
  const { comment, commentBefore, spaceBefore } = source;
  if (comment) node.comment = comment;
  // The comment at the top of a collection is that of its first entry.
  if (commentBefore && !isCollection(source)) node.commentBefore = commentBefore;
  if (spaceBefore) node.spaceBefore = true;
  return node;
}

interface Source {
  readonly key: unknown;
  readonly value: unknown;
  /** The comment at the top of the map that it is the first of. */
  readonly comment?: string | null | undefined;
}

/** Finds the node that a model was read from, in whichever file. */
function sourceOf({ file, path }: Origin): Source | undefined {
  const { ast } = file.document;
  if (!ast) return undefined;
  const paper = { document: ast, main: file.document, gone: new Set() };
  let found: Source | undefined = { key: undefined, value: ast.contents };
  for (const step of path) {
    const node = resolved(paper, found?.value);
    if (isSeq(node) && typeof step === 'number') found = { key: undefined, value: node.items[step] };
    else if (isMap(node)) {
      const pair = node.items.findLast((item) => keyText(item.key) === String(step));
      const comment = pair === node.items[0] ? node.commentBefore : undefined;
      found = pair
        ? { key: pair.key, value: pair.value, comment }
        : { key: undefined, value: mergedEntries(paper, node)?.get(String(step)) };
    } else return undefined;
  }
  return found && { ...found, value: resolved(paper, found.value) };
}

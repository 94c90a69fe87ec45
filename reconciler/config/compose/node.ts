import type { Scalar } from './yaml-scalar.ts';
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Document, Scalar as YamlScalar } from 'yaml';
import type { DocumentPath, TextPlace } from '../../base/document-path.ts';
import type { YamlDocument } from '../yaml-document.ts';
import { aliasTargets, keyText } from '../yaml-document.ts';
import { readScalar } from './yaml-scalar.ts';

/*
 * A document whose every part remembers the file and the line it was written in, so that parts of several files can be
 * put together and findings still name the right place. Nodes never change: what changes a document makes new ones.
 */

export interface SourceFile {
  /** Repository path. */
  readonly path: string;
  /** Directory that relative paths in it start from, from the root of the repository. */
  readonly base: string;
  readonly document: YamlDocument;
  /** The kombination itself: its numbers are those of YAML 1.2, and nothing in it is guessed. */
  readonly isKombination?: boolean;
}

export interface Origin {
  readonly file: SourceFile;
  readonly path: DocumentPath;
}

/** `!reset` takes away what earlier files said, `!override` replaces it. */
export type MergeTag = '!reset' | '!override';

interface NodeBase {
  readonly origin: Origin;
  readonly tag?: MergeTag;
}

export interface ScalarNode extends NodeBase {
  readonly kind: 'scalar';
  readonly value: Scalar;
  /** Text of a scalar without quotes that looks like a number and is none here, or is written in another way than it is printed: `1e6`. */
  readonly written?: string;
}

export interface ListNode extends NodeBase {
  readonly kind: 'list';
  readonly items: readonly ComposeNode[];
}

export interface MapNode extends NodeBase {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, ComposeNode>;
}

export type ComposeNode = ScalarNode | ListNode | MapNode;

/** The nodes of a document that could be read; aliases and merge keys are followed. */
export function readNodes(file: SourceFile): ComposeNode | undefined {
  const { ast, value } = file.document;
  if (ast === undefined || value === undefined) return undefined;
  return build(ast, ast.contents, { file, path: [] });
}

function build(ast: Document.Parsed, written: unknown, origin: Origin): ComposeNode {
  const node = isAlias(written) ? aliasTargets(ast).get(written) : written;
  const tagged = tagOf(node);
  const base = tagged === undefined ? { origin } : { origin, tag: tagged };
  if (isSeq(node)) {
    const items = node.items.map((item, index) => build(ast, item, step(origin, index)));
    return { kind: 'list', items, ...base };
  }
  if (isMap(node)) return { kind: 'map', entries: readEntries(ast, node, origin), ...base };
  const value = isScalar(node) ? readScalar(node, origin.file.isKombination ? 'yaml-1.2' : 'compose') : null;
  const odd = isScalar(node) ? oddNumber(node, value) : undefined;
  return { kind: 'scalar', value, ...base, ...(odd === undefined ? {} : { written: odd }) };
}

function oddNumber({ type, source = '' }: YamlScalar, value: Scalar): string | undefined {
  return type === 'PLAIN' &&
    /^[-+.]?\d/.test(source) &&
    (typeof value === 'string' || String(value) !== source)
    ? source
    : undefined;
}

/** Reads the entries of a map: its own count before what is merged in; of several merged maps, the first. */
function readEntries(ast: Document.Parsed, map: unknown, origin: Origin): ReadonlyMap<string, ComposeNode> {
  const entries = new Map<string, ComposeNode>();
  if (!isMap(map)) return entries;
  const merged: unknown[] = [];
  for (const { key, value } of map.items) {
    const name = keyText(key);
    if (name === '<<') merged.push(value);
    else entries.set(name, build(ast, value, step(origin, name)));
  }
  const sources = merged.flatMap((source) => {
    const resolved = isAlias(source) ? aliasTargets(ast).get(source) : source;
    return isSeq(resolved) ? resolved.items : [resolved];
  });
  for (const source of sources) {
    const from = readEntries(ast, isAlias(source) ? aliasTargets(ast).get(source) : source, origin);
    for (const [name, node] of from) if (!entries.has(name)) entries.set(name, node);
  }
  return entries;
}

function step(origin: Origin, key: string | number): Origin {
  return { file: origin.file, path: [...origin.path, key] };
}

function tagOf(node: unknown): MergeTag | undefined {
  const tag = isScalar(node) || isMap(node) || isSeq(node) ? node.tag : undefined;
  return tag === '!reset' || tag === '!override' ? tag : undefined;
}

export function scalar(value: Scalar, origin: Origin): ScalarNode {
  return { kind: 'scalar', value, origin };
}

export function list(items: readonly ComposeNode[], origin: Origin): ListNode {
  return { kind: 'list', items, origin };
}

export function map(entries: Iterable<readonly [string, ComposeNode]>, origin: Origin): MapNode {
  return { kind: 'map', entries: new Map(entries), origin };
}

/** A map with one entry set, or taken out with `undefined`. */
export function withEntry(node: MapNode, key: string, value: ComposeNode | undefined): MapNode {
  const entries = new Map(node.entries);
  if (value) entries.set(key, value);
  else entries.delete(key);
  return { ...node, entries };
}

export function child(node: ComposeNode | undefined, ...keys: readonly string[]): ComposeNode | undefined {
  let found = node;
  for (const key of keys) found = found?.kind === 'map' ? found.entries.get(key) : undefined;
  return found;
}

export function entriesOf(node: ComposeNode | undefined): readonly (readonly [string, ComposeNode])[] {
  return node?.kind === 'map' ? [...node.entries] : [];
}

/** The text of a scalar that is one, numbers and booleans included. */
export function textOf(node: ComposeNode | undefined): string | undefined {
  if (node?.kind !== 'scalar' || node.value === null) return undefined;
  return String(node.value);
}

export function isEmpty(node: ComposeNode | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.value === null);
}

export function toPlain(node: ComposeNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toPlain);
  return Object.fromEntries([...node.entries].map(([key, value]) => [key, toPlain(value)]));
}

/** Returns where a node was written. */
export function placeOf({ origin }: Pick<ComposeNode, 'origin'>, at: 'key' | 'value' = 'value'): TextPlace {
  const { file, path } = origin;
  return { file: file.path, path, ...file.document.position(path, at) };
}

/** Returns where something inside of a node was written, or the nearest thing around it that is there. */
export function placeInside(root: ComposeNode, path: DocumentPath, at: 'key' | 'value'): TextPlace {
  let node = root;
  let rest = path;
  for (const key of path) {
    const next = node.kind === 'map' ? node.entries.get(String(key)) : itemAt(node, key);
    if (!next) break;
    node = next;
    rest = rest.slice(1);
  }
  const { origin } = node;
  const place = [...origin.path, ...rest];
  return { file: origin.file.path, path: place, ...origin.file.document.position(place, at) };
}

function itemAt(node: ComposeNode, key: string | number): ComposeNode | undefined {
  return node.kind === 'list' && typeof key === 'number' ? node.items[key] : undefined;
}

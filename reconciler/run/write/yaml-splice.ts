import { EDITING, MAX_ALIAS_EXPANSIONS, parseYaml } from '../../config/yaml-document.ts';
import { Document, isMap, isNode, isPair, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Node, Pair, YAMLMap, YAMLSeq } from 'yaml';
import { canonicalJson } from '../../base/json.ts';
import type { Json } from '../../base/json.ts';
import { asFields, asList, own, asText } from '../../base/values.ts';

/*
 * Changes one value in a YAML text and leaves every other byte as it is.
 */

export type SplicePath = readonly (string | number)[];

/**
 * The text with another value at a path; `undefined` takes the key out. Maps on the way are made where they are missing.
 * `null` where it cannot be done in place: an anchor or an alias is involved, or the text has errors.
 */
export function spliceYaml(text: string, path: SplicePath, value: Json | undefined): string | null {
  if (parseYaml(text).problems.length > 0) return null;
  const document = parseDocument(text, EDITING);
  if (document.errors.length > 0 || !isNode(document.contents)) return null;
  const place = findPlace(document.contents, path);
  if (place === null) return null;
  const result = edit(text, place, value);
  return result !== null && says(result, withValue(plain(text), path, value)) ? result : null;
}

interface Place {
  /** The innermost map or list that is there. */
  readonly parent: YAMLMap | YAMLSeq;
  readonly pair: Pair | null;
  readonly item: Node | null;
  /** Keys below `parent`, the first of them missing unless `pair` or `item` is there. */
  readonly rest: SplicePath;
}

function findPlace(root: Node, path: SplicePath): Place | null {
  let node: unknown = root;
  for (const [index, part] of path.entries()) {
    const rest = path.slice(index);
    const isLast = rest.length === 1;
    if (isSeq(node)) {
      const item: unknown = typeof part === 'number' ? node.items[part] : undefined;
      if (!isNode(item)) return null;
      if (isLast) return { parent: node, pair: null, item, rest };
      node = item;
    } else if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && asText(key.value) === String(part)) ?? null;
      const isEmpty = isScalar(pair?.value) && pair.value.value === null && rest.length > 1;
      if (pair === null || isLast || isEmpty) return { parent: node, pair, item: null, rest };
      node = pair.value;
    } else return null;
  }
  return null;
}

function edit(text: string, { parent, pair, item, rest }: Place, value: Json | undefined): string | null {
  const inside = wrap(rest.slice(1), value);
  if (item !== null) return value === undefined ? null : replaceNode(text, item, inline(value));
  if (!isMap(parent)) return null;
  if (pair === null) return inside === undefined ? text : insertPair(text, parent, String(rest[0]), inside);
  if (inside === undefined) return removePair(text, parent, pair);
  if (isScalar(pair.value) && pair.value.range && pair.value.range[0] === pair.value.range[1])
    return fillEmpty(text, pair, inside);
  return isNode(pair.value) ? replaceNode(text, pair.value, inline(inside)) : fillEmpty(text, pair, inside);
}

function wrap(keys: SplicePath, value: Json | undefined): Json | undefined {
  if (value === undefined) return undefined;
  return keys.reduceRight<Json>((inner, key) => ({ [String(key)]: inner }), value);
}

/** Flow style, quoted where that is needed inside of brackets, and for readers of YAML 1.1, to whom 22:22 is a number. */
function inline(value: Json): string {
  const document = new Document([value]);
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && /^\d+(?::\d+)+$/.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document
    .toString({ collectionStyle: 'flow', lineWidth: 0 })
    .trim()
    .replace(/^\[ ?/, '')
    .replace(/ ?\]$/, '');
}

function replaceNode(text: string, node: Node, written: string): string | null {
  const anchored = 'anchor' in node && node.anchor !== undefined;
  if (!node.range || anchored || (!isScalar(node) && !isMap(node) && !isSeq(node))) return null;
  const [start] = node.range;
  const end = contentEnd(text, node);
  const isBlock = (isMap(node) || isSeq(node)) && node.flow !== true;
  if (!isBlock) return text.slice(0, start) + written + text.slice(end);
  // A block begins on a line of its own: the value moves up behind its key.
  const before = text.slice(0, start).trimEnd();
  return before.endsWith(':') ? `${before} ${written}${text.slice(end)}` : null;
}

/** Returns the end of a node without the comments and blank lines that the parser counts to a block. */
function contentEnd(text: string, node: Node): number {
  const [start = 0, end = 0] = node.range ?? [];
  const isBlock = (isMap(node) || isSeq(node)) && node.flow !== true;
  const isBlockText = isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED');
  if (!isBlock) return isBlockText ? start + text.slice(start, end).trimEnd().length : end;
  const last: unknown = node.items.at(-1);
  const inner: unknown = isPair(last) ? (last.value ?? last.key) : last;
  if (isNode(inner) && inner.range && inner.range[0] !== inner.range[1]) return contentEnd(text, inner);
  const key: unknown = isPair(last) ? last.key : undefined;
  return isNode(key) && key.range ? text.indexOf(':', key.range[1]) + 1 : end;
}

function fillEmpty(text: string, { key }: Pair, value: Json): string | null {
  if (!isNode(key) || !key.range) return null;
  const colon = text.indexOf(':', key.range[1]);
  return colon === -1 ? null : `${text.slice(0, colon + 1)} ${inline(value)}${text.slice(colon + 1)}`;
}

function insertPair(text: string, map: YAMLMap, key: string, value: Json): string | null {
  const written = `${inline(key)}: ${inline(value)}`;
  if (!map.range) return null;
  if (map.flow === true) {
    const close = map.range[1] - 1;
    const head = text.slice(0, close).trimEnd();
    const space = /\s/.test(text[close - 1] ?? '') || map.items.length === 0 ? ' ' : '';
    const join = map.items.length === 0 ? ' ' : head.endsWith(',') ? ' ' : ', ';
    return `${head}${join}${written}${space}${text.slice(close)}`;
  }
  const first = map.items[0]?.key;
  if (!isNode(first) || !first.range) return null;
  const column = first.range[0] - (text.lastIndexOf('\n', first.range[0] - 1) + 1);
  const end = contentEnd(text, map);
  const line = text.indexOf('\n', end);
  const after = line === -1 ? text.length : line;
  return `${text.slice(0, after)}\n${' '.repeat(column)}${written}${text.slice(after)}`;
}

function removePair(text: string, map: YAMLMap, { key, value }: Pair): string | null {
  if (map.flow === true || map.items.length === 1 || !isNode(key) || !key.range) return null;
  const lineStart = text.lastIndexOf('\n', key.range[0] - 1) + 1;
  // The first key of a list's item stands behind a dash.
  if (text.slice(lineStart, key.range[0]).trim() !== '') return null;
  const end =
    isNode(value) && value.range && value.range[0] !== value.range[1]
      ? contentEnd(text, value)
      : key.range[1];
  const line = text.indexOf('\n', end);
  return text.slice(0, lineStart) + (line === -1 ? '' : text.slice(line + 1));
}

function plain(text: string): unknown {
  return parseDocument(text, EDITING).toJS({ maxAliasCount: MAX_ALIAS_EXPANSIONS });
}

function withValue(value: unknown, path: SplicePath, wanted: Json | undefined): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return wanted;
  const list = asList(value);
  if (list && typeof key === 'number')
    return list.map((item, index) => (index === key ? withValue(item, rest, wanted) : item));
  const fields = asFields(value) ?? {};
  const name = String(key);
  const inner = withValue(own(fields, name), rest, wanted);
  if (inner !== undefined) return { ...fields, [name]: inner };
  return Object.fromEntries(Object.entries(fields).filter(([other]) => other !== name));
}

function says(text: string, wanted: unknown): boolean {
  if (parseYaml(text).problems.length > 0) return false;
  return toText(plain(text)) === toText(wanted);
}

function toText(value: unknown): string {
  return canonicalJson(JSON.parse(JSON.stringify(value ?? null)));
}

import { isMap, isScalar, isSeq, parse, parseDocument, stringify } from 'yaml';
import type { Node, Pair, YAMLMap, YAMLSeq } from 'yaml';

/*
 * Brings the text of a YAML file to another value by changing as few characters as possible, so that comments, order and the way of writing stay, and
 * the difference that is shown before a commit is about what was edited.
 */

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Thrown where a part can only be written anew as a whole. */
class Unmergeable extends Error {}

const FLOW = { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true } as const;

/** Reads a text; `undefined` for one that is no YAML. */
export function readYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

export function writeYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0 });
}

/** Returns the text that says what is wanted. */
export function editYaml(text: string, wanted: unknown): string {
  const source = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  const document = parseDocument(source);
  const before: unknown = document.toJS();
  if (isSame(before, wanted)) return text;
  try {
    const splices: Splice[] = [];
    merge({ text: source, splices }, document.contents, before, wanted);
    const result = applySplices(source, splices);
    if (isSame(readYaml(result), wanted)) return result;
  } catch (error) {
    if (!(error instanceof Unmergeable)) throw error;
  }
  return rewrite(source, before, wanted);
}

/** Rewrites a text in the library's own way: comments stay, but spaces and line breaks become its own. */
function rewrite(text: string, before: unknown, wanted: unknown): string {
  const document = parseDocument(text);
  if (!isFields(before) || !isFields(wanted)) return writeYaml(wanted);
  for (const key of Object.keys(before)) if (!(key in wanted)) document.delete(key);
  for (const [key, value] of Object.entries(wanted))
    if (!isSame(before[key], value)) document.set(key, document.createNode(value));
  try {
    return document.toString({ lineWidth: 0 });
  } catch {
    // An alias whose anchor has gone.
    return writeYaml(wanted);
  }
}

interface Edit {
  readonly text: string;
  readonly splices: Splice[];
}

function merge(edit: Edit, node: Node | null, before: unknown, after: unknown): void {
  if (isSame(before, after)) return;
  if (isMap(node) && isFields(before) && isFields(after) && node.items.length > 0)
    mergeMap(edit, node, before, after);
  else if (isSeq(node) && Array.isArray(before) && Array.isArray(after) && node.items.length > 0)
    mergeSeq(edit, node, before, after);
  else replace(edit, node, after);
}

function mergeMap(
  edit: Edit,
  map: YAMLMap,
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): void {
  const pairs = map.items as Pair<Node, Node | null>[];
  const gone = pairs.filter((pair) => !(keyOf(pair) in after));
  if (gone.length === pairs.length) throw new Unmergeable();
  for (const pair of pairs) {
    const key = keyOf(pair);
    if (!(key in after)) removePart(edit, map, pairs, pair);
    else if (!isSame(before[key], after[key])) mergePair(edit, map, pair, [before[key], after[key]]);
  }
  const added = Object.entries(after).filter(([key]) => !(key in before));
  if (added.length === 0) return;
  const last = pairs.findLast((pair) => keyOf(pair) in after);
  if (last === undefined) throw new Unmergeable();
  const end = endOf(edit.text, last);
  if (map.flow === true) {
    const written = added.map(([key, value]) => `, ${inFlow(key)}: ${inFlow(value)}`).join('');
    edit.splices.push({ start: end, end, text: written });
    return;
  }
  const indent = ' '.repeat(columnOf(edit.text, startOf(pairs[0])));
  const written = added.map(([key, value]) => `\n${indented(writePair(key, value), indent)}`).join('');
  const at = lineEnd(edit.text, end);
  edit.splices.push({ start: at, end: at, text: written });
}

function keyOf({ key }: Pair<Node, Node | null>): string {
  return isScalar(key) ? (typeof key.value === 'string' ? key.value : JSON.stringify(key.value)) : '';
}

/** Changes the value of a key; where that cannot be done inside of it, it is written anew, and nothing around it. */
function mergePair(
  edit: Edit,
  map: YAMLMap,
  pair: Pair<Node, Node | null>,
  [before, after]: readonly [unknown, unknown],
): void {
  const own: Edit = { text: edit.text, splices: [] };
  try {
    if (isEmpty(pair.value) && isCollection(after) && map.flow !== true) throw new Unmergeable();
    merge(own, pair.value, before, after);
    edit.splices.push(...own.splices);
  } catch (error) {
    if (!(error instanceof Unmergeable) || map.flow === true) throw error;
    const start = startOf(pair);
    const key = keyOf(pair);
    const lines = indented(writePair(key, after), ' '.repeat(columnOf(edit.text, start))).trimStart();
    const end = endOf(edit.text, pair);
    // A comment stays in the line of its key.
    const comment = lines.includes('\n') ? edit.text.slice(end, lineEnd(edit.text, end)) : '';
    edit.splices.push({ start, end: end + comment.length, text: lines.replace('\n', `${comment}\n`) });
  }
}

/** Writes a key and its value; a few plain members stand in one line. */
function writePair(key: string, value: unknown): string {
  if (Array.isArray(value) && value.length > 0 && value.every(isSmall))
    return [`${inFlow(key)}:`, ...value.map((item) => `  - ${inFlow(item)}`)].join('\n');
  return isSmall(value) ? `${inFlow(key)}: ${inFlow(value)}` : writeYaml({ [key]: value });
}

function isSmall(value: unknown): boolean {
  if (!isFields(value)) return false;
  const members = Object.values(value);
  return members.length > 0 && members.length <= 3 && members.every((one) => typeof one !== 'object');
}

function mergeSeq(edit: Edit, list: YAMLSeq, before: unknown[], after: unknown[]): void {
  const items = list.items as Node[];
  const matched = matchItems(before, after);
  const kept = matched.filter((at) => at !== -1);
  if (kept.length === 0 || !isRising(kept)) throw new Unmergeable();
  for (const [index, at] of matched.entries()) {
    const item = items[index];
    if (item === undefined) throw new Unmergeable();
    if (at === -1) removePart(edit, list, items, item);
    else merge(edit, item, before[index], after[at]);
  }
  const added = after.filter((_, at) => !matched.includes(at));
  if (added.length === 0) return;
  if (Math.max(...kept) !== kept.length - 1) throw new Unmergeable();
  const last = items[matched.findLastIndex((at) => at !== -1)];
  if (last === undefined) throw new Unmergeable();
  const end = endOf(edit.text, last);
  if (list.flow === true) {
    edit.splices.push({ start: end, end, text: added.map((item) => `, ${inFlow(item)}`).join('') });
    return;
  }
  const column = columnOf(edit.text, startOf(items[0])) - 2;
  const written = added
    .map((item) => (isSmall(item) ? `- ${inFlow(item)}` : writeYaml([item])))
    .map((item) => `\n${indented(item, ' '.repeat(column))}`)
    .join('');
  const at = lineEnd(edit.text, end);
  edit.splices.push({ start: at, end: at, text: written });
}

/** Places of old items among the new ones; -1: it is gone. Items with ids are matched by them, others by their value, then their place. */
function matchItems(before: unknown[], after: unknown[]): readonly number[] {
  const taken = new Set<number>();
  const take = (at: number): number => {
    if (at !== -1) taken.add(at);
    return at;
  };
  const ids = after.map(idOf);
  const first = before.map((item) => {
    const id = idOf(item);
    const isHere = (other: unknown, at: number): boolean =>
      !taken.has(at) && (id === undefined ? isSame(item, other) : ids[at] === id);
    return take(after.findIndex(isHere));
  });
  if (before.length !== after.length) return first;
  return first.map((at, index) => (at === -1 && !taken.has(index) ? take(index) : at));
}

function idOf(item: unknown): string | undefined {
  if (!isFields(item)) return undefined;
  const { id, source, target, name } = item;
  if (typeof source === 'string' && typeof target === 'string')
    return JSON.stringify([source, target, item['sourceHandle'], item['targetHandle']]);
  return typeof id === 'string' ? id : typeof name === 'string' ? name : undefined;
}

function isRising(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));
}

/** Takes out a pair or an item, with the comma or the lines that belong to it. */
function removePart<T extends Node | Pair<Node, Node | null>>(
  { text, splices }: Edit,
  owner: YAMLMap | YAMLSeq,
  parts: readonly T[],
  part: T,
): void {
  const index = parts.indexOf(part);
  const [previous, next] = [parts[index - 1], parts[index + 1]];
  if (owner.flow === true) {
    const end = endOf(text, part);
    if (previous !== undefined) splices.push({ start: endOf(text, previous), end, text: '' });
    else if (next !== undefined) splices.push({ start: startOf(part), end: startOf(next), text: '' });
    else throw new Unmergeable();
    return;
  }
  if (previous === undefined && next === undefined) throw new Unmergeable();
  const start = lineStart(text, startOf(part));
  const lead = text.slice(start, startOf(part));
  // The first key of an item stands behind its hyphen, where another one has to take its place.
  if (isSeq(owner) ? !/^ *- +$/.test(lead) : lead.trim() !== '') throw new Unmergeable();
  const end = lineEnd(text, endOf(text, part));
  const from = isSeq(owner) ? commentsAbove(text, start) : start;
  splices.push({ start: from, end: Math.min(text.length, end + 1), text: '' });
}

/** Start of the indented comments right above a line: they are about what begins there. */
function commentsAbove(text: string, start: number): number {
  let at = start;
  for (;;) {
    const before = lineStart(text, at - 1);
    if (at === 0 || !/^\s+#/.test(text.slice(before, at))) return at;
    at = before;
  }
}

function replace({ text, splices }: Edit, node: Node | null, after: unknown): void {
  const [start, end] = node?.range ?? [];
  if (start === undefined || end === undefined) throw new Unmergeable();
  // A block would take its comments with it, and has an indentation of its own.
  const isBlock = (isMap(node) || isSeq(node)) && node.flow !== true;
  if (isBlock || (isScalar(node) && node.type?.startsWith('BLOCK') === true)) throw new Unmergeable();
  const lines = typeof after === 'string' && after.includes('\n') ? JSON.stringify(after) : inFlow(after);
  splices.push({ start, end: Math.max(start, contentEnd(text, start, end)), text: lines });
}

function isEmpty(node: Node | null): boolean {
  return (isMap(node) || isSeq(node)) && node.items.length === 0;
}

function isCollection(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

function inFlow(value: unknown): string {
  // A collection brings the quotes that a text needs inside of one.
  return stringify([value], FLOW).trim().replace(/^\[ /, '').replace(/ \]$/, '');
}

function indented(text: string, indent: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? line : indent + line))
    .join('\n');
}

function startOf(part: Node | Pair<Node, Node | null> | undefined): number {
  const node = part !== undefined && 'key' in part ? part.key : part;
  const start = node?.range?.[0];
  if (start === undefined) throw new Unmergeable();
  return start;
}

function endOf(text: string, part: Node | Pair<Node, Node | null>): number {
  const node = 'key' in part ? (part.value ?? part.key) : part;
  const range = node.range;
  if (range === undefined || range === null) throw new Unmergeable();
  return contentEnd(text, startOf(part), range[1]);
}

/** The end of what was written, without the empty lines and comments after it. */
function contentEnd(text: string, start: number, end: number): number {
  const lines = text.slice(start, end).split('\n');
  while (lines.length > 1 && /^\s*(?:#.*)?$/.test(lines.at(-1) ?? '')) lines.pop();
  return start + lines.join('\n').trimEnd().length;
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

function columnOf(text: string, at: number): number {
  return at - lineStart(text, at);
}

function applySplices(text: string, splices: readonly Splice[]): string {
  let result = text;
  // The last place first, so that earlier ones stay where they are; of several at one place the last of them first.
  const order = splices.toReversed().toSorted((one, other) => other.start - one.start);
  for (const { start, end, text: written } of order)
    result = result.slice(0, start) + written + result.slice(end);
  return result;
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

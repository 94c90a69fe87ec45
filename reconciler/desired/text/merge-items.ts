import { Document, isMap, isNode, isScalar, isSeq } from 'yaml';
import type { Node, YAMLMap } from 'yaml';
import { canonicalJson } from '../../base/json.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString, own } from '../../base/values.ts';

/*
 * Lists whose items are maps with ids, such as the nodes of a workflow. Items that are still there stay where they are, with their comments, and are
 * written anew only where they differ; further items go to the end.
 */

/** A part of a text and what stands there instead. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Sorts a list as the one that it takes the place of, further items last; as it is when one of them is no list of items with ids. */
export function inOldOrder(before: unknown, after: unknown): unknown {
  const [old, wanted] = [byId(before), byId(after)];
  if (old === null || wanted === null) return after;
  const kept = [...old.keys()].flatMap((id) => wanted.get(id) ?? []);
  return [...kept, ...[...wanted].filter(([id]) => !old.has(id)).map(([, value]) => value)];
}

/** `null` unless each item is a map with an id of its own. */
function byId(value: unknown): ReadonlyMap<string, Fields> | null {
  const items = asList(value);
  if (items === undefined) return null;
  const found = new Map<string, Fields>();
  for (const item of items) {
    const fields = asFields(item);
    const id = idOf(fields);
    if (fields === undefined || id === undefined || found.has(id)) return null;
    found.set(id, fields);
  }
  return found;
}

/** The id of an item; of an edge without one, where it leads from and to; else its name, or its host. */
function idOf(item: Fields | undefined): string | undefined {
  const [id, source, target, name, host] = ['id', 'source', 'target', 'name', 'host'].map((key) =>
    asString(own(item, key)),
  );
  if (id !== undefined) return id;
  if (source === undefined || target === undefined) return name ?? host;
  const handles = ['sourceHandle', 'targetHandle'].map((key) => asString(own(item, key)) ?? '');
  return ['', source, target, ...handles].join('\0');
}

interface Change {
  readonly before: unknown;
  readonly after: unknown;
}

interface Item {
  readonly node: YAMLMap;
  /** First character after the hyphen's space. */
  readonly start: number;
  /** End of its last line, without the line break. */
  readonly end: number;
}

/**
 * Edits that bring a list in a text to what it is to be.
 *
 * @param list the value of a top-level key in the text's document
 * @returns `null` where it is no such list, is written in one line, or would be empty
 */
export function mergeItems(
  text: string,
  { document, list }: { readonly document: Document; readonly list: unknown },
  { before, after }: Change,
): readonly TextEdit[] | null {
  const [old, wanted] = [byId(before), byId(after)];
  if (!isSeq(list) || list.flow || old === null || wanted === null) return null;
  const items = list.items.flatMap((node) => readItem(text, node) ?? []);
  const isWhole = items.length === old.size && items.length > 0;
  if (!isWhole || ![...old.keys()].some((id) => wanted.has(id))) return null;
  const column = columnOf(text, items[0]?.start ?? 0);
  const edits: TextEdit[] = [];
  for (const [index, [id, value]] of [...old].entries()) {
    const item = items[index];
    if (item === undefined || columnOf(text, item.start) !== column) return null;
    const edit = editItem(
      text,
      { ...item, after: items[index - 1]?.end },
      { before: value, after: wanted.get(id) },
      document,
    );
    if (edit !== null) edits.push(edit);
  }
  const end = items.at(-1)?.end ?? 0;
  const added = [...wanted].filter(([id]) => !old.has(id));
  const written = added.map(
    ([, value]) => `\n${' '.repeat(column - 2)}- ${writeItem(document.createNode(value), column)}`,
  );
  return written.length === 0 ? edits : [...edits, { start: end, end, text: written.join('') }];
}

function readItem(text: string, node: unknown): Item | null {
  if (!isMap(node) || node.anchor !== undefined || !node.range) return null;
  const [start, valueEnd] = node.range;
  // Only whole lines with the hyphen in front can be taken out or written anew.
  if (!/^ *- $/.test(text.slice(text.lastIndexOf('\n', start - 1) + 1, start))) return null;
  const content = withoutLinesAfter(text.slice(start, valueEnd));
  const rest = /^[^\n]*/.exec(text.slice(start + content.length))?.[0] ?? '';
  return { node, start, end: start + content.length + rest.length };
}

/** A text without the empty lines and comments that it ends with. */
function withoutLinesAfter(text: string): string {
  let end = text.length;
  for (let at = text.lastIndexOf('\n'); at !== -1; at = text.lastIndexOf('\n', end - 1)) {
    const line = text.slice(at + 1, end).trimStart();
    if (line !== '' && !line.startsWith('#')) break;
    end = at;
    if (end === 0) break;
  }
  return text.slice(0, end).trimEnd();
}

function columnOf(text: string, at: number): number {
  return at - text.lastIndexOf('\n', at - 1) - 1;
}

function editItem(
  text: string,
  { node, start, end, after: previousEnd }: Item & { readonly after: number | undefined },
  change: Change,
  document: Document,
): TextEdit | null {
  if (change.after === undefined) return { start: previousEnd ?? linesAbove(text, start), end, text: '' };
  if (isSame(change.before, change.after)) return null;
  mergeValue(document, node, change);
  node.commentBefore = null;
  node.spaceBefore = false;
  return { start, end, text: writeItem(node, columnOf(text, start)) };
}

/** The end of the line above the first item and the comments over it. */
function linesAbove(text: string, start: number): number {
  let at = text.lastIndexOf('\n', start - 1);
  for (;;) {
    const before = text.lastIndexOf('\n', at - 1);
    if (!/^\s*(?:#.*)?$/.test(text.slice(before + 1, at))) return at;
    at = before;
  }
}

/** The text of an item behind its hyphen. */
function writeItem(node: Node, column: number): string {
  const alone = new Document();
  alone.contents = node as never;
  const lines = alone.toString({ lineWidth: 0 }).trimEnd().split('\n');
  return lines
    .map((line, index) => (index === 0 || line === '' ? line : ' '.repeat(column) + line))
    .join('\n');
}

/** Brings a node to a value, member by member; `false` when it has to be put in its place as a whole. */
function mergeValue(document: Document, node: unknown, { before, after }: Change): boolean {
  if (isSame(before, after)) return true;
  const [old, wanted] = [asFields(before), asFields(after)];
  if (isMap(node) && old !== undefined && wanted !== undefined) {
    for (const key of Object.keys(old)) if (!Object.hasOwn(wanted, key)) node.delete(key);
    for (const [key, value] of Object.entries(wanted)) {
      const child: unknown = node.get(key, true);
      if (child !== undefined && mergeValue(document, child, { before: own(old, key), after: value }))
        continue;
      const made: Node = document.createNode(value);
      if (isNode(child)) keepComments(made, child);
      node.set(key, made);
    }
    return true;
  }
  if (!isScalar(node) || typeof after === 'object') return false;
  node.value = after;
  return true;
}

function keepComments(made: Node, { commentBefore, comment, spaceBefore }: Node): void {
  if (commentBefore) made.commentBefore = commentBefore;
  if (comment) made.comment = comment;
  if (spaceBefore) made.spaceBefore = spaceBefore;
}

function isSame(before: unknown, after: unknown): boolean {
  return textOf(before) === textOf(after);
}

function textOf(value: unknown): string {
  return value === undefined ? '' : canonicalJson(JSON.parse(JSON.stringify(value)));
}

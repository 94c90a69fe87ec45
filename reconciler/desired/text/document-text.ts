import { EDITING, MAX_ALIAS_EXPANSIONS, parseYaml } from '../../config/yaml-document.ts';
import { Document, isMap, isNode, isScalar, parseDocument } from 'yaml';
import type { YAMLMap } from 'yaml';
import { asFields, compareText, own } from '../../base/values.ts';
import type { TextEdit } from './merge-items.ts';
import { inOldOrder, mergeItems } from './merge-items.ts';

/** Order in which people expect the keys of a kombination. */
const KEY_ORDER = [
  'version',
  'stackkit',
  'meta',
  'compose',
  'variables',
  'profiles',
  'nodes',
  'services',
  'networks',
  'volumes',
  'secrets',
  'policy',
];
const FORMAT = { lineWidth: 0 } as const;

/** The text of a new kombination; `meta.name` is filled in when it is missing. */
export function buildStackText(name: string, document: object): string {
  const fields = { ...document } as Readonly<Record<string, unknown>>;
  const meta = fields['meta'] ?? {};
  const named = asFields(meta) ? { ...fields, meta: { name, ...asFields(meta) } } : fields;
  const keys = Object.keys(named);
  const ordered = [
    ...KEY_ORDER.filter((key) => keys.includes(key)),
    ...keys.filter((key) => !KEY_ORDER.includes(key)),
  ];
  return buildText(Object.fromEntries(ordered.map((key) => [key, own(asFields(named), key)])));
}

export function buildText(document: object): string {
  return new Document(document, { aliasDuplicateObjects: false }).toString(FORMAT);
}

/**
 * A text with top-level keys replaced; everything else stays as it is written, comments and order included. `null`
 * removes a key. Keys that already say the same are left alone.
 */
export function editText(text: string, keys: object): string {
  const document = parseDocument(text, EDITING);
  const before = asFields(toValue(document));
  if (!isMap(document.contents) || !before) return buildText(withoutNull(keys));
  const edits = Object.entries(keys)
    .map(([key, value]: [string, unknown]): Edit => {
      const now = own(before, key);
      return { key, before: now, after: inOldOrder(now, value) };
    })
    .filter((edit) => JSON.stringify(edit.before ?? null) !== JSON.stringify(edit.after));
  const wanted = withoutNull({
    ...before,
    ...Object.fromEntries(edits.map(({ key, after }) => [key, after])),
  });
  const spliced = spliceKeys(text, document, edits);
  if (!document.contents.flow && says(spliced, wanted)) return spliced;
  // Flow style at the top, or an anchor that the rest needs: the library writes the text anew.
  for (const { key, after } of edits) {
    if (after === null) document.delete(key);
    else document.set(key, document.createNode(after));
  }
  return document.toString(FORMAT);
}

interface Edit {
  readonly key: string;
  readonly before: unknown;
  /** `null`: it goes. */
  readonly after: unknown;
}

function says(text: string, wanted: object): boolean {
  const document = parseDocument(text, EDITING);
  const sorted = (value: object): string =>
    JSON.stringify(Object.entries(value).sort(([a], [b]) => compareText(a, b)));
  if (document.errors.length > 0 || repeatsKeys(text)) return false;
  return sorted(asFields(toValue(document)) ?? {}) === sorted(wanted);
}

function repeatsKeys(text: string): boolean {
  return parseYaml(text).problems.some(({ code }) => code === 'DUPLICATE_KEY');
}

function toValue(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIAS_EXPANSIONS });
  } catch {
    // An alias that leads nowhere: there is no value to compare with.
    return undefined;
  }
}

/** Replaces the lines of each key, or those of its items that differ; new keys go to the end. */
function spliceKeys(text: string, document: Document.Parsed, edits: readonly Edit[]): string {
  let result = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  const changes = edits.flatMap((edit) => spliceKey(result, document, edit));
  // The last places go first, so that earlier ones stay where they are; of several at one place the last of them first of all.
  for (const { start, end, text: written } of changes.toReversed().sort((a, b) => b.start - a.start))
    result = result.slice(0, start) + written + result.slice(end);
  return result;
}

function spliceKey(
  text: string,
  document: Document.Parsed,
  { key, before, after }: Edit,
): readonly TextEdit[] {
  const map = document.contents;
  if (!isMap(map)) return [];
  const items = mergeItems(text, { document, list: map.get(key, true) }, { before, after });
  if (items !== null) return items;
  const { start, end } = linesOf(text, map, key) ?? { start: text.length, end: text.length };
  return [{ start, end, text: after === null ? '' : buildText({ [key]: after }) }];
}

function withoutNull(keys: object): object {
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null));
}

/** A text without the empty lines, and comments at the left edge, that it ends with. */
function withoutTail(text: string): string {
  let end = text.length;
  for (let at = text.lastIndexOf('\n'); at !== -1; at = text.lastIndexOf('\n', end - 1)) {
    const line = text.slice(at + 1, end);
    if (!line.startsWith('#') && /[^ \t]/.test(line)) break;
    end = at;
    if (end === 0) break;
  }
  return text.slice(0, end);
}

/** The lines from a key to the end of its value; comments at the left edge after it belong to what follows. */
function linesOf(text: string, map: YAMLMap, key: string): { start: number; end: number } | undefined {
  const pair = map.items.find((item) => isScalar(item.key) && item.key.value === key);
  if (!pair || !isScalar(pair.key) || !pair.key.range) return undefined;
  const start = pair.key.range[0];
  const valueEnd = (isNode(pair.value) ? pair.value.range?.[1] : undefined) ?? pair.key.range[1];
  const content = withoutTail(text.slice(start, valueEnd)).trimEnd();
  const after = text.slice(start + content.length);
  // The rest of the last line, and comments that are indented like the value.
  const rest = /^[^\n]*(?:\n[ \t]+#[^\n]*)*\n?/.exec(after)?.[0] ?? '';
  return { start, end: start + content.length + rest.length };
}

import { EDITING, MAX_ALIAS_EXPANSIONS, parseYaml } from '../config/yaml-document.ts';
import { Document, isMap, isNode, isScalar, parseDocument } from 'yaml';
import type { YAMLMap } from 'yaml';
import { asFields, compareText, own } from '../base/values.ts';

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
  const edits = Object.entries(keys).filter(
    ([key, value]) => JSON.stringify(own(before, key) ?? null) !== JSON.stringify(value),
  );
  const wanted = withoutNull({ ...before, ...Object.fromEntries(edits) });
  const spliced = spliceKeys(text, document.contents, edits);
  if (!document.contents.flow && says(spliced, wanted)) return spliced;
  // Flow style at the top, or an anchor that the rest needs: the library writes the text anew.
  for (const [key, value] of edits) {
    if (value === null) document.delete(key);
    else document.set(key, document.createNode(value));
  }
  return document.toString(FORMAT);
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

/** Replaces the lines of each key; new keys go to the end. */
function spliceKeys(text: string, map: YAMLMap, edits: readonly (readonly [string, unknown])[]): string {
  let result = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  const places = edits.map(([key, value]) => ({ key, value, lines: linesOf(result, map, key) }));
  const last = result.length;
  // The last places go first, so that earlier ones stay where they are; new keys before them, the last of them first of all.
  const fromTheEnd = places.toReversed().sort((a, b) => (b.lines?.start ?? last) - (a.lines?.start ?? last));
  for (const { key, value, lines } of fromTheEnd) {
    const written = value === null ? '' : buildText({ [key]: value });
    const { start, end } = lines ?? { start: last, end: last };
    result = result.slice(0, start) + written + result.slice(end);
  }
  return result;
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

import type { Document } from 'yaml';
import { isScalar, parseDocument, stringify, visit } from 'yaml';
import { undecryptable } from './age.ts';

/** A value of a SOPS file before decryption; `null` is never encrypted. Maps keep the order of the file: the MAC needs it. */
export type SopsValue = null | boolean | number | bigint | string | Date | SopsMap | readonly SopsValue[];
export type SopsMap = ReadonlyMap<string, SopsValue>;

export type SopsFormat = 'yaml' | 'json' | 'dotenv' | 'binary';

export interface SopsDocument {
  readonly format: SopsFormat;
  readonly values: SopsMap;
  /** Map that stands under `sops`, nested as in YAML. */
  readonly metadata: SopsMap;
}

/** Tells the format as SOPS itself does: by the ending of the name; everything unknown is binary. */
export function formatOf(path: string): SopsFormat {
  if (/\.ya?ml$/.test(path)) return 'yaml';
  if (path.endsWith('.json')) return 'json';
  if (path.endsWith('.env')) return 'dotenv';
  if (path.endsWith('.ini'))
    throw undecryptable(path, 'SOPS files in INI format are not read; use YAML, JSON or dotenv');
  return 'binary';
}

/** Throws SECRET_NOT_DECRYPTED for what is no SOPS file of the format that its name says. */
export function parseSops(path: string, text: string): SopsDocument {
  const format = formatOf(path);
  const all = format === 'dotenv' ? parseLines(path, text) : parseTree(path, text, format);
  const metadata = format === 'dotenv' ? unflatten(all) : all.get('sops');
  if (!isMap(metadata) || metadata.size === 0)
    throw undecryptable(path, 'it has no sops metadata, so it is not encrypted with SOPS');
  const own = [...all].filter(([key]) => (format === 'dotenv' ? !key.startsWith('sops_') : key !== 'sops'));
  return { format, values: new Map(own), metadata };
}

export function isMap(value: unknown): value is SopsMap {
  return value instanceof Map;
}

/** JSON is read as the YAML that it is: a JSON parser would put keys that look like numbers first. */
function parseTree(path: string, text: string, format: SopsFormat): SopsMap {
  if (format !== 'yaml' && !isJson(text)) throw undecryptable(path, 'it is not JSON');
  const document = parseDocument(text, {
    prettyErrors: false,
    stringKeys: true,
    // The parser compares each key with all others of its map.
    uniqueKeys: false,
    logLevel: 'error',
    intAsBigInt: format === 'yaml',
    ...(format === 'yaml' ? { customTags: ['timestamp'] as const } : {}),
  });
  // The parser's message could quote the file.
  if (document.errors.length > 0) throw undecryptable(path, 'it is not one well-formed YAML document');
  if (repeatsKeys(document)) throw undecryptable(path, 'a map of it has the same key twice');
  const value = toValues(path, document);
  if (!isMap(value)) throw undecryptable(path, 'it is not a map');
  return value;
}

function toValues(path: string, document: Document.Parsed): unknown {
  try {
    return document.toJS({ mapAsMap: true, maxAliasCount: 100 });
  } catch {
    // Aliases without an anchor, or that make much of little; the parser's message could quote the file.
    throw undecryptable(path, 'its aliases lead nowhere or say too much');
  }
}

function repeatsKeys(document: Document.Parsed): boolean {
  let repeated = false;
  visit(document, {
    Map(_, { items }) {
      const keys = new Set(items.map(({ key }) => (isScalar(key) ? key.value : key)));
      repeated ||= keys.size < items.length;
      return repeated ? visit.BREAK : undefined;
    },
  });
  return repeated;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // The answer is the same whatever is wrong with it.
    return false;
  }
}

/**
 * Reads what SOPS calls dotenv, which is not what Compose reads as an env file: there are no quotes, variables, `export` or
 * comments behind values, white space counts, and `\n` stands for a line break. The MAC of the file is over exactly that, so
 * it is read to the letter.
 */
function parseLines(path: string, text: string): SopsMap {
  const values = new Map<string, SopsValue>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const at = line.indexOf('=');
    if (at === -1) throw undecryptable(path, 'a line of it is not KEY=value');
    values.set(line.slice(0, at), line.slice(at + 1).replaceAll('\\n', '\n'));
  }
  return values;
}

/** `sops_age__list_0__map_enc` → `age[0].enc` */
function unflatten(flat: SopsMap): SopsMap {
  const root = new Map<string, SopsValue>();
  for (const [key, value] of flat) {
    if (!key.startsWith('sops_')) continue;
    const parts = key.slice('sops_'.length).split(/__(?:map|list)_/);
    let map = root;
    for (const part of parts.slice(0, -1)) {
      const known = map.get(part);
      const next = known instanceof Map ? known : new Map<string, SopsValue>();
      map.set(part, next);
      map = next;
    }
    map.set(parts.at(-1) ?? '', value);
  }
  return root;
}

/** Items of a list, which dotenv files write as a map of positions. */
export function listOf(value: SopsValue | undefined): readonly SopsValue[] {
  if (Array.isArray(value)) return value;
  return isMap(value) ? [...value.values()] : [];
}

/** A single value as text; times as Go writes them. Nothing for maps and lists. */
export function textOf(value: SopsValue | undefined): string {
  if (value instanceof Date) return value.toISOString().replace(/\.000Z$/, 'Z');
  return typeof value === 'object' || value === undefined ? '' : `${value}`;
}

/** A decrypted file as a whole, in the format that it is kept in. */
export function renderPlain(format: SopsFormat, values: SopsMap): string {
  switch (format) {
    case 'yaml':
      return stringify(values, { lineWidth: 0 });
    case 'dotenv':
      return [...values].map(([key, value]) => `${key}=${textOf(value).replaceAll('\n', '\\n')}\n`).join('');
    case 'json':
    case 'binary':
      return `${toJson(values)}\n`;
    default:
      return format satisfies never;
  }
}

function toJson(value: SopsValue, indent = ''): string {
  const deeper = `${indent}  `;
  if (isMap(value)) {
    const items = [...value].map(([key, each]) => `${deeper}${JSON.stringify(key)}: ${toJson(each, deeper)}`);
    return items.length === 0 ? '{}' : `{\n${items.join(',\n')}\n${indent}}`;
  }
  if (Array.isArray(value)) {
    const items = value.map((each: SopsValue) => `${deeper}${toJson(each, deeper)}`);
    return items.length === 0 ? '[]' : `[\n${items.join(',\n')}\n${indent}]`;
  }
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

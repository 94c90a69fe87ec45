import { own } from '../base/values.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { compareGoKeys, needsQuotes } from './go-yaml-scalars.ts';

/** Lines are broken at the first space after this column. */
const LINE_WIDTH = 80;

/**
 * YAML as Kubernetes' own programs write it (sigs.k8s.io/yaml): keys sorted, lists not indented, texts quoted only where they must
 * be, long ones folded. The same value gives the same bytes.
 */
export function formatGoYaml(value: JsonObject): string {
  return Object.keys(value).length === 0 ? '{}\n' : mapping(value, 0);
}

function mapping(value: JsonObject, indent: number): string {
  return Object.keys(value)
    .sort(compareGoKeys)
    .map((key) => {
      const label = scalar(key, { indent, column: indent, simpleKey: true });
      return `${' '.repeat(indent)}${label}:${member(own(value, key) ?? null, indent, indent + label.length + 1)}`;
    })
    .join('');
}

/** Writes what stands behind `key:` or `-`. */
function member(value: Json, indent: number, column: number): string {
  if (isList(value)) return value.length === 0 ? ' []\n' : `\n${sequence(value, indent)}`;
  if (isMap(value)) return Object.keys(value).length === 0 ? ' {}\n' : `\n${mapping(value, indent + 2)}`;
  return ` ${scalarOf(value, indent, column + 1)}\n`;
}

function sequence(items: readonly Json[], indent: number): string {
  const dash = `${' '.repeat(indent)}- `;
  return items
    .map((item) => {
      if (isList(item) && item.length > 0) return dash + sequence(item, indent + 2).slice(indent + 2);
      if (isMap(item) && Object.keys(item).length > 0)
        return dash + mapping(item, indent + 2).slice(indent + 2);
      if (isList(item)) return `${dash}[]\n`;
      if (isMap(item)) return `${dash}{}\n`;
      return `${dash}${scalarOf(item, indent, indent + 2)}\n`;
    })
    .join('');
}

function scalarOf(value: string | number | boolean | null, indent: number, column: number): string {
  if (typeof value !== 'string') return String(value);
  return scalar(value, { indent: indent + 2, column, simpleKey: false });
}

interface Place {
  /** Indent of continued lines. */
  readonly indent: number;
  /** Column where the text begins. */
  readonly column: number;
  readonly simpleKey: boolean;
}

function scalar(text: string, place: Place): string {
  switch (needsQuotes(text, place.simpleKey)) {
    case 'literal':
      return literal(text, place);
    case 'plain':
      return fold(text, place);
    case 'single':
      return `'${fold(text.replaceAll("'", "''"), { ...place, column: place.column + 1 })}'`;
    case 'double':
      return doubleQuoted(text, place);
  }
}

/** Breaks at single spaces, which a reader puts back. */
function fold(text: string, { indent, column, simpleKey }: Place): string {
  if (simpleKey || column + text.length <= LINE_WIDTH) return text;
  let [result, at] = ['', column];
  for (let index = 0; index < text.length; index += 1) {
    const isSingle = text[index] === ' ' && text[index - 1] !== ' ' && text[index + 1] !== ' ';
    const isInside = index > 0 && index < text.length - 1;
    if (isSingle && isInside && at > LINE_WIDTH) [result, at] = [`${result}\n${' '.repeat(indent)}`, indent];
    else [result, at] = [result + (text[index] ?? ''), at + 1];
  }
  return result;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\x85': '\\N',
  '\xa0': '\\_',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function doubleQuoted(text: string, { indent, column, simpleKey }: Place): string {
  const characters = Array.from(text);
  let [result, at, afterSpace] = ['"', column + 1, false];
  for (const [index, character] of characters.entries()) {
    const isInside = index > 0 && index < characters.length - 1;
    if (character === ' ' && !simpleKey && !afterSpace && at > LINE_WIDTH && isInside) {
      // A space that begins a line would be lost.
      const kept = characters[index + 1] === ' ' ? '\\' : '';
      [result, at, afterSpace] = [`${result}\n${' '.repeat(indent)}${kept}`, indent + kept.length, true];
      continue;
    }
    const written = escape(character);
    [result, at, afterSpace] = [result + written, at + written.length, character === ' '];
  }
  return `${result}"`;
}

function escape(character: string): string {
  const known = own(ESCAPES, character);
  if (known !== undefined) return known;
  const code = character.codePointAt(0) ?? 0;
  if ((code >= 0x20 && code < 0x7f) || (code > 0xa0 && code < 0xd800)) return character;
  if (code >= 0xe000 && code <= 0xfffd && code !== 0xfeff) return character;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** `|`, with a number where the first line is indented and a sign that says how the text ends. */
function literal(text: string, { indent }: Place): string {
  const hint = /^[ \n]/.test(text) ? '2' : '';
  const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : '';
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  const lines = body.split('\n').map((line) => (line === '' ? '' : ' '.repeat(indent) + line));
  return `|${hint}${chomp}\n${lines.join('\n')}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isMap(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

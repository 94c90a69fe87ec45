/* The rules by which go-yaml v2 decides on quotes and on the order of keys. */

/** Would be read as something else than a text: null, a boolean, a merge. */
const WORDS = new Set(
  [
    ['', '~', 'null', 'Null', 'NULL', '<<'],
    ['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'],
    ['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'],
    ['.nan', '.NaN', '.NAN', '.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF', '-.inf', '-.Inf', '-.INF'],
  ].flat(),
);
const INTEGER = /^[-+]?(?:0b[01_]+|0o?[0-7_]*|0x[0-9a-f_]+|[0-9][0-9_]*)$/i;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:e[-+]?[0-9]+)?$/i;
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const TIMESTAMP =
  /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt ]+\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}(?::?\d{2})?))?)?$/;

export type Quotes = 'plain' | 'single' | 'double' | 'literal';

export function needsQuotes(text: string, simpleKey: boolean): Quotes {
  const form = analyze(text);
  if (text.includes('\n')) return simpleKey || !form.block ? 'double' : 'literal';
  if (isNoText(text) || form.special) return 'double';
  if (form.plain) return 'plain';
  return form.single ? 'single' : 'double';
}

function isNoText(text: string): boolean {
  return [INTEGER, FLOAT, BASE_60, TIMESTAMP].some((form) => form.test(text)) || WORDS.has(text);
}

interface Analysis {
  /** Holds a character that must be escaped. */
  readonly special: boolean;
  readonly plain: boolean;
  readonly single: boolean;
  readonly block: boolean;
}

const PRINTABLE = /^[\n\x20-\x7e\xa1-\ud7ff\ue000-\ufefe\uff00-\ufffd]*$/;
const INDICATOR_FIRST = /^[#,[\]{}&*!|>'"%@`]|^[-?:](?:\s|$)|^(?:---|\.\.\.)/;
const INDICATOR_INSIDE = /:(?:\s|$)|\s#/;

function analyze(text: string): Analysis {
  const special = !PRINTABLE.test(text);
  const breakSpace = /\n /.test(text);
  const spaceBreak = / \n/.test(text);
  const edge = /^[ \n]|[ \n]$/.test(text);
  const indicator = INDICATOR_FIRST.test(text) || INDICATOR_INSIDE.test(text);
  return {
    special,
    plain: !special && !edge && !indicator && !text.includes('\n'),
    single: !special && !breakSpace && !spaceBreak,
    block: !special && !spaceBreak && !text.endsWith(' '),
  };
}

/** Letters come after other characters, and numbers in a key count as numbers. */
export function compareGoKeys(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let index = 0; index < left.length && index < right.length; index += 1) {
    if (left[index] !== right[index]) return isLess(left, right, index) ? -1 : 1;
  }
  return left.length - right.length;
}

function isLess(left: readonly string[], right: readonly string[], index: number): boolean {
  const [a = '', b = ''] = [left[index], right[index]];
  const [aLetter, bLetter] = [isLetter(a), isLetter(b)];
  if (aLetter && bLetter) return codeOf(a) < codeOf(b);
  if (aLetter || bLetter) return bLetter;
  const leads = (a === '0' || b === '0') && hasNumberBefore(left, index) ? 1 : 0;
  const first = readNumber(left, index, leads);
  const second = readNumber(right, index, leads);
  if (first.value !== second.value) return first.value < second.value;
  if (first.end !== second.end) return first.end < second.end;
  return codeOf(a) < codeOf(b);
}

/** Tells whether digits other than zero stand right before. */
function hasNumberBefore(text: readonly string[], index: number): boolean {
  for (let at = index - 1; at >= 0 && isDigit(text[at]); at -= 1) if (text[at] !== '0') return true;
  return false;
}

function readNumber(text: readonly string[], start: number, leads: number) {
  let [value, end] = [leads, start];
  for (; end < text.length && isDigit(text[end]); end += 1) value = value * 10 + Number(text[end]);
  return { value, end };
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function isLetter(character: string): boolean {
  return /^\p{L}$/u.test(character);
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && /^[0-9]$/.test(character);
}

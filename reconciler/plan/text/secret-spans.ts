import { isSensitiveName, MASK } from '../../model/secret.ts';

/** A part of a line. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Tells whether a name in a line is that of a secret, for what stands around the line. */
export type IsSecret = (name: string) => boolean;

/** The first name of a line with the sign after it, and what is before the value. */
export interface Assignment {
  readonly name: string;
  /** `:`, `=`, … or spaces alone. */
  readonly sign: string;
  /** Column of the name, or of its quote. */
  readonly column: number;
  /** Column of the value. */
  readonly from: number;
  readonly value: string;
  /** It stands behind the sign of a comment. */
  readonly isComment: boolean;
}

/** `PASSWORD=…`, `"apiKey": …`, `token …` of many formats. */
const ASSIGNMENT = /^(\s*(?:(?:export|set|-)\s+|#\s*)*)(["']?)([\w.-]+)\2(\s*(?:=>|:=|[:=])\s*|\s+)(\S.*)?$/;
const PAIR = /(?<![\w.-])(["']?)([\w.-]+)(["']?)(\s*(?:=>|:=|[:=])\s*)/g;
/** `--password hunter2`, in a list of arguments as well. */
const ARGUMENT =
  /(?<![\w-])--?[\w-]*(?:pass(?:word|wd|phrase)?|masterauth|secret|token|api[_-]?key)(?:["']?,\s*|["']?\s+)(["']?)(?=[^\s"',\]-])/gi;
/** Names that configuration files with spaces for signs have: `requirepass secret`. */
const SPACED = /^(?:requirepass|masterauth)$|(?:password|passwd|passphrase|secret|token)$/i;
/** The next pair of a map or list that is written in one line, or the end of these. */
const AFTER_PLAIN = /,\s*["']?[\w.-]+["']?\s*[:=]|["']?[}\])]{1,8}["']?[,;]?\s*$/;
const MAP = /^\{(?:\s*$|\s*\}|\s*["']?[\w.-]+["']?\s*:)/;

export function readAssignment(line: string): Assignment | null {
  const match = ASSIGNMENT.exec(line);
  if (match === null) return null;
  const [, start = '', quote = '', name = '', spaced = '', value = ''] = match;
  const sign = spaced.trim();
  const from = start.length + quote.length * 2 + name.length + spaced.length;
  return { name, sign, column: start.length, from, value, isComment: start.includes('#') };
}

export function isSecretName(name: string): boolean {
  return isSensitiveName(/[^.:]*$/.exec(name)?.[0] ?? name);
}

/** Tells a map, whose own names say what of it is a secret. */
export function isMap(value: string): boolean {
  return MAP.test(value);
}

/** Places of the values in a line that stand under names of secrets, from the left. */
export function secretSpans(line: string, isSecret: IsSecret): readonly Span[] {
  const first = readAssignment(line);
  if (first !== null && first.value !== '' && isWholeLine(first, isSecret))
    return [{ from: first.from, to: line.length }];
  const spans: Span[] = [];
  PAIR.lastIndex = 0;
  for (let match = PAIR.exec(line); match !== null; match = PAIR.exec(line)) {
    const [whole, open = '', name = '', close = ''] = match;
    const from = match.index + whole.length;
    if (!isSecret(name) || !isPair(line, match)) continue;
    const to = from + lengthOf(line.slice(from), valueIn(line, { open, close, at: match.index }));
    if (to > from) spans.push({ from, to });
    PAIR.lastIndex = Math.max(to, from);
  }
  return [...spans, ...argumentSpans(line, spans)].sort((a, b) => a.from - b.from);
}

/** All that comes after the first name is its value. A name and a value with nothing but spaces between them are prose more often than not. */
function isWholeLine({ name, sign, value }: Assignment, isSecret: IsSecret): boolean {
  if (!isSecret(name) || (sign === '' && !SPACED.test(name))) return false;
  return sign !== ':' || !isMap(value);
}

/** `host/token-service:1.2` is the name of an image; `token: x` and the default in `${token:-x}` are pairs. */
function isPair(line: string, match: RegExpExecArray): boolean {
  const [whole, , name = '', close = '', sign = ''] = match;
  const next = line.charAt(match.index + whole.length);
  if (isMap(line.slice(match.index + whole.length)) && sign.includes(':')) return false;
  const isTight = sign === ':' && close === '' && !/["']/.test(next) && !/^[A-Z0-9_]+$/.test(name);
  return !isTight || isVariable(line, match.index);
}

function isVariable(line: string, at: number): boolean {
  return line.slice(Math.max(0, at - 2), at) === '${';
}

interface ValuePlace {
  /** Quote that ends the value: its own, or the one that the name has begun in. Left out: it has none. */
  readonly quote?: string;
  /** It is the default of a variable: `${NAME:-value}`. */
  readonly isDefault?: boolean;
}

function valueIn(
  line: string,
  { open, close, at }: { readonly open: string; readonly close: string; readonly at: number },
): ValuePlace {
  if (isVariable(line, at)) return { isDefault: true };
  return open !== '' && close === '' ? { quote: open } : {};
}

function lengthOf(rest: string, { quote, isDefault = false }: ValuePlace): number {
  if (isDefault) return lengthOr(rest, rest.indexOf('}'));
  if (quote !== undefined) return lengthOr(rest, endOfQuoted(rest, quote, 0));
  const own = rest.charAt(0);
  if (own === '"' || own === "'") {
    const end = endOfQuoted(rest, own, 1);
    return lengthOr(rest, end < 0 ? end : end + 1);
  }
  return lengthOr(rest, rest.search(AFTER_PLAIN));
}

function lengthOr(rest: string, length: number): number {
  return length < 0 ? rest.length : length;
}

/** Index of the quote that ends a value, -1 where there is none, or something that is no end of a value comes after it. */
function endOfQuoted(text: string, quote: string, from: number): number {
  for (let index = from; index < text.length; index += 1) {
    const sign = text.charAt(index);
    if (sign === '\\' && quote === '"') index += 1;
    else if (sign === quote && quote === "'" && text.charAt(index + 1) === quote) index += 1;
    else if (sign === quote) return /^(?:$|[\s,}\]);#])/.test(text.slice(index + 1, index + 2)) ? index : -1;
  }
  return -1;
}

function argumentSpans(line: string, known: readonly Span[]): readonly Span[] {
  return [...line.matchAll(ARGUMENT)].flatMap((match): readonly Span[] => {
    const from = match.index + match[0].length;
    const rest = line.slice(from);
    const end = rest.search((match[1] ?? '') === '' ? /[\s"',\]]/ : /["'](?:[\s,\])}]|$)/);
    const span = { from, to: from + lengthOr(rest, end) };
    return known.some(({ from: start, to }) => span.from < to && start < span.to) ? [] : [span];
  });
}

export function maskSpans(line: string, spans: readonly Span[]): string {
  let shown = '';
  let last = 0;
  for (const { from, to } of spans) {
    shown += `${line.slice(last, from)}${MASK}`;
    last = to;
  }
  return shown + line.slice(last);
}

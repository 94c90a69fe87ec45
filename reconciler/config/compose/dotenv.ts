import { own } from '../../base/values.ts';
import { fillTemplate } from './interpolate.ts';

/** A variable of an env file, and the line it is on. */
export interface DotenvEntry {
  readonly name: string;
  /** `null`: only the name stands there, the value comes from around it. */
  readonly value: string | null;
  /** The value as other values see it: variables that are not set are empty, and nothing is escaped. */
  readonly plain: string;
  readonly line: number;
}

export interface DotenvProblem {
  readonly line: number;
  readonly message: string;
}

export interface Dotenv {
  readonly entries: readonly DotenvEntry[];
  readonly problems: readonly DotenvProblem[];
}

export interface DotenvOptions {
  /** `raw`: values are taken as they are, without quotes and variables. */
  readonly raw?: boolean;
  /** Variables that go before those of earlier lines. */
  readonly lookup: (name: string) => string | undefined;
  /** Variables that come after those of earlier lines. Default: none. */
  readonly earlier?: (name: string) => string | undefined;
  readonly unset?: (name: string, line: number) => string;
  /** Returns what stands for a text in the values. Default: the text. */
  readonly plain?: (text: string) => string;
  /** Replaces the value of a variable in the values. Default: the value, as a text. */
  readonly value?: (name: string, value: string) => string;
}

const NAME = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.\-[\]]*)[ \t]*(?:[=:]|(?=[\r\n#]|$))/;

/** Reads an env file with quotes, `export`, comments, values over several lines and variables in values. */
export function parseDotenv(source: string, options: DotenvOptions): Dotenv {
  const text = source.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  return options.raw ? parseRaw(text) : parseQuoted(text, options);
}

function parseRaw(text: string): Dotenv {
  const entries = text.split('\n').flatMap((line, index): DotenvEntry[] => {
    if (/^\s*(#|$)/.test(line)) return [];
    const split = line.indexOf('=');
    const name = (split === -1 ? line : line.slice(0, split)).trim();
    return [{ name, ...valueOf(split === -1 ? null : line.slice(split + 1)), line: index + 1 }];
  });
  return { entries, problems: [] };
}

function valueOf(value: string | null): Pick<DotenvEntry, 'value' | 'plain'> {
  return { value, plain: value ?? '' };
}

function parseQuoted(text: string, options: DotenvOptions): Dotenv {
  const entries = new Map<string, DotenvEntry>();
  const problems: DotenvProblem[] = [];
  let index = 0;
  let line = 1;
  const advance = (count: number): void => {
    for (const char of text.slice(index, index + count)) if (char === '\n') line += 1;
    index += count;
  };
  const known = (name: string): string | undefined =>
    options.lookup(name) ?? entries.get(name)?.plain ?? options.earlier?.(name);
  while (index < text.length) {
    const blank = /^(?:[ \t]*(?:#[^\n]*)?\n|[ \t]*(?:#[^\n]*)?$)/.exec(text.slice(index));
    if (blank) {
      advance(Math.max(1, blank[0].length));
      continue;
    }
    const start = line;
    const head = NAME.exec(text.slice(index));
    if (!head) {
      const rest = /^[^\n]*\n?/.exec(text.slice(index))?.[0] ?? '';
      problems.push({ line, message: 'is not NAME=value' });
      advance(Math.max(1, rest.length));
      continue;
    }
    const name = head[1] ?? '';
    advance(head[0].length);
    if (!/[=:]$/.test(head[0])) {
      entries.set(name, { name, ...valueOf(null), line: start });
      continue;
    }
    const found = readValue(text.slice(index));
    advance(found.length);
    if (found.problem !== undefined) problems.push({ line: start, message: found.problem });
    const value = found.literal
      ? (options.plain?.(found.value) ?? found.value)
      : expand(found.value, { ...options, lookup: known }, start);
    const plain = found.literal ? found.value : expand(found.value, { lookup: known }, start);
    if (typeof value === 'string' && typeof plain === 'string') {
      entries.set(name, { name, value, plain, line: start });
    } else if (typeof value !== 'string') problems.push({ line: start, message: value.problem });
  }
  return { entries: [...entries.values()], problems };
}

function expand(source: string, { lookup, unset, plain, value }: DotenvOptions, line: number) {
  const blank = (name: string): string => unset?.(name, line) ?? '';
  return fillTemplate(source, {
    lookup,
    unset: blank,
    required: blank,
    plain: (text) => plain?.(text) ?? text,
    ...(value ? { value } : {}),
  });
}

interface Value {
  readonly value: string;
  /** Number of characters that it takes, up to the end of its line. */
  readonly length: number;
  /** Nothing in it is filled in. */
  readonly literal: boolean;
  readonly problem?: string;
}

function readValue(text: string): Value {
  const lead = /^[ \t]*/.exec(text)?.[0].length ?? 0;
  const quote = text[lead];
  if (quote !== '"' && quote !== "'") {
    const whole = /^[^\n]*/.exec(text)?.[0] ?? '';
    // A comment stands behind a value and a blank, as under Compose: `#ff0000` is a value, whatever blanks are before it.
    const value = whole.trim().replace(/ #.*$/, '').trim();
    return { value, length: whole.length, literal: false };
  }
  let end = lead + 1;
  while (end < text.length && text[end] !== quote) end += text[end] === '\\' ? 2 : 1;
  if (end >= text.length) {
    const whole = /^[^\n]*/.exec(text)?.[0] ?? '';
    return { value: '', length: whole.length, literal: true, problem: 'has a quote that does not end' };
  }
  const inside = text.slice(lead + 1, end);
  const rest = /^[^\n]*/.exec(text.slice(end + 1))?.[0] ?? '';
  const length = end + 1 + rest.length;
  if (quote === "'") return { value: inside.replaceAll("\\'", "'"), length, literal: true };
  return { value: unescape(inside), length, literal: false };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

function unescape(text: string): string {
  // A dollar sign after a backslash stands for itself.
  return text.replace(/\\(.)/gs, (whole, char: string) =>
    char === '$' ? '$$' : (own(ESCAPES, char) ?? whole),
  );
}

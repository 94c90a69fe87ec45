import type { Assignment, IsSecret } from './secret-spans.ts';
import { isMap, isSecretName, readAssignment } from './secret-spans.ts';

/* Secrets that more than one line tells of: a name in the line before, values of several lines, manifests of kind Secret. */

/** Lines after the first one of a value that belong to it. */
export interface Rest {
  /** Column from which on a line belongs to the value; `null`: it does not, and no later one does. */
  startIn(line: string): number | null;
  /** Tells whether the value ends in a line that belongs to it. */
  endsIn(line: string): boolean;
}

const NAMED = /(?:^|[\s{,])["']?(?:name|key)["']?\s*:\s*["']?([\w.-]+)/i;
const ITEM = /^\s*(?:-\s|[{}])/;
const DOCUMENT = /^---(?:\s|$)/;
const SECRET_KIND = /^\s*(?:-\s+)?["']?kind["']?\s*:\s*["']?Secret["']?\s*(?:,\s*)?(?:#.*)?$/;
/** A whole manifest in one line. */
const SECRET_LINE = /["']?kind["']?\s*:\s*["']?Secret\b/;
const DATA = /^(?:data|stringData)$/;
/** Lines after a name that are looked through for its value. */
const MAX_BLANK_LINES = 20;
const EVERY: IsSecret = () => true;

/** Tells for each line which of its names are those of secrets. */
export function findSecretLines(lines: readonly string[]): readonly IsSecret[] {
  const inManifest = linesOfManifests(lines);
  const named = lines.map((line) => isSecretName(NAMED.exec(line)?.[1] ?? ''));
  return lines.map((line, index): IsSecret => {
    const place = inManifest[index];
    if (place === 'data' || (SECRET_LINE.test(line) && /data["']?\s*:/i.test(line))) return EVERY;
    const isBefore = named[index - 1] === true && !ITEM.test(line);
    const isAfter = named[index + 1] === true && !ITEM.test(lines[index + 1] ?? '');
    const isNamed = named[index] === true || isBefore || isAfter;
    return (name) => isSecretName(name) || (isNamed && name === 'value');
  });
}

/** Lines of manifests of kind Secret, and those of them that are its data. */
function linesOfManifests(lines: readonly string[]): readonly ('manifest' | 'data' | null)[] {
  const documents: { from: number; isSecret: boolean }[] = [{ from: 0, isSecret: false }];
  for (const [index, line] of lines.entries()) {
    if (DOCUMENT.test(line)) documents.push({ from: index, isSecret: false });
    const last = documents.at(-1);
    if (last !== undefined && SECRET_KIND.test(line)) last.isSecret = true;
  }
  return documents.flatMap(({ from, isSecret }, index): readonly ('manifest' | 'data' | null)[] => {
    const own = lines.slice(from, documents[index + 1]?.from);
    return isSecret ? linesOfManifest(own) : own.map(() => null);
  });
}

function linesOfManifest(lines: readonly string[]): readonly ('manifest' | 'data')[] {
  let around: number | null = null;
  return lines.map((line) => {
    if (around !== null && line.trim() !== '' && indentOf(line) <= around) around = null;
    if (around !== null) return 'data';
    const first = readAssignment(line);
    if (first === null || !DATA.test(first.name)) return 'manifest';
    around = first.column;
    return first.value === '' ? 'manifest' : 'data';
  });
}

/** The lines after this one that the value of its first name goes on in; `null`: none does. */
export function restOf(lines: readonly string[], index: number, isSecret: IsSecret): Rest | null {
  const first = readAssignment(lines[index] ?? '');
  if (first === null || first.sign === '' || !isSecret(first.name)) return null;
  if (first.sign !== ':') return restOfQuoted(first);
  const value = first.value.replace(/^(?:[&!]\S*\s*)+/, '').replace(/^#.*/, '');
  if (isMap(value)) return null;
  if (value !== '') return deeperThan(first);
  const next = lines.slice(index + 1, index + 1 + MAX_BLANK_LINES).find((line) => line.trim() !== '') ?? '';
  const isItem = /^\s*-(?:\s|$)/.test(next);
  // Names of secrets stand there, and maps say themselves what of them is one.
  if (isItem && /^secrets$/i.test(first.name)) return null;
  if (/^\s*(?:-\s+)*(?:["']?[\w.-]+["']?\s*:(?:\s|$)|[{}])/.test(next)) return null;
  return isItem && indentOf(next) === first.column ? itemsAt(first.column) : deeperThan(first);
}

/** A value of `NAME="…` ends with its quote, wherever that is. */
function restOfQuoted({ value }: Assignment): Rest | null {
  const quote = value.charAt(0);
  if ((quote !== '"' && quote !== "'") || hasEnd(value.slice(1), quote)) return null;
  return { startIn: () => 0, endsIn: (line) => hasEnd(line, quote) };
}

function hasEnd(text: string, quote: string): boolean {
  return (quote === '"' ? text.replaceAll(/\\./g, '') : text).includes(quote);
}

function deeperThan({ column, isComment }: Assignment): Rest {
  return {
    startIn(line) {
      if (isComment && !/^\s*#/.test(line)) return null;
      const bare = isComment ? line.replace('#', ' ') : line;
      if (bare.trim() === '') return line.length;
      const indent = indentOf(bare);
      return indent > column ? indent : null;
    },
    endsIn: () => false,
  };
}

function itemsAt(column: number): Rest {
  return {
    startIn: (line) => (indentOf(line) === column && line.charAt(column) === '-' ? column + 2 : null),
    endsIn: () => false,
  };
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

import type { Problem } from '../../../base/problem.ts';
import type { GlobMatch, GlobPart, GlobWork } from '../../glob.ts';
import { ALL, ANY_ONE, compileGlob, DEEP, literal, readSet, STAR } from '../../glob.ts';

/** Tells whether a path inside of a build context is left out. */
export interface Ignore {
  (path: string): boolean;
  /** Work that was done for it so far. */
  readonly work: GlobWork;
}

interface Pattern {
  readonly matches: GlobMatch;
  /** Number of names it speaks of, for patterns that mean a directory and everything below. */
  readonly depth: number;
  readonly negated: boolean;
}

const MAX_PATTERNS = 1_000;
const MAX_LENGTH = 1_000;

/** Leaves out nothing. */
export const IGNORE_NOTHING: Ignore = Object.assign(() => false, { work: { steps: 0 } });

/**
 * Reads a `.dockerignore` as the engine does: one pattern a line, `#` comments, `!` takes back what an earlier pattern
 * left out, `**` for any number of directories; of several patterns that match, the last counts.
 */
export function parseDockerIgnore(text: string): Ignore | Problem {
  const patterns: Pattern[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (line.startsWith('#')) continue;
    const trimmed = line.trim();
    if (trimmed === '') continue;
    const pattern = trimmed.length > MAX_LENGTH ? null : readPattern(trimmed);
    if (pattern === null)
      return { problem: `line ${index + 1}, "${trimmed.slice(0, 80)}", is not a pattern` };
    patterns.push(pattern);
    if (patterns.length > MAX_PATTERNS) return { problem: `it has more than ${MAX_PATTERNS} patterns` };
  }
  const work: GlobWork = { steps: 0 };
  return Object.assign((path: string) => isIgnored(path, patterns, work), { work });
}

function isIgnored(path: string, patterns: readonly Pattern[], work: GlobWork): boolean {
  const names = path.split('/');
  let ignored = false;
  for (const pattern of patterns) {
    // A pattern can only change what was decided so far.
    if (pattern.negated !== ignored) continue;
    if (isMeant(pattern, path, names, work)) ignored = !pattern.negated;
  }
  return ignored;
}

function isMeant(
  { matches, depth }: Pattern,
  path: string,
  names: readonly string[],
  work: GlobWork,
): boolean {
  return matches(path, work) || (depth < names.length && matches(names.slice(0, depth).join('/'), work));
}

function readPattern(line: string): Pattern | null {
  const negated = line.startsWith('!');
  const cleaned = clean(negated ? line.slice(1).trim() : line);
  if (cleaned === '' && negated) return null;
  const parts = readParts(cleaned);
  return parts && { matches: compileGlob(parts), depth: cleaned.split('/').length, negated };
}

/** Returns the pattern without `.`, `..`, doubled and leading slashes. */
function clean(pattern: string): string {
  const names: string[] = [];
  for (const name of pattern.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return names.join('/');
}

/** `null` for a set of characters that does not end. */
function readParts(pattern: string): readonly GlobPart[] | null {
  const parts: GlobPart[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (pattern.startsWith('**', at)) {
      const deep = pattern.charAt(at + 2) === '/';
      parts.push(deep ? DEEP : ALL);
      at += deep ? 2 : 1;
    } else if (char === '*') parts.push(STAR);
    else if (char === '?') parts.push(ANY_ONE);
    else if (char === '[') {
      const set = readSet(pattern.slice(at), true);
      if (set === undefined) return null;
      parts.push(set.part);
      at += set.length - 1;
    } else if (char === '\\') {
      at += 1;
      if (at < pattern.length) parts.push(literal(pattern.charAt(at)));
    } else parts.push(literal(char));
  }
  return parts;
}

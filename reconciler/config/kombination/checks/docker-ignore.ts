import type { Problem } from '../../../base/problem.ts';

/** Tells whether a path inside of a build context is left out. */
export type Ignore = (path: string) => boolean;

interface Pattern {
  readonly expression: RegExp;
  /** Number of names it speaks of, for patterns that mean a directory and everything below. */
  readonly depth: number;
  readonly negated: boolean;
}

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
    const pattern = readPattern(trimmed);
    if (pattern === null) return { problem: `line ${index + 1}, "${trimmed}", is not a pattern` };
    patterns.push(pattern);
  }
  return (path) => isIgnored(path, patterns);
}

function isIgnored(path: string, patterns: readonly Pattern[]): boolean {
  const names = path.split('/');
  let ignored = false;
  for (const pattern of patterns) {
    // A pattern can only change what was decided so far.
    if (pattern.negated !== ignored) continue;
    if (matches(path, names, pattern)) ignored = !pattern.negated;
  }
  return ignored;
}

function matches(path: string, names: readonly string[], { expression, depth }: Pattern): boolean {
  if (expression.test(path)) return true;
  return depth < names.length && expression.test(names.slice(0, depth).join('/'));
}

function readPattern(line: string): Pattern | null {
  const negated = line.startsWith('!');
  const cleaned = clean(negated ? line.slice(1).trim() : line);
  if (cleaned === '' && negated) return null;
  try {
    const expression = new RegExp(`^${toExpression(cleaned)}$`, 's');
    return { expression, depth: cleaned.split('/').length, negated };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
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

function toExpression(pattern: string): string {
  let result = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (pattern.startsWith('**', at)) {
      const deep = pattern.charAt(at + 2) === '/';
      result += deep ? '(?:.*/)?' : '.*';
      at += deep ? 2 : 1;
    } else if (char === '*') result += '[^/]*';
    else if (char === '?') result += '[^/]';
    else if (char === '\\') {
      at += 1;
      result += escape(pattern.charAt(at));
    } else if (char === '[' || char === ']') result += char;
    else result += /[-^\w]/.test(char) ? char : escape(char);
  }
  return result;
}

function escape(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

import type { Problem } from '../base/problem.ts';

/*
 * Patterns of paths, as authors write them. They are walked, not made into regular expressions: there a few stars in a row take longer than anybody
 * waits. The walk takes as many steps as the pattern has parts times the path has characters, and they are counted.
 */

/** `one` stands for a character, `star` for any number of them within a name, `all` also across names, `deep` for any number of directories. */
export type GlobPart =
  | { readonly kind: 'one'; readonly is: (char: string) => boolean; readonly literal?: string }
  | { readonly kind: 'star' | 'all' | 'deep' };

/** Steps that were taken. */
export interface GlobWork {
  steps: number;
}

export type GlobMatch = (path: string, work: GlobWork) => boolean;

export const STAR: GlobPart = { kind: 'star' };
export const ALL: GlobPart = { kind: 'all' };
export const DEEP: GlobPart = { kind: 'deep' };
/** One character of a name. */
export const ANY_ONE: GlobPart = { kind: 'one', is: (char) => char !== '/' };

export function literal(char: string): GlobPart {
  return { kind: 'one', literal: char, is: (other) => other === char };
}

/** Compiles parts; the whole path has to match. */
export function compileGlob(parts: readonly GlobPart[]): GlobMatch {
  const [first, last] = [parts[0], parts.at(-1)];
  const begins = first?.kind === 'one' ? first : undefined;
  const ends = last?.kind === 'one' ? last : undefined;
  return (path, work) => {
    work.steps += 1;
    // Most patterns have nothing to do with most paths.
    if (begins && !begins.is(path.charAt(0))) return false;
    if (ends && !ends.is(path.charAt(path.length - 1))) return false;
    return walk(parts, path, work);
  };
}

/** Goes on from all places in the pattern that the path may have come to, at once. */
function walk(parts: readonly GlobPart[], path: string, work: GlobWork): boolean {
  let here = new Set<number>();
  reach(parts, 0, here);
  for (const char of path) {
    const next = new Set<number>();
    for (const place of here) {
      work.steps += 1;
      step(parts, place, char, next);
    }
    if (next.size === 0) return false;
    here = next;
  }
  return here.has(parts.length);
}

/** Takes one character at one place. A directory that is half read is a place behind the last. */
function step(parts: readonly GlobPart[], place: number, char: string, next: Set<number>): void {
  const inside = parts.length + 1;
  const part = parts[place % inside];
  if (part === undefined) return;
  if (part.kind === 'one') {
    if (part.is(char)) reach(parts, place + 1, next);
  } else if (part.kind === 'deep') {
    next.add(place < inside ? place + inside : place);
    if (char === '/') reach(parts, (place % inside) + 1, next);
  } else if (part.kind === 'all' || char !== '/') reach(parts, place, next);
}

/** Adds a place, and those behind it that need no character. */
function reach(parts: readonly GlobPart[], from: number, places: Set<number>): void {
  for (let place = from; !places.has(place); place += 1) {
    places.add(place);
    const kind = parts[place]?.kind;
    if (kind === undefined || kind === 'one') return;
  }
}

const MAX_LENGTH = 500;
const MAX_ALTERNATIVES = 64;
const FORMS = '*, **, ?, [a-z] and {a,b} are understood';

/**
 * Reads a glob: `*` and `?` within a name, `**` for any number of directories, `[a-z]`, `{a,b}`, `\` before what stands for itself, and `!` in front for everything else.
 * Names that begin with a dot are names as all others.
 */
export function parseGlob(text: string): GlobMatch | Problem {
  const problem = `"${text.slice(0, 80)}" is not a pattern of paths`;
  if (text.length > MAX_LENGTH)
    return { problem: `a pattern has no more than ${MAX_LENGTH} characters`, hint: FORMS };
  const negated = text.startsWith('!') && !text.startsWith('!(');
  const alternatives = expandBraces(negated ? text.slice(1) : text);
  if (alternatives === undefined) return { problem, hint: `${FORMS}, with at most ${MAX_ALTERNATIVES} ways` };
  const matches: GlobMatch[] = [];
  for (const one of alternatives) {
    const parts = parseParts(one.replace(/^\.?\//, ''));
    if (parts === undefined) return { problem, hint: FORMS };
    matches.push(compileGlob(parts));
    // `drafts/**` is `drafts` as well.
    if (parts.length > 2 && parts.at(-1) === ALL) matches.push(compileGlob(parts.slice(0, -2)));
  }
  return (path, work) => matches.some((match) => match(path, work)) !== negated;
}

/** `undefined`: too many, or a brace that does not end. */
function expandBraces(text: string): readonly string[] | undefined {
  const waiting = [text];
  const done: string[] = [];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    // The innermost first; what is written out has no braces any more.
    const [whole, list = ''] = /(?<!\\)\{([^{}]*)\}/.exec(next) ?? [];
    if (whole === undefined) {
      if (/(?<!\\)[{}]/.test(next)) return undefined;
      done.push(next);
    } else for (const one of list.split(',')) waiting.push(next.replace(whole, () => one));
    if (waiting.length + done.length > MAX_ALTERNATIVES) return undefined;
  }
  return done;
}

function parseParts(text: string): readonly GlobPart[] | undefined {
  const parts: GlobPart[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (/[?*+@!]/.test(char) && text.charAt(at + 1) === '(') return undefined;
    if (char === '*') {
      const [stars = '*'] = /^\*+/.exec(text.slice(at)) ?? [];
      const whole = stars.length === 2 && (at === 0 || text.charAt(at - 1) === '/');
      at += stars.length - 1;
      const next = text.charAt(at + 1);
      if (whole && next === '/') {
        parts.push(DEEP);
        at += 1;
      } else parts.push(whole && next === '' ? ALL : STAR);
    } else if (char === '[') {
      const set = readSet(text.slice(at));
      if (set === undefined) return undefined;
      parts.push(set.part);
      at += set.length - 1;
    } else if (char === '(' || char === ')' || char === '|') return undefined;
    else if (char === '?') parts.push(ANY_ONE);
    else if (char === '\\') {
      at += 1;
      if (at >= text.length) return undefined;
      parts.push(literal(text.charAt(at)));
    } else parts.push(literal(char));
  }
  return parts;
}

/**
 * Reads `[a-z_]` or `[^a]`; `undefined` where it does not end.
 *
 * @param acrossNames it may stand for a slash. Default false
 */
export function readSet(
  text: string,
  acrossNames = false,
): { readonly part: GlobPart; readonly length: number } | undefined {
  const [whole, not = '', inner = ''] = /^\[([!^]?)((?:\\.|[^\]\\])+)\]/s.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const ranges: (readonly [string, string])[] = [];
  const chars = [...inner.matchAll(/\\(.)|([^\\])/gs)].map(([, escaped, plain]) => ({
    char: escaped ?? plain ?? '',
    isDash: plain === '-',
  }));
  for (let at = 0; at < chars.length; at += 1) {
    const from = chars[at]?.char ?? '';
    const to = chars[at + 1]?.isDash === true ? chars[at + 2]?.char : undefined;
    if (to !== undefined) at += 2;
    if (to !== undefined && to < from) return undefined;
    ranges.push([from, to ?? from]);
  }
  const is = (char: string): boolean =>
    (acrossNames || char !== '/') && ranges.some(([from, to]) => from <= char && char <= to) !== (not !== '');
  return { part: { kind: 'one', is }, length: whole.length };
}

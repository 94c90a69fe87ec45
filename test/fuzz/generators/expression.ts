import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../chaos/random.ts';
import type { Part } from '../input.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
/** A literal of a regular expression where one may stand. */
const LITERAL =
  /(?<=[=(,:!&|?[\s])\/(?![*/])((?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([dgimsuvy]*)(?=[.,;)\s\]])/g;
/** Pieces that a hostile text repeats. */
const ATOMS: readonly string[] = [
  'a',
  'A',
  '1',
  '-',
  '.',
  '/',
  ':',
  '_',
  '@',
  '$',
  '{',
  '}',
  '*',
  '(',
  ')',
  '[',
  ']',
  '=',
  '#',
  '%',
  '+',
  ',',
  '<',
  '>',
  '&',
  '"',
  "'",
  '\\',
  '!',
  '?',
  '~',
  '|',
  '^',
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\0',
  'é',
  'a1',
  'a-',
  'a.',
  '1.',
  '1s',
  '1m1s',
  'a ',
  '1:',
  'a:',
  '1,',
  '1-1,',
  'a@',
  '${',
  '$$',
  '{{',
  '{{a',
  'a=',
  '../',
  'a/',
  '//',
  '- ',
  'x: ',
  '<a',
  'sha256:',
  '#\n',
  '\n#',
  '\n ',
  '[x',
  'name:\n',
];
const ENDS = ['', '!', '\n', 'a', '0', ' ', '\0'];
const LENGTH = 60_000;

/** Regular expressions of the program as `source` and flags, each once. */
export function listExpressions(): readonly (readonly [string, string])[] {
  const found = new Map<string, readonly [string, string]>();
  for (const file of globSync('{reconciler,api}/**/*.ts', { cwd: ROOT }).sort()) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [literal, source = '', flags = ''] of text.matchAll(LITERAL))
      if (isExpression(source, flags)) found.set(literal, [source, flags.replace(/[gy]/g, '')]);
  }
  return [...found.values()];
}

function isExpression(source: string, flags: string): boolean {
  try {
    return new RegExp(source, flags) instanceof RegExp;
  } catch {
    // Two divisions look like a literal.
    return false;
  }
}

/** An expression of the program, and a long text that repeats something. */
export function drawExpression(
  expressions: readonly (readonly [string, string])[],
  random: Random,
): readonly Part[] {
  const [source, flags] = random.pick(expressions);
  const start = random.chance(0.4) ? random.pick(ATOMS) : '';
  const atom = random.pick(ATOMS) + (random.chance(0.3) ? random.pick(ATOMS) : '');
  return [
    { name: `expression ${flags}`, text: source },
    { name: 'text', text: JSON.stringify([start, atom, random.pick(ENDS)]) },
  ];
}

/** Tries the expression on the text: it has to come to an end soon. */
export function tryExpression(parts: readonly Part[]): boolean {
  const [expression, text] = parts;
  if (expression === undefined || text === undefined) return false;
  const [start = '', atom = '', end = ''] = JSON.parse(text.text) as string[];
  const flags = expression.name.slice('expression '.length);
  return new RegExp(expression.text, flags).test(start + atom.repeat(Math.ceil(LENGTH / atom.length)) + end);
}

import { HttpProblem } from './problem.ts';

/** Deeper input has no use here and would overflow the stack of whatever walks it. */
const MAX_NESTING_DEPTH = 64;

/** Parses JSON; throws BAD_REQUEST with line and column of what is wrong. */
export function parseJson(text: string): unknown {
  const tooDeep = findTooDeep(text);
  if (tooDeep !== null) throw badJson(text, tooDeep, `nested deeper than ${MAX_NESTING_DEPTH} levels`);
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const offset = findSyntaxError(text);
    throw badJson(text, offset, offset >= text.length ? 'unexpected end' : describeCharacter(text, offset));
  }
}

/**
 * Finds where the text stops being the beginning of JSON. The engine's message names a position only sometimes, so the longest prefix that
 * could still be completed is searched for; every shorter one can be completed too.
 */
function findSyntaxError(text: string): number {
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (couldBeCompleted(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function couldBeCompleted(prefix: string): boolean {
  try {
    JSON.parse(prefix);
    return true;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const position = /at position (\d+)/.exec(error.message)?.[1];
    return position === undefined ? error.message.includes('end of JSON') : Number(position) >= prefix.length;
  }
}

function findTooDeep(text: string): number | null {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (inString) {
      if (character === '\\') index++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    if (depth > MAX_NESTING_DEPTH) return index;
  }
  return null;
}

function describeCharacter(text: string, offset: number): string {
  return `unexpected ${JSON.stringify(String.fromCodePoint(text.codePointAt(offset) ?? 0))}`;
}

function badJson(text: string, offset: number, what: string): HttpProblem {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const column = offset - before.lastIndexOf('\n');
  const message = `${what} at line ${line}, column ${column}`;
  return new HttpProblem('BAD_REQUEST', `the body is not JSON: ${message}`, {
    details: [{ field: 'body', message }],
  });
}

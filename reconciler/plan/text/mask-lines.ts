import { isSensitiveName, MASK } from '../../model/secret.ts';
import type { Span } from './secret-spans.ts';
import { maskSpans, secretSpans } from './secret-spans.ts';
import type { Rest } from './secret-blocks.ts';
import { findSecretLines, restOf } from './secret-blocks.ts';

const ELEMENT = /(<([\w.:-]+)(?:\s[^<>]*)?>)([^<]+)(?=<\/)/g;
/** Login in an address: `https://user:password@host`. */
const LOGIN = /(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s:@/]*:)[^\s@/]+(?=@)/gi;
const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;
const KEY_BEGINS = /-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|SECRET)[A-Z0-9 ]*-----/;
const KEY_ENDS = /-----END [A-Z0-9 ]*-----/;
/** Prefixes that providers give to their tokens, and keys of age. */
const TOKENS =
  /\b(?:gh[opsur]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|sk_live_\w{16,}|AGE-SECRET-KEY-\w+|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,})/g;

/** Lines of a text with what looks like a secret in them masked, one for one. */
export function maskLines(lines: readonly string[]): readonly string[] {
  let isInKey = false;
  return readSpans(lines).map((spans, index) => {
    const line = lines[index] ?? '';
    if (KEY_BEGINS.test(line)) isInKey = true;
    const isKey = isInKey;
    if (KEY_ENDS.test(line)) isInKey = false;
    return isKey ? MASK : maskForms(maskSpans(line, spans));
  });
}

/** Returns what a text has under names of secrets, as it is written there: a line of it each. */
export function secretsInLines(lines: readonly string[]): readonly string[] {
  return readSpans(lines).flatMap((spans, index) =>
    spans.map(({ from, to }) => (lines[index] ?? '').slice(from, to)),
  );
}

/** Places of values under names of secrets, and of the lines that such a value goes on in. */
function readSpans(lines: readonly string[]): readonly (readonly Span[])[] {
  const secretLines = findSecretLines(lines);
  let rest: Rest | null = null;
  return lines.map((line, index) => {
    if (rest !== null) {
      const from = rest.startIn(line);
      const isEnd = from !== null && rest.endsIn(line);
      if (from === null || isEnd) rest = null;
      if (from !== null) return from < line.length ? [{ from, to: line.length }] : [];
    }
    const isSecret = secretLines[index] ?? (() => false);
    rest = restOf(lines, index, isSecret);
    return secretSpans(line, isSecret);
  });
}

function maskForms(line: string): string {
  return line
    .replace(LOGIN, `$1${MASK}`)
    .replace(BEARER, `$1 ${MASK}`)
    .replace(TOKENS, MASK)
    .replace(ELEMENT, (whole, open: string, name: string) =>
      isSensitiveName(/[^.:]*$/.exec(name)?.[0] ?? name) ? `${open}${MASK}` : whole,
    );
}

import { isSensitiveName, MASK } from '../../model/secret.ts';

/** `PASSWORD=…`, `"apiKey": …`, `token …` of many formats: the name, what is between, the value. */
const ASSIGNMENT = /^(\s*(?:export\s+|set\s+|-\s+|#\s*)?)(["']?)([\w.-]+)\2(\s*(?:=>|:=|[:=])\s*|\s+)(\S.*)$/;
const ELEMENT = /(<([\w.:-]+)(?:\s[^>]*)?>)([^<]+)(?=<\/)/g;
/** Login in an address: `https://user:password@host`. */
const LOGIN = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]*:)[^\s@/]+(?=@)/gi;
const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;
const KEY_BEGINS = /-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|SECRET)[A-Z0-9 ]*-----/;
const KEY_ENDS = /-----END [A-Z0-9 ]*-----/;
/** Prefixes that providers give to their tokens, and keys of age. */
const TOKENS =
  /\b(?:gh[opsur]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|sk_live_\w{16,}|AGE-SECRET-KEY-\w+|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,})/g;

/** Lines of a text with what looks like a secret in them masked, one for one. */
export function maskLines(lines: readonly string[]): readonly string[] {
  let isInKey = false;
  return lines.map((line) => {
    if (KEY_BEGINS.test(line)) isInKey = true;
    const isKey = isInKey;
    if (KEY_ENDS.test(line)) isInKey = false;
    return isKey ? MASK : maskLine(line);
  });
}

function maskLine(line: string): string {
  const known = line
    .replace(LOGIN, `$1${MASK}`)
    .replace(BEARER, `$1 ${MASK}`)
    .replace(TOKENS, MASK)
    .replace(ELEMENT, (whole, open: string, name: string) =>
      isSensitiveName(lastPart(name)) ? `${open}${MASK}` : whole,
    );
  const [whole = '', start = '', quote = '', name = '', sign = ''] = ASSIGNMENT.exec(known) ?? [];
  // A name and a value with nothing but spaces between them are prose more often than not.
  const isAssigned = whole !== '' && (sign.trim() !== '' || SPACED.test(name));
  return isAssigned && isSensitiveName(lastPart(name))
    ? `${start}${quote}${name}${quote}${sign}${MASK}`
    : known;
}

/** Names that configuration files with spaces for signs have: `requirepass secret`. */
const SPACED = /^(?:requirepass|masterauth)$|(?:password|passwd|passphrase|secret|token)$/i;

function lastPart(name: string): string {
  return /[^.:]*$/.exec(name)?.[0] ?? name;
}

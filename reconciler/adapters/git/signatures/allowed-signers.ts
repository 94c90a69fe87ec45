/** Lines of an `allowed_signers` file (ssh-keygen(1), ALLOWED SIGNERS). Pure. */

interface SignerLine {
  /** Patterns of addresses, with commas. */
  readonly principals: string;
  /** Options, key and comment. */
  readonly rest: string;
}

/** The principal of lines that were chosen for an author; Git repeats it, and nothing reads it. */
const AUTHOR = 'author';
/** Addresses that mean nothing but themselves in such a file, and in a pattern. */
const PLAIN = /^[^\s",*?!\\<>#\p{Cc}]+$/u;
/** Options that say when a key counts. */
const VALIDITY = /,?\bvalid-(after|before)="([^"]*)"/gi;

/**
 * The lines that count for one author, as a file in which everybody is that author: Git asks for any signer, and here each one is the right one. Options
 * (`namespaces`, `valid-after`, `valid-before`, `cert-authority`) stay as they are.
 *
 * @param own public key that counts for every author; `null`: there is none
 */
export function signersFor(file: string, email: string, own: string | null): string {
  const lines = PLAIN.test(email) ? parseSigners(file).filter((line) => matches(line, email)) : [];
  const chosen = lines.map(({ rest }) =>
    // Names in a certificate are compared with the principal: there it has to be the author.
    isAuthority(rest) ? `${email},${email.toLowerCase()} ${rest}` : `${AUTHOR} ${rest}`,
  );
  return [...chosen, ...(own === null ? [] : [`${AUTHOR} namespaces="git" ${own}`])]
    .map((line) => `${line}\n`)
    .join('');
}

/**
 * The lines whose keys count at a moment: a commit dates itself, so that whoever holds an old key could date it back. Lines of authorities stay: what they
 * sign is meant for hours, and merged later.
 *
 * @param at milliseconds since the epoch
 */
export function signersAt(file: string, at: number): string {
  return file
    .split('\n')
    .filter((line) => parseSigners(line).every(({ rest }) => isAuthority(rest) || countsAt(rest, at)))
    .join('\n');
}

function countsAt(rest: string, at: number): boolean {
  for (const [, option = '', written = ''] of optionsOf(rest).matchAll(VALIDITY)) {
    const limit = parseTime(written);
    // A time that nobody understands is refused by ssh-keygen.
    if (limit === null) continue;
    if (option.toLowerCase() === 'before' ? at > limit : at < limit) return false;
  }
  return true;
}

/** Reads `YYYYMMDD[HHMM[SS]][Z]`, without Z in the time zone of the machine. */
function parseTime(written: string): number | null {
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z?)$/i.exec(written);
  if (match === null) return null;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const parts = [year, month - 1, day, hour, minute, second] as const;
  return match[7] === '' ? new Date(...parts).getTime() : Date.UTC(...parts);
}

/** All lines, whenever they count: to find out whose a key is. */
export function signersAtAnyTime(file: string): string {
  return parseSigners(file)
    .map(({ principals, rest }) => `${quoted(principals)} ${withoutValidity(rest)}\n`)
    .join('');
}

function parseSigners(file: string): readonly SignerLine[] {
  return file.split('\n').flatMap((line) => {
    const match = /^\s*(?:"([^"]*)"|([^\s#"]\S*))\s+(\S.*?)\s*$/.exec(line);
    const principals = match?.[1] ?? match?.[2];
    return principals === undefined ? [] : [{ principals, rest: match?.[3] ?? '' }];
  });
}

/** Tells whether patterns are for an address, as `match_pattern_list` of OpenSSH has it; capitals make no difference in addresses. */
function matches({ principals }: SignerLine, email: string): boolean {
  let found = false;
  for (const pattern of principals.split(',')) {
    const isNegated = pattern.startsWith('!');
    if (!toExpression(isNegated ? pattern.slice(1) : pattern).test(email)) continue;
    if (isNegated) return false;
    found = true;
  }
  return found;
}

function toExpression(pattern: string): RegExp {
  const text = Array.from(pattern)
    .map((one) =>
      one === '*' ? '.*' : one === '?' ? '.' : one.replace(/[\\^$.*+?()[\]{}|/]/, String.raw`\$&`),
    )
    .join('')
    .replaceAll(/(?:\.\*)+/g, '.*');
  return new RegExp(`^${text}$`, 'iu');
}

function quoted(principals: string): string {
  return /\s/.test(principals) ? `"${principals}"` : principals;
}

function optionsOf(rest: string): string {
  return /^((?:"[^"]*"|[^\s"])+)\s/.exec(rest)?.[1] ?? '';
}

function isAuthority(rest: string): boolean {
  return /(?:^|,)cert-authority(?:,|$)/i.test(optionsOf(rest));
}

function withoutValidity(rest: string): string {
  const options = optionsOf(rest);
  const left = options.replaceAll(VALIDITY, '').replace(/^,/, '');
  return `${left} ${rest.slice(options.length)}`.trim();
}

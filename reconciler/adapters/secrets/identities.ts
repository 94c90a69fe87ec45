import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityToRecipient } from 'age-encryption';
import { asText } from '../../base/values.ts';

export interface IdentityOptions {
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Age identities (private keys) of the daemon. Never printed. */
export interface Identities {
  readonly keys: readonly string[];
  /** Public keys of the same order; safe to print. */
  readonly recipients: readonly string[];
  /** Sources that are named but cannot be used, in words. */
  readonly problems: readonly string[];
}

const IDENTITY = /^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+$/;

/**
 * Reads the identities of this moment: `age.key` in the state directory, the files that KOMBINATOR_AGE_KEY_FILE and
 * SOPS_AGE_KEY_FILE name, and the keys in KOMBINATOR_AGE_KEY. A file holds one key a line and comments.
 */
export async function readIdentities({ stateDir, env }: IdentityOptions): Promise<Identities> {
  const problems: string[] = [];
  const texts: (readonly [string, string])[] = [];
  const files = [
    { path: join(stateDir, 'age.key'), name: 'age.key of the state directory', optional: true },
    { path: env['KOMBINATOR_AGE_KEY_FILE'], name: 'the file of KOMBINATOR_AGE_KEY_FILE', optional: false },
    { path: env['SOPS_AGE_KEY_FILE'], name: 'the file of SOPS_AGE_KEY_FILE', optional: false },
  ];
  for (const { path, name, optional } of files) {
    if (!path) continue;
    const text = readText(path);
    if (text.content !== undefined) texts.push([name, text.content]);
    else if (!(optional && text.code === 'ENOENT')) problems.push(`${name} cannot be read (${text.code})`);
  }
  if (env['KOMBINATOR_AGE_KEY']) texts.push(['KOMBINATOR_AGE_KEY', env['KOMBINATOR_AGE_KEY']]);
  const found = new Map<string, string>();
  for (const [name, text] of texts) {
    for (const line of text.split(/\r?\n/).map((each) => each.trim())) {
      if (line === '' || line.startsWith('#') || found.has(line)) continue;
      const recipient = IDENTITY.test(line) ? await recipientOf(line) : undefined;
      if (recipient === undefined) problems.push(`${name} holds a line that is no age identity`);
      else found.set(line, recipient);
    }
  }
  return { keys: [...found.keys()], recipients: [...found.values()], problems: [...new Set(problems)] };
}

async function recipientOf(identity: string): Promise<string | undefined> {
  try {
    return await identityToRecipient(identity);
  } catch {
    // A mistyped key; the library's message could quote it.
    return undefined;
  }
}

function readText(path: string): { readonly content?: string; readonly code: string } {
  try {
    return { content: readFileSync(path, 'utf8'), code: '' };
  } catch (error) {
    return { code: error instanceof Error && 'code' in error ? asText(error.code) : 'unreadable' };
  }
}

/** Says why nothing could be decrypted, in words: which keys are there. */
export function describeIdentities({ recipients, problems }: Identities): string {
  const known =
    recipients.length === 0
      ? 'the daemon has no age key (age.key in the state directory, KOMBINATOR_AGE_KEY_FILE or KOMBINATOR_AGE_KEY)'
      : `the daemon has the keys of ${recipients.join(', ')}`;
  return [known, ...problems].join('; ');
}

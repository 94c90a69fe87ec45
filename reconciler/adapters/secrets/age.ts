import { armor, Decrypter } from 'age-encryption';
import { ReconcilerError } from '../../base/errors.ts';
import type { Identities } from './identities.ts';
import { describeIdentities } from './identities.ts';

const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----';
const MAGIC = 'age-encryption.org/v1';
/** Recipients that a file may have: each is tried with each key, which is arithmetic on curves. */
export const MAX_RECIPIENTS = 100;

/** Decrypts an age file, armored or binary; `undefined` when none of the identities fits. Throws SECRET_NOT_DECRYPTED for what is no age file. */
export async function decryptAge(
  content: Uint8Array,
  { keys }: Identities,
  name: string,
): Promise<Uint8Array | undefined> {
  const bytes = dearmor(content, name);
  if (keys.length === 0) return undefined;
  const recipients = recipientsIn(bytes).length;
  if (recipients > MAX_RECIPIENTS)
    throw undecryptable(name, `it has ${recipients} recipients or more; at most ${MAX_RECIPIENTS} are tried`);
  const decrypter = new Decrypter();
  for (const key of keys) decrypter.addIdentity(key);
  try {
    return await decrypter.decrypt(bytes);
  } catch (error) {
    // The one expected failure; everything else means that the file is damaged.
    if (error instanceof Error && /no identity matched/i.test(error.message)) return undefined;
    throw undecryptable(name, 'it is damaged or not an age file');
  }
}

/** A file that was encrypted with age alone. */
export async function openAge(
  content: Uint8Array,
  identities: Identities,
  name: string,
): Promise<Uint8Array> {
  const plain = await decryptAge(content, identities, name);
  if (plain !== undefined) return plain;
  // An age file hides whom it is for: only the kinds of its recipients can be told.
  const kinds = recipientKinds(dearmor(content, name));
  const reason = `it is encrypted for ${kinds.join(', ') || 'nobody'}, and ${describeIdentities(identities)}`;
  throw undecryptable(name, reason);
}

export function undecryptable(name: string, reason: string): ReconcilerError {
  return new ReconcilerError('SECRET_NOT_DECRYPTED', `cannot decrypt ${name}: ${reason}`);
}

function dearmor(content: Uint8Array, name: string): Uint8Array {
  const start = Buffer.from(content.subarray(0, 256)).toString('latin1').trimStart();
  if (start.startsWith(MAGIC)) return content;
  if (!start.startsWith(ARMOR)) throw undecryptable(name, 'it is not an age file');
  try {
    return armor.decode(Buffer.from(content).toString('latin1'));
  } catch {
    // The message of the decoder says nothing that helps.
    throw undecryptable(name, 'its armor is damaged');
  }
}

/** Kinds of the recipients, as far as they stand in the first 64 KiB. */
function recipientsIn(bytes: Uint8Array): readonly string[] {
  const header = Buffer.from(bytes.subarray(0, 65_536)).toString('latin1').split('\n---')[0] ?? '';
  return [...header.matchAll(/^-> (\S+)/gm)].map(([, kind = '']) => kind);
}

function recipientKinds(bytes: Uint8Array): readonly string[] {
  const kinds = recipientsIn(bytes);
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} recipient${count === 1 ? '' : 's'} of kind ${kind}`);
}

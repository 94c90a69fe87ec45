import { Decrypter, Encrypter } from 'age-encryption';
import { ReconcilerError } from '../../base/errors.ts';
import type { BackupCipher } from '../../ports/backups/backup-cipher.ts';

/** Age keys of the daemon, as they are now. */
export interface AgeKeys {
  readonly keys: readonly string[];
  readonly recipients: readonly string[];
}

/**
 * Encrypts backups with age, as the program of that name reads it: `age --decrypt --identity age.key FILE`.
 *
 * @param required recipients of every backup
 */
export function createAgeCipher(options: {
  readonly required: readonly string[];
  readonly readKeys: () => Promise<AgeKeys>;
}): BackupCipher {
  const { required, readKeys } = options;
  return {
    required,
    own: async () => (await readKeys()).recipients,
    async *encrypt(content, recipients) {
      const encrypter = new Encrypter();
      for (const recipient of recipients) addRecipient(encrypter, recipient);
      yield* await encrypter.encrypt(toStream(content));
    },
    async *decrypt(content) {
      const { keys } = await readKeys();
      const decrypter = new Decrypter();
      for (const key of keys) decrypter.addIdentity(key);
      yield* await open(decrypter, content, keys.length);
    },
  };
}

function addRecipient(encrypter: Encrypter, recipient: string): void {
  try {
    encrypter.addRecipient(recipient);
  } catch {
    // The message of the library says nothing that helps.
    throw new ReconcilerError('BAD_OPTIONS', `${recipient} is no age recipient; one begins with age1`);
  }
}

async function open(
  decrypter: Decrypter,
  content: AsyncIterable<Uint8Array>,
  keys: number,
): Promise<AsyncIterable<Uint8Array>> {
  const stream = toStream(content);
  try {
    if (keys === 0) throw new Error('no identity matched');
    return await decrypter.decrypt(stream);
  } catch (error) {
    await stream.cancel().catch(() => undefined);
    // The one expected failure; everything else means that the file is damaged.
    if (!(error instanceof Error) || !/no identity matched/i.test(error.message)) throw error;
    throw new ReconcilerError('SECRET_NOT_DECRYPTED', 'the daemon has no age key for this backup');
  }
}

function toStream(content: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const chunks = async function* () {
    // A Buffer of a pool is more than it shows: the library takes the array that is behind it.
    for await (const chunk of content) yield new Uint8Array(chunk);
  };
  return ReadableStream.from(chunks());
}

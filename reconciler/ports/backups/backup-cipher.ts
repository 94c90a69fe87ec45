/** Encryption of backups, with age. */
export interface BackupCipher {
  /** Recipients that the operator wants each backup encrypted for; empty: that is left to the descriptions. */
  readonly required: readonly string[];
  /** Recipients whose keys this process has, so that it can read what is encrypted for them. */
  own(): Promise<readonly string[]>;
  /** @param recipients one at least; throws BAD_OPTIONS for one that is none */
  encrypt(content: AsyncIterable<Uint8Array>, recipients: readonly string[]): AsyncIterable<Uint8Array>;
  /** Throws SECRET_NOT_DECRYPTED when it has no key for it. Content that was changed throws, too. */
  decrypt(content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/** The cipher of reconcilers that have none. */
export const NO_CIPHER: BackupCipher = {
  required: [],
  own: async () => [],
  encrypt: () => refuse(),
  decrypt: () => refuse(),
};

// oxlint-disable-next-line require-yield
async function* refuse(): AsyncGenerator<Uint8Array> {
  throw new Error('internal: there is nothing to encrypt backups with');
}

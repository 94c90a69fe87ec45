import { createDecipheriv } from 'node:crypto';

const ENCRYPTED = /^ENC\[AES256_GCM,data:([^,]*),iv:([^,]+),tag:([^,]+),type:([a-z]+)\]$/;
const TAG_BYTES = 16;

/** Tells whether a text is a value that SOPS has encrypted. */
export function isEncrypted(text: string): boolean {
  return ENCRYPTED.test(text);
}

export interface PlainValue {
  readonly bytes: Buffer;
  /** `str`, `int`, `float`, `bool`, `bytes`, `time` or `comment`. */
  readonly type: string;
}

/** `undefined` when the key or the place does not fit, or the text was changed. */
export function decryptValue(text: string, key: Uint8Array, place: string): PlainValue | undefined {
  const [, data = '', iv = '', tag = '', type = ''] = ENCRYPTED.exec(text) ?? [];
  const seal = Buffer.from(tag, 'base64');
  if (seal.length !== TAG_BYTES) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64'), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(place));
    decipher.setAuthTag(seal);
    return { bytes: Buffer.concat([decipher.update(Buffer.from(data, 'base64')), decipher.final()]), type };
  } catch {
    // Node says no more than that it does not fit.
    return undefined;
  }
}

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ReconcilerError } from '../../base/errors.ts';
import { asFields, asString, own } from '../../base/values.ts';
import { Secret } from '../../model/secret.ts';
import type { Vault } from '../../ports/vault.ts';

export interface VaultOptions {
  /** Made when the first entry is written, mode 0700. */
  readonly directory: string;
  /** Returns the key, 32 bytes. Asked for when the first entry is read or written. */
  readonly key: () => Uint8Array;
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const ENDING = '.json';

/**
 * A vault in a directory: each entry is a file of its own, AES-256-GCM with a nonce of its own, and bound to its name, so that no file can stand
 * for another entry. Entries that were read stay in memory; one process writes.
 */
export function createVault({ directory, key }: VaultOptions): Vault {
  const known = new Map<string, Secret | undefined>();
  let version = 0;
  const read = (name: string): Secret | undefined => {
    const sealed = readEntry(fileOf(directory, name));
    if (sealed === undefined) return undefined;
    if (sealed.name !== name) throw damaged(fileOf(directory, name));
    return new Secret(open(sealed, key(), fileOf(directory, name)), `the vault's ${name}`);
  };
  return {
    get version() {
      return version;
    },
    get(name) {
      if (!known.has(name))
        known.set(
          name,
          translate(directory, () => read(name)),
        );
      return known.get(name);
    },
    names: (prefix) =>
      translate(directory, () => listEntries(directory))
        .filter((name) => name.startsWith(prefix))
        .sort(),
    put(name, value) {
      translate(directory, () => {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        writeEntry(fileOf(directory, name), seal(name, value, key()));
      });
      known.delete(name);
      version += 1;
    },
    delete(name) {
      const path = fileOf(directory, name);
      return translate(directory, () => {
        const isThere = readEntry(path) !== undefined;
        rmSync(path, { force: true });
        known.delete(name);
        version += 1;
        return isThere;
      });
    },
  };
}

/** Names may hold anything; those of files are digests. */
function fileOf(directory: string, name: string): string {
  return join(directory, `${createHash('sha256').update(name).digest('hex')}${ENDING}`);
}

interface Sealed {
  readonly name: string;
  readonly nonce: string;
  readonly tag: string;
  readonly data: string;
}

function seal(name: string, value: string | Uint8Array, key: Uint8Array): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  cipher.setAAD(Buffer.from(name));
  const data = Buffer.concat([cipher.update(value), cipher.final()]);
  const text = (bytes: Buffer): string => bytes.toString('base64');
  return { name, nonce: text(nonce), tag: text(cipher.getAuthTag()), data: text(data) };
}

function open({ name, nonce, tag, data }: Sealed, key: Uint8Array, path: string): Uint8Array {
  try {
    const decipher = createDecipheriv(CIPHER, key, Buffer.from(nonce, 'base64'), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(name));
    decipher.setAuthTag(Buffer.from(tag, 'base64'));
    return Buffer.concat([decipher.update(Buffer.from(data, 'base64')), decipher.final()]);
  } catch {
    // The error of the cipher tells nothing that helps.
    throw damaged(path);
  }
}

function readEntry(path: string): Sealed | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const fields = parse(text);
  const [name, nonce, tag, data] = ['name', 'nonce', 'tag', 'data'].map((member) =>
    asString(own(fields, member)),
  );
  if (name === undefined || nonce === undefined || tag === undefined || data === undefined)
    throw damaged(path);
  return { name, nonce, tag, data };
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return asFields(value);
  } catch {
    return undefined;
  }
}

function listEntries(directory: string): string[] {
  let files: readonly string[];
  try {
    files = readdirSync(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  return files
    .filter((file) => file.endsWith(ENDING))
    .flatMap((file) => readEntry(join(directory, file))?.name ?? []);
}

/** Another file takes the place of the old one when all of it is on the disk. */
function writeEntry(path: string, sealed: Sealed): void {
  const written = `${path}.${randomBytes(4).toString('hex')}`;
  const handle = openSync(written, 'wx', 0o600);
  try {
    writeSync(handle, `${JSON.stringify(sealed)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(written, path);
}

function damaged(path: string): ReconcilerError {
  const message = `${path} cannot be opened with the key in vault.key: put both back from a copy of the state directory, or delete the file and give what it held again`;
  return new ReconcilerError('BAD_OPTIONS', message);
}

function translate<T>(directory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ReconcilerError) throw error;
    throw new ReconcilerError('STORE_UNAVAILABLE', `cannot use ${directory}`, {
      cause: error,
      retryable: true,
    });
  }
}

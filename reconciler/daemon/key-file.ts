import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { ReconcilerError } from '../base/errors.ts';

const KEY_BYTES = 32;
/** One read beside a write of another process sees no file, or all of it. */
const MAX_ATTEMPTS = 3;

/**
 * A key of 32 bytes in a file of its own, mode 0600. Made when it is first asked for.
 *
 * @param whenDamaged what to do about a damaged one
 * @throws STORE_UNAVAILABLE (retryable), BAD_OPTIONS for a damaged one
 */
export function createKeyFile(path: string, whenDamaged: string): () => Uint8Array {
  let key: Uint8Array | undefined;
  return () => (key ??= readOrMake(path, whenDamaged));
}

function readOrMake(path: string, whenDamaged: string): Uint8Array {
  try {
    for (let attempt = 1; ; attempt += 1) {
      const known = readKey(path, whenDamaged);
      if (known !== null) return known;
      if (attempt === MAX_ATTEMPTS) break;
      makeKey(path);
    }
  } catch (error) {
    if (error instanceof ReconcilerError) throw error;
    throw new ReconcilerError('STORE_UNAVAILABLE', `cannot use ${path}`, { cause: error, retryable: true });
  }
  throw new ReconcilerError('STORE_UNAVAILABLE', `cannot keep ${path}`, { retryable: true });
}

function readKey(path: string, whenDamaged: string): Uint8Array | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  if (new RegExp(`^[0-9a-f]{${2 * KEY_BYTES}}$`).test(text)) return Buffer.from(text, 'hex');
  throw new ReconcilerError(
    'BAD_OPTIONS',
    `${path} is damaged: it must hold ${2 * KEY_BYTES} hex digits; ${whenDamaged}`,
  );
}

/** Another process may make it at the same moment: the first one wins. */
function makeKey(path: string): void {
  const written = `${path}.${randomBytes(4).toString('hex')}`;
  writeFileSync(written, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(written, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(written, { force: true });
  }
}

import { ReconcilerError } from '../base/errors.ts';
import type { Secret } from '../model/secret.ts';

/**
 * Secrets that are given over the API: encrypted at rest in the state directory, with a key that neither the database nor the repository holds.
 * Synchronous. Throws STORE_UNAVAILABLE where it cannot be read or written (retryable), BAD_OPTIONS where an entry or the key is damaged.
 */
export interface Vault {
  /** Counts changes since it was opened: what was read is still so while it stays. */
  readonly version: number;
  get(name: string): Secret | undefined;
  /** Lists names that begin so, sorted. */
  names(prefix: string): readonly string[];
  /** Takes the place of what was there. It is on the disk when this returns. */
  put(name: string, value: string | Uint8Array): void;
  /** Returns `false` when there was none. */
  delete(name: string): boolean;
}

/** Name of the entry that `secret://file/NAME` is looked up in where the operator has no file of that name. */
export function givenSecret(name: string): string {
  return `secret/${name}`;
}

/** No vault at all, for programs that need none. */
export const NO_VAULT: Vault = {
  version: 0,
  get: () => undefined,
  names: () => [],
  put() {
    throw new ReconcilerError('BAD_OPTIONS', 'there is no vault to keep credentials in');
  },
  delete: () => false,
};

import type { Secret } from '../model/secret.ts';

/** A file of the repository that holds secrets. */
export interface SealedFile {
  /** `plain`: not encrypted at all. */
  readonly store: 'sops' | 'age' | 'plain';
  /** Repository path; its ending tells the format of a SOPS file. */
  readonly path: string;
  readonly content: Uint8Array;
}

export interface OpenedFile {
  /**
   * A value of a SOPS file by its path (`db.password`, `hosts.0.token`); the whole content by ``.
   * Throws SECRET_NOT_FOUND naming the key.
   */
  get(key: string): Secret;
}

/**
 * Looks up what references name. No error holds a value.
 *
 * - `secret://env/NAME` an environment variable `KOMBINATOR_SECRET_NAME` of the daemon
 * - `secret://file/NAME` the file `secrets/NAME` of the state directory (one trailing newline is dropped)
 * - `secret://sops/PATH#key`, `secret://age/PATH` files of the repository, see `open`
 * - `secret://command/NAME/ARGUMENT` see `run`
 * - `secret://PROVIDER/PATH` of a `SecretProvider`, see `ask`
 */
export interface Secrets {
  /** Looks a secret up in the environment and the state directory, as they are now. Throws SECRET_NOT_FOUND. */
  resolve(reference: string): Secret;
  /** Decrypts with the identities that the daemon has now. Throws SECRET_NOT_DECRYPTED, naming the recipients. */
  open(file: SealedFile): Promise<OpenedFile>;
  /** Returns what a command of the operator prints (one trailing newline is dropped). Throws SECRET_NOT_FOUND. */
  run(name: string, argument: string, signal: AbortSignal): Promise<Secret>;
  /** Names of the providers that may be asked, sorted. */
  readonly providers: readonly string[];
  /** Asks a provider. Throws SECRET_NOT_FOUND, SECRET_TIMEOUT (retryable). */
  ask(provider: string, path: string, signal: AbortSignal): Promise<Secret>;
}

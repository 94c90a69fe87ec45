import type { Secret } from '../model/secret.ts';

/**
 * Looks up what a reference names.
 *
 * - `secret://env/NAME` an environment variable `KOMBINATOR_SECRET_NAME` of the daemon
 * - `secret://file/NAME` the file `secrets/NAME` of the state directory (one trailing newline is dropped)
 *
 * Throws SECRET_NOT_FOUND naming the reference, never a value.
 */
export interface Secrets {
  resolve(reference: string): Secret;
}

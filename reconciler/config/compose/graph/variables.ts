import { isSensitiveName } from '../../../model/secret.ts';
import type { EnvEntry } from '../../kombination/kombination.ts';
import { asksForVariable, undouble } from './dollar.ts';

/** A variable as a workflow has it. */
export interface GraphVariable {
  readonly name: string;
  /**
   * - `plain`: its value may stand in the repository
   * - `secret`: it is called like a secret, or its value holds a password
   * - `unknown`: nobody says its value
   */
  readonly kind: 'plain' | 'secret' | 'unknown';
  /** `''` unless it is plain. */
  readonly value: string;
}

/** Names of secrets beyond those that are masked everywhere. */
const SECRET_NAME =
  /(^|_)(key|cert|certs|private|dsn|salt)($|_)|(database|db|redis|mongo|mongodb|amqp|rabbitmq|postgres|mysql)_?ur[il]$/i;
/** An address with a password in it. */
const HOLDS_PASSWORD = /:\/\/[^/@\s:]*:[^/@\s]+@/;

export function readVariables(env: readonly EnvEntry[]): readonly GraphVariable[] {
  return env.map(({ name, value }): GraphVariable => {
    if (isSecretVariable(name, value)) return { name, kind: 'secret', value: '' };
    if (asksForVariable(value)) return { name, kind: 'unknown', value: '' };
    return { name, kind: 'plain', value: undouble(value) };
  });
}

function isSecretVariable(name: string, value: string): boolean {
  if (/_FILE$/i.test(name)) return false;
  return isSensitiveName(name) || SECRET_NAME.test(name) || HOLDS_PASSWORD.test(value);
}

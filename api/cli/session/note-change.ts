import type { Invocation } from '../invocation.ts';
import { localActor } from './local-session.ts';
import type { KeyStore } from './session.ts';

/** Writes into the audit what a command has changed in a state directory, past the API. */
export function noteChange(
  { terminal, now }: Pick<Invocation, 'terminal' | 'now'>,
  { audit }: Pick<KeyStore, 'audit'>,
  action: string,
  object: Readonly<Record<string, string>>,
): void {
  audit.addAudit({
    at: now(),
    actor: { ...localActor(terminal.env), via: 'cli' },
    address: null,
    action,
    method: null,
    path: null,
    object,
    status: null,
    code: null,
    job: null,
    commit: null,
  });
}

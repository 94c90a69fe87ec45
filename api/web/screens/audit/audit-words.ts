import type { AuditEntry } from '../../client/fleet-types.ts';
import type { Tone } from '../../client/words.ts';

/** Words for operations whose names say less than they could. */
const ACTIONS: Readonly<Record<string, string>> = {
  sync: 'read the repository',
  createSessionLink: 'make a link that signs in',
  endSession: 'sign a browser out',
  backUpStack: 'back up stack',
  createProvisionedStack: 'create instance',
  deleteProvisionedStack: 'delete instance',
};

/** `apply stack` of `applyStack`. */
export function tellAction(action: string): string {
  const known = ACTIONS[action];
  if (known !== undefined) return known;
  return action.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
}

/** Outcome in a word, with the tone that it has. */
export function tellOutcome({ outcome: { status, code } }: AuditEntry): readonly [words: string, tone: Tone] {
  if (status === null) return code === null ? ['done', 'good'] : [code, 'bad'];
  if (status < 400) return ['done', 'good'];
  const words: Readonly<Record<number, string>> = {
    401: 'refused',
    403: 'not allowed',
    404: 'not found',
    409: 'refused',
    429: 'too often',
  };
  return [words[status] ?? (status < 500 ? 'refused' : 'failed'), status < 500 ? 'warn' : 'bad'];
}

const WAYS: Readonly<Record<string, string>> = {
  key: 'with a key',
  token: 'with a token',
  session: 'in a browser',
  open: 'without signing in',
  cli: 'at the command line',
  none: 'not known',
};

export function tellWay(via: string): string {
  return WAYS[via] ?? via;
}

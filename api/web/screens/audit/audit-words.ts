import type { AuditEntry } from '../../client/fleet-types.ts';
import type { Tone } from '../../client/words.ts';

/** Words for operations that change something, such as stand before the name of what it was done to. */
const DEEDS: Readonly<Record<string, string>> = {
  applyStack: 'applied',
  createStack: 'made the stack',
  commitDraft: 'made the stack',
  updateStack: 'changed the stack',
  writeFiles: 'committed files of',
  rollbackStack: 'rolled back',
  deleteStack: 'deleted the stack',
  deleteStacks: 'deleted stacks',
  holdStack: 'held as it is',
  releaseHold: 'let go on',
  startStack: 'started',
  stopStack: 'stopped',
  restartStack: 'restarted',
  pullImages: 'fetched images of',
  resolveDrift: 'resolved drift of',
  ignoreDrift: 'had drift ignored of',
  backUpStack: 'backed up',
  restoreStack: 'restored',
  verifyBackup: 'verified a backup',
  prune: 'cleaned up',
  adoptProject: 'adopted the project',
  releaseStack: 'gave up, and left running',
  cancelJob: 'called off',
  sync: 'had the repository read',
  createTag: 'made the tag',
  moveTag: 'moved the tag',
  deleteTag: 'deleted the tag',
  deployTag: 'deployed the tag',
  createExecTicket: 'opened a shell in',
  runProgram: 'ran a program in',
  openTerminal: 'used a shell',
  registerWorker: 'added the node',
  unregisterWorker: 'removed the node',
  createProvisionedStack: 'asked for an instance',
  deleteProvisionedStack: 'deleted the instance',
  deleteInstance: 'deleted the instance',
  createWorkflow: 'made the workflow',
  saveWorkflow: 'saved the workflow',
  updateWorkflow: 'saved the workflow',
  deleteWorkflow: 'deleted the workflow',
  createVersion: 'published a version of',
  startRun: 'ran the workflow',
  runWorkflow: 'ran the workflow',
  createKey: 'made the key',
  deleteKey: 'deleted the key',
  createUser: 'added the user',
  changeUser: 'changed the user',
  deleteUser: 'deleted the user',
  signIn: 'signed in',
  signOut: 'signed out',
  logIn: 'signed in to the editor',
  endSession: 'signed a browser out',
  createSessionLink: 'made a link that signs in',
  testChannel: 'sent a test notice to',
};

/** Words for operations that change nothing. */
const LOOKING: Readonly<Record<string, string>> = {
  planStack: 'looked at the plan of',
  previewFiles: 'looked at a change of',
  previewDraft: 'looked at a new stack',
  previewAdoption: 'looked at an adoption of',
  lookAtRestore: 'looked at a restore of',
  checkDrift: 'looked for drift of',
  checkWorkflow: 'looked at a workflow',
  validate: 'looked at a description',
  generate: 'looked at what a description makes',
  testCluster: 'looked whether it answers:',
};

/** Operations that change nothing, as the filter of the API takes them. */
export const LOOKS: string = Object.keys(LOOKING).join(',');

interface Deed {
  readonly words: string;
  /** Names of operations, with commas between. */
  readonly actions: string;
}

/** Everything that can be filtered by; what reads alike is one. */
export function listDeeds(withLooks: boolean): readonly Deed[] {
  const byWords = new Map<string, readonly string[]>();
  for (const [id, words] of Object.entries(withLooks ? { ...DEEDS, ...LOOKING } : DEEDS))
    byWords.set(words, [...(byWords.get(words) ?? []), id]);
  return [...byWords]
    .map(([words, ids]) => ({ words, actions: ids.join(',') }))
    .toSorted((a, b) => a.words.localeCompare(b.words));
}

/** The filter that an operation belongs to. */
export function deedOf(action: string): string {
  const found = listDeeds(true).find(({ actions }) => actions.split(',').includes(action));
  return found?.actions ?? action;
}

/** `applied` of `applyStack`; words of the name where it is not known. */
export function tellAction(action: string): string {
  const known = DEEDS[action] ?? LOOKING[action];
  return known ?? action.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
}

/** Words for an entry: an operation that can be a look, and was one, is told as such. */
export function tellDeed({ action, commit, job_id: job, outcome: { status } }: AuditEntry): string {
  const wasLook = status === 200 && commit === null && job === null;
  if (wasLook && action === 'rollbackStack') return 'looked at going back of';
  if (wasLook && action === 'ignoreDrift') return 'looked at ignoring drift of';
  return tellAction(action);
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

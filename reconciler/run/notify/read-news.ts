import { formatDiagnostic } from '../../base/diagnostic.ts';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { NotifyChoice, Trouble } from '../../model/notify/events.ts';
import { stackDigest } from '../../model/stack.ts';
import type { Notification } from '../../ports/notifier.ts';
import type { Job } from '../../ports/store.ts';
import type { ReconcilerEvent, RepositoryStatus } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import { errorsAmong, isShared, strayErrors } from '../observe/stray-errors.ts';
import { causeOf, judge } from './decide-notification.ts';

/** The parts of a run that news are read from. */
export type NewsContext = Pick<
  RunContext,
  'clock' | 'deployments' | 'desired' | 'events' | 'logger' | 'places' | 'pool' | 'stacks'
>;

/** Names of subjects. */
export const SUBJECTS = {
  stack: (name: string) => `stack/${name}`,
  backup: (name: string) => `backup/${name}`,
  node: (address: string) => `node/${address}`,
  channel: (name: string) => `channel/${name}`,
  /** Reading of the repository. */
  repository: 'repository',
  /** Its files that describe no stack. */
  findings: 'repository/findings',
} as const;

/** News of one subject, as an event brings them. */
export type News =
  | { readonly is: 'trouble'; readonly notification: Notification & { readonly type: Trouble } }
  /** `recovered` is what is told if there was trouble. */
  | { readonly is: 'well'; readonly recovered: Omit<Notification & { type: 'recovered' }, 'after'> }
  /** It is forgotten without a word. */
  | { readonly is: 'gone'; readonly subject: string }
  | { readonly is: 'deployed'; readonly notification: Notification };

/** Channels that a stack has chosen, or the repository for all that do not; `undefined`: nobody has chosen. */
export function choiceOf({ desired }: Pick<RunContext, 'desired'>, stack: string): NotifyChoice | undefined {
  return (desired.get(stack)?.policy ?? desired.settings().policy).notify;
}

/** Reads what there is to tell about an event; `null`: nothing. */
export function readNews(context: NewsContext, event: ReconcilerEvent): News | null {
  switch (event.type) {
    case 'stack':
      return readStackNews(context, event.stack);
    case 'job':
      return event.job.type === 'backup'
        ? readBackupNews(context, event.job)
        : readDeployed(context, event.job);
    case 'node':
      return readNodeNews(context, event);
    case 'repository':
      return readRepositoryNews(context, event.error);
    default:
      return null;
  }
}

function readStackNews(context: NewsContext, stack: string): News | null {
  const { stacks } = context;
  const subject = SUBJECTS.stack(stack);
  const state = stacks.state(stack) ?? 'unknown';
  if (state === 'removed') return { is: 'gone', subject };
  const code = stacks.code(stack);
  if (state === 'invalid' && isToldOfRepository(context, stack)) return null;
  const type = judge({ state, hold: stacks.hold(stack), isAway: isAway(context, stack, code) });
  if (type === null) return null;
  const message = stacks.message(stack) ?? context.deployments.whyUntagged(stack);
  const job = stacks.job(stack)?.id ?? null;
  const common = { stack, subject, code, message, job };
  if (type === 'well')
    return { is: 'well', recovered: { type: 'recovered', cause: '', ...at(context), ...common } };
  const cause = causeOf({ subject, type, desired: describedDigest(context, stack), code });
  const told = { cause, ...at(context), ...common };
  if (type !== 'drift') return { is: 'trouble', notification: { type, ...told } };
  const resources = [...new Set(stacks.drift(stack).changes.map(({ resource }) => resource))];
  return { is: 'trouble', notification: { type, ...told, resources } };
}

/** A node does not answer, and the stack is not well because of that alone. */
function isAway({ desired, pool }: NewsContext, stack: string, code: string | null): boolean {
  if (code !== 'TARGET_UNREACHABLE') return false;
  return desired.get(stack)?.targets.some((target) => pool.state(target).reachable === false) === true;
}

/** Digest of what is described. A description with errors has no resources: there, its findings stand for it. */
function describedDigest({ desired }: NewsContext, stack: string): string {
  const description = desired.get(stack);
  if (description === undefined) return '';
  const errors = errorsAmong(description.diagnostics);
  return errors.length > 0 ? placesOf(errors) : stackDigest(description.resources);
}

function readDeployed(context: NewsContext, job: Job): News | null {
  const { id, stack, revision, tag, status, endedAt } = job;
  if (status !== 'completed' || endedAt === null || tag === null) return null;
  const told = { stack, subject: SUBJECTS.stack(stack), cause: '', code: null, message: null, job: id, tag };
  return { is: 'deployed', notification: { type: 'synced', ...told, ...at(context), revision } };
}

function readBackupNews(context: NewsContext, { id, stack, status, endedAt, error }: Job): News | null {
  if (endedAt === null || status === 'cancelled') return null;
  const subject = SUBJECTS.backup(stack);
  const common = { stack, subject, code: error?.code ?? null, message: error?.message ?? null, job: id };
  if (status === 'completed')
    return { is: 'well', recovered: { type: 'recovered', cause: '', ...at(context), ...common } };
  const type = 'backup_failed';
  const cause = causeOf({ subject, type, desired: '', code: common.code });
  return { is: 'trouble', notification: { type, cause, ...at(context), ...common } };
}

function readNodeNews(context: NewsContext, event: ReconcilerEvent & { type: 'node' }): News {
  const { node, address, reachable, message } = event;
  const subject = SUBJECTS.node(address);
  const common = { stack: '', subject, job: null, ...at(context) };
  if (reachable)
    return {
      is: 'well',
      recovered: { type: 'recovered', cause: '', code: null, message: `${node} answers again`, ...common },
    };
  const type = 'node_away';
  const code = 'TARGET_UNREACHABLE';
  const cause = causeOf({ subject, type, desired: '', code });
  const stacks = stacksOn(context, address);
  return { is: 'trouble', notification: { type, cause, code, message, ...common, node, stacks } };
}

/** Stacks that have something on a node, or are to. */
function stacksOn({ places }: NewsContext, address: string): readonly string[] {
  return [...new Set([...places.at(`docker:${address}`), ...places.at(address)])].sort();
}

function readRepositoryNews(context: NewsContext, error: RepositoryStatus['error']): News {
  const subject = SUBJECTS.repository;
  const common = { stack: '', subject, job: null, ...at(context) };
  if (error === null)
    return {
      is: 'well',
      recovered: {
        type: 'recovered',
        cause: '',
        code: null,
        message: 'the repository can be read again',
        ...common,
      },
    };
  const { code } = error;
  // It was read: what is in it is the matter.
  const isUntrusted = code === 'COMMIT_NOT_VERIFIED';
  const type = isUntrusted ? 'findings' : 'failed';
  const message = isUntrusted ? error.message : `the repository cannot be read: ${error.message}`;
  const cause = causeOf({ subject, type, desired: isUntrusted ? message : '', code });
  return { is: 'trouble', notification: { type, cause, code, message, ...common } };
}

/** Reads what is to be told of files that describe no stack. Asked once for each revision: it looks through all findings. */
export function readFindings(context: NewsContext): News {
  const { desired } = context;
  const subject = SUBJECTS.findings;
  const common = { stack: '', subject, job: null, ...at(context) };
  const errors = strayErrors(context.desired);
  const [first] = errors;
  if (first === undefined)
    return {
      is: 'well',
      recovered: { type: 'recovered', cause: '', code: null, message: 'the files have no errors', ...common },
    };
  const type = 'findings';
  const cause = causeOf({ subject, type, desired: placesOf(errors), code: first.code });
  const rest = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`;
  const message = `${formatDiagnostic(first)}${rest}`;
  const revision = desired.revision?.commit ?? null;
  return { is: 'trouble', notification: { type, cause, code: first.code, message, ...common, revision } };
}

/** All errors of a description are in shared files: that is one trouble, however many stacks have it. */
function isToldOfRepository({ desired }: NewsContext, stack: string): boolean {
  const errors = errorsAmong(desired.get(stack)?.diagnostics ?? []);
  return errors.length > 0 && errors.every(isShared);
}

/** Codes and places, not the texts, in one order. */
function placesOf(errors: readonly Diagnostic[]): string {
  return errors
    .map(({ code, file, path }) => `${code} ${file ?? ''} ${path}`)
    .toSorted()
    .join('\n');
}

function at({ clock, desired }: NewsContext): { readonly time: string; readonly revision: string | null } {
  return { time: new Date(clock.now()).toISOString(), revision: desired.revision?.commit ?? null };
}

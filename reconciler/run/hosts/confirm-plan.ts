import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import type { GitHost, HostPermission, PullComment } from '../../ports/hosts/git-host.ts';
import type { HostSettings } from '../../ports/hosts/host-settings.ts';
import type { Plan } from '../../plan/plan.ts';
import type { ApplyOperations } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import { planStack } from '../observe/plan-stack.ts';

/** Something that a comment asks for. */
export type Command =
  | { readonly do: 'confirm'; readonly plan: string }
  | { readonly do: 'plan' }
  /** It is for us, and nobody knows what it means. */
  | { readonly do: 'unknown'; readonly words: string };

/** Longest word of a command that is told back, in characters. */
const MAX_WORDS = 60;

/** Reads the first line of a comment that is not blank; `null`: it is not for us. */
export function readCommand(text: string): Command | null {
  const line = text.split('\n').find((one) => one.trim() !== '') ?? '';
  // So far in, it is code, which somebody shows to others.
  if (/^(?: {4}|\t)/.test(line)) return null;
  const [program, verb, argument, ...rest] = line.trim().split(/\s+/);
  if (program !== 'kombinator' && program !== '/kombinator') return null;
  if (verb === 'plan' && argument === undefined) return { do: 'plan' };
  if (verb === 'confirm' && argument !== undefined && rest.length === 0 && /^[\w-]{1,64}$/.test(argument))
    return { do: 'confirm', plan: argument };
  return { do: 'unknown', words: line.trim().slice(0, MAX_WORDS) };
}

export interface ConfirmParts {
  readonly context: RunContext;
  readonly host: GitHost;
  readonly settings: HostSettings;
  readonly applies: Pick<ApplyOperations, 'apply' | 'getPlan'>;
}

/** Answer to a command: whether it was done, and a sentence for people. */
export interface Answer {
  readonly isDone: boolean;
  readonly note: string;
}

/**
 * Gives the yes that a plan waits for. Who may is decided at this moment: the operator has to have named the login, and the host has to let it write. Throws
 * what can be tried again.
 */
export async function confirmPlan(
  { context, host, settings, applies }: ConfirmParts,
  { author, isEdited }: PullComment,
  planId: string,
  signal: AbortSignal,
): Promise<Answer> {
  const refused = (why: string): Answer => ({ isDone: false, note: `${author}, ${planId}: ${why}` });
  const isNamed = settings.confirm.some((login) => login.toLowerCase() === author.toLowerCase());
  if (!isNamed) return refused('the operator has not named you among those who confirm plans');
  // A comment may have been changed by others who write to the repository; its author is still shown.
  if (isEdited) return refused('the comment was changed after it was written: write another one');
  let permission: HostPermission;
  try {
    permission = await host.permissionOf(author, signal);
  } catch (error) {
    if (!isReconcilerError(error) || error.retryable) throw error;
    return refused(`the host does not tell what you may do: ${errorMessage(error)}`);
  }
  if (permission !== 'write' && permission !== 'admin')
    return refused('the host does not let you write to the repository at this moment');
  const plan = applies.getPlan(planId);
  if (plan === undefined) return refused('there is no such plan');
  try {
    if (!(await isAsked(context, plan, signal)))
      return refused('this is not what the stack waits for: take the plan that stands in the comment above');
    const email = `${author}@${new URL(host.address).hostname}`;
    const job = await applies.apply(
      { stack: plan.stack, confirm: true, plan, actor: { name: author, email }, trigger: 'comment' },
      signal,
    );
    return { isDone: true, note: `${author} has said yes to the plan of ${plan.stack}: job ${job.id}` };
  } catch (error) {
    signal.throwIfAborted();
    if (!isReconcilerError(error) || error.retryable) throw error;
    return refused(errorMessage(error));
  }
}

/**
 * Tells whether a plan asks for the yes that the stack waits for now. Plans are made over the API as well, by whoever may read, and with more in them: volumes that go, or
 * nothing that needs a yes.
 */
async function isAsked(
  context: RunContext,
  { stack, confirmations }: Plan,
  signal: AbortSignal,
): Promise<boolean> {
  const { plan } = await planStack(context, { stack, mode: 'apply', deleteVolumes: false }, signal);
  return confirmations.length > 0 && textOf(confirmations) === textOf(plan.confirmations);
}

function textOf(confirmations: Plan['confirmations']): string {
  return confirmations
    .map(({ code, ids }) => [code, ...ids.toSorted()].join(' '))
    .toSorted()
    .join('\n');
}

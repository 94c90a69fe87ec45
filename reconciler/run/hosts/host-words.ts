import { cutText, showLine } from '../../base/shown-text.ts';
import type { CommitStatus } from '../../ports/hosts/git-host.ts';
import type { PlannedPull } from './plan-pull.ts';

/** Stacks whose waiting is told of. */
export const MAX_WAITING = 10;

/** Name of a status: `kombinator/plan`; of a daemon that reads a directory of the repository `kombinator/plan deploy/home`. */
export function contextOf(kind: 'plan' | 'deploy', root: string): string {
  return root === '' ? `kombinator/${kind}` : `kombinator/${kind} ${root}`;
}

/** Longest description of a status, in characters. */
const MAX_DESCRIPTION = 140;

/** `1 stack`, `2 stacks`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

export type Verdict = Pick<CommitStatus, 'state' | 'description'>;

/** Cuts a description to what hosts take. */
export function verdict(state: Verdict['state'], description: string): Verdict {
  return { state, description: cutText(showLine(description), MAX_DESCRIPTION) };
}

/** Codes of failures that say something of the machines and nothing of what is proposed. */
const OF_MACHINES: ReadonlySet<string> = new Set(['TARGET_UNREACHABLE', 'TARGET_ERROR']);

/** Says in one status what a plan of a merge has come to. A success is a plan that has told everything, and nothing else. */
export function judgePlan({ conflicts, stacks, plans, failures, errors, gaps }: PlannedPull): Verdict {
  if (conflicts.length > 0)
    return verdict('failure', `in conflict with the branch in ${count(conflicts.length, 'file')}`);
  const [error] = errors;
  if (error !== undefined) {
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    return verdict('failure', `${error.file === undefined ? '' : `${error.file}: `}${error.message}${more}`);
  }
  const [failure] = failures;
  if (failure !== undefined) {
    const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : '';
    const state = failures.every(({ code }) => OF_MACHINES.has(code)) ? 'error' : 'failure';
    return verdict(state, `no plan of ${failure.stack}: ${failure.message}${more}`);
  }
  const [gap] = gaps;
  if (gap !== undefined) return verdict('error', gap);
  if (stacks.length === 0) return verdict('success', 'no stack concerned');
  const sum = (key: 'create' | 'update' | 'replace' | 'delete') =>
    plans.reduce((total, { summary }) => total + summary[key], 0);
  const changes = [
    [sum('create'), 'to create'],
    [sum('update'), 'to update'],
    [sum('replace'), 'to replace'],
    [sum('delete'), 'to delete'],
  ] as const;
  const told = changes.filter(([number]) => number > 0).map((words) => words.join(' '));
  const asked = plans.filter(({ confirmations }) => confirmations.length > 0).length;
  return verdict(
    'success',
    [
      `${count(stacks.length, 'stack')}: ${told.length === 0 ? 'nothing to change' : told.join(', ')}`,
      ...(asked > 0 ? [`${asked} will wait for a yes`] : []),
    ].join('; '),
  );
}

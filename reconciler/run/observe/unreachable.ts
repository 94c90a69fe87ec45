import { ReconcilerError } from '../../base/errors.ts';
import type { Plan } from '../../plan/plan.ts';

/** What is shown of a stack of which some nodes do not answer; `null` when all do. */
export function describeUnreachable({ unreachable = [] }: Plan): string | null {
  if (unreachable.length === 0) return null;
  return unreachable.map(({ target, message }) => `node ${target} does not answer: ${message}`).join('; ');
}

/**
 * Ends a job that did what could be done. Retryable: the rest is done as soon as the node is back.
 *
 * @returns `null` when all nodes answered
 */
export function partlyApplied(plan: Plan): ReconcilerError | null {
  const reason = describeUnreachable(plan);
  if (reason === null) return null;
  // In the same words whether there was something to do elsewhere or not: a retry tells nothing new.
  return new ReconcilerError('TARGET_UNREACHABLE', `applied in part only: ${reason}`, { retryable: true });
}

import { hasErrors } from '../../base/diagnostic.ts';
import { describedNow, showInvalid } from '../observe/invalid-stack.ts';
import { planStack } from '../observe/plan-stack.ts';
import { recallJob } from '../record/last-job.ts';
import { decideStack, forgetIfGone, showDecision } from './decide-stack.ts';
import type { ReconcileParts } from './parts.ts';

/**
 * Observes and plans, and shows what that says; changes nothing.
 *
 * @param afterJob the job that acts on the stack has done its work: what it showed no longer counts
 */
export async function refreshStatus(
  parts: ReconcileParts,
  stack: string,
  signal: AbortSignal,
  { afterJob = false }: { readonly afterJob?: boolean } = {},
): Promise<void> {
  const { context } = parts;
  const description = await describedNow(context, stack, signal);
  if (description !== undefined) recallJob(context, stack);
  if (description !== undefined && hasErrors(description.diagnostics)) {
    showInvalid(context, description);
    return;
  }
  const planned = await planStack(context, { stack, mode: 'apply', deleteVolumes: false }, signal);
  const decision = await decideStack(parts, planned, { requested: false, ungated: true });
  const state = context.stacks.state(stack);
  // A job tells more than a look at what it is doing, or has left undone.
  if (state === 'applying' && !afterJob) return;
  const isTold = state === 'failed' || context.stacks.hold(stack) !== null;
  if (isTold && decision.kind === 'apply') return;
  showDecision(parts, planned, decision);
  forgetIfGone(parts, stack);
}

import { isReconcilerError } from '../../base/errors.ts';
import { hasChanges } from '../../plan/build-plan.ts';
import { applyPlan, complete } from '../apply/apply-plan.ts';
import { withFailedJobs } from '../apply/failed-jobs.ts';
import { partlyApplied } from '../apply/execution.ts';
import type { Gate } from '../decide/decide.ts';
import { gateError } from '../decide/gates.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';
import { endFailed } from '../record/end-job.ts';
import type { RunContext } from '../context.ts';
import { decideStack, showDecision } from './decide-stack.ts';
import { refreshStatus } from './refresh-status.ts';
import type { ReconcileParts } from './parts.ts';
import { putBackSkipped } from './put-back.ts';
import type { PendingApply } from './pending-requests.ts';
import { planRequest } from './requests.ts';
import { DONE, heldBy } from './result.ts';
import type { Result } from './result.ts';

/** Applies or destroys a stack because somebody asked for it. Ends the job in every case. */
export async function reconcileRequest(
  parts: ReconcileParts,
  pending: PendingApply,
  signal: AbortSignal,
): Promise<Result> {
  const { context } = parts;
  const { job } = pending;
  try {
    job.start();
    const planned = await planRequest(context, pending, signal);
    const gate = await carryOut(parts, planned, pending, signal);
    if (gate === null) return DONE;
    endFailed(context, job, gateError(gate), false);
    return heldBy(gate);
  } catch (error) {
    // Nobody knows this stack, so there is nothing to show of it.
    if (isReconcilerError(error, 'UNKNOWN_STACK')) job.end('failed', error);
    endFailed(context, job, error, signal.aborted);
    if (!signal.aborted && isReconcilerError(error) && FOR_WHOEVER_ASKED.has(error.code)) return DONE;
    throw error;
  }
}

/** Trying again would only meet the same refusal. */
const FOR_WHOEVER_ASKED: ReadonlySet<string> = new Set([
  'UNKNOWN_STACK',
  'PLAN_STALE',
  'CONFIRMATION_REQUIRED',
]);

/** @returns what keeps it from being carried out, `null` when it was */
async function carryOut(
  parts: ReconcileParts,
  planned: PlannedStack,
  { request, job }: PendingApply,
  signal: AbortSignal,
): Promise<Gate | null> {
  const { context, repairs, removals } = parts;
  const { plan } = planned;
  const { confirm: confirmed = false, overrideFreeze = false } = request;
  await refreshDependencies(parts, planned, signal);
  const decision = await decideStack(parts, planned, { requested: true, confirmed, overrideFreeze });
  switch (decision.kind) {
    case 'in-sync':
      job.update({ summary: plan.summary });
      job.log('info', 'nothing to do');
      showDecision(parts, planned, decision);
      await complete(context, planned, job, { signal });
      return null;
    case 'unreachable':
      throw partlyApplied(plan) ?? new Error('internal: every node answered');
    case 'apply':
      repairs.release(plan.stack);
      removals.unblock(plan.stack);
      await carryOutPlan(context, withFailedJobs(planned), job, signal);
      return null;
    case 'blocked':
    case 'frozen':
    case 'out-of-turn':
      return decision;
    default:
      throw new Error(`internal: ${decision.kind} holds nobody who asks`);
  }
}

async function carryOutPlan(
  context: RunContext,
  planned: PlannedStack,
  job: PendingApply['job'],
  signal: AbortSignal,
): Promise<void> {
  try {
    await applyPlan(context, planned, job, { signal });
  } catch (error) {
    if (!signal.aborted) await putBackSkipped(context, planned, job, error);
    throw error;
  }
}

/** A single command has not looked at other stacks yet. */
async function refreshDependencies(
  parts: ReconcileParts,
  { plan, description }: PlannedStack,
  signal: AbortSignal,
): Promise<void> {
  const { stacks, desired } = parts.context;
  if (plan.mode !== 'apply' || !hasChanges(plan)) return;
  for (const name of description.dependsOn) {
    const state = stacks.state(name) ?? 'unknown';
    if (state === 'unknown' && desired.get(name) !== undefined) await refreshStatus(parts, name, signal);
  }
}

import { hasChanges } from '../../plan/build-plan.ts';
import { isUp } from '../apply/stopped.ts';
import type { Plan } from '../../plan/plan.ts';
import { holdStack, recallFor } from '../context.ts';
import type { RunContext } from '../context.ts';
import { decide, isDrift } from '../decide/decide.ts';
import type { Decision, DecisionInput } from '../decide/decide.ts';
import { findFreeze, findGate } from '../decide/gates.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';
import { deployedDigest, noteSynced } from '../record/deployed.ts';
import { lastRun, lastRunOf } from '../record/last-job.ts';
import type { ReconcileParts } from './parts.ts';

/** Purpose of a decision. */
export interface DecisionPurpose {
  /** Somebody by name wants it, not the loop. */
  readonly requested: boolean;
  /** True with a yes to every confirmation. Default: a yes to what is removed without being asked for. */
  readonly confirmed?: boolean;
  /** Also while a freeze window is open. Default false. */
  readonly overrideFreeze?: boolean;
  /** Nothing is done about it, so nothing has to wait its turn. Default false. */
  readonly ungated?: boolean;
}

/** Reads what a decision rests on, and decides. */
export async function decideStack(
  parts: ReconcileParts,
  planned: PlannedStack,
  purpose: DecisionPurpose,
): Promise<Decision> {
  const { context } = parts;
  // The memory of deployments answers at once from here on.
  await context.deployments.latest(planned.plan.stack);
  return decide(readInput(parts, planned, purpose));
}

function readInput(
  { context, removals, repairs }: ReconcileParts,
  planned: PlannedStack,
  { requested, confirmed, overrideFreeze = false, ungated = false }: DecisionPurpose,
): DecisionInput {
  const { plan, description, observed } = planned;
  const { stack } = plan;
  const { heldDesired, stopped } = recallFor(context, plan);
  return {
    plan,
    policy: description.policy,
    requested,
    confirmed: confirmed ?? removals.mayGo(plan),
    heldDesired,
    lastRun: hasChanges(plan) && heldDesired === plan.desired ? lastRun(context, stack) : null,
    stopped,
    onHold: context.onHold.get(stack) ?? null,
    stillUp: observed.filter(isUp).map(({ name }) => name),
    deployedDesired: deployedDigest(context, plan),
    doubt: removals.whyNot(stack),
    gate: ungated ? findFreeze(context, planned) : findGate(context, planned, { overrideFreeze, requested }),
    pause: ungated ? null : repairs.whyWait(plan),
  };
}

/** Shows what has drifted, also where that is about to be repaired. */
export function noteDrift(context: RunContext, plan: Plan): boolean {
  const { stacks, clock } = context;
  const drifted = isDrift({ plan, deployedDesired: deployedDigest(context, plan) });
  stacks.setDrift(plan.stack, drifted ? plan : null, new Date(clock.now()).toISOString());
  return drifted;
}

/**
 * Shows what was decided.
 *
 * @returns whether the shown state changed by it
 */
export function showDecision(
  { context, proposals }: ReconcileParts,
  { plan, description }: PlannedStack,
  decision: Decision,
): boolean {
  const { stacks, desired } = context;
  const described = desired.get(plan.stack) !== undefined;
  const drifted = noteDrift(context, plan);
  if (decision.kind === 'in-sync' && described && plan.mode === 'apply') noteSynced(context, plan);
  return stacks.enter(plan.stack, {
    at: 'planned',
    plan,
    decision,
    described,
    keepsRemoved: desired.settings().policy.prune === 'no',
    drifted,
    proposal: proposals.told(plan, description.policy),
    lastRun: decision.kind === 'apply' || decision.kind === 'held' ? lastRunOf(context, plan) : null,
  });
}

/** Nothing describes the stack, and nothing of it is kept: it is as if it had never been. */
export function forgetIfGone(parts: ReconcileParts, stack: string): void {
  const { stacks, desired } = parts.context;
  const isGone = stacks.state(stack) === 'removed' && stacks.message(stack) === null;
  if (isGone && desired.get(stack) === undefined && !parts.pending.has(stack)) forget(parts, stack);
}

export function forget({ context, removals, schedule }: ReconcileParts, stack: string): void {
  schedule.note(stack, undefined);
  context.stacks.forget(stack);
  context.deployments.forget(stack);
  removals.unblock(stack);
  // Another stack of its name is nobody's to hold yet.
  if (context.onHold.has(stack)) holdStack(context, stack, null);
}

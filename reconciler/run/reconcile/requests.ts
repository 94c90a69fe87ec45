import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { hasChanges } from '../../plan/build-plan.ts';
import { whyNotApplicable } from '../../plan/confirmations.ts';
import { findStaleness } from '../../plan/compare-plans.ts';
import type { Confirmation, Plan } from '../../plan/plan.ts';
import type { ApplyRequest } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import { gateError, whyFrozen } from '../decide/gates.ts';
import { onHoldOf } from '../decide/words.ts';
import { isCurrent, planStack } from '../observe/plan-stack.ts';
import type { PlannedStack, PlanOrder } from '../observe/plan-stack.ts';
import type { Admission, PendingApply } from './pending-requests.ts';

/** Returns what a request wants planned; one that names a plan wants what that plan does. */
export function orderOf({
  stack,
  mode = 'apply',
  volumes = false,
  newest = false,
  plan,
}: ApplyRequest): PlanOrder {
  const deletes = plan?.confirmations.some(({ code }) => code === 'DELETES_DATA');
  const isNewest = plan === undefined ? newest : plan.newest === true;
  return { stack, mode, deleteVolumes: deletes ?? volumes, newest: isNewest };
}

/** A yes covers what the plan said when it was given, and what was asked for by name. */
function isReviewed(
  { code, ids }: Confirmation,
  { mode, volumes }: ApplyRequest,
  reviewed: readonly Confirmation[] | null,
): boolean {
  if (code === 'DELETES_STACK' && mode === 'destroy') return true;
  if (reviewed === null) return code === 'DELETES_DATA' && volumes === true;
  return reviewed.some((one) => one.code === code && ids.every((id) => one.ids.includes(id)));
}

/**
 * Throws what can be known before a job runs: UNKNOWN_STACK, INVALID_CONFIGURATION, PLAN_STALE, CONFIRMATION_REQUIRED, FROZEN, HELD. A target that
 * is away is the job's to tell; it may be back when the job runs.
 */
export async function admit(
  context: RunContext,
  request: ApplyRequest,
  signal: AbortSignal,
): Promise<Admission> {
  const { stack, plan: saved, confirm = false, overrideFreeze = false } = request;
  refuseHeld(context, request);
  let planned: PlannedStack;
  try {
    planned = await planStack(context, orderOf(request), signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!isReconcilerError(error) || !error.retryable) throw error;
    return { planned: null, reviewed: saved?.confirmations ?? null };
  }
  const { plan } = planned;
  if (saved !== undefined) refuseStale(saved, plan);
  const reason = whyNotApplicable(plan, confirm);
  if (reason !== null) throw new ReconcilerError('CONFIRMATION_REQUIRED', reason);
  const frozen = hasChanges(plan) && !overrideFreeze ? whyFrozen(context, stack) : null;
  if (frozen !== null) throw gateError(frozen);
  return { planned, reviewed: saved?.confirmations ?? plan.confirmations };
}

/**
 * The plan of a request when it is its turn: the one that let it in, while nothing is known to have moved since, else one made now. Throws
 * what `planStack` does, PLAN_STALE, and CONFIRMATION_REQUIRED when more has to be confirmed than whoever confirmed could know of.
 */
export async function planRequest(
  context: RunContext,
  { request, admission }: PendingApply,
  signal: AbortSignal,
): Promise<PlannedStack> {
  const { planned: admitted, reviewed } = admission;
  const isFresh = admitted !== null && isCurrent(context, admitted);
  const planned = isFresh ? admitted : await planStack(context, orderOf(request), signal);
  signal.throwIfAborted();
  if (request.plan !== undefined) refuseStale(request.plan, planned.plan);
  const unseen = planned.plan.confirmations.find((one) => !isReviewed(one, request, reviewed));
  if (request.confirm === true && unseen !== undefined) {
    const message = `more has to be confirmed than when it was asked for: ${unseen.message}`;
    throw new ReconcilerError('CONFIRMATION_REQUIRED', message);
  }
  return planned;
}

/** Throws HELD, unless whoever asks has said that they know. */
function refuseHeld({ onHold }: RunContext, { stack, overrideHold = false }: ApplyRequest): void {
  const held = onHold.get(stack);
  if (held !== undefined && !overrideHold)
    throw new ReconcilerError('HELD', `${stack} is ${onHoldOf(held)}, or is applied all the same`);
}

/** Throws PLAN_STALE with everything that moved. */
function refuseStale(saved: Plan, current: Plan): void {
  const moved = findStaleness(saved, current);
  if (moved.length === 0) return;
  throw new ReconcilerError('PLAN_STALE', `the plan is stale, make a new one: ${moved.join('; ')}`);
}

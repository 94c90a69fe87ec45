import { ReconcilerError } from '../../base/errors.ts';
import { findStaleness } from '../../plan/compare-plans.ts';
import type { Confirmation, Plan } from '../../plan/plan.ts';
import type { ApplyRequest } from '../../public/reconciler.ts';
import type { PlanOrder } from '../observe/plan-stack.ts';

/** What a request wants planned; one that names a plan wants what that plan does. */
export function orderOf({ stack, mode = 'apply', volumes = false, plan }: ApplyRequest): PlanOrder {
  const deletes = plan?.confirmations.some(({ code }) => code === 'DELETES_DATA');
  return { stack, mode, deleteVolumes: deletes ?? volumes };
}

/** A yes covers what the plan said when it was given, and what was asked for by name. */
export function isReviewed(
  { code, ids }: Confirmation,
  { mode, volumes }: ApplyRequest,
  reviewed: readonly Confirmation[] | null,
): boolean {
  if (code === 'DELETES_STACK' && mode === 'destroy') return true;
  if (reviewed === null) return code === 'DELETES_DATA' && volumes === true;
  return reviewed.some((one) => one.code === code && ids.every((id) => one.ids.includes(id)));
}

/** Throws PLAN_STALE with everything that moved. */
export function refuseStale(saved: Plan, current: Plan): void {
  const moved = findStaleness(saved, current);
  if (moved.length === 0) return;
  throw new ReconcilerError('PLAN_STALE', `the plan is stale, make a new one: ${moved.join('; ')}`);
}

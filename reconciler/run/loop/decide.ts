import type { StackPolicy } from '../../model/stack.ts';
import { hasChanges, hasWork, whyNotApplicable } from '../../plan/build-plan.ts';
import type { Plan } from '../../plan/plan.ts';

export interface DecisionInput {
  readonly plan: Plan;
  readonly policy: StackPolicy;
  /** Somebody asked for it; nobody did when a push, a drift check or a resync set it off. */
  readonly requested: boolean;
  /** A yes to every confirmation. */
  readonly confirmed: boolean;
  /** Digest whose apply failed for good, or that somebody destroyed. */
  readonly heldDesired: string | null;
  /** Digest of what somebody stopped by hand. */
  readonly stoppedDesired: string | null;
  /** Digest of the newest deployment. */
  readonly deployedDesired: string | null;
}

export type Decision =
  /** As described and well. */
  | { readonly kind: 'in-sync' }
  /** Nothing to change, but not everything is well. */
  | { readonly kind: 'unwell' }
  /** As described as far as can be told: some nodes do not answer. */
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'apply' }
  /** Deployed as described, has moved since, and is not to be repaired. */
  | { readonly kind: 'report-drift' }
  | { readonly kind: 'held' }
  /** Somebody stopped it: what does not run is not started. */
  | { readonly kind: 'stopped' }
  /** Somebody has to apply it: `policy.sync` is manual. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'blocked'; readonly reason: string };

/** What to do about a plan. */
export function decide(input: DecisionInput): Decision {
  const { plan, requested } = input;
  const isStopped = plan.mode === 'apply' && input.stoppedDesired === plan.desired;
  if (!requested && isStopped) return { kind: 'stopped' };
  if (!hasWork(plan)) return { kind: plan.unreachable === undefined ? 'in-sync' : 'unreachable' };
  if (!hasChanges(plan)) return requested ? { kind: 'apply' } : { kind: 'unwell' };
  if (!requested && input.heldDesired === plan.desired) return { kind: 'held' };
  const { drift, sync } = input.policy;
  if (!requested && isDrift(input) && (drift !== 'fix' || sync === 'manual')) return { kind: 'report-drift' };
  if (!requested && sync === 'manual') return { kind: 'waiting' };
  const reason = whyNotApplicable(plan, input.confirmed);
  return reason === null ? { kind: 'apply' } : { kind: 'blocked', reason };
}

/** What runs was deployed from the same description: it changed by itself or by hand. */
export function isDrift({ plan, deployedDesired }: Pick<DecisionInput, 'plan' | 'deployedDesired'>): boolean {
  return hasChanges(plan) && plan.mode === 'apply' && deployedDesired === plan.desired;
}

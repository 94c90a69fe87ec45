import type { ErrorCode } from '../../base/errors.ts';
import type { StackPolicy } from '../../model/stack.ts';
import { hasChanges, hasWork } from '../../plan/build-plan.ts';
import { whyNotApplicable } from '../../plan/confirmations.ts';
import { formatSummary } from '../../plan/format-plan.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Job, StackRecord } from '../../ports/store.ts';
import type { Pause } from './repair-limiter.ts';
import { DESTROYED, HELD, onHoldOf } from './words.ts';

/** Everything that a decision rests on, read beforehand. */
export interface DecisionInput {
  readonly plan: Plan;
  readonly policy: StackPolicy;
  /** Somebody asked for it; nobody did when a push, a drift check or a resync set it off. */
  readonly requested: boolean;
  /** A yes to every confirmation. */
  readonly confirmed: boolean;
  /** Digest whose apply failed for good, or that somebody destroyed. */
  readonly heldDesired: string | null;
  /** The newest apply or removal; read only where something is held. */
  readonly lastRun: Pick<Job, 'type' | 'status' | 'error'> | null;
  /** The stop that somebody asked for by hand. */
  readonly stopped: Pick<NonNullable<StackRecord['stopped']>, 'desired' | 'by'> | null;
  /** Somebody keeps everything away that nobody asks for. */
  readonly onHold: StackRecord['onHold'];
  /** Names of what runs although the stack was stopped. */
  readonly stillUp: readonly string[];
  /** Digest of the newest deployment. */
  readonly deployedDesired: string | null;
  /** Reason why a stack that left the repository is not removed unasked. */
  readonly doubt: string | null;
  /** A freeze window, or stacks whose turn comes first. */
  readonly gate: Gate | null;
  /** The repair limiter's pause. */
  readonly pause: Pause | null;
}

export type Decision =
  /** The stack is as described and well. */
  | { readonly kind: 'in-sync' }
  /** Nothing to change, but not everything is well. */
  | { readonly kind: 'unwell' }
  /** The stack is as described as far as can be told: some nodes do not answer. */
  | { readonly kind: 'unreachable' }
  /** `repairs`: the same description was deployed before, and what runs has moved since. */
  | { readonly kind: 'apply'; readonly repairs: boolean }
  /** Deployed as described, has moved since, and is not to be repaired. */
  | { readonly kind: 'report-drift' }
  | Hold;

/** Nothing is done for now. */
export type Hold = Gate | Restraint;

/** Holds whoever asks, too, who is told with the code. */
export interface Gate {
  readonly kind: 'blocked' | 'frozen' | 'out-of-turn';
  readonly code: Extract<ErrorCode, 'CONFIRMATION_REQUIRED' | 'FROZEN' | 'DEPENDENCY_NOT_READY'>;
  /** Reason in words for people. */
  readonly reason: string;
  readonly waitsFor: WaitsFor;
  /** Time when it ends by itself, milliseconds since the epoch; left out where nobody knows. */
  readonly until?: number;
}

/** Holds only what nobody asked for. */
export interface Restraint {
  /**
   * - `held` the same description failed for good
   * - `cancelled` somebody called its job off
   * - `on-hold` somebody holds it until it is released
   * - `destroyed` somebody destroyed it by hand
   * - `stopped` somebody stopped it: what does not run is not started
   * - `waiting` somebody has to apply it: `policy.sync` is manual
   * - `paced` it was repaired too often to go on at this pace
   * - `contested` somebody has undone the same repair each time
   */
  readonly kind: 'held' | 'on-hold' | 'cancelled' | 'destroyed' | 'stopped' | 'waiting' | Pause['kind'];
  readonly reason: string;
  readonly waitsFor: WaitsFor;
}

/** The event that sets off the next look at what is held, beside a new description, which always does. */
export type WaitsFor =
  | { readonly what: 'person' }
  | { readonly what: 'time'; readonly afterMs: number }
  /** Something on a target that is not the stack's: it tells of that where it can, and is asked again after that long in any case. */
  | { readonly what: 'target'; readonly afterMs: number }
  | { readonly what: 'stacks'; readonly names: readonly string[] };

const A_PERSON: WaitsFor = { what: 'person' };
const A_TARGET: WaitsFor = { what: 'target', afterMs: 30_000 };

/** Decides what to do about a plan. Pure: the same input gives the same answer. */
export function decide(input: DecisionInput): Decision {
  const { plan, requested } = input;
  if (!requested && isStopped(input))
    return { kind: 'stopped', reason: whyStopped(input), waitsFor: A_PERSON };
  if (!hasWork(plan)) return { kind: plan.unreachable === undefined ? 'in-sync' : 'unreachable' };
  const repairs = input.deployedDesired === plan.desired;
  if (!hasChanges(plan)) return requested ? { kind: 'apply', repairs } : { kind: 'unwell' };
  if (!requested && input.onHold !== null)
    return { kind: 'on-hold', reason: onHoldOf(input.onHold), waitsFor: A_PERSON };
  const restraint = requested ? null : findRestraint(input);
  if (restraint !== null) return restraint;
  const blocked = whyNotApplicable(plan, input.confirmed);
  if (blocked !== null) {
    const reason = requested ? blocked : (input.doubt ?? blocked);
    const waitsFor = input.doubt === null && isRefused(plan) ? A_TARGET : A_PERSON;
    return { kind: 'blocked', code: 'CONFIRMATION_REQUIRED', reason, waitsFor };
  }
  if (input.gate !== null) return input.gate;
  if (!requested && input.pause !== null) {
    const { kind, reason, afterMs } = input.pause;
    return { kind, reason, waitsFor: { what: 'time', afterMs } };
  }
  return { kind: 'apply', repairs };
}

/** Something on a target, not a person, is in the way: a name that is taken, a network that somebody else is to make. */
function isRefused({ diagnostics }: Plan): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}

/** Tells whether what runs was deployed from the same description: it changed by itself or by hand. */
export function isDrift({ plan, deployedDesired }: Pick<DecisionInput, 'plan' | 'deployedDesired'>): boolean {
  return hasChanges(plan) && plan.mode === 'apply' && deployedDesired === plan.desired;
}

function findRestraint(input: DecisionInput): Restraint | Extract<Decision, { kind: 'report-drift' }> | null {
  const { plan, policy, heldDesired, lastRun } = input;
  if (heldDesired === plan.desired) {
    if (lastRun?.type === 'destroy' && lastRun.status === 'completed')
      return { kind: 'destroyed', reason: DESTROYED, waitsFor: A_PERSON };
    if (lastRun?.status === 'cancelled')
      return { kind: 'cancelled', reason: whyCancelled(lastRun), waitsFor: A_PERSON };
    return { kind: 'held', reason: lastRun?.error?.message ?? HELD, waitsFor: A_PERSON };
  }
  if (isDrift(input) && (policy.drift !== 'fix' || policy.sync === 'manual')) return { kind: 'report-drift' };
  if (policy.sync !== 'manual') return null;
  const reason = `${formatSummary(plan.summary)} Apply it: policy.sync is manual`;
  return { kind: 'waiting', reason, waitsFor: A_PERSON };
}

function isStopped({ plan, stopped }: DecisionInput): boolean {
  return plan.mode === 'apply' && stopped !== null && stopped.desired === plan.desired;
}

/** Says who called the job off, and what brings it on again. */
function whyCancelled({ error }: Pick<Job, 'error'>): string {
  return `${error?.message ?? 'cancelled'}; apply it, or change its description, to go on`;
}

/** Says who stopped it, and what of it runs all the same. */
function whyStopped({ stopped, stillUp }: DecisionInput): string {
  const rest = stillUp.length === 0 ? '' : `; still up: ${stillUp.join(', ')}`;
  return `stopped by ${stopped?.by ?? 'hand'}; start it, or change its description, to bring it back${rest}`;
}

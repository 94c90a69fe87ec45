import type { Diagnostic } from '../../base/diagnostic.ts';
import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import { countChanges } from '../../plan/format-plan.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Job } from '../../ports/store.ts';
import type { SyncState } from '../../public/reconciler.ts';
import { PartlyApplied } from '../apply/execution.ts';
import type { Decision, Hold } from './decide.ts';
import { DESTROYED, driftOf, keptOf, unprunedOf, unreachableOf, unwellOf } from './words.ts';

/** The newest thing known of a stack, which its state rests on. */
export type Situation =
  /** A revision came in that nobody has looked at yet: whoever asks now must not be told that it is in sync. */
  | { readonly at: 'pushed'; readonly commit: string }
  /** Its description has errors. */
  | { readonly at: 'invalid'; readonly errors: readonly Diagnostic[] }
  /** A job acts on it. */
  | { readonly at: 'working' }
  | Planned
  | Applied
  | Failed;

/** It was planned, and decided what to do about it. */
export interface Planned {
  readonly at: 'planned';
  readonly plan: Plan;
  readonly decision: Decision;
  /** True when the repository describes it. */
  readonly described: boolean;
  /** The policy of the repository keeps stacks that left it. */
  readonly keepsRemoved: boolean;
  /** The deployed description is this one. */
  readonly drifted: boolean;
  /** Outcome of the proposal to describe the drift. */
  readonly proposal: string | null;
  /** The newest apply or removal of this description, however it went. */
  readonly lastRun: Pick<Job, 'status' | 'error'> | null;
}

/** A plan was carried out. */
export interface Applied {
  readonly at: 'applied';
  readonly plan: Plan;
  readonly described: boolean;
  /** True when what was applied is still what is described. */
  readonly current: boolean;
  /** True when it was destroyed by hand and is described all the same. */
  readonly destroyed: boolean;
  /** Step that is missing although what runs is right. */
  readonly unfinished: string | null;
}

/** A run came to nothing. */
export interface Failed {
  readonly at: 'failed';
  readonly error: unknown;
  /** True when it was ended from outside: another run is due, or none will be. */
  readonly interrupted: boolean;
}

export interface ShownState {
  readonly state: SyncState;
  /** Reason for the state, for people. */
  readonly message: string | null;
}

/**
 * Says what is shown of a stack. Pure.
 *
 * @param before the state shown until now
 */
export function stateOf(situation: Situation, before: SyncState): ShownState {
  switch (situation.at) {
    case 'pushed':
      return {
        state: 'pending',
        message: `revision ${situation.commit.slice(0, 10)} is to be looked at`,
      };
    case 'invalid':
      return { state: 'invalid', message: situation.errors[0]?.message ?? null };
    case 'working':
      return { state: 'applying', message: null };
    case 'planned':
      return statePlanned(situation);
    case 'applied':
      return stateApplied(situation);
    case 'failed':
      return { state: stateFailed(situation, before), message: errorMessage(situation.error) };
    default:
      return situation satisfies never;
  }
}

function statePlanned(situation: Planned): ShownState {
  const { plan, decision, described, keepsRemoved } = situation;
  switch (decision.kind) {
    case 'in-sync':
      return described ? { state: 'in_sync', message: unprunedOf(plan) } : stateLeft(plan);
    case 'unwell':
      return { state: 'degraded', message: unwellOf(plan) };
    case 'unreachable':
      return { state: 'degraded', message: unreachableOf(plan) };
    case 'report-drift':
      return { state: 'drifted', message: driftOf(plan, situation.proposal) };
    case 'apply':
      return stateUnapplied(situation);
    default: {
      const isKept = decision.kind === 'blocked' && !described && keepsRemoved;
      return { state: isKept ? 'removed' : STATE_OF_HOLD[decision.kind], message: decision.reason };
    }
  }
}

const STATE_OF_HOLD: Readonly<Record<Hold['kind'], SyncState>> = {
  blocked: 'blocked',
  frozen: 'pending',
  'out-of-turn': 'pending',
  held: 'failed',
  cancelled: 'pending',
  'on-hold': 'pending',
  destroyed: 'pending',
  stopped: 'stopped',
  waiting: 'pending',
  paced: 'degraded',
  contested: 'drifted',
};

/** There is something to apply: why that did not come about, where it was tried, else how much it is. */
function stateUnapplied({ plan, described, drifted, proposal, lastRun }: Planned): ShownState {
  if (drifted) return { state: 'drifted', message: driftOf(plan, proposal) };
  if (lastRun?.status === 'failed')
    return { state: 'failed', message: lastRun.error?.message ?? 'the last job failed' };
  if (!described) return TO_BE_REMOVED;
  return { state: 'pending', message: countChanges(plan) };
}

const TO_BE_REMOVED: ShownState = { state: 'pending', message: 'no longer described: applying removes it' };

/** Nothing describes it any more: it is gone only when that was what was planned, else it left the repository in the last moments of an apply. */
function stateLeft(plan: Plan): ShownState {
  return plan.mode === 'destroy' ? { state: 'removed', message: keptOf(plan) } : TO_BE_REMOVED;
}

function stateApplied({ plan, described, current, destroyed, unfinished }: Applied): ShownState {
  if (destroyed) return { state: 'pending', message: DESTROYED };
  if (!described) return stateLeft(plan);
  // A newer description came in at the last moment, and its own run is due.
  return { state: current ? 'in_sync' : 'pending', message: unfinished ?? unprunedOf(plan) };
}

function stateFailed({ error, interrupted }: Failed, before: SyncState): SyncState {
  if (interrupted) return 'pending';
  // A partly applied stack runs as far as it could be brought.
  if (error instanceof PartlyApplied) return 'degraded';
  if (!isReconcilerError(error)) return 'failed';
  switch (error.code) {
    case 'CONFIRMATION_REQUIRED':
      return 'blocked';
    case 'CANCELLED':
    case 'FROZEN':
    case 'DEPENDENCY_NOT_READY':
      return 'pending';
    case 'TARGET_UNREACHABLE':
      return before === 'degraded' ? 'degraded' : 'failed';
    default:
      return 'failed';
  }
}

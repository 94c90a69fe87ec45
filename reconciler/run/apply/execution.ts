import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { DesiredResource, Health, ResourceId } from '../../model/resource.ts';
import type { Change, Plan } from '../../plan/plan.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StepStatus } from '../../ports/store.ts';
import { hasCapability } from '../../ports/target-capabilities.ts';
import type { Releases, Replaces } from '../../ports/target-capabilities.ts';
import type { ApplyContext, Target } from '../../ports/target.ts';
import { unreachableOf } from '../decide/words.ts';
import { asText } from '../../base/values.ts';

/* The options of an execution, what it tells, and how it ends. */

export interface StepUpdate {
  readonly status: StepStatus;
  readonly message?: string;
  readonly health?: Health;
}

/** The part of a target that carries out changes, or a stand-in that does something else for `apply`. */
export type ChangeTarget = Pick<Target, 'apply' | 'health' | 'firstLookMs'> & Partial<Replaces & Releases>;

/** A target that does something else for `apply`, and everything else as it does. */
export function withApply(target: Target, apply: Target['apply']): ChangeTarget {
  return {
    apply,
    health: (stack, id, signal) => target.health(stack, id, signal),
    firstLookMs: (kind) => target.firstLookMs?.(kind) ?? 0,
    ...(hasCapability(target, 'replaces')
      ? { settle: (change, outcome, context) => target.settle(change, outcome, context) }
      : {}),
    ...(hasCapability(target, 'releases')
      ? { release: (change, outcome, context) => target.release(change, outcome, context) }
      : {}),
  };
}

export interface TargetSlots {
  /** Key of the target, the same for all nodes that stand for it. */
  readonly target: string;
  readonly slots: number;
}

export interface ExecuteOptions {
  readonly plan: Plan;
  readonly desired: ReadonlyMap<ResourceId, DesiredResource>;
  /** The target that holds a change's resource. */
  readonly targetOf: (change: Change) => ChangeTarget;
  /** The change with the id by which its target knows the resource. */
  readonly asKnown: (change: Change) => Change;
  /** Returns the target that carries out a change, and how many it takes at the same time; waiting for health does not count. */
  readonly slotsOf: (change: Change) => TargetSlots;
  readonly clock: Clock;
  /** Milliseconds that programs without a probe have to run to count as well. Default 0. */
  readonly stableMs?: number;
  /** Branch that the plan's revision was read from. */
  readonly branch: string;
  readonly readBlob: ApplyContext['readBlob'];
  readonly onStep: (change: Change, update: StepUpdate) => void;
  /** No step begins after it aborts. A replace that is waiting for health is reverted, unless the reason is a `Preempted`. */
  readonly signal: AbortSignal;
}

export interface StepFailure {
  readonly id: ResourceId;
  readonly error: unknown;
  /** The old one runs again. */
  readonly reverted: boolean;
}

export interface ExecuteResult {
  /** Changes that came to their end. */
  readonly changed: number;
  readonly failures: readonly StepFailure[];
  /** The signal aborted before everything was done. */
  readonly cancelled: boolean;
}

/** A newer revision takes over; what is half done is left for its plan to continue from. */
export class Preempted extends ReconcilerError {
  constructor(message: string) {
    super('CANCELLED', message);
  }
}

/** Somebody called a job off: what is half done is put back, and the description is held until somebody applies it or it changes. */
export class CalledOff extends ReconcilerError {
  /** `stackDigest` of the description that is held. */
  readonly desired: string;

  constructor(message: string, desired: string) {
    super('CANCELLED', message);
    this.desired = desired;
  }
}

/**
 * Somebody stopped or removed a container while it was waited for, or its engine did: that says nothing about the service, which is tried again.
 */
export class Disturbed extends ReconcilerError {
  constructor(message: string) {
    super('TARGET_ERROR', message, { retryable: true });
  }
}

/** Tells whether a failure is that of a service which somebody stopped or removed. */
export function isDisturbed(error: unknown): boolean {
  return error instanceof Disturbed || (error instanceof Reverted && error.cause instanceof Disturbed);
}

/** Tells what the service did from what its engine, or somebody's hand, did to it. Only the former is a verdict. */
export function isVerdict(error: unknown): boolean {
  return !isReconcilerError(error) || error.code === 'UNHEALTHY' || !error.retryable;
}

/**
 * The new one did not become healthy; the old one runs again. Where that was the service's own doing, waiting does not help: the same
 * description would fail the same way.
 */
export class Reverted extends ReconcilerError {
  constructor(cause: unknown) {
    const retryable = !isVerdict(cause);
    const code = retryable && isReconcilerError(cause) ? cause.code : 'UNHEALTHY';
    super(code, `${messageOf(cause)}; the version before runs again`, { cause, retryable });
  }
}

/** Everything was done that could be; the rest is done as soon as the nodes are back that do not answer. */
export class PartlyApplied extends ReconcilerError {
  constructor(reason: string) {
    // The message is the same whether there was something to do elsewhere or not: a retry tells nothing new.
    super('TARGET_UNREACHABLE', `applied in part only: ${reason}`, { retryable: true });
  }
}

/** Returns the error that a job ends with that did what could be done; `null` when all nodes of the plan answered. */
export function partlyApplied(plan: Plan): PartlyApplied | null {
  const reason = unreachableOf(plan);
  return reason === null ? null : new PartlyApplied(reason);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : asText(error);
}

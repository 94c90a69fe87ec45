import type { HealthStatus } from '../../model/resource.ts';
import type { Action } from '../../plan/plan.ts';

/** One thing that a stack has on its targets, or is to have there. */
export interface StackResource {
  /** `node/kind/name`, as in plans. */
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly node: string;
  /** Services that it is of; none: of the stack as a whole. */
  readonly services: readonly string[];
  /** `unknown`: nobody has looked, or its node does not answer. */
  readonly status: HealthStatus | 'unknown';
  readonly message: string | null;
  /** Change that the newest plan wants to make; `null`: none is known. */
  readonly change: Exclude<Action, 'no-op'> | null;
  /** Start of what runs without a probe of its own, as it was seen last, ISO 8601; left out where that is not known. */
  readonly startedAt?: string;
  /** Restarts of what runs without a probe of its own. */
  readonly restarts?: number;
}

/** Operations on a stack as it is at the moment, for people who watch it. */
export interface LiveOperations {
  /** Lists what a stack has, as described and as it was seen last. Asks no target. Throws UNKNOWN_STACK. */
  stackResources(stack: string): readonly StackResource[];
}

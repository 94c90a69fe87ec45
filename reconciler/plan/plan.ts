import type { ContentChange, FieldChange } from './change.ts';
import type { Diagnostic, Position } from '../base/diagnostic.ts';
import type { JsonObject } from '../base/json.ts';
import type { Dependency, FieldConflict, ResourceId } from '../model/resource.ts';
import type { RolloutRule } from '../model/rollout.ts';

export type Action = 'create' | 'update' | 'replace' | 'delete' | 'no-op';

/** One resource of a plan. A uniform record: the missing side is `null`. Holds no secret. */
export interface Change {
  readonly id: ResourceId;
  readonly action: Action;
  readonly target: string;
  readonly kind: string;
  readonly name: string;
  /** Masked state the decision was taken on; `null` when creating. */
  readonly before: JsonObject | null;
  /** Masked state once applied; `null` when deleting. */
  readonly after: JsonObject | null;
  /** Differences by dotted path; empty for create, delete and no-op. */
  readonly fields: readonly FieldChange[];
  /** Reason in words for people. Nothing may branch on it. */
  readonly cause: string;
  /** The line in the repository that caused it; `null` when nothing in the repository asks for the resource. */
  readonly origin: Position | null;
  /** Changes that must have come far enough before this one starts. */
  readonly dependsOn: readonly Dependency[];
  /** Nothing to change, but not healthy when observed: apply waits for its health. */
  readonly verify: boolean;
  /** Fields that are taken over from others. Left out when there are none. */
  readonly conflicts?: readonly FieldConflict[];
  /** Identity of the object that goes or is changed, as its target tells it. Left out when nothing is there, or it tells none. */
  readonly objectId?: string;
  /** Stack whose labels the object bears, which has handed it over. Left out: the stack's own. */
  readonly madeBy?: string;
  /** The id that its target knows the object by: it has been renamed, or takes over from one that goes. Left out when that is `id`. */
  readonly from?: ResourceId;
  /** Its place in the rolling update of a service. */
  readonly rollout?: RolloutStep;
  /** Files whose content differs, by path in the container. Of plans that somebody asked for; left out where there are none. */
  readonly contents?: readonly ContentChange[];
}

/** Numbers from 1; a batch begins when the one before is over. */
export type RolloutStep = RolloutRule & {
  readonly batch: number;
  readonly batches: number;
  /** They exchange what only one can have: all of them are replaced, or none. */
  readonly exchange?: true;
};

export interface PlanSummary {
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly delete: number;
  readonly noop: number;
}

/** Something that needs a yes before the plan may be applied. */
export interface Confirmation {
  readonly code:
    | 'DELETES_DATA'
    | 'DELETES_MANY'
    | 'DELETES_STACK'
    | 'PRUNES'
    | 'ADOPTS'
    | 'TAKES_FIELDS'
    | 'MOVES_DATA';
  readonly message: string;
  readonly ids: readonly ResourceId[];
}

/**
 * The reviewed difference between a stack as described and as observed. A JSON document (`schemas/plan.schema.json`):
 * the same desired and observed state give the same bytes, so it holds no time and no random id.
 */
export interface Plan {
  readonly formatVersion: 1;
  readonly stack: string;
  readonly mode: 'apply' | 'destroy';
  /** Commit the desired state was read from; `null` for stacks that are not in Git. */
  readonly revision: string | null;
  /** `stackDigest` of the desired resources. */
  readonly desired: string;
  /** Fingerprint of every observed resource the plan was based on. Compared before a saved plan is applied. */
  readonly basis: Readonly<Record<ResourceId, string>>;
  /** Topological order: what a change depends on stands before it, unless it waits for no more than `released`. */
  readonly changes: readonly Change[];
  readonly summary: PlanSummary;
  readonly confirmations: readonly Confirmation[];
  /** Errors make the plan one that can be shown but never applied. */
  readonly diagnostics: readonly Diagnostic[];
  /** Nodes that did not answer: what is described for them is not in `changes`. Left out when all did. */
  readonly unreachable?: readonly UnreachableTarget[];
  /** Other stacks that have to be in sync before it is applied. Left out when there are none. */
  readonly waitsFor?: readonly string[];
  /** Registries were asked what tags stand for by now, whatever the pull policies say. Left out when they were not. */
  readonly newest?: true;
}

/** A node whose engine does not answer. */
export interface UnreachableTarget {
  readonly target: string;
  /** Reason for people. */
  readonly message: string;
}

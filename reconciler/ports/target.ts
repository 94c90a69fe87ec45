import type { DesiredResource, Health, ObservedResource, ResourceId } from '../model/resource.ts';
import type { Change } from '../plan/plan.ts';

/** Scope of an observation: everything the stack owns here, and the shared resources it wants to know about. */
export interface ObserveScope {
  readonly stack: string;
  readonly desired: readonly DesiredResource[];
  /** The Compose project whose objects are the stack's, with or without labels. Default: none. */
  readonly adopts?: AdoptedProject;
  /** A look at how it would be: nothing of it is remembered. Default false. */
  readonly trial?: boolean;
  /** Everything that the stack has is about to go. Default false. */
  readonly leaving?: boolean;
  /** Registries are asked what tags stand for now, whatever the pull policy says. Default: only for images that are always fetched. */
  readonly newest?: boolean;
  /** Tells who has what bears one stack's labels and is described by another. Left out: the labels do. */
  readonly claims?: Claims;
}

/** A Compose project that a stack has adopted. */
export interface AdoptedProject {
  readonly project: string;
  /** Services that ran when it was adopted: what of them is described no more is the stack's to remove. */
  readonly services: readonly string[];
}

/** A network or volume as its labels tell it. */
export interface LabelledObject {
  readonly kind: 'network' | 'volume';
  /** Name on the target. */
  readonly name: string;
  /** Stack that made it. */
  readonly stack: string;
  readonly revision: string | null;
  readonly branch: string | null;
}

/** Networks and volumes outlive a description, and their labels cannot be changed: the descriptions tell who has them by now. */
export interface Claims {
  /**
   * Stack that has the object: the one that made it, unless that describes it no more, and one other does. `null`: that cannot be told now, since
   * a description has errors, or several want it.
   */
  holderOf(object: LabelledObject): Promise<string | null>;
  /** Tells whether the description of a stack says that the object is somebody else's, and used. */
  isExternal(stack: string, object: Pick<LabelledObject, 'kind' | 'name'>): boolean;
}

export interface Observation {
  readonly resources: readonly ObservedResource[];
  /** Identity of the machine: two connections that give the same one lead to the same engine. Left out where it cannot be told. */
  readonly engine?: string;
  /** Worth telling, harmless to go on: `registry did not answer, keeping the image that is here`. */
  readonly warnings: readonly string[];
}

export interface ApplyContext {
  readonly stack: string;
  readonly revision: string | null;
  /** Branch that the revision was read from. */
  readonly branch: string;
  readonly signal: AbortSignal;
  /** Content of a repository file by blob id. */
  readonly readBlob: (blob: string) => Promise<Uint8Array>;
  /** Tells people what is going on: `pulling nginx:1.29 (34 %)`. */
  readonly progress: (message: string) => void;
}

/** One decided change with everything needed to carry it out; `desired` is `null` for deletes. */
export interface ResourceChange {
  readonly change: Change;
  readonly desired: DesiredResource | null;
  /** Everything that is described of its stack, for a change that others are touched by: who hangs on a network that is made anew. */
  readonly described?: readonly DesiredResource[];
}

/** Resources of a stack that exist on a target, as far as their labels tell. */
export interface OwnedStack {
  readonly stack: string;
  /** Revisions its resources were created from. */
  readonly revisions: readonly string[];
  /** Branches these revisions were read from. */
  readonly branches: readonly string[];
  readonly resources: number;
  /** Its networks and volumes, where it has nothing else: another stack may have taken them over. Left out: it has, or the target has none. */
  readonly only?: readonly LabelledObject[];
}

/**
 * A place where resources live, and the least that every kind of place can do. `observe` never writes, `apply` never decides, `health` never
 * waits. Every method throws `ReconcilerError`; `TARGET_UNREACHABLE` (retryable) when the place does not answer.
 *
 * What only some kinds can do (logs, programs, stopping by hand, …) stands in target-capabilities.ts: a target that can do it has those methods
 * as well, one that cannot leaves them out.
 */
export interface Target extends AsyncDisposable {
  /** Name of the node, for messages. */
  readonly name: string;
  /** `docker`, `kubernetes`, or the word that a `TargetKind` is registered under. */
  readonly kind: string;
  /** Changes that it takes at the same time. Default: as many as the reconciler was told. */
  readonly parallelChanges?: number;
  /** Reads what is there of a stack, as it is now. */
  observe(scope: ObserveScope, signal: AbortSignal): Promise<Observation>;
  /**
   * Carries out one change as far as starting goes. Repeating it after a crash at any point must be harmless. A target that `Replaces` keeps
   * the old object (stopped) until `settle`.
   */
  apply(change: ResourceChange, context: ApplyContext): Promise<void>;
  /** Milliseconds after a start of this kind before its health is worth asking for. Default: none. */
  firstLookMs?(kind: string): number;
  /** Health of the object that `apply` has just made or changed, else of the one that is there. */
  health(stack: string, id: ResourceId, signal: AbortSignal): Promise<Health>;
  /** Every stack with owned resources here, described by the repository or not. */
  owned(signal: AbortSignal): Promise<readonly OwnedStack[]>;
}

import type { Position } from '../base/diagnostic.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { canonicalJson, sha256 } from '../base/json.ts';
import type { RolloutRule } from './rollout.ts';
import type { Likeness, Seal } from './seal.ts';
import type { Spec } from './secret.ts';
import { digestSpec, hidesAnything, visibleSpec } from './secret.ts';

/** `target/kind/name`, unique within a stack: `local/container/web`. */
export type ResourceId = string & { readonly __brand: 'ResourceId' };

export function resourceId(target: string, kind: string, name: string): ResourceId {
  return `${target}/${kind}/${name}` as ResourceId;
}

/** Stage that a dependency must have reached before the dependant starts. */
export type DependencyCondition = 'applied' | 'healthy' | 'completed';

/**
 * Two more only occur in plans: `released`, the old object has let go of its ports; `ended`, it is over,
 * however it went (one batch of a rolling update after the other).
 */
export type PlanCondition = DependencyCondition | 'released' | 'ended';

/** Conditions that an author can write. */
export type ServiceCondition = Exclude<DependencyCondition, 'released'>;

export interface Dependency {
  readonly id: ResourceId;
  readonly until: PlanCondition;
}

/** A file of the repository that goes along with a resource. */
export interface ContentFile {
  /** Relative, with `/`. */
  readonly path: string;
  /** The content of a symlink is where it leads. */
  readonly type: 'file' | 'executable' | 'symlink';
  /** Git blob id. */
  readonly blob: string;
}

/** One object that should exist on a target. */
export interface DesiredResource {
  readonly id: ResourceId;
  /** Name of the node or cluster inside the stack. */
  readonly target: string;
  /** `network`, `volume`, `image`, `container` on Docker; the Kubernetes kind on clusters. */
  readonly kind: string;
  /** Name inside the stack: the service, network, volume; the reference for an image. */
  readonly name: string;
  readonly spec: Spec;
  /** `hashSpec` over the part of the spec that cannot be updated in place (see `updatable`), sealed where that hides something. */
  readonly hash: string;
  /** Seals digests of what its spec hides. Left out: it hides nothing, or nobody has a key. */
  readonly seal?: Seal;
  /** Top-level spec keys the target can change in place, such as `CONTAINER_UPDATABLE`; every other difference means replace. */
  readonly updatable: readonly string[];
  readonly dependsOn: readonly Dependency[];
  /** The line of the repository that asked for it. */
  readonly origin: Position;
  /** Lines for single spec keys, where known: `ports` → the line of `services.web.ports`. */
  readonly origins?: Readonly<Record<string, Position>>;
  /** Paths in the repository of the files that it is given, by their paths in the container. Left out: it is given none from there. */
  readonly sources?: ReadonlyMap<string, string>;
  /** Spec keys whose change is announced by another resource: a container is replaced when its image moves. */
  readonly replaceWith?: readonly ResourceId[];
  /** Not owned by the stack (images): created when missing, never deleted. */
  readonly shared?: boolean;
  /** The stack that makes it, of what is external. Left out: nobody of this repository. */
  readonly maker?: string;
  /** Holds data: deleted only with an explicit yes. */
  readonly guarded?: boolean;
  /** Files that it is made from; the spec holds their digest. */
  readonly content?: readonly ContentFile[];
  /** Time to wait for health after a change, in milliseconds. Default 120,000. */
  readonly healthTimeoutMs?: number;
  /** Milliseconds that what it runs has to run when it has no probe. Default: as the policy of its stack has it. */
  readonly stableMs?: number;
  /** Words with which its description lets it end, `restart: "no"`. Left out: it may end already, or there are none. */
  readonly toEnd?: string;
  /** Names of programs whose fields in an object of ours are taken over. Default: those of people. Of clusters only. */
  readonly takeOver?: readonly string[];
  /** Paths of fields whose difference is no drift. Default: none. */
  readonly ignoreDrift?: readonly string[];
  /** Place in a Compose project, where that is not the stack: what it has adopted, or is to be given back. */
  readonly compose?: ComposeProject;
  /** It is one of several that are replaced in turn, or takes over in a way of its own. */
  readonly rollout?: RolloutRule;
}

/** The Compose project that an object is labelled for. */
export interface ComposeProject {
  readonly project: string;
  /** Labels of Compose by their whole names, in place of those that a stack of ours gives. */
  readonly labels: Readonly<Record<string, string>>;
}

export type HealthStatus =
  | 'healthy'
  /** Not there yet; look again. */
  | 'starting'
  /** Up, but its own check fails. */
  | 'unhealthy'
  /** A one-shot that ended with 0. */
  | 'completed'
  /** Ended with an error, or cannot start. */
  | 'failed'
  /** Ended or was stopped by somebody. */
  | 'stopped'
  | 'missing';

/** Facts about the run of a program that has no probe of its own. */
export interface RunFacts {
  /** Milliseconds since its present run began, by its target's clock; 0 while it does not run. */
  readonly runningMs: number;
  /** Runs of it that ended and were followed by another one, since this version of it was started first. */
  readonly restarts: number;
  /** Milliseconds from its first start to its present run. Left out: not known, or there was but one. */
  readonly settledMs?: number;
  /** Exit code of the run before. Left out: not known, or there was none. */
  readonly exitCode?: number;
}

export interface Health {
  readonly status: HealthStatus;
  /** Reason in words: `exited with 1`, `health check: curl: connection refused`. */
  readonly reason?: string;
  /** Time after which another look is worth while for `starting`, in milliseconds. */
  readonly retryAfterMs?: number;
  /** `objectId` of the object that was looked at. Left out where the target tells none. */
  readonly objectId?: string;
  /** Run of a program without a probe of its own: `well.ts` makes of it when that counts as well. */
  readonly run?: RunFacts;
}

/** A field that somebody else has set and the description wants to be otherwise. */
export interface FieldConflict {
  /** Name of who set it: `kubectl-edit`, `kube-controller-manager`. */
  readonly manager: string;
  /** `.spec.replicas` */
  readonly field: string;
  /** It was ours before, or nobody's decision any more: nobody need be asked. */
  readonly drifted: boolean;
}

/**
 * Answer of a target that was asked, without doing it, to make an object what is described. Takes the place of a comparison by us: the
 * target knows its defaults, its rules and who owns what.
 */
export interface DryRun {
  /** Fields that would change, masked. */
  readonly fields: readonly {
    readonly path: string;
    readonly before: Json;
    readonly after: Json;
    readonly sensitive?: boolean;
  }[];
  /** Reason why it cannot be changed in place, `null` when it can. */
  readonly immutable: string | null;
  readonly conflicts: readonly FieldConflict[];
  /** Reason why the target would not have it at all, `null` when it would. */
  readonly refused: string | null;
  /** Ports of the nodes that other objects have, where those are all it is refused for. */
  readonly takenPorts?: readonly number[];
  /** Advice on what to do about a refusal, where that is known. */
  readonly hint?: string;
  /** It was stopped by hand, and is compared as such; left out: it was not. */
  readonly stopped?: boolean;
}

/** One object that exists on a target and is owned by the stack (or is a shared one that the stack asked about). */
export interface ObservedResource {
  readonly id: ResourceId;
  readonly target: string;
  readonly kind: string;
  readonly name: string;
  /** Hash it was created with; `null` when its labels do not say. */
  readonly hash: string | null;
  /**
   * Paths of hidden values that are known not to be the described ones: `env.PASSWORD`. Looked for where the hash was sealed with a key that we do
   * not have, so that it cannot tell. Left out: none is known to differ.
   */
  readonly differing?: readonly string[];
  /** Revision it was created from; `null` when its labels do not say. */
  readonly revision: string | null;
  /** Directory of the repository that it was created from; left out: the whole repository, or its labels do not say. */
  readonly root?: string;
  /** Name of the source that it was created from, among several of a daemon; left out: it was the only one, or its labels do not say. */
  readonly source?: string;
  /**
   * Masked spec: keys that can be updated in place, and everything else that can be read back safely, are live
   * values; the rest is what it was created with.
   */
  readonly spec: JsonObject;
  readonly health: Health;
  /** Identity of the object on its target: one that is made anew has another. Left out where the target tells none. */
  readonly objectId?: string;
  /** Differs whenever something that a plan was based on differs (engine id, hash, state). */
  readonly fingerprint: string;
  /** An earlier replace was cut short; applying an update or replace tidies up. */
  readonly interrupted: boolean;
  /** Object and replacement are both there, or it has made room for another one's. Left out: it has not, or the target replaces in another way. */
  readonly replacing?: boolean;
  /** Name that somebody has given it instead of its own; an update takes it back. */
  readonly renamed?: string;
  /** Stack whose labels it bears: it was handed over by that one. Left out: the stack's own. */
  readonly madeBy?: string;
  /** Names of those who use it and are not the stack's: it cannot go. Left out: nobody does, or nobody asked since it is to stay. */
  readonly heldBy?: readonly string[];
  readonly guarded?: boolean;
  readonly shared?: boolean;
  readonly dryRun?: DryRun;
  /** Digests of an image whose tag stands for another one at its registry by now. Left out: it does not, or nobody asked. */
  readonly moved?: { readonly here: string; readonly there: string };
  /** More to show in a status (engine id, ports, started at); nothing decides on it. */
  readonly detail?: Readonly<Record<string, Json>>;
}

/** Hash over the keys of a spec that cannot be updated in place. Secrets count by digest, so a changed secret changes the hash. */
export function hashSpec(spec: Spec, updatable: readonly string[]): string {
  return hashJson(withoutKeys(digestSpec(spec), updatable));
}

/**
 * The resource as it may be written down where others read: a hash over what is masked is sealed, so that nobody can try guesses on it. One that
 * says nothing of what is masked stays as it is.
 */
export function sealResource(resource: DesiredResource, seal: Seal): DesiredResource {
  const { spec, hash, updatable } = resource;
  if (!hidesAnything(spec)) return resource;
  // An object of a cluster is hashed as a whole, though all of it can be updated in place.
  const left = [updatable, []].find((keys) => hashSpec(spec, keys) === hash);
  if (left === undefined) return { ...resource, seal };
  const visible = hashJson(withoutKeys(visibleSpec(spec), left));
  return { ...resource, hash: seal.of(hash, visible), seal };
}

/** Tells whether an object was made from this description, as far as its hash can tell. */
export function compareHash(
  { hash, seal }: Pick<DesiredResource, 'hash' | 'seal'>,
  observed: string | null,
): Likeness {
  if (observed === null) return 'other';
  return seal?.compare(hash, observed) ?? (hash === observed ? 'same' : 'other');
}

function withoutKeys(spec: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(spec).filter(([key]) => !keys.includes(key)));
}

function hashJson(value: JsonObject): string {
  return sha256(canonicalJson(value)).slice(0, 32);
}

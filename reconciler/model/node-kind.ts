import type { JsonObject } from '../base/json.ts';
import type { ContainerSpec } from './docker/docker-spec.ts';
import type { ContentFile } from './resource.ts';
import type { Spec } from './secret.ts';

/** A service as a kind of target is told of it: everything filled in, secrets resolved. With `replicas: 3` there are three. */
export interface DescribedService {
  readonly stack: string;
  /** Name of the node, inside the stack. */
  readonly node: string;
  /** `web`; of the second replica `web#2`. */
  readonly name: string;
  /** Spec that its container would have. Values of `env` may be a `Secret`. */
  readonly spec: ContainerSpec;
  /** Files of the repository that it mounts or is given; their content comes from `ApplyContext.readBlob`. */
  readonly content: readonly ContentFile[];
}

/** One object that a service becomes. */
export interface RenderedObject {
  /** `page`, `unit`, …; what `observe` gives as `kind`. */
  readonly kind: string;
  /** Unique for its kind in the stack. Default: that of the service. */
  readonly name?: string;
  /** All that the target needs to know; JSON that may hold a `Secret`. */
  readonly spec: Spec;
  /** Top-level keys of the spec that the target can change in place; any other difference replaces. Default: none. */
  readonly updatable?: readonly string[];
  readonly content?: readonly ContentFile[];
  /** Holds data: deleted only with an explicit yes. */
  readonly guarded?: boolean;
}

/** A kind of target: what a repository may say of it, and what services become there. All of it is pure. */
export interface NodeKind {
  /** Word that `type` of `nodes/<name>.yaml` says: lower-case letters, digits and hyphens. */
  readonly kind: string;
  /** JSON Schema (2020-12) of `connection` in that file. */
  readonly connection: JsonObject;
  /** The same for every connection that leads to the same place; shown to people, so without credentials. */
  addressOf(connection: JsonObject): string;
  /**
   * Renders what a service becomes. The first object stands for the service, and is made after the others. What it throws is an error of
   * the description, at the line of the service. Left out: Docker's own resources (`network`, `volume`, `image`, `container`).
   */
  render?(service: DescribedService): readonly RenderedObject[];
}

export type NodeKinds = ReadonlyMap<string, NodeKind>;

export const NO_NODE_KINDS: NodeKinds = new Map();

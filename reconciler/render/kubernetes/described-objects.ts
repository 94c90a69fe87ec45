import type { Position } from '../../base/diagnostic.ts';
import { asFields, compareText } from '../../base/values.ts';
import type { ObjectReference, ObjectSpec } from '../../model/kubernetes/kubernetes-object.ts';
import {
  groupOf,
  isGuarded,
  objectId,
  qualifiedKind,
  qualifiedName,
  rankOf,
  stableTimeOf,
} from '../../model/kubernetes/kubernetes-object.ts';
import type { Dependency, DependencyCondition, DesiredResource, ResourceId } from '../../model/resource.ts';
import { hashSpec } from '../../model/resource.ts';

/* Objects that are described as such: nodes of workflows, and what charts and overlays are made into. */

export interface DescribedObject {
  readonly id: ResourceId;
  readonly spec: ObjectSpec;
  readonly origin: Position;
  /** Not the stack's own: a namespace that it only lives in. */
  readonly shared: boolean;
  /** Deleted only with an explicit yes, whatever its kind is. Left out: as its kind has it. */
  readonly guarded?: boolean;
}

/** Namespaces that every cluster has. */
const GIVEN = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);
const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Job']);
/** A rollout may pull images and wait for probes: 5 minutes. */
const WORKLOAD_TIMEOUT_MS = 300_000;

/** Returns the names of an object. */
export function referTo({ apiVersion, kind, metadata: { name, namespace } }: ObjectSpec): ObjectReference {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** Order of a plan's objects: what others live in or are made of comes first. */
export function inOrder(a: DescribedObject, b: DescribedObject): number {
  return rankOf(a.spec) - rankOf(b.spec) || compareText(a.id, b.id);
}

/** The namespaces that objects live in and that none of them is. */
export function namespacesOf(
  target: string,
  objects: readonly DescribedObject[],
): readonly DescribedObject[] {
  const known = new Set(objects.map(({ id }) => id));
  const spaces = new Map<ResourceId, DescribedObject>();
  for (const { spec: member, origin } of objects) {
    const name = member.metadata.namespace;
    if (name === undefined || GIVEN.has(name)) continue;
    const spec: ObjectSpec = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    const id = objectId(target, referTo(spec));
    if (!known.has(id) && !spaces.has(id)) spaces.set(id, { id, spec, origin, shared: true });
  }
  return [...spaces.values()];
}

/** Returns the order that nobody has to say: namespaces, definitions and classes come before what uses them. */
export function impliedCondition(before: ObjectSpec, after: ObjectSpec): DependencyCondition | null {
  if (before === after) return null;
  if (before.kind === 'Namespace') {
    return after.metadata.namespace === before.metadata.name ? 'applied' : null;
  }
  if (before.kind === 'CustomResourceDefinition') return defines(before, after) ? 'healthy' : null;
  return rankOf(before) < rankOf(after) ? 'applied' : null;
}

function defines(definition: ObjectSpec, { apiVersion, kind }: ObjectSpec): boolean {
  const spec = asFields(definition['spec']);
  return spec?.['group'] === groupOf(apiVersion) && asFields(spec?.['names'])?.['kind'] === kind;
}

/** A described object as a resource of its target. */
export function toResource(
  target: string,
  { id, spec, origin, shared, guarded = isGuarded(spec) }: DescribedObject,
  dependsOn: readonly Dependency[],
): DesiredResource {
  return {
    id,
    target,
    kind: qualifiedKind(spec),
    name: qualifiedName(spec.metadata),
    spec,
    hash: hashSpec(spec, []),
    updatable: Object.keys(spec),
    dependsOn: dependsOn.toSorted((a, b) => compareText(a.id, b.id)),
    origin,
    ...stableTimeOf(spec),
    ...(shared ? { shared: true } : {}),
    ...(!shared && guarded ? { guarded: true } : {}),
    ...(WORKLOADS.has(spec.kind) ? { healthTimeoutMs: WORKLOAD_TIMEOUT_MS } : {}),
  };
}

import { asFields } from '../../base/values.ts';
import type { ResourceId } from '../resource.ts';
import { resourceId } from '../resource.ts';
import type { Spec } from '../secret.ts';

/** Reference to a Kubernetes object by its names. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Left out for objects of the whole cluster. */
  readonly namespace?: string;
}

/** A Kubernetes object as a spec: no status, no owner labels. Values of a Secret are `Secret`s, in clear inside. */
export interface ObjectSpec extends Spec {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Spec & { readonly name: string; readonly namespace?: string };
}

export function isObjectSpec(spec: Spec): spec is ObjectSpec {
  const { apiVersion, kind, metadata } = spec;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return false;
  return typeof metadata === 'object' && metadata !== null && 'name' in metadata;
}

/** The spec of a resource that was rendered for a cluster. */
export function objectSpecOf({ id, spec }: { readonly id: string; readonly spec: Spec }): ObjectSpec {
  if (!isObjectSpec(spec)) throw new Error(`internal: ${id} is no Kubernetes object`);
  return spec;
}

/** Kinds of Kubernetes itself that belong to no namespace. Others are told by the cluster. */
const CLUSTER_SCOPED = new Set(
  (
    'APIService CSIDriver CSINode ClusterRole ClusterRoleBinding CustomResourceDefinition FlowSchema GatewayClass IngressClass ' +
    'MutatingWebhookConfiguration Namespace Node PersistentVolume PriorityClass PriorityLevelConfiguration RuntimeClass StorageClass ' +
    'ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration VolumeAttributesClass'
  ).split(' '),
);

/** `apps` of `apps/v1`; empty for `v1`. */
export function groupOf(apiVersion: string): string {
  const [group = '', version] = apiVersion.split('/');
  return version === undefined ? '' : group;
}

/** Groups that come with Kubernetes; their kinds need no group to be told apart. */
function isBuiltIn(group: string): boolean {
  return !group.includes('.') || group.endsWith('.k8s.io');
}

export function isClusterScoped({ apiVersion, kind }: Pick<ObjectReference, 'apiVersion' | 'kind'>): boolean {
  return isBuiltIn(groupOf(apiVersion)) && CLUSTER_SCOPED.has(kind);
}

/** `Deployment`, `Certificate.cert-manager.io`: a kind as plans show it. */
export function qualifiedKind({ apiVersion, kind }: Pick<ObjectReference, 'apiVersion' | 'kind'>): string {
  const group = groupOf(apiVersion);
  return isBuiltIn(group) ? kind : `${kind}.${group}`;
}

/** `shop/web`; the name alone for objects of the whole cluster. */
export function qualifiedName({ name, namespace }: Pick<ObjectReference, 'name' | 'namespace'>): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** `prod/Deployment/shop/web`, `prod/Namespace/shop`. */
export function objectId(target: string, reference: ObjectReference): ResourceId {
  return resourceId(target, qualifiedKind(reference), qualifiedName(reference));
}

/** Kinds that are asked when others are made. */
const ADMITTING: ReadonlySet<string> = new Set(['ServiceAccount', 'LimitRange', 'ResourceQuota']);

/** 0 for what others live in or are made of, 1 for what decides about others when they are made, 2 for the rest. */
export function rankOf({ apiVersion, kind }: Pick<ObjectReference, 'apiVersion' | 'kind'>): 0 | 1 | 2 {
  if (!isBuiltIn(groupOf(apiVersion))) return 2;
  if (kind === 'Namespace' || kind === 'CustomResourceDefinition') return 0;
  return kind.endsWith('Class') || ADMITTING.has(kind) ? 1 : 2;
}

/** Holds data: deleted only with an explicit yes. */
export function isGuarded({ apiVersion, kind }: Pick<ObjectReference, 'apiVersion' | 'kind'>): boolean {
  if (!isBuiltIn(groupOf(apiVersion))) return false;
  return ['Namespace', 'PersistentVolume', 'PersistentVolumeClaim', 'CustomResourceDefinition'].includes(
    kind,
  );
}

/** Kinds whose pods the cluster replaces in place, one after the other. */
const ROLLED: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);

/** Tells whether an update of it brings up something new that may fail, and can be put back as it was. */
export function isRolled(kind: string): boolean {
  return ROLLED.has(kind);
}

/** Stable time of a workload: none where the cluster itself watches the pods for a time (`minReadySeconds`). */
export function stableTimeOf(spec: ObjectSpec): { readonly stableMs?: number } {
  const seconds = asFields(spec['spec'])?.['minReadySeconds'];
  return ROLLED.has(spec.kind) && typeof seconds === 'number' && seconds > 0 ? { stableMs: 0 } : {};
}

const RUNNERS: ReadonlySet<string> = new Set(['container', ...ROLLED, 'Job', 'CronJob', 'Pod', 'ReplicaSet']);

/** Kinds of any target that run something: what a stop stops and a start starts. */
export function isRunner(kind: string): boolean {
  return RUNNERS.has(kind);
}

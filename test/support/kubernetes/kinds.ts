import type { Members } from './field-set.ts';
import { isMembers, textOf } from './field-set.ts';

/** A kind that the double serves. */
export interface ServedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const BUILT_IN: readonly (readonly [string, string, boolean])[] = [
  ['v1', 'ConfigMap configmaps', true],
  ['v1', 'Secret secrets', true],
  ['v1', 'Service services', true],
  ['v1', 'Pod pods', true],
  ['v1', 'Event events', true],
  ['v1', 'PersistentVolumeClaim persistentvolumeclaims', true],
  ['v1', 'ServiceAccount serviceaccounts', true],
  ['v1', 'LimitRange limitranges', true],
  ['v1', 'ResourceQuota resourcequotas', true],
  ['v1', 'Namespace namespaces', false],
  ['v1', 'Node nodes', false],
  ['apps/v1', 'Deployment deployments', true],
  ['apps/v1', 'ReplicaSet replicasets', true],
  ['apps/v1', 'StatefulSet statefulsets', true],
  ['apps/v1', 'DaemonSet daemonsets', true],
  ['batch/v1', 'Job jobs', true],
  ['batch/v1', 'CronJob cronjobs', true],
  ['networking.k8s.io/v1', 'Ingress ingresses', true],
  ['networking.k8s.io/v1', 'NetworkPolicy networkpolicies', true],
  ['autoscaling/v2', 'HorizontalPodAutoscaler horizontalpodautoscalers', true],
  ['storage.k8s.io/v1', 'StorageClass storageclasses', false],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole clusterroles', false],
  ['apiextensions.k8s.io/v1', 'CustomResourceDefinition customresourcedefinitions', false],
];

export function builtInKinds(): ServedKind[] {
  return BUILT_IN.map(([apiVersion, names, namespaced]) => {
    const [kind = '', plural = ''] = names.split(' ');
    const [group = '', version] = apiVersion.split('/');
    return version === undefined
      ? { group: '', version: group, kind, plural, namespaced }
      : { group, version, kind, plural, namespaced };
  });
}

/** The kinds that a definition adds. */
export function definedKinds(definition: Members): ServedKind[] {
  const spec = isMembers(definition['spec']) ? definition['spec'] : {};
  const names = isMembers(spec['names']) ? spec['names'] : {};
  const versions = Array.isArray(spec['versions']) ? spec['versions'].filter(isMembers) : [];
  return versions.map((version) => ({
    group: textOf(spec['group']),
    version: textOf(version['name']),
    kind: textOf(names['kind']),
    plural: textOf(names['plural']),
    namespaced: spec['scope'] === 'Namespaced',
  }));
}

export function apiVersionOf({ group, version }: ServedKind): string {
  return group === '' ? version : `${group}/${version}`;
}

/** `deployments.apps`, as messages of the server name it. */
export function resourceName({ plural, group }: ServedKind): string {
  return group === '' ? plural : `${plural}.${group}`;
}

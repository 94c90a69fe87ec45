import { asFields, asList, asString, compareText, own, asText } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';
import { isApiError } from '../api/api-error.ts';
import type { ApiRequest } from '../api/client.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { GENERATION } from '../cache/live-object.ts';
import type { Cluster } from '../cluster.ts';

/** The pods of a workload that were made from what is described of it now, and what makes them. */
export interface Version {
  readonly pods: readonly Fields[];
  /** The one of a Deployment, once there is one. */
  readonly replicaSet?: Fields;
}

const REVISION = 'deployment.kubernetes.io/revision';

/** Reads them, newest first, without those on their way out. An object of which the controller has seen nothing yet has all pods of its labels. */
export async function readVersion(
  cluster: Pick<Cluster, 'client'>,
  live: LiveObject,
  signal: AbortSignal,
): Promise<Version> {
  if (live.kind === 'Pod') return { pods: [live] };
  const all = (await podsOf(cluster, live, signal)).filter(
    (pod) => asFields(pod['metadata'])?.['deletionTimestamp'] === undefined,
  );
  const only = (label: string, value: string | undefined) =>
    value === undefined ? all : all.filter((pod) => labelOf(pod, label) === value);
  switch (live.kind) {
    case 'Deployment': {
      const replicaSet = await findReplicaSet(cluster, live, signal);
      if (replicaSet === undefined) return { pods: all };
      return { replicaSet, pods: only('pod-template-hash', labelOf(replicaSet, 'pod-template-hash')) };
    }
    case 'StatefulSet': {
      const revision = asString(asFields(live['status'])?.['updateRevision']);
      return { pods: only('controller-revision-hash', revision) };
    }
    case 'DaemonSet':
      return { pods: only('pod-template-generation', live.metadata.annotations?.[GENERATION]) };
    default:
      return { pods: all };
  }
}

async function findReplicaSet(
  { client }: Pick<Cluster, 'client'>,
  live: LiveObject,
  signal: AbortSignal,
): Promise<Fields | undefined> {
  const path = `/apis/apps/v1/namespaces/${live.metadata.namespace}/replicasets`;
  const found = await listAllowed(client, { path, query: { labelSelector: selectorOf(live) }, signal });
  const revision = live.metadata.annotations?.[REVISION];
  return found.find((one) => {
    const metadata = asFields(one['metadata']) ?? {};
    const owners = (asList(metadata['ownerReferences']) ?? []).map(asFields);
    return (
      owners.some((owner) => owner?.['uid'] === live.metadata.uid) &&
      asFields(metadata['annotations'])?.[REVISION] === revision
    );
  });
}

/** Lists what may be listed; what may not is as good as none: the workload tells by itself how it is. */
async function listAllowed(
  client: Cluster['client'],
  request: Pick<ApiRequest, 'path' | 'query' | 'signal'>,
): Promise<readonly Fields[]> {
  try {
    const { body } = await client.request({ ...request, method: 'GET' });
    return (asList(asFields(body)?.['items']) ?? []).map((item) => asFields(item) ?? {});
  } catch (error) {
    if (isApiError(error, 403)) return [];
    throw error;
  }
}

function labelOf(object: Fields, label: string): string | undefined {
  return asString(own(asFields(asFields(object['metadata'])?.['labels']), label));
}

/** Selector of the pods of a workload, as a query has it; `undefined` for kinds without one. */
export function selectorOf(live: LiveObject): string | undefined {
  const labels = asFields(asFields(asFields(live['spec'])?.['selector'])?.['matchLabels']);
  if (!labels) return undefined;
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${asText(value)}`)
    .join(',');
}

/** Pods of a workload, newest first; none for kinds without a selector of pods. */
export async function podsOf(
  { client }: Pick<Cluster, 'client'>,
  live: LiveObject,
  signal: AbortSignal,
): Promise<readonly Fields[]> {
  const { namespace } = live.metadata;
  const labelSelector = selectorOf(live);
  if (namespace === undefined || labelSelector === undefined) return [];
  if (!live.apiVersion.startsWith('apps/') && !live.apiVersion.startsWith('batch/')) return [];
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const pods = await listAllowed(client, { path, query: { labelSelector, limit: 100 }, signal });
  const created = (pod: Fields) => asString(asFields(pod['metadata'])?.['creationTimestamp']) ?? '';
  return pods.toSorted((a, b) => compareText(created(b), created(a)));
}

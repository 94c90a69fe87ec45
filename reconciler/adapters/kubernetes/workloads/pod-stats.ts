import { ReconcilerError } from '../../../base/errors.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString, compareText, own } from '../../../base/values.ts';
import type { ResourceId } from '../../../model/resource.ts';
import { amountOf } from '../../../pods/quantity.ts';
import type { RunStats } from '../../../ports/inventory/run-stats.ts';
import { isApiError } from '../api/api-error.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { idOf, ownerOf } from '../cache/live-object.ts';
import type { Cluster } from '../cluster.ts';
import { selectorOf } from './version-pods.ts';

/**
 * Measures the pods of a stack, as far as the cluster does: it counts no network. Throws TARGET_UNSUPPORTED where nothing answers for metrics.k8s.io.
 */
export async function readPodStats(
  cluster: Cluster,
  stack: string,
  signal: AbortSignal,
): Promise<readonly RunStats[]> {
  const caches = await cluster.owned(signal, []);
  const workloads = caches
    .flatMap((one) => [...one.ofStack(stack)])
    .filter((live) => ownerOf(live)?.stack === stack);
  const measured = await cluster.bounded(workloads, async (live) => {
    const pods = await metricsOf(cluster, live, signal);
    const { id } = idOf(live, cluster.name);
    return pods.map((pod) => toRunStats(id, pod));
  });
  return measured.flat().sort((a, b) => compareText(a.name, b.name));
}

async function metricsOf(
  cluster: Cluster,
  live: LiveObject,
  signal: AbortSignal,
): Promise<readonly Fields[]> {
  const { namespace, name } = live.metadata;
  if (namespace === undefined) return [];
  const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`;
  if (live.kind === 'Pod') {
    const pod = await ask(cluster, { path: `${path}/${name}` }, signal);
    return pod === null ? [] : [pod];
  }
  const labelSelector = selectorOf(live);
  const isWorkload = live.apiVersion.startsWith('apps/') || live.apiVersion.startsWith('batch/');
  if (labelSelector === undefined || !isWorkload) return [];
  const list = await ask(cluster, { path, query: { labelSelector } }, signal);
  return (asList(list?.['items']) ?? []).map((item) => asFields(item) ?? {});
}

/** `null`: that pod is not measured yet. */
async function ask(
  { client, name }: Cluster,
  request: { readonly path: string; readonly query?: { readonly labelSelector: string } },
  signal: AbortSignal,
): Promise<Fields | null> {
  try {
    const { body } = await client.request({ ...request, method: 'GET', signal });
    return asFields(body) ?? null;
  } catch (error) {
    if (isApiError(error, 404) && request.query === undefined) return null;
    if (!isApiError(error, 404) && !isApiError(error, 503)) throw error;
    throw new ReconcilerError(
      'TARGET_UNSUPPORTED',
      `nothing on ${name} measures pods: no metrics.k8s.io answers there (metrics-server brings it)`,
      { cause: error },
    );
  }
}

function toRunStats(id: ResourceId, pod: Fields): RunStats {
  const usages = (asList(pod['containers']) ?? []).map((one) => asFields(asFields(one)?.['usage']));
  const sum = (what: string) =>
    usages.reduce((total, usage) => total + amountOf(asString(own(usage ?? {}, what)) ?? '0'), 0);
  return {
    id,
    name: asString(asFields(pod['metadata'])?.['name']) ?? '',
    cpuMillis: Math.round(sum('cpu') * 1_000),
    memoryBytes: Math.round(sum('memory')),
    memoryLimitBytes: null,
    network: null,
  };
}

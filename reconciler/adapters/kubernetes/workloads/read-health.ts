import type { Health, ResourceId } from '../../../model/resource.ts';
import { MASK } from '../../../model/secret.ts';
import { asFields, asList, asString } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';
import { isApiError } from '../api/api-error.ts';
import type { Cluster } from '../cluster.ts';
import { healthOf } from './health.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { troubleOf, withTrouble } from './pods.ts';

const LAST_LINES = 5;
/** Shorter ones would blot out half of every text. */
const SHORTEST_SECRET = 4;

/** Health of one object; of a workload that does not come up with the reason its pods give. */
export async function readHealth(
  cluster: Cluster,
  stack: string,
  id: ResourceId,
  signal: AbortSignal,
): Promise<Health> {
  const live = await cluster.find(stack, id, signal);
  if (!live) return sharedHealth(cluster, id, signal);
  const now = cluster.clock.now();
  const health = healthOf(live, now);
  if (health.status !== 'starting' && health.status !== 'failed') return health;
  if (live.kind === 'PersistentVolumeClaim') return claimHealth(cluster, live, { health, signal });
  for (const pod of await podsOf(cluster, live, signal)) {
    const trouble = troubleOf(pod, now);
    if (!trouble) continue;
    const name = asString(asFields(pod['metadata'])?.['name']) ?? '';
    const lines =
      trouble.crashed === undefined
        ? []
        : await lastLines(cluster, {
            namespace: live.metadata.namespace ?? '',
            pod: name,
            container: trouble.crashed,
            signal,
          });
    return withTrouble(health, trouble, redact(cluster, stack, lines));
  }
  return health;
}

/** Values of the stack's Secrets do not leave in a log line. */
export function redact(cluster: Cluster, stack: string, lines: readonly string[]): readonly string[] {
  const values = cluster.secretsOf(stack).filter((value) => value.length >= SHORTEST_SECRET);
  return lines.map((line) => values.reduce((text, value) => text.replaceAll(value, MASK), line));
}

async function sharedHealth(cluster: Cluster, id: ResourceId, signal: AbortSignal): Promise<Health> {
  const [, kind, name = ''] = id.split('/');
  if (kind !== 'Namespace') return { status: 'missing' };
  const live = await cluster.namespace(name, signal);
  if (live === 'unknown') return { status: 'healthy' };
  return live ? healthOf(live, cluster.clock.now()) : { status: 'missing' };
}

/**
 * A claim of a class that waits for its first pod is as well as it can be without one. Who may not read classes does not know: then
 * the pod that uses it will tell.
 */
async function claimHealth(
  cluster: Cluster,
  live: LiveObject,
  { health, signal }: { readonly health: Health; readonly signal: AbortSignal },
): Promise<Health> {
  const name = asString(asFields(live['spec'])?.['storageClassName']) ?? '';
  if (name === '') return health;
  const path = `/apis/storage.k8s.io/v1/storageclasses/${encodeURIComponent(name)}`;
  try {
    const { body } = await cluster.client.request({ method: 'GET', path, signal });
    const waits = asFields(body)?.['volumeBindingMode'] === 'WaitForFirstConsumer';
    return waits ? { status: 'healthy' } : health;
  } catch (error) {
    if (isApiError(error, 404)) return { status: 'starting', reason: `there is no storage class ${name}` };
    if (isApiError(error, 403)) return { status: 'healthy' };
    throw error;
  }
}

/** Pods of a workload, newest first; none for kinds without a selector of pods. */
export async function podsOf(
  cluster: Pick<Cluster, 'client'>,
  live: LiveObject,
  signal: AbortSignal,
): Promise<readonly Fields[]> {
  const { namespace } = live.metadata;
  if (namespace === undefined) return [];
  const labels = asFields(asFields(asFields(live['spec'])?.['selector'])?.['matchLabels']);
  if (!labels || (!live.apiVersion.startsWith('apps/') && !live.apiVersion.startsWith('batch/'))) return [];
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',');
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const { body } = await cluster.client.request({
    method: 'GET',
    path,
    query: { labelSelector, limit: 100 },
    signal,
  });
  const pods = (asList(asFields(body)?.['items']) ?? []).map((item) => asFields(item) ?? {});
  const created = (pod: Fields) => asString(asFields(pod['metadata'])?.['creationTimestamp']) ?? '';
  return pods.toSorted((a, b) => (created(a) > created(b) ? -1 : 1));
}

async function lastLines(
  { client }: Cluster,
  at: {
    readonly namespace: string;
    readonly pod: string;
    readonly container: string;
    readonly signal: AbortSignal;
  },
): Promise<readonly string[]> {
  const path = `/api/v1/namespaces/${at.namespace}/pods/${at.pod}/log`;
  const query = { container: at.container, previous: 'true', tailLines: LAST_LINES };
  const lines: string[] = [];
  try {
    for await (const line of await client.lines({ path, query, signal: at.signal })) lines.push(line);
  } catch (error) {
    // The container before may be gone already; the reason is told without its log.
    if (!isApiError(error)) throw error;
  }
  return lines.slice(-LAST_LINES);
}

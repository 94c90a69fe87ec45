import { createAbortScope } from '../../../base/abort-scope.ts';
import { isRunner } from '../../../model/kubernetes/kubernetes-object.ts';
import type { Health, ResourceId } from '../../../model/resource.ts';
import { createTextMask } from '../../../model/secret.ts';
import { asFields, asString } from '../../../base/values.ts';
import { isApiError } from '../api/api-error.ts';
import type { Cluster } from '../cluster.ts';
import { aboutVersion, healthOf, isUnseen } from './health.ts';
import type { LiveObject } from '../cache/live-object.ts';
import type { Crash } from './pods.ts';
import { endingOf, runOf, troubleOf, withTrouble, wrote } from './pods.ts';
import { readVersion } from './version-pods.ts';
import { whyNotBegun } from './why-not-begun.ts';

const LAST_LINES = 5;
/** Lines that are looked through for the last ones, and the time that this may take: a server that heeds what it is asked for sends no more than those. */
const MAX_LINES_READ = 1_000;
const LAST_LINES_MS = 10_000;
/** Characters of a line that are shown in a message. */
const MAX_LINE_LENGTH = 500;

/** Health of one object; of a workload with what its pods say about it. Values of the stack's Secrets are not in it. */
export async function readHealth(
  cluster: Cluster,
  stack: string,
  id: ResourceId,
  signal: AbortSignal,
): Promise<Health> {
  const health = await judge(cluster, stack, id, signal);
  const { reason } = health;
  return reason === undefined ? health : { ...health, reason: redact(cluster, stack, [reason]).join('') };
}

async function judge(cluster: Cluster, stack: string, id: ResourceId, signal: AbortSignal): Promise<Health> {
  const live = await cluster.find(stack, id, signal);
  const now = cluster.clock.now();
  if (!live) {
    const ended = await cluster.findEnded(stack, id, signal);
    return ended ? healthOf(ended, now) : sharedHealth(cluster, id, signal);
  }
  const health = healthOf(live, now);
  if (live.kind === 'PersistentVolumeClaim' && health.status === 'starting')
    return claimHealth(cluster, live, { health, signal });
  // A version that nobody has begun to bring up is not what the pods that are there tell of.
  if (isUnseen(live)) return health;
  if (!isRunner(live.kind) || !['healthy', 'starting', 'failed'].includes(health.status)) return health;
  const version = await readVersion(cluster, live, signal);
  const seen = aboutVersion(health, live, version);
  const run = runOf(version.pods, now);
  const judged = run === null ? seen : { ...seen, run: run.facts };
  const { namespace = '' } = live.metadata;
  const said = async (crash: Crash | undefined) => {
    const lines = crash ? await lastLines(cluster, { namespace, crash, signal }) : [];
    return redact(cluster, stack, lines).map((line) => line.slice(0, MAX_LINE_LENGTH));
  };
  const ending = live.kind === 'Job' && judged.status === 'failed' ? endingOf(version.pods) : undefined;
  if (ending !== undefined) {
    const reason = `${judged.reason}: ${ending.reason}${wrote(await said(ending))}`;
    return { ...judged, reason };
  }
  if (judged.status !== 'healthy') {
    const [trouble] = version.pods.flatMap((pod) => troubleOf(pod, now) ?? []);
    if (trouble) return withTrouble(judged, trouble, await said(trouble.crashed));
    const held = await whyNotBegun(cluster, version.pods, { now, signal });
    if (held !== null) return withTrouble(judged, { reason: held, final: false }, []);
  }
  if (run?.crash === undefined || judged.status === 'failed') return judged;
  return { ...judged, reason: `${run.crash.reason}${wrote(await said(run.crash))}` };
}

/** Values of the stack's Secrets do not leave in what pods say. */
export function redact(cluster: Cluster, stack: string, lines: readonly string[]): readonly string[] {
  return lines.map(createTextMask(cluster.secretsOf(stack)));
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

async function lastLines(
  { client }: Cluster,
  {
    namespace,
    crash,
    signal,
  }: { readonly namespace: string; readonly crash: Crash; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const path = `/api/v1/namespaces/${namespace}/pods/${crash.pod}/log`;
  const before = crash.isCurrent ? {} : { previous: 'true' };
  const query = { container: crash.container, ...before, tailLines: LAST_LINES };
  const lines: string[] = [];
  using scope = createAbortScope({ signals: [signal], timeoutMs: LAST_LINES_MS });
  try {
    let read = 0;
    for await (const line of await client.lines({ path, query, signal: scope.signal })) {
      lines.push(line);
      if (lines.length > LAST_LINES) lines.shift();
      read += 1;
      if (read === MAX_LINES_READ) break;
    }
  } catch (error) {
    // The container before may be gone already; the reason is told without its log.
    if (!isApiError(error) && !scope.timedOut) throw error;
  }
  return lines;
}

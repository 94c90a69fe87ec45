import { ReconcilerError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { objectSpecOf } from '../../model/kubernetes/kubernetes-object.ts';
import type { DesiredResource, ResourceId } from '../../model/resource.ts';
import { asFields, asList, asNumber, asText } from '../../base/values.ts';
import type { ApplyContext } from '../../ports/target.ts';
import type { Cluster } from './cluster.ts';
import type { KindInfo } from './api/discovery.ts';
import { pathOf } from './api/discovery.ts';
import type { LiveObject } from './cache/live-object.ts';
import { isLiveObject, MANAGER, STOPPED } from './cache/live-object.ts';
import { podsOf } from './workloads/version-pods.ts';
import { isStopped, startingSpec, stoppingSpec } from './stopped-object.ts';

/** Longer than pods are given to end by themselves, in milliseconds. */
const STOP_MS = 300_000;
const FIRST_PAUSE_MS = 100;
const MAX_POLL_PAUSE_MS = 1_000;

/** Scales to 0, suspends, or keeps off all nodes, and waits until no pod is left. The annotation keeps what there was. */
export async function stopWorkload(
  cluster: Cluster,
  stack: string,
  id: ResourceId,
  signal: AbortSignal,
): Promise<void> {
  const live = await cluster.find(stack, id, signal);
  if (!live) return;
  const spec = stoppingSpec(live.kind);
  if (!spec) {
    const message = `${live.kind} ${live.metadata.name} cannot be stopped: its pods run as long as it is there`;
    throw new ReconcilerError('TARGET_UNSUPPORTED', message);
  }
  if (hasEnded(live)) return;
  if (!isStopped(live)) {
    const replicas = asNumber(asFields(live['spec'])?.['replicas']) ?? 1;
    const kept = live.metadata.annotations?.[STOPPED] ?? String(replicas);
    await patch(cluster, live, { metadata: { annotations: { [STOPPED]: kept } }, spec }, signal);
  }
  await waitUntilEmpty(cluster, live, signal);
}

/** A job that is over has nothing to stop, and could not be started again. */
function hasEnded(live: LiveObject): boolean {
  if (live.kind !== 'Job') return false;
  const conditions = asList(asFields(live['status'])?.['conditions']) ?? [];
  return conditions
    .map(asFields)
    .some((one) => ['Complete', 'Failed'].includes(asText(one?.['type'])) && one?.['status'] === 'True');
}

/** Brings back as many as are described, or were there. Leaves alone what runs. */
export async function startWorkload(
  cluster: Cluster,
  desired: DesiredResource,
  { stack, signal }: ApplyContext,
): Promise<void> {
  const live = await cluster.find(stack, desired.id, signal);
  if (!live) throw new ReconcilerError('TARGET_ERROR', `${desired.id} is not there`, { retryable: true });
  const kept = live.metadata.annotations?.[STOPPED];
  if (kept === undefined) return;
  const described = asFields(objectSpecOf(desired)['spec']);
  const suspends = 'suspend' in (stoppingSpec(live.kind) ?? {});
  const replicas = asNumber(described?.['replicas']) ?? (Number(kept) || 1);
  const counted = suspends ? { suspend: described?.['suspend'] === true } : { replicas };
  const spec = startingSpec(live.kind) ?? counted;
  await patch(cluster, live, { metadata: { annotations: { [STOPPED]: null } }, spec }, signal);
}

/** Takes the mark of a stop away once the object was applied and so runs again. */
export async function unmarkStopped(
  cluster: Cluster,
  kind: KindInfo,
  live: LiveObject,
  signal: AbortSignal,
): Promise<LiveObject> {
  if (live.metadata.annotations?.[STOPPED] === undefined) return live;
  const spec = startingSpec(live.kind);
  const body = { metadata: { annotations: { [STOPPED]: null } }, ...(spec ? { spec } : {}) };
  return send(cluster, { kind, live, body, signal });
}

async function patch(
  cluster: Cluster,
  live: LiveObject,
  body: JsonObject,
  signal: AbortSignal,
): Promise<void> {
  const kind = await cluster.kindOfLive(live, signal);
  if (!kind) return;
  cluster.cache(kind).put(await send(cluster, { kind, live, body, signal }));
}

interface Sending {
  readonly kind: KindInfo;
  readonly live: LiveObject;
  readonly body: JsonObject;
  readonly signal: AbortSignal;
}

async function send(cluster: Cluster, { kind, live, body, signal }: Sending): Promise<LiveObject> {
  const answer = await cluster.client.request({
    method: 'PATCH',
    path: pathOf(kind, live.metadata),
    query: { fieldManager: MANAGER },
    contentType: 'application/merge-patch+json',
    body,
    signal,
  });
  return isLiveObject(answer.body) ? answer.body : live;
}

async function waitUntilEmpty(cluster: Cluster, live: LiveObject, signal: AbortSignal): Promise<void> {
  const { clock } = cluster;
  const deadline = clock.elapsed() + STOP_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, MAX_POLL_PAUSE_MS)) {
    const pods = await podsOf(cluster, live, signal);
    const left = pods.filter((pod) => {
      const phase = asFields(pod['status'])?.['phase'];
      return phase !== 'Succeeded' && phase !== 'Failed';
    });
    if (left.length === 0) return;
    if (clock.elapsed() > deadline) {
      const message = `${left.length} pods of ${live.kind} ${live.metadata.name} do not end`;
      throw new ReconcilerError('TARGET_ERROR', message, { retryable: true });
    }
    await clock.sleep(pause, signal);
  }
}

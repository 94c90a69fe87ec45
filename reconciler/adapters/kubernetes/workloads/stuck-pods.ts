import { asFields, asList, asNumber, asString, asText } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';
import type { ApplyContext } from '../../../ports/target.ts';
import { isApiError } from '../api/api-error.ts';
import { readObject } from '../api/read-object.ts';
import type { LiveObject } from '../cache/live-object.ts';
import type { Cluster } from '../cluster.ts';
import { isUnseen } from './health.ts';
import { podsOf } from './version-pods.ts';

/** Time that the controller may take to see a change. */
const SEEN_MS = 10_000;
const PAUSE_MS = 200;
/** Times are told in whole seconds. */
const TAKEN_ON_MS = 2_000;

/**
 * Takes away the pods of an older version that are not well and never were, or crash, where a StatefulSet was changed: one that goes on one by
 * one waits for each to be ready, also for those that never will be (an image that is not there, a probe that finds nothing), and would not get
 * to what mends them. One that was ready before is waited for.
 *
 * @param path of the StatefulSet
 */
export async function freeStuckPods(
  cluster: Cluster,
  live: LiveObject,
  { path, context }: { readonly path: string; readonly context: ApplyContext },
): Promise<void> {
  const spec = asFields(live['spec']) ?? {};
  const strategy = asFields(spec['updateStrategy']) ?? {};
  if (spec['podManagementPolicy'] === 'Parallel' || strategy['type'] === 'OnDelete') return;
  const first = asNumber(asFields(strategy['rollingUpdate'])?.['partition']) ?? 0;
  const { signal } = context;
  const stuck = (await podsOf(cluster, live, signal)).filter(
    (pod) => isStuck(pod) && ordinalOf(pod) >= first,
  );
  if (stuck.length === 0) return;
  const seen = await awaitSeen(cluster, path, signal);
  const revision = asString(asFields(seen?.['status'])?.['updateRevision']);
  if (revision === undefined) return;
  for (const pod of stuck) {
    const { name, uid, labels, namespace } = asFields(pod['metadata']) ?? {};
    if (asFields(labels)?.['controller-revision-hash'] === revision) continue;
    context.progress(`takes away ${asText(name)}, which does not become well and is of an older version`);
    await remove(
      cluster,
      { path: `/api/v1/namespaces/${asText(namespace)}/pods/${asText(name)}`, uid },
      signal,
    );
  }
}

async function remove(
  { client }: Cluster,
  { path, uid }: { readonly path: string; readonly uid: unknown },
  signal: AbortSignal,
): Promise<void> {
  const preconditions = { uid: asText(uid) };
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions };
  try {
    await client.request({ method: 'DELETE', path, body, signal });
  } catch (error) {
    // Gone already, or another one by now; who may not delete pods leaves it to the controller.
    if (![403, 404, 409].some((status) => isApiError(error, status))) throw error;
  }
}

/** @returns the object once its controller has seen it as it is; `null` when that takes too long */
async function awaitSeen(cluster: Cluster, path: string, signal: AbortSignal): Promise<LiveObject | null> {
  const { clock } = cluster;
  for (const deadline = clock.elapsed() + SEEN_MS; clock.elapsed() < deadline;) {
    const live = await readObject(cluster, path, signal);
    if (live === undefined) return null;
    if (!isUnseen(live)) return live;
    await clock.sleep(PAUSE_MS, signal);
  }
  return null;
}

/** Tells whether a container of it was started more than once and does not run now, or it has never been ready. */
function isStuck(pod: Fields): boolean {
  if (asFields(pod['metadata'])?.['deletionTimestamp'] !== undefined) return false;
  const status = asFields(pod['status']) ?? {};
  const isCrashing = (asList(status['containerStatuses']) ?? []).some((item) => {
    const container = asFields(item) ?? {};
    const isDown = asFields(asFields(container['state'])?.['running']) === undefined;
    return isDown && (asNumber(container['restartCount']) ?? 0) > 0;
  });
  return isCrashing || status['phase'] === 'Pending' || wasNeverReady(status);
}

/** A node says that a pod is not ready as soon as it takes it on: that has not changed since. */
function wasNeverReady({ conditions, startTime }: Fields): boolean {
  const ready = (asList(conditions) ?? []).map(asFields).find((one) => one?.['type'] === 'Ready');
  if (ready?.['status'] !== 'False') return false;
  const [since, start] = [ready['lastTransitionTime'], startTime].map((time) =>
    Date.parse(asString(time) ?? ''),
  );
  return since !== undefined && start !== undefined && since - start <= TAKEN_ON_MS;
}

function ordinalOf(pod: Fields): number {
  const name = asString(asFields(pod['metadata'])?.['name']) ?? '';
  return Number(name.slice(name.lastIndexOf('-') + 1));
}

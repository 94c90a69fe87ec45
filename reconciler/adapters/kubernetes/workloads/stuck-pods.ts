import { asFields, asList, asNumber, asString } from '../../../base/values.ts';
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

/**
 * Takes away the pods of an older version that crash, where a StatefulSet was changed: one that goes on one by one waits for each to be ready,
 * also for those that never will be, and would not get to what mends them.
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
  const crashing = (await podsOf(cluster, live, signal)).filter(
    (pod) => isCrashing(pod) && ordinalOf(pod) >= first,
  );
  if (crashing.length === 0) return;
  const seen = await awaitSeen(cluster, path, signal);
  const revision = asString(asFields(seen?.['status'])?.['updateRevision']);
  if (revision === undefined) return;
  for (const pod of crashing) {
    const { name, uid, labels, namespace } = asFields(pod['metadata']) ?? {};
    if (asFields(labels)?.['controller-revision-hash'] === revision) continue;
    context.progress(`takes away ${String(name)}, which crashes and is of an older version`);
    await remove(
      cluster,
      { path: `/api/v1/namespaces/${String(namespace)}/pods/${String(name)}`, uid },
      signal,
    );
  }
}

async function remove(
  { client }: Cluster,
  { path, uid }: { readonly path: string; readonly uid: unknown },
  signal: AbortSignal,
): Promise<void> {
  const preconditions = { uid: String(uid) };
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

/** It has been started more than once, and does not run now. */
function isCrashing(pod: Fields): boolean {
  const { metadata, status } = pod;
  if (asFields(metadata)?.['deletionTimestamp'] !== undefined) return false;
  return (asList(asFields(status)?.['containerStatuses']) ?? []).some((item) => {
    const container = asFields(item) ?? {};
    const isDown = asFields(asFields(container['state'])?.['running']) === undefined;
    return isDown && (asNumber(container['restartCount']) ?? 0) > 0;
  });
}

function ordinalOf(pod: Fields): number {
  const name = asString(asFields(pod['metadata'])?.['name']) ?? '';
  return Number(name.slice(name.lastIndexOf('-') + 1));
}

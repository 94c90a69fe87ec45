import { asFields, asList } from '../../../base/values.ts';
import type { OneOffLeftover } from '../../../ports/target-capabilities.ts';
import { isApiError } from '../api/api-error.ts';
import type { Cluster } from '../cluster.ts';
import { readObject } from '../cluster.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { isLiveObject, MARK, ONE_OFF, STACK } from '../cache/live-object.ts';

const PAUSE_MS = 100;

/** Jobs of hooks that this process does not run. */
export async function listLeftovers(
  { client, oneOffs }: Cluster,
  signal: AbortSignal,
): Promise<readonly OneOffLeftover[]> {
  const query = { labelSelector: `${ONE_OFF}=true` };
  try {
    const { body } = await client.request({ method: 'GET', path: '/apis/batch/v1/jobs', query, signal });
    const jobs = (asList(asFields(body)?.['items']) ?? []).filter(isLiveObject);
    return jobs.filter(({ metadata }) => !oneOffs.has(metadata.uid)).map(toLeftover);
  } catch (error) {
    // An account that may not look has made none.
    if (isApiError(error, 403)) return [];
    throw error;
  }
}

function toLeftover({ metadata }: LiveObject): OneOffLeftover {
  const { namespace = '', name, uid, annotations = {} } = metadata;
  return {
    id: `${namespace}/${name}/${uid}`,
    name: `${namespace}/${name}`,
    stack: annotations[STACK] ?? '',
    revision: annotations[MARK.revision] ?? null,
    branch: annotations[MARK.branch] ?? null,
  };
}

/** Removes a job by the id of its leftover; another one of the name stays. */
export async function removeLeftover(cluster: Cluster, id: string, signal: AbortSignal): Promise<void> {
  const [namespace = '', name = '', uid = ''] = id.split('/');
  await removeJob(cluster, { namespace, name, uid }, signal);
}

interface JobPlace {
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
}

/** Removes a job that runs once with its pods, and waits until it is gone. A job of anybody else's is left alone. */
export async function removeJob(
  cluster: Cluster,
  { namespace, name, uid }: JobPlace,
  signal: AbortSignal,
): Promise<void> {
  const path = `/apis/batch/v1/namespaces/${namespace}/jobs/${name}`;
  const live = await readObject(cluster, path, signal);
  if (!live || live.metadata.labels?.[ONE_OFF] !== 'true') return;
  if (uid !== undefined && live.metadata.uid !== uid) return;
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: 'Foreground',
    gracePeriodSeconds: 0,
    preconditions: { uid: live.metadata.uid },
  };
  try {
    await cluster.client.request({ method: 'DELETE', path, body, signal });
  } catch (error) {
    if (!isApiError(error, 404) && !isApiError(error, 409)) throw error;
  }
  for (;;) {
    const now = await readObject(cluster, path, signal);
    if (now?.metadata.uid !== live.metadata.uid) return;
    await cluster.clock.sleep(PAUSE_MS, signal);
  }
}

import type { ClusterInstancesOptions } from './options.ts';
import { createAbortScope, withAbortScope } from '../../../base/abort-scope.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import { saturated } from '../../../pods/refusals.ts';
import type { JsonObject } from '../../../base/json.ts';
import type { InstanceBackend, Placement, UnplacedInstance } from '../../../ports/instance-backend.ts';
import { isApiError } from '../api/api-error.ts';
import type { ApiClient } from '../api/client.ts';
import { createApiClient } from '../api/client.ts';
import { readObject } from '../cluster.ts';
import type { ConnectionOptions } from '../api/connection.ts';
import { loadKubeConfig } from '../api/connection.ts';
import { toTargetError } from '../api/errors.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { buildPod, buildService } from './objects.ts';
import { readInstanceLogs } from './logs.ts';
import { podsOf } from './pods.ts';
import { externalIpOf, isUnschedulable, nodeOf } from './pod-state.ts';
import { toInstanceError } from './refusals.ts';
import { watchCluster } from './watch.ts';

export type KubernetesInstancesOptions = Omit<ClusterInstancesOptions, 'client'> & ConnectionOptions;

/** Instances on a Kubernetes cluster: a Pod and a NodePort Service each. Connects when first used. */
export function createKubernetesInstances(options: KubernetesInstancesOptions): InstanceBackend {
  const { connection, resolveSecret, ...rest } = options;
  const loadConfig = () => loadKubeConfig({ connection, resolveSecret });
  return createClusterInstances({ ...rest, client: createApiClient({ loadConfig }) });
}

/** Pause between two looks for the node of a pod. */
const LOOK_MS = 250;

export function createClusterInstances(options: ClusterInstancesOptions): InstanceBackend {
  const { client } = options;
  const closing = new AbortController();
  async function guard<T>(
    doing: string,
    signal: AbortSignal,
    call: (both: AbortSignal) => Promise<T>,
  ): Promise<T> {
    using scope = createAbortScope({ signals: [signal, closing.signal] });
    try {
      return await call(scope.signal);
    } catch (error) {
      throw toTargetError(error, doing, client.address, scope.signal);
    }
  }
  return {
    // The cluster says itself what it cannot do.
    check: () => undefined,
    isFree: () => Promise.resolve(true),
    async place(instance, signal) {
      using scope = createAbortScope({ signals: [signal, closing.signal] });
      try {
        return await place(options, instance, scope.signal);
      } catch (error) {
        throw toInstanceError(error, {
          doing: `place ${instance.id}`,
          address: client.address,
          signal: scope.signal,
        });
      }
    },
    // All of it was made when it was placed.
    ensure: () => Promise.resolve(),
    remove: (id, signal) => guard(`remove ${id}`, signal, (both) => removeAll(options, id, both)),
    exists: (id, signal) =>
      guard(`look for ${id}`, signal, async (both) => {
        const service = await readObject(options, servicePath(options.namespace, id), both);
        return service !== undefined && (await podsOf(options, id, both)).some(isStaying);
      }),
    logs: (id, tail, signal) =>
      guard(`read the log of ${id}`, signal, (both) => readInstanceLogs(options, { id, tail }, both)),
    watch: (sink, signal) =>
      withAbortScope({ signals: [signal, closing.signal] }, (both) =>
        watchCluster({ ...options, sink }, both),
      ),
    async [Symbol.asyncDispose]() {
      closing.abort(new ReconcilerError('CANCELLED', 'instances are not looked after any more'));
      client.close();
    },
  };
}

async function place(
  options: ClusterInstancesOptions,
  instance: UnplacedInstance,
  signal: AbortSignal,
): Promise<Placement> {
  const { client, nodeRole, namespace, publicIp, clock } = options;
  const input = { instance, owner: options.owner(), nodeRole };
  const post = (plural: string, body: JsonObject) =>
    client.request({ method: 'POST', path: `/api/v1/namespaces/${namespace}/${plural}`, body, signal });
  await ensureNamespace(client, namespace, signal);
  await post('pods', buildPod(input));
  await post('services', buildService(input));
  const path = podPath(namespace, instance.podId);
  for (;;) {
    const pod = await readObject(options, path, signal);
    const node = pod === undefined ? null : nodeOf(pod);
    if (pod === undefined || isUnschedulable(pod)) throw saturated();
    if (node !== null)
      return { nodeId: node, nodePublicIp: publicIp ?? (await publicIpOf(options, node, signal)) };
    await clock.sleep(LOOK_MS, signal);
  }
}

async function ensureNamespace(client: ApiClient, namespace: string, signal: AbortSignal): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}`;
  try {
    if ((await readObject({ client }, path, signal)) !== undefined) return;
  } catch (error) {
    // An account that may not look at it may still have rights inside.
    if (isApiError(error, 403)) return;
    throw error;
  }
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  try {
    await client.request({ method: 'POST', path: '/api/v1/namespaces', body, signal });
  } catch (error) {
    if (!isApiError(error, 409)) throw error;
  }
}

async function publicIpOf(
  options: ClusterInstancesOptions,
  node: string,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return externalIpOf(await readObject(options, `/api/v1/nodes/${encodeURIComponent(node)}`, signal));
  } catch (error) {
    if (isApiError(error, 403)) return null;
    throw error;
  }
}

/** The service first: nobody is sent to a pod that is going. */
async function removeAll(options: ClusterInstancesOptions, id: string, signal: AbortSignal): Promise<void> {
  const { namespace } = options;
  await remove(options, servicePath(namespace, id), signal);
  for (const { metadata } of await podsOf(options, id, signal))
    await remove(options, podPath(namespace, metadata.name), signal);
}

async function remove({ client }: ClusterInstancesOptions, path: string, signal: AbortSignal): Promise<void> {
  try {
    await client.request({ method: 'DELETE', path, body: { gracePeriodSeconds: 0 }, signal });
  } catch (error) {
    if (!isApiError(error, 404)) throw error;
  }
}

function isStaying({ metadata }: LiveObject): boolean {
  return metadata.deletionTimestamp === undefined;
}

function servicePath(namespace: string, id: string): string {
  return `/api/v1/namespaces/${namespace}/services/${encodeURIComponent(`svc-${id}`)}`;
}

function podPath(namespace: string, name: string): string {
  return `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(name)}`;
}

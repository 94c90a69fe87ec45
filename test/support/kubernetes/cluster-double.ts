import { KubeConfig } from '@kubernetes/client-node';
import type { ApiClient } from '../../../reconciler/adapters/kubernetes/api/client.ts';
import { createApiClient } from '../../../reconciler/adapters/kubernetes/api/client.ts';
import { createClusterTarget } from '../../../reconciler/adapters/kubernetes/target.ts';
import type { ClusterTarget } from '../../../reconciler/adapters/kubernetes/target.ts';
import { CLUSTER, createHand } from './cluster-stack.ts';
import { DEFAULT_CLASS } from './rules.ts';
import type { RealKubernetes } from './kubernetes-suites.ts';
import { loadConfig } from './kubernetes-server.ts';
import type { KubernetesApi } from './kubernetes-api.ts';
import { startKubernetesApi } from './kubernetes-api.ts';
import { realClock, silentLogger } from '../docker/target-options.ts';

/** Connections to the API server of a configuration. */
export interface ClusterConnector {
  readonly client: ApiClient;
  /** Another client; whoever makes it closes it. */
  createClient(): ApiClient;
  createTarget(): ClusterTarget;
}

export function createConnector(config: KubeConfig): ClusterConnector {
  const connect = () => createApiClient({ loadConfig: async () => config });
  return {
    client: connect(),
    createClient: connect,
    createTarget: () =>
      createClusterTarget({ name: CLUSTER, client: connect(), clock: realClock, logger: silentLogger }),
  };
}

export interface ClusterDouble extends ClusterConnector, AsyncDisposable {
  readonly api: KubernetesApi;
}

/** @param storage `default class`: claims without a class are given one */
export async function startClusterDouble(storage?: 'default class'): Promise<ClusterDouble> {
  const api = await startKubernetesApi();
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'double', server: api.url, skipTLSVerify: true }, { name: 'nobody' });
  const connector = createConnector(config);
  if (storage !== undefined) await makeDefaultClass(connector.client);
  return {
    ...connector,
    api,
    async [Symbol.asyncDispose]() {
      connector.client.close();
      await api[Symbol.asyncDispose]();
    },
  };
}

async function makeDefaultClass(client: ApiClient): Promise<void> {
  await createHand(client).create('/apis/storage.k8s.io/v1/storageclasses', {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard', annotations: { [DEFAULT_CLASS]: 'true' } },
    provisioner: 'example.org/disk',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
}

export function openRealCluster({ kubeconfig }: RealKubernetes): ClusterConnector & AsyncDisposable {
  const connector = createConnector(loadConfig(kubeconfig));
  return { ...connector, [Symbol.asyncDispose]: async () => connector.client.close() };
}

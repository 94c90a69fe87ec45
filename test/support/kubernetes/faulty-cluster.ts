import { KubeConfig } from '@kubernetes/client-node';
import type { ApiClient } from '../../../reconciler/adapters/kubernetes/api/client.ts';
import type { ApiProxy } from '../api/api-proxy.ts';
import { startApiProxy } from '../api/api-proxy.ts';
import type { ClusterConnector } from './cluster-double.ts';
import { createConnector } from './cluster-double.ts';
import { startKubernetesApi } from './kubernetes-api.ts';
import { loadConfig, startKubernetesServer } from './kubernetes-server.ts';

/** An API server of one's own, reached over a line that can be cut. */
export interface FaultyCluster extends ClusterConnector, AsyncDisposable {
  readonly line: ApiProxy;
  /** Not over the line. */
  readonly direct: ApiClient;
  /** Ends the server; its objects stay. */
  stop(): Promise<void>;
  /** Runs it again. It has forgotten what a watch could go on from. */
  start(): Promise<void>;
}

export async function startFaultyDouble(): Promise<FaultyCluster> {
  const api = await startKubernetesApi();
  const line = await startApiProxy({ url: api.url });
  const direct = createConnector(plainConfig(api.url));
  return {
    ...createConnector(plainConfig(line.url)),
    line,
    direct: direct.client,
    stop: () => api.stop(),
    async start() {
      api.store.compact();
      await api.start();
    },
    async [Symbol.asyncDispose]() {
      direct.client.close();
      await line[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

/** @param assets see `startKubernetesServer` */
export async function startFaultyServer(assets: string): Promise<FaultyCluster> {
  const server = await startKubernetesServer(assets);
  const line = await startApiProxy({ url: server.url, token: server.token });
  const direct = createConnector(loadConfig(server.kubeconfig));
  return {
    ...createConnector(plainConfig(line.url)),
    line,
    direct: direct.client,
    stop: () => server.stop(),
    start: () => server.start(),
    async [Symbol.asyncDispose]() {
      direct.client.close();
      await line[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

function plainConfig(server: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'plain', server, skipTLSVerify: true }, { name: 'nobody' });
  return config;
}

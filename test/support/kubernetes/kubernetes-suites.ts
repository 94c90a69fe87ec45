import { delimiter } from 'node:path';
import process from 'node:process';
import { createApiClient } from '../../../reconciler/adapters/kubernetes/api/client.ts';
import type { ServerOptions } from './kubernetes-server.ts';
import { loadConfig, readVersion, startKubernetesServer } from './kubernetes-server.ts';

/** Server that the Kubernetes suites run on beside the API double. */
export interface RealKubernetes {
  /** Path of the configuration. */
  readonly kubeconfig: string;
  /** Says what it is: `API server v1.36.2 at https://…`. */
  readonly title: string;
  /** It has nodes that run pods, and others may be at work on it. */
  readonly shared: boolean;
}

export interface KubernetesSuites {
  /** `null`: the double is all there is. */
  readonly real: RealKubernetes | null;
  stop(): Promise<void>;
}

/**
 * A cluster that `KUBECONFIG` names, else a server started from the folder `KUBEBUILDER_ASSETS`, else none. The tests make
 * namespaces with random names on it and touch nothing outside of them but definitions and volumes of their own.
 */
export async function startKubernetesSuites(
  env: NodeJS.ProcessEnv = process.env,
  options: ServerOptions = {},
): Promise<KubernetesSuites> {
  const file = env['KUBECONFIG']?.split(delimiter).find((one) => one !== '');
  if (file !== undefined) {
    return { real: { ...(await describeCluster(file)), shared: true }, stop: async () => undefined };
  }
  const assets = env['KUBEBUILDER_ASSETS'];
  if (assets === undefined || assets === '') return { real: null, stop: async () => undefined };
  const server = await startKubernetesServer(assets, options);
  const { kubeconfig, version, url } = server;
  const title = `API server ${version} at ${url}`;
  return { real: { kubeconfig, title, shared: false }, stop: async () => server[Symbol.asyncDispose]() };
}

/** One line for the output of the tests. */
export function announce({ real }: KubernetesSuites): string {
  return real === null
    ? 'Kubernetes suites: API double (neither KUBECONFIG nor KUBEBUILDER_ASSETS is set)'
    : `Kubernetes suites: API double and ${real.title}`;
}

async function describeCluster(kubeconfig: string): Promise<Omit<RealKubernetes, 'shared'>> {
  const client = createApiClient({ loadConfig: async () => loadConfig(kubeconfig) });
  try {
    const version = await readVersion(client);
    return { kubeconfig, title: `API server ${version} at ${client.address} (KUBECONFIG)` };
  } finally {
    client.close();
  }
}

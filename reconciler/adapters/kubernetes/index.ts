import { createApiClient } from './api/client.ts';
import type { ClusterOptions } from './cluster.ts';
import type { ConnectionOptions } from './api/connection.ts';
import { loadKubeConfig } from './api/connection.ts';
import type { ClusterTarget } from './target.ts';
import { createClusterTarget } from './target.ts';

export type KubernetesTargetOptions = Omit<ClusterOptions, 'client'> & ConnectionOptions;

/**
 * A Kubernetes cluster as a target. Connects when first used; `Symbol.asyncDispose` ends its watches and closes every connection.
 */
export function createKubernetesTarget(options: KubernetesTargetOptions): ClusterTarget {
  const { connection, resolveSecret, ...rest } = options;
  const loadConfig = () => loadKubeConfig({ connection, resolveSecret });
  return createClusterTarget({ ...rest, client: createApiClient({ loadConfig }) });
}

export { createKubernetesInstances } from './instances/backend.ts';

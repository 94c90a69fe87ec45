import { createDockerInstances } from '../adapters/docker/index.ts';
import { errorMessage, isReconcilerError } from '../base/errors.ts';
import type { RegistryCredentials } from '../model/registry.ts';
import { createKubernetesInstances } from '../adapters/kubernetes/index.ts';
import { defined } from '../base/values.ts';
import type { Instances } from '../public/instances.ts';
import type { Clock } from '../ports/clock.ts';
import type { InstanceBackend } from '../ports/instance-backend.ts';
import type { Logger } from '../ports/logger.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Store } from '../ports/store.ts';
import { createInstances } from '../run/instances/create-instances.ts';
import type { InstancesConfig } from './instances-config.ts';
import { openOwnerId } from './owner-id.ts';

export interface OpenInstancesOptions {
  readonly config: InstancesConfig;
  readonly stateDir: string;
  readonly store: Store;
  readonly secrets: Secrets;
  readonly registries: () => readonly RegistryCredentials[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Instances where the configuration wants them; nothing is connected before the first one, or what is left of earlier ones. `null` when
 * they are turned off, or this machine's `DOCKER_HOST` cannot be understood, which is logged.
 */
export function openInstances(options: OpenInstancesOptions): Instances | null {
  const { config, store, clock, logger } = options;
  if (!config.enabled) return null;
  const owner = openOwnerId(options.stateDir);
  try {
    return createInstances({
      backend: createBackend(options, () => owner.get()),
      records: store,
      clock,
      logger,
      settings: config.settings,
      alwaysWatch: owner.wasUsed,
    });
  } catch (error) {
    if (!isReconcilerError(error, 'BAD_OPTIONS')) throw error;
    logger.warn({ error: errorMessage(error) }, 'no instances can be run');
    return null;
  }
}

function createBackend(
  { config, secrets, registries, clock, logger, env }: OpenInstancesOptions,
  owner: () => string,
): InstanceBackend {
  const { place, settings, nodeRole, publishAddress, publicIp, pidsLimit } = config;
  const common = { owner, namespace: settings.namespace, clock, logger, ...defined({ publicIp }) };
  if (place.kind === 'kubernetes') {
    const resolveSecret = (reference: string) => secrets.resolve(reference);
    return createKubernetesInstances({ ...common, connection: place.connection, resolveSecret, nodeRole });
  }
  return createDockerInstances({
    ...common,
    connection: place.connection,
    environment: env,
    registries,
    ...defined({ publishAddress, pidsLimit }),
  });
}

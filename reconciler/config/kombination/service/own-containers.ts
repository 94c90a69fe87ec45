import { sharedModes } from '../../../model/docker/options/container-options.ts';
import type { Kombination, ServiceModel } from '../kombination.ts';
import { containerName, projectOf } from '../kombination.ts';
import { numbersOf } from '../replicas.ts';

const PREFIX = 'container:';

/**
 * A service may name another one of its stack by the name that its container has on the engine: `container:vpn` where a service says
 * `container_name: vpn`. It is the same as `service:<its name>`: it waits for the other one, and is made anew together with it.
 */
export function withOwnContainers(kombination: Kombination): Kombination {
  const { services } = kombination;
  const project = projectOf(kombination);
  const owners = new Map(
    services
      .filter((service) => numbersOf(service).length > 0)
      .map((service) => [keyOf(service, containerName(project, service)), service]),
  );
  return { ...kombination, services: services.map((service) => resolved(service, owners)) };
}

function resolved(service: ServiceModel, owners: ReadonlyMap<string, ServiceModel>): ServiceModel {
  const { networkMode, options, volumesFrom } = service;
  const found = new Set<string>();
  const ownerOf = (container: string): string | undefined => {
    const owner = owners.get(keyOf(service, container));
    if (owner === undefined || owner === service) return undefined;
    found.add(owner.name);
    return owner.name;
  };
  const inOwnWords = (mode: string): string => {
    const owner = mode.startsWith(PREFIX) ? ownerOf(mode.slice(PREFIX.length)) : undefined;
    return owner === undefined ? mode : `service:${owner}`;
  };
  const shared = sharedModes(options).map(([name, mode]) => [name, inOwnWords(mode)]);
  const volumes = volumesFrom.map((entry) => {
    const owner = entry.external ? ownerOf(entry.target) : undefined;
    return owner === undefined ? entry : { ...entry, target: owner, external: false };
  });
  const mode = networkMode === undefined ? undefined : inOwnWords(networkMode);
  if (found.size === 0) return service;
  const waits = [...found].map((name) => ({
    service: name,
    until: 'healthy' as const,
    required: true,
    path: service.path,
  }));
  return {
    ...service,
    ...(mode === undefined ? {} : { networkMode: mode }),
    options: { ...options, ...Object.fromEntries(shared) },
    volumesFrom: volumes,
    dependsOn: [...service.dependsOn, ...waits],
  };
}

/** Names of containers are taken on engines. */
function keyOf({ node }: ServiceModel, container: string): string {
  return `${node} ${container}`;
}

import type { DependencyMap } from './check-kombination.ts';
import { formatPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { Kombination, ServiceModel } from '../kombination.ts';
import { containerName, projectOf } from '../kombination.ts';
import { checkReplicas } from './check-replicas.ts';
import { numbersOf } from '../replicas.ts';
import { CONTAINER_OPTIONS, sharedModes } from '../../../model/docker/options/container-options.ts';
import { sharedService } from '../service/service-network.ts';

/** Checks what containers of one stack must agree on: names on the engine, platforms of images, what they share. */
export function checkContainers(
  kombination: Kombination,
  dependencies: DependencyMap,
  diagnostics: DiagnosticCollector,
): void {
  checkNames(kombination, diagnostics);
  checkReplicas(kombination, diagnostics);
  checkPlatforms(kombination, diagnostics);
  for (const service of kombination.services) checkSharing(service, dependencies, diagnostics);
}

function checkNames(kombination: Kombination, diagnostics: DiagnosticCollector): void {
  const owners = new Map<string, ServiceModel>();
  for (const service of kombination.services) {
    for (const number of numbersOf(service)) {
      const called = containerName(projectOf(kombination), service, number);
      const key = `${service.node}/${called}`;
      const other = owners.get(key);
      owners.set(key, service);
      // Two services of one name have been reported.
      if (!other || other === service || (other.containerName ?? service.containerName) === undefined)
        continue;
      const named = service.containerName === undefined ? other : service;
      const message = `${other.name} and ${service.name} would both be called ${called}`;
      diagnostics.error('INVALID_VALUE', [...named.path, 'container_name'], message, {
        hint: 'give one of them another container_name',
      });
    }
  }
}

/** An engine keeps one image for each reference. */
function checkPlatforms({ services }: Kombination, diagnostics: DiagnosticCollector): void {
  const platforms = new Map<string, ServiceModel>();
  for (const service of services) {
    const key = `${service.node}/${service.image ?? ''}`;
    const other = platforms.get(key);
    if (other && other.options.platform !== service.options.platform) {
      const named = service.options.platform === undefined ? other : service;
      const message = `${other.name} and ${service.name} use ${service.image ?? ''} for different platforms`;
      diagnostics.error('INVALID_VALUE', [...named.path, 'platform'], message, {
        hint: 'give both the same platform, or name the images by digest',
      });
    }
    if (!other) platforms.set(key, service);
  }
}

/** A container can only be shared with, or linked to, on its own engine. */
function checkSharing(
  service: ServiceModel,
  dependencies: DependencyMap,
  diagnostics: DiagnosticCollector,
): void {
  const { networkMode, options, volumesFrom, links } = service;
  const places = [
    { target: sharedService(networkMode), path: [...service.path, 'network_mode'] },
    ...sharedModes(options).map(([name, mode]) => ({
      target: sharedService(mode),
      path: [...service.path, CONTAINER_OPTIONS[name].key],
    })),
    ...[...volumesFrom, ...links].filter(({ external }) => !external),
  ];
  const known = dependencies.get(service.name) ?? [];
  for (const { target, path } of places) {
    // A missing service has been reported with the dependencies.
    const other = known.find((dependency) => dependency.target.name === target)?.target;
    if (!other) continue;
    if (other.node !== service.node) {
      const message = `${service.name} shares with ${other.name}, which runs on another node`;
      diagnostics.error('INVALID_VALUE', path, message, { hint: `see node at ${formatPath(other.path)}` });
    } else if (numbersOf(other).length === 0) {
      // A container of that name would be somebody else's.
      const message = `${service.name} shares with ${other.name}, which has no container`;
      diagnostics.error('INVALID_VALUE', path, message, {
        hint: `see replicas at ${formatPath(other.path)}`,
      });
    }
  }
}

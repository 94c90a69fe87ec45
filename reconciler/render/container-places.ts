import type { Analysis } from '../config/kombination/analyze.ts';
import type { ContainerOptions } from '../model/docker/options/container-options.ts';
import type { ContainerSpec, EndpointSpec } from '../model/docker/docker-spec.ts';
import type { LinkEntry, ServiceModel } from '../config/kombination/kombination.ts';
import { containerName, projectOf } from '../config/kombination/kombination.ts';
import { sharedModes, withoutDefaults } from '../model/docker/options/container-options.ts';
import { sharedService } from '../config/kombination/service/service-network.ts';
import { compareText, own, toRecord } from '../base/values.ts';
import { engineName, networksOf } from './names.ts';

/* A container's place among others: its networks, and what it shares with one other container. */

export function buildNetworks(
  service: ServiceModel,
  { kombination }: Analysis,
): NonNullable<ContainerSpec['networks']> {
  return toRecord(
    networksOf(service).map(({ name, aliases, address }) => {
      const others = [...new Set(aliases)].filter((alias) => alias !== service.name).sort();
      const network = engineName(projectOf(kombination), name, own(kombination.networks, name));
      return [network, { aliases: [service.name, ...others], ...address }] as const;
    }),
  );
}

type Places = Pick<ContainerSpec, 'endpoints' | 'primaryNetwork' | 'networkMode' | 'volumesFrom'>;

/** Left out are the keys that nobody says. */
export function buildPlaces(service: ServiceModel, analysis: Analysis): Places {
  const { kombination } = analysis;
  const nameOf = (name: string): string =>
    engineName(projectOf(kombination), name, own(kombination.networks, name));
  const networks = networksOf(service);
  const links = buildLinks(service, analysis);
  const endpoints = networks.flatMap(({ name, endpoint }): [string, EndpointSpec][] =>
    endpoint || links ? [[nameOf(name), { ...endpoint, ...(links ? { links } : {}) }]] : [],
  );
  const [first] = [...networks].sort(
    (a, b) => (b.priority ?? 0) - (a.priority ?? 0) || compareText(nameOf(a.name), nameOf(b.name)),
  );
  const prioritised = networks.some(({ priority }) => priority !== undefined);
  const volumesFrom = service.volumesFrom.map(({ target, external, readOnly }) => {
    const container = external ? target : nameOnEngine(target, analysis);
    return `${container}${readOnly ? ':ro' : ''}`;
  });
  return {
    ...(endpoints.length > 0 ? { endpoints: toRecord(endpoints) } : {}),
    ...(prioritised && first ? { primaryNetwork: nameOf(first.name) } : {}),
    ...(service.networkMode === undefined
      ? {}
      : { networkMode: inEngineWords(service.networkMode, analysis) }),
    ...(volumesFrom.length > 0 ? { volumesFrom } : {}),
  };
}

/** The options of a service with the containers they name called as on the engine. */
export function buildOptions({ options }: ServiceModel, analysis: Analysis): ContainerOptions {
  const shared = sharedModes(options).map(([name, mode]) => [name, inEngineWords(mode, analysis)]);
  return { ...withoutDefaults(options), ...Object.fromEntries(shared) };
}

/** Services whose namespaces or volumes it shares: when one of them is made anew, so is this one. */
export function sharedWith(
  service: ServiceModel,
  { kombination }: Analysis,
): readonly Pick<ServiceModel, 'node' | 'name'>[] {
  const { networkMode, options, volumesFrom } = service;
  const modes = [networkMode, ...sharedModes(options).map(([, mode]) => mode)].map(sharedService);
  const volumes = volumesFrom.filter(({ external }) => !external).map(({ target }) => target);
  const names = new Set([...modes, ...volumes]);
  return kombination.services.filter(({ name }) => names.has(name));
}

/** `service:web` as `container:<its name on the engine>`; everything else is a word of the engine already. */
function inEngineWords(mode: string, analysis: Analysis): string {
  const service = sharedService(mode);
  return service === undefined ? mode : `container:${nameOnEngine(service, analysis)}`;
}

function nameOnEngine(service: string, { kombination }: Analysis): string {
  const model = kombination.services.find(({ name }) => name === service);
  return containerName(projectOf(kombination), model ?? { name: service });
}

/** Builds links as Compose has them: the alias, and the names the other container would have without one. */
function buildLinks(service: ServiceModel, analysis: Analysis): readonly string[] | undefined {
  const links = service.links.flatMap(({ target, alias, external }: LinkEntry) => {
    if (external) return [`${target}:${alias}`];
    const container = nameOnEngine(target, analysis);
    return [alias, `${target}-1`, container].map((name) => `${container}:${name}`);
  });
  return links.length > 0 ? [...new Set(links)].sort(compareText) : undefined;
}

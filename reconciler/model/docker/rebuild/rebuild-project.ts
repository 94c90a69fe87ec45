import type { Fields } from '../../../base/values.ts';
import { asFields } from '../../../base/values.ts';
import type { Inspected, InspectedProject } from './inspected.ts';
import { composeLabel, fieldsAt, givenLabels, listAt, saying, textAt, valueAt } from './inspected.ts';
import { rebuildParts } from './rebuild-mounts.ts';
import { rebuildService } from './rebuild-service.ts';

export interface RebuiltProject {
  /** A Compose file as a value; dollar signs are written twice. */
  readonly document: Fields;
  /** Things that run and that no Compose file can say, each with its service. */
  readonly remarks: readonly string[];
}

/**
 * A Compose file for a project that runs and whose files are gone. Given to docker-compose it leads to the same containers, outside of what
 * the engine does not tell: content that Compose copied into them (`configs` with `content`), `develop`, hooks, profiles. Pure.
 */
export function rebuildComposeProject(project: InspectedProject): RebuiltProject {
  const remarks: string[] = [];
  const groups = groupByService(project.containers);
  const serviceOf = new Map(
    [...groups].flatMap(([service, containers]) =>
      containers.flatMap((container) =>
        [textAt(container, 'Id'), textAt(container, 'Name').replace(/^\//, '')].map(
          (id) => [id, service] as const,
        ),
      ),
    ),
  );
  const services = [...groups].map(([name, containers]): readonly [string, Fields] => {
    const [container = {}] = containers;
    const image = fieldsAt(project.images.get(textAt(container, 'Image')), 'Config');
    const remark = (text: string): number => remarks.push(`${name}: ${text}`);
    const said = rebuildService({ project, name, container, image, serviceOf, remark });
    return [name, containers.length > 1 ? { ...said, scale: containers.length } : said];
  });
  const kind = { project: project.name };
  const document = saying({
    services: Object.fromEntries(services),
    networks: networksOf(project),
    volumes: rebuildParts(namedVolumes(project), { kind: 'volume', ...kind }, rebuildVolume),
  });
  return { document: escapeDollars(document) as Fields, remarks };
}

/** Containers of each service in the order of their numbers, services in that of their names. */
function groupByService(containers: readonly Inspected[]): ReadonlyMap<string, readonly Inspected[]> {
  const groups = new Map<string, Inspected[]>();
  for (const container of containers) {
    const service = composeLabel(container, 'service');
    if (service === '' || composeLabel(container, 'oneoff') === 'True') continue;
    groups.set(service, [...(groups.get(service) ?? []), container]);
  }
  const number = (container: Inspected): number => Number(composeLabel(container, 'container-number'));
  return new Map(
    [...groups]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([service, list]) => [service, list.toSorted((a, b) => number(a) - number(b))]),
  );
}

/** Volumes with a name that somebody gave. */
function namedVolumes({ volumes, name }: InspectedProject): readonly Inspected[] {
  return volumes.filter(
    (volume) =>
      valueAt(volume, 'Labels', 'com.docker.volume.anonymous') === undefined &&
      (composeLabel(volume, 'volume') !== '' || composeLabel(volume, 'project') !== name) &&
      !/^[0-9a-f]{64}$/.test(textAt(volume, 'Name')),
  );
}

function rebuildVolume(volume: Inspected): Fields {
  const driver = textAt(volume, 'Driver');
  return saying({
    driver: driver === 'local' ? '' : driver,
    driver_opts: volume['Options'],
    labels: givenLabels(volume),
  });
}

/** The default network is there anyway. */
function networksOf(project: InspectedProject): Fields {
  const { networks, name, containers } = project;
  const own = networks.filter((network) => !/^(bridge|host|none)$/.test(textAt(network, 'Name')));
  const all = rebuildParts(own, { kind: 'network', project: name }, (network) =>
    rebuildNetwork(network, containers),
  );
  return Object.fromEntries(Object.entries(all).filter(([key, said]) => key !== 'default' || said !== null));
}

function rebuildNetwork(network: Inspected, containers: readonly Inspected[]): Fields {
  const driver = textAt(network, 'Driver');
  const options = Object.entries(fieldsAt(network, 'Options')).filter(
    ([key]) => key !== 'com.docker.network.enable_ipv4' && key !== 'com.docker.network.enable_ipv6',
  );
  return saying({
    driver: driver === 'bridge' ? '' : driver,
    driver_opts: Object.fromEntries(options),
    internal: network['Internal'] === true ? true : undefined,
    attachable: network['Attachable'] === true ? true : undefined,
    enable_ipv4: network['EnableIPv4'] === false ? false : undefined,
    enable_ipv6: network['EnableIPv6'] === true ? true : undefined,
    labels: givenLabels(network),
    ipam: ipamOf(network, containers),
  });
}

/** Address pools from which engines take subnets by themselves; one with a gateway that is its first address tells nothing. */
const OWN_POOLS = /^(172\.(1[7-9]|2\d|3[01])\.0\.0\/16|192\.168\.\d+\.0\/20)$/;

/** Subnets that somebody chose. One from the engine's own pools is chosen when containers have addresses of their own in it. */
function ipamOf(network: Inspected, containers: readonly Inspected[]): Fields {
  const driver = textAt(network, 'IPAM', 'Driver');
  const name = textAt(network, 'Name');
  const hasAddresses = containers.some((container) => {
    const config = fieldsAt(container, 'NetworkSettings', 'Networks', name, 'IPAMConfig');
    return textAt(config, 'IPv4Address') !== '' || textAt(config, 'IPv6Address') !== '';
  });
  const pools = listAt(network, 'IPAM', 'Config').flatMap((pool): readonly Fields[] => {
    const fields = asFields(pool) ?? {};
    const subnet = textAt(fields, 'Subnet');
    const isChosen = hasAddresses || !OWN_POOLS.test(subnet) || textAt(fields, 'IPRange') !== '';
    if (!isChosen) return [];
    return [
      saying({
        subnet,
        gateway: textAt(fields, 'Gateway'),
        ip_range: textAt(fields, 'IPRange'),
        aux_addresses: fields['AuxiliaryAddresses'],
      }),
    ];
  });
  return saying({ driver: driver === 'default' ? '' : driver, config: pools });
}

/** A dollar sign of a value begins no variable. Names of members have none. */
function escapeDollars(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map(escapeDollars);
  const fields = asFields(value);
  if (!fields) return value;
  return Object.fromEntries(Object.entries(fields).map(([key, member]) => [key, escapeDollars(member)]));
}

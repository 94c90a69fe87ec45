import type { EndpointSpec, ContainerSpec } from '../../../model/docker/docker-spec.ts';
import type { ContainerOptions } from '../../../model/docker/options/container-options.ts';
import { givenOptions } from '../../../model/docker/options/container-options.ts';
import type { DockerField } from '../../../model/docker/options/option.ts';
import type { Fields as Body } from '../../../base/values.ts';
import { asFields, own } from '../../../base/values.ts';
import { speaks } from '../engine/transport.ts';

/**
 * The options of a container in one part of "create container". What an engine of this API version does not know is left out;
 * `engine-needs.ts` says so.
 */
export function buildOptions(options: ContainerOptions, place: DockerField['place'], api: string): Body {
  let body: Body = {};
  for (const { row, value } of givenOptions(options)) {
    const { docker } = row;
    if (docker.place !== place || (docker.since !== undefined && !speaks(api, docker.since))) continue;
    const words = row.toDocker ? row.toDocker(value) : value;
    body = { ...body, ...(docker.name === undefined ? asFields(words) : { [docker.name]: words }) };
  }
  return body;
}

/** Builds the endpoint of a container in a network. */
export function buildEndpoint(spec: ContainerSpec, network: string, isFirst: boolean, api: string): Body {
  const { linkLocalIps, links, gwPriority, ...endpoint }: EndpointSpec = own(spec.endpoints, network) ?? {};
  const { ipv4Address, ipv6Address } = own(spec.networks, network) ?? {};
  const addresses = withoutUndefined({
    IPv4Address: ipv4Address,
    IPv6Address: ipv6Address,
    LinkLocalIPs: linkLocalIps,
  });
  const { interfaceName, driverOpts } = endpoint;
  const named = interfaceName === undefined ? {} : { [INTERFACE_NAME]: interfaceName };
  const options = { ...driverOpts, ...named };
  const mac = endpoint.macAddress ?? (isFirst ? spec.macAddress : undefined);
  return withoutUndefined({
    IPAMConfig: Object.keys(addresses).length > 0 ? addresses : undefined,
    Links: links,
    DriverOpts: Object.keys(options).length > 0 ? options : undefined,
    MacAddress: speaks(api, '1.44') ? mac : undefined,
    GwPriority: speaks(api, '1.48') ? gwPriority : undefined,
  });
}

const INTERFACE_NAME = 'com.docker.network.endpoint.ifname';

/** Before API 1.44 a container has one address for all of its networks. */
export function containerMac(
  spec: ContainerSpec,
  first: string | undefined,
  api: string,
): string | undefined {
  if (first === undefined) return spec.macAddress;
  return speaks(api, '1.44') ? undefined : (spec.macAddress ?? own(spec.endpoints, first)?.macAddress);
}

export function withoutUndefined(object: Body): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

import type { Fields } from '../../../base/values.ts';
import { asFields } from '../../../base/values.ts';
import type { InspectedProject, ServiceSource } from './inspected.ts';
import { fieldsAt, listAt, saying, textAt, textsAt, valueAt } from './inspected.ts';
import { partKey } from './rebuild-mounts.ts';

/* Networks, ports and links of a container as lines of a Compose file. */

const OWN_MODES = new Set(['host', 'none', 'bridge', 'default']);

export function rebuildNetworks(source: ServiceSource): Fields {
  const { container, serviceOf } = source;
  const mode = textAt(container, 'HostConfig', 'NetworkMode');
  if (OWN_MODES.has(mode)) return { network_mode: mode === 'default' ? 'bridge' : mode };
  const shared = /^container:(.+)$/.exec(mode)?.[1];
  if (shared !== undefined) {
    const service = serviceOf.get(shared);
    return { network_mode: service === undefined ? mode : `service:${service}` };
  }
  return saying({ networks: networksOf(source, mode), ...linksOf(source) });
}

function networksOf({ project, container, name }: ServiceSource, mode: string): Fields | undefined {
  const endpoints = fieldsAt(container, 'NetworkSettings', 'Networks');
  const names = Object.keys(endpoints);
  const keyOf = (network: string): string =>
    partKey(project.networks, { kind: 'network', project: project.name, name: network });
  const sorted = names.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const entries = sorted.map((network): readonly [string, unknown] => {
    const said = endpointOf(container, fieldsAt(endpoints, network), name);
    // The one of several that the engine calls the container's own goes first.
    const isFirst = network === mode && network !== sorted[0];
    const whole = isFirst ? { ...said, priority: 1 } : said;
    return [keyOf(network), Object.keys(whole).length > 0 ? whole : null];
  });
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === 'default' && first[1] === null) return undefined;
  return Object.fromEntries(entries);
}

function endpointOf(container: Fields, endpoint: Fields, service: string): Fields {
  const known = new Set([
    service,
    textAt(container, 'Name').replace(/^\//, ''),
    textAt(container, 'Id').slice(0, 12),
  ]);
  // One that runs has an address in any case, and nobody tells whether it was asked for.
  const mac = textAt(container, 'State', 'Status') === 'created' ? textAt(endpoint, 'MacAddress') : '';
  return saying({
    mac_address: mac === textAt(container, 'Config', 'MacAddress') ? '' : mac,
    aliases: textsAt(endpoint, 'Aliases').filter((alias) => !known.has(alias)),
    ipv4_address: textAt(endpoint, 'IPAMConfig', 'IPv4Address'),
    ipv6_address: textAt(endpoint, 'IPAMConfig', 'IPv6Address'),
    link_local_ips: textsAt(endpoint, 'IPAMConfig', 'LinkLocalIPs'),
    driver_opts: valueAt(endpoint, 'DriverOpts'),
    gw_priority: valueAt(endpoint, 'GwPriority') || undefined,
  });
}

/** Links to services of the project, and to other containers. */
function linksOf({ project, container, serviceOf }: ServiceSource): Fields {
  const endpoints = Object.values(fieldsAt(container, 'NetworkSettings', 'Networks'));
  const written = new Set([
    ...endpoints.flatMap((endpoint) => textsAt(endpoint, 'Links')),
    ...textsAt(container, 'HostConfig', 'Links'),
  ]);
  const links = new Map<string, Set<string>>();
  const external = new Set<string>();
  for (const link of written) {
    const [target = '', alias = ''] = link.replaceAll(/(^|:)\/[^:]*\//g, '$1').split(':');
    const service = serviceOf.get(target.replace(/^\//, ''));
    if (service === undefined) external.add(alias === target ? target : `${target}:${alias}`);
    else links.set(service, (links.get(service) ?? new Set()).add(alias));
  }
  const said = [...links].flatMap(([service, aliases]) => {
    const usual = usualAliases(project, service);
    const own = [...aliases].filter((alias) => !usual.has(alias));
    return aliases.has(service)
      ? [service, ...own.map((alias) => `${service}:${alias}`)]
      : own.map((alias) => `${service}:${alias}`);
  });
  return { links: said.toSorted(), external_links: [...external].toSorted() };
}

/** Names under which Compose makes a linked service known anyway. */
function usualAliases({ name, containers }: InspectedProject, service: string): ReadonlySet<string> {
  const names = containers.map((container) => textAt(container, 'Name').replace(/^\//, ''));
  return new Set([
    service,
    ...names,
    ...names.map((text) => (text.startsWith(`${name}-`) ? text.slice(name.length + 1) : text)),
    ...names.map((text) => (text.startsWith(`${name}_`) ? text.slice(name.length + 1) : text)),
  ]);
}

export function rebuildPorts({ container, image }: ServiceSource): Fields {
  const bindings = fieldsAt(container, 'HostConfig', 'PortBindings');
  const ports = Object.entries(bindings).flatMap(([port, list]) =>
    listAt({ list }, 'list').map((binding) => portOf(port, asFields(binding) ?? {})),
  );
  const exposed = Object.keys(fieldsAt(container, 'Config', 'ExposedPorts')).filter(
    (port) => valueAt(bindings, port) === undefined && valueAt(image, 'ExposedPorts', port) === undefined,
  );
  return saying({ ports, expose: exposed.map(withoutTcp).toSorted() });
}

/** `127.0.0.1:8080:80/udp`; one that the engine chooses has no port of the machine. */
function portOf(port: string, { HostIp, HostPort }: Fields): string {
  const ip = typeof HostIp === 'string' ? HostIp : '';
  const host = typeof HostPort === 'string' && HostPort !== '0' ? HostPort : '';
  const address = ip.includes(':') ? `[${ip}]` : ip;
  const before = address === '' ? (host === '' ? '' : `${host}:`) : `${address}:${host}:`;
  return `${before}${withoutTcp(port)}`;
}

function withoutTcp(port: string): string {
  return port.replace(/\/tcp$/, '');
}

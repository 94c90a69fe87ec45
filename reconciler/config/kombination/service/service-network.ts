import type { EndpointSpec } from '../../../model/docker/docker-spec.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { DependencyEntry, LinkEntry, NetworkEntry, VolumesFromEntry } from '../kombination.ts';
import { OPTION_ROWS } from '../../../model/docker/options/container-options.ts';
import { optionalNumber, readTexts, texts } from '../../../model/docker/options/option-values.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString, defined, own } from '../../../base/values.ts';

/* The ways in which a service meets others: networks, links, and what it shares with one other container. */

export function readNetworks(value: unknown, path: DocumentPath): readonly NetworkEntry[] | undefined {
  const list = asList(value)?.flatMap((item, index) =>
    typeof item === 'string' ? [{ name: item, aliases: [], path: [...path, index] }] : [],
  );
  const map = asFields(value);
  if (!map) return list;
  return Object.entries(map).map(([name, settings]) => readNetwork(name, asFields(settings) ?? {}, path));
}

function readNetwork(name: string, fields: Fields, path: DocumentPath): NetworkEntry {
  const address = defined({
    ipv4Address: asString(fields['ipv4_address']),
    ipv6Address: asString(fields['ipv6_address']),
  });
  const linkLocalIps = texts(fields['link_local_ips']);
  const endpoint: EndpointSpec = defined({
    linkLocalIps: linkLocalIps.length > 0 ? linkLocalIps : undefined,
    driverOpts: readTexts(fields['driver_opts']),
    macAddress: asString(fields['mac_address'])?.toLowerCase(),
    gwPriority: optionalNumber(fields['gw_priority']) || undefined,
    interfaceName: asString(fields['interface_name']),
  });
  return defined({
    name,
    aliases: (asList(fields['aliases']) ?? []).filter((alias) => typeof alias === 'string'),
    address: Object.keys(address).length > 0 ? address : undefined,
    endpoint: Object.keys(endpoint).length > 0 ? endpoint : undefined,
    priority: optionalNumber(fields['priority']) || undefined,
    path: [...path, name],
  });
}

/** Returns the keys that another network mode leaves no room for. */
function excludedBy(mode: string): readonly string[] {
  const isOwn = mode === 'host' || mode === 'none' || mode.includes(':');
  return isOwn ? ['networks', 'ports', 'route'] : mode === 'bridge' ? ['networks', 'route'] : ['networks'];
}

export function readNetworkMode(
  service: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): string | undefined {
  const said = asString(service['network_mode']);
  const mode = said === 'default' ? 'bridge' : said;
  if (mode === undefined || !/^((service|container):)?[^:]+$/.test(mode)) return undefined;
  const shared = mode.includes(':');
  const excluded = shared
    ? [...excludedBy(mode), 'hostname', 'links', 'extra_hosts', 'dns']
    : excludedBy(mode);
  for (const key of excluded) {
    if (own(service, key) === undefined || own(service, key) === false) continue;
    if (key === 'ports' && !shared) {
      diagnostics.warning(
        'UNSUPPORTED_KEY',
        [...path, key],
        `ports have no effect with network_mode: ${mode}`,
        {
          hint: 'what the container listens on is reachable as it is, or not at all',
          at: 'key',
        },
      );
      continue;
    }
    diagnostics.error('INVALID_VALUE', [...path, key], `${key} cannot be used with network_mode: ${mode}`, {
      hint: shared ? 'set it at the service whose network is shared' : `take out ${key} or network_mode`,
      at: 'key',
    });
  }
  return mode;
}

/** `links` and `external_links`: `db` or `db:database`. */
export function readLinks(service: Fields, path: DocumentPath): readonly LinkEntry[] {
  return ['links', 'external_links'].flatMap((key) =>
    (asList(own(service, key)) ?? []).flatMap((item, index): LinkEntry[] => {
      if (typeof item !== 'string') return [];
      const [target = '', alias = target] = item.split(':');
      return [{ target, alias, external: key === 'external_links', path: [...path, key, index] }];
    }),
  );
}

/** `web`, `web:ro`, `container:name` or `container:name:rw`. */
export function readVolumesFrom(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): readonly VolumesFromEntry[] {
  return (asList(value) ?? []).flatMap((item, index): VolumesFromEntry[] => {
    if (typeof item !== 'string') return [];
    const place = [...path, index];
    const [, container, target, mode] = /^(container:)?([^:]+)(?::(ro|rw))?$/.exec(item) ?? [];
    if (target === undefined) {
      diagnostics.error('INVALID_FORMAT', place, `"${item}" names no service`, {
        hint: 'such as web, web:ro or container:name:ro',
      });
      return [];
    }
    return [{ target, external: container !== undefined, readOnly: mode === 'ro', path: place }];
  });
}

/**
 * Services that must be there first because something of theirs is shared. Whoever shares a namespace waits until the
 * other has come to rest: while it is replaced, there are two of it.
 */
export function impliedDependencies(service: Fields, path: DocumentPath): readonly DependencyEntry[] {
  const modes = OPTION_ROWS.flatMap(([, { key, isShared }]) => (isShared ? [key] : []));
  const shared = ['network_mode', ...modes].flatMap((key): DependencyEntry[] => {
    const target = sharedService(asString(own(service, key)));
    return target === undefined
      ? []
      : [{ service: target, until: 'healthy', required: true, path: [...path, key] }];
  });
  const links = readLinks(service, path)
    .filter(({ external }) => !external)
    .map(({ target, path }): DependencyEntry => ({
      service: target,
      until: 'applied',
      required: true,
      path,
    }));
  const volumes = (asList(service['volumes_from']) ?? []).flatMap((item, index): DependencyEntry[] => {
    if (typeof item !== 'string' || item.startsWith('container:')) return [];
    const place = [...path, 'volumes_from', index];
    return [{ service: item.split(':')[0] ?? '', until: 'healthy', required: true, path: place }];
  });
  return [...shared, ...links, ...volumes];
}

/** `web` of `service:web`. */
export function sharedService(mode: string | undefined): string | undefined {
  return mode?.startsWith('service:') ? mode.slice('service:'.length) : undefined;
}

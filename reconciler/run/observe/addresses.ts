import { asFields, asList, asNumber, asString, own } from '../../base/values.ts';
import type { Fields } from '../../base/values.ts';
import { isWildcard } from '../../model/docker/ports.ts';
import type { DesiredResource } from '../../model/resource.ts';
import type { DesiredStack } from '../../model/stack.ts';
import type { TargetReference } from '../../model/target.ts';
import type { ServiceAddress } from '../../public/upkeep/upkeep.ts';
import { resourcesOf } from './service-health.ts';

/** Ports inside of containers that programs for browsers listen on by custom. */
const WEB_PORTS: ReadonlySet<number> = new Set([80, 81, 591, 3000, 3001, 5000, 8123, 8888, 9000, 9090]);
const SECURE_PORTS: ReadonlySet<number> = new Set([443, 8443, 9443]);

/** Addresses at which a stack is to be reached, as its description says: routes first, then ports. Each once. */
export function addressesOf({
  services,
  resources,
  targets,
}: Pick<DesiredStack, 'services' | 'resources' | 'targets'>): readonly ServiceAddress[] {
  const isSecure = resources.some(({ spec }) =>
    JSON.stringify(spec['command'] ?? '').includes('--entrypoints.websecure'),
  );
  const serviceOf = new Map<string, string>(
    services.flatMap((service) => resourcesOf(service).map((id) => [id, service.name] as const)),
  );
  const found = resources.flatMap((resource): readonly ServiceAddress[] => {
    const { id, kind, target } = resource;
    const base = { service: serviceOf.get(id) ?? null, node: target };
    if (kind === 'container')
      return [
        ...routesOf(resource, isSecure).map((address) => ({ ...base, kind: 'route' as const, address })),
        ...portsOf(resource, targets).map((address) => ({ ...base, kind: 'port' as const, address })),
      ];
    if (!kind.endsWith('Ingress')) return [];
    return hostsOf(resource).map((address) => ({ ...base, kind: 'route' as const, address }));
  });
  const once = new Map(found.map((one) => [`${one.kind} ${one.address}`, one]));
  return [...once.values()].sort(
    (a, b) => Number(a.kind === 'port') - Number(b.kind === 'port') || (a.address < b.address ? -1 : 1),
  );
}

/** Hosts in the rules of routers, as Traefik reads them from labels. */
function routesOf({ spec }: DesiredResource, isSecure: boolean): readonly string[] {
  const labels = asFields(spec['labels']) ?? {};
  return Object.entries(labels).flatMap(([name, value]) => {
    const [, router] = /^traefik\.http\.routers\.([^.]+)\.rule$/.exec(name) ?? [];
    const rule = asString(value);
    if (router === undefined || rule === undefined) return [];
    const said = (key: string) => asString(own(labels, `traefik.http.routers.${router}.${key}`)) ?? '';
    const isEncrypted = isSecure || said('tls') === 'true' || said('entrypoints').includes('secure');
    const path = /Path(?:Prefix)?\(`([^`]*)`\)/.exec(rule)?.[1] ?? '/';
    return [...rule.matchAll(/Host\(([^)]*)\)/g)]
      .flatMap(([, hosts = '']) => [...hosts.matchAll(/`([^`]+)`/g)].map(([, host = '']) => host))
      .map((host) => `${isEncrypted ? 'https' : 'http'}://${host}${path === '/' ? '' : path}`);
  });
}

function portsOf({ spec, target }: DesiredResource, targets: readonly TargetReference[]): readonly string[] {
  const host = hostOf(targets.find(({ name }) => name === target));
  return (asList(spec['ports']) ?? []).flatMap((item) => {
    const port = asFields(item) ?? {};
    const outside = asNumber(port['hostPort']);
    if (outside === undefined || outside === 0) return [];
    const ip = asString(port['hostIp']);
    const at = ip === undefined || isWildcard(ip) ? host : ip.includes(':') ? `[${ip}]` : ip;
    return [formatAddress(at, outside, port)];
  });
}

/** An address for browsers where that is likely, else host, port and protocol. */
function formatAddress(host: string, outside: number, port: Fields): string {
  const inside = asNumber(port['containerPort']) ?? outside;
  const protocol = asString(port['protocol']) ?? 'tcp';
  if (protocol === 'tcp' && SECURE_PORTS.has(inside))
    return `https://${host}${outside === 443 ? '' : `:${outside}`}`;
  const isWeb = WEB_PORTS.has(inside) || (inside >= 8_000 && inside < 8_100);
  if (protocol === 'tcp' && isWeb) return `http://${host}${outside === 80 ? '' : `:${outside}`}`;
  return `${host}:${outside}${protocol === 'tcp' ? '' : `/${protocol}`}`;
}

/** The machine behind a node, as it is reached from here. */
function hostOf(reference: TargetReference | undefined): string {
  const connection = asFields(reference === undefined ? undefined : { ...reference }['connection']);
  const host = asString(connection?.['host']);
  return host === undefined ? 'localhost' : host.includes(':') ? `[${host}]` : host;
}

function hostsOf({ spec }: DesiredResource): readonly string[] {
  const inner = asFields(asFields(spec)?.['spec']) ?? {};
  const encrypted = new Set(
    (asList(inner['tls']) ?? []).flatMap((one) =>
      (asList(asFields(one)?.['hosts']) ?? []).map((host) => asString(host)),
    ),
  );
  return (asList(inner['rules']) ?? []).flatMap((rule) => {
    const host = asString(asFields(rule)?.['host']);
    return host === undefined ? [] : [`${encrypted.has(host) ? 'https' : 'http'}://${host}`];
  });
}

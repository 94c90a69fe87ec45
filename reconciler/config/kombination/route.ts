import { clusterOf } from './cluster-node.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Kit, KitProxy } from '../kits/kit.ts';
import type { ProxyPlace, ProxyPlaces } from '../kits/proxy-claim.ts';
import { isProxy, reportShared } from '../kits/shared-proxy.ts';
import type { NetworkEntry, RouteModel, ServiceModel, WrittenKombination } from './kombination.ts';
import { mergeLabels } from '../kits/merge-service.ts';

/** Domain in which services answer when nobody says. */
export const DEFAULT_DOMAIN = 'home.lab';

export interface RouteOptions {
  readonly services: readonly ServiceModel[];
  readonly kit: Kit | undefined;
  readonly written: WrittenKombination;
  /** `stack`, `domain`, `network` (the engine's name of the proxy network). */
  readonly values: { readonly stack: string; readonly domain: string; readonly network: string };
  readonly diagnostics: DiagnosticCollector;
  /** Proxies of other stacks, for the nodes where those are to be used. */
  readonly places: ProxyPlaces;
  /** A kit service that nobody listed, with its parts, on the node of the one that asks for it. */
  readonly imply: (service: string, asker: ServiceModel) => readonly ServiceModel[];
}

/** Puts routed services behind the kit's proxy: labels, network, dependency; adds the proxy when nobody listed it. */
export function withRoutes(options: RouteOptions): readonly ServiceModel[] {
  const { kit, written, values, diagnostics, places } = options;
  const services = kit?.proxy ? onItsNetwork(options.services, kit.proxy) : options.services;
  const onCluster = services.filter((service) => service.route && clusterOf(written, service));
  checkIngresses(onCluster, options);
  const routed = services.filter((service) => service.route && !onCluster.includes(service));
  if (routed.length === 0) return services;
  const front = kit?.proxy;
  if (!front) {
    for (const { name, path } of routed) {
      // A kit that is named and does not exist has been reported.
      if (!kit && written.stackkit !== undefined) continue;
      const message = `${name} asks for a route, and no stackkit is named that has a proxy`;
      diagnostics.error('REQUIRED', [...path, 'route'], message, { hint: 'stackkit: base-kit', at: 'key' });
    }
    return services;
  }
  if (onCluster.length === 0) reportDomain(written, diagnostics);
  rejectSharedHosts(routed, values.domain, diagnostics);
  const own = routed.filter(({ node }) => !places.has(node));
  const all = [...impliedProxy({ ...options, services }, front, own), ...services];
  const proxy = all.find((service) => isProxy(service, front));
  const copies = proxy ? proxiesElsewhere(own, proxy) : [];
  for (const [node, place] of places) {
    const first = routed.find((service) => service.node === node);
    if (first) reportShared(first, front, { place, diagnostics });
  }
  return [...all, ...copies].map((service) => {
    const nearest = copies.find(({ node }) => node === service.node) ?? proxy;
    if (!service.route || onCluster.includes(service))
      return service === nearest ? { ...service, networks: withNetwork(service, front.network) } : service;
    const place = places.get(service.node);
    return withRoute(service, service.route, { front, proxy: nearest, place, values, diagnostics });
  });
}

/** A proxy that is listed is for other stacks as well, whether or not its own has routes. */
function onItsNetwork(services: readonly ServiceModel[], front: KitProxy): readonly ServiceModel[] {
  return services.map((service) =>
    service.kind !== undefined && !service.route && isProxy(service, front)
      ? { ...service, networks: withNetwork(service, front.network) }
      : service,
  );
}

/** Checks routes on a cluster, where each is an Ingress: no proxy of a kit is needed. */
function checkIngresses(
  services: readonly ServiceModel[],
  { written, values, diagnostics }: RouteOptions,
): void {
  if (services.length === 0) return;
  reportDomain(written, diagnostics);
  rejectSharedHosts(services, values.domain, diagnostics);
  for (const { name, path, route } of services) {
    if (!route || route.port !== undefined) continue;
    diagnostics.error('REQUIRED', [...path, 'route', 'port'], `the route of ${name} needs a port`, {
      hint: 'the port that the service listens on inside its container',
    });
  }
  if (written.tls === undefined) return;
  diagnostics.warning('UNSUPPORTED_KEY', ['ssl'], 'ssl has no effect on routes of services on a cluster', {
    hint: 'give the ingresses of the cluster a default certificate',
    at: 'key',
  });
}

function reportDomain({ domain }: WrittenKombination, diagnostics: DiagnosticCollector): void {
  if (domain !== undefined) return;
  diagnostics.warning(
    'MISSING_DOMAIN',
    ['meta'],
    `no domain is given; services answer at ${DEFAULT_DOMAIN}`,
    {
      hint: 'meta.domain: home.example.org',
      at: 'key',
    },
  );
}

function impliedProxy(
  { services, written, diagnostics, imply }: RouteOptions,
  { service: name }: KitProxy,
  routed: readonly ServiceModel[],
): readonly ServiceModel[] {
  const [first] = routed;
  if (!first || services.some((service) => isProxy(service, { service: name }))) return [];
  if (written.services.some((service) => service.name === name)) {
    const message = `${first.name} is reached through ${name}, which is disabled`;
    diagnostics.error('UNKNOWN_SERVICE', first.path, message, {
      hint: `enable ${name}, or set route: false`,
      at: 'key',
    });
    return [];
  }
  const message = `${first.name} needs ${name}, which is not listed; it is added`;
  diagnostics.warning('IMPLIED_SERVICE', first.path, message, {
    hint: `list ${name}, or set route: false`,
    at: 'key',
  });
  return imply(name, first);
}

/** A proxy reaches only what runs on its own node: every other node with a route gets one of its own. */
function proxiesElsewhere(routed: readonly ServiceModel[], proxy: ServiceModel): readonly ServiceModel[] {
  const nodes = new Set(routed.map(({ node }) => node));
  nodes.delete(proxy.node);
  return [...nodes].map((node) => ({
    ...proxy,
    name: `${proxy.name}-${node}`,
    node,
    route: false,
    labels: {},
    partOf: proxy.name,
  }));
}

function rejectSharedHosts(
  routed: readonly ServiceModel[],
  domain: string,
  diagnostics: DiagnosticCollector,
): void {
  const hosts = new Map<string, ServiceModel>();
  for (const service of routed) {
    const host = hostOf(service, domain);
    const other = hosts.get(host);
    if (other) {
      const message = `${service.name} and ${other.name} both want to be ${host}`;
      diagnostics.error('INVALID_VALUE', [...service.path, 'route', 'subdomain'], message, {
        hint: 'set route.subdomain',
      });
    }
    hosts.set(host, service);
  }
}

interface RouteContext {
  readonly front: KitProxy;
  readonly proxy: ServiceModel | undefined;
  /** The proxy of another stack that the route leads through, in place of one of its own. */
  readonly place: ProxyPlace | undefined;
  readonly values: RouteOptions['values'];
  readonly diagnostics: DiagnosticCollector;
}

function withRoute(service: ServiceModel, route: RouteModel, context: RouteContext): ServiceModel {
  const { front, proxy, place, values, diagnostics } = context;
  if (route.port === undefined) {
    diagnostics.error(
      'REQUIRED',
      [...service.path, 'route', 'port'],
      `the route of ${service.name} needs a port`,
      {
        hint: 'the port that the service listens on inside its container',
      },
    );
    return service;
  }
  const router = `${values.stack}-${service.name.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-')}`;
  const labels = {
    'traefik.enable': 'true',
    'traefik.docker.network': place?.network ?? values.network,
    [`traefik.http.routers.${router}.rule`]: `Host(\`${hostOf(service, values.domain)}\`)`,
    [`traefik.http.services.${router}.loadbalancer.server.port`]: String(route.port),
    ...(route.middlewares?.length
      ? { [`traefik.http.routers.${router}.middlewares`]: route.middlewares.join(',') }
      : {}),
  };
  const { path } = service;
  return {
    ...service,
    labels: mergeLabels(labels, service.labels),
    networks: withNetwork(service, place?.network ?? front.network),
    // A missing proxy has a finding already.
    dependsOn:
      !proxy || proxy === service || place
        ? service.dependsOn
        : [...service.dependsOn, { service: proxy.name, until: 'applied', required: true, path }],
  };
}

/** Its networks, and the one that it shares with the proxy. */
function withNetwork({ networks, path }: ServiceModel, name: string): readonly NetworkEntry[] {
  const own = networks ?? [{ name: 'default', aliases: [], path }];
  return own.some((entry) => entry.name === name) ? own : [...own, { name, aliases: [], path }];
}

/** Host name that a routed service answers at. */
export function hostOf(service: ServiceModel, domain: string): string {
  const route = service.route === false ? undefined : service.route;
  const subdomain = route?.subdomain ?? service.name.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-');
  return route?.host ?? `${subdomain}.${domain}`;
}

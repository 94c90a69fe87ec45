import { clusterOf } from './cluster-node.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Kit, KitProxy } from '../kits/kit.ts';
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
  /** A kit service that nobody listed, with its parts, on the node of the one that asks for it. */
  readonly imply: (service: string, asker: ServiceModel) => readonly ServiceModel[];
}

/** Puts routed services behind the kit's proxy: labels, network, dependency; adds the proxy when nobody listed it. */
export function withRoutes(options: RouteOptions): readonly ServiceModel[] {
  const { services, kit, written, values, diagnostics } = options;
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
  const all = [...impliedProxy(options, front, routed), ...services];
  const proxy = all.find((service) => isProxy(service, front));
  const copies = proxy ? proxiesElsewhere(routed, proxy) : [];
  return [...all, ...copies].map((service) => {
    const nearest = copies.find(({ node }) => node === service.node) ?? proxy;
    if (service.route && !onCluster.includes(service))
      return withRoute(service, service.route, { front, proxy: nearest, values, diagnostics });
    return service === nearest ? { ...service, networks: withNetwork(service, front) } : service;
  });
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

function isProxy({ name, kind, partOf }: ServiceModel, front: Pick<KitProxy, 'service'>): boolean {
  return partOf === undefined && (kind ?? name) === front.service;
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
  readonly values: RouteOptions['values'];
  readonly diagnostics: DiagnosticCollector;
}

function withRoute(service: ServiceModel, route: RouteModel, context: RouteContext): ServiceModel {
  const { front, proxy, values, diagnostics } = context;
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
    'traefik.docker.network': values.network,
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
    networks: withNetwork(service, front),
    // A missing proxy has a finding already.
    dependsOn:
      !proxy || proxy === service
        ? service.dependsOn
        : [...service.dependsOn, { service: proxy.name, until: 'applied', required: true, path }],
  };
}

/** Its networks, and the one that it shares with the proxy. */
function withNetwork({ networks, path }: ServiceModel, { network: name }: KitProxy): readonly NetworkEntry[] {
  const own = networks ?? [{ name: 'default', aliases: [], path }];
  return own.some((entry) => entry.name === name) ? own : [...own, { name, aliases: [], path }];
}

/** Host name that a routed service answers at. */
export function hostOf(service: ServiceModel, domain: string): string {
  const route = service.route === false ? undefined : service.route;
  const subdomain = route?.subdomain ?? service.name.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-');
  return route?.host ?? `${subdomain}.${domain}`;
}

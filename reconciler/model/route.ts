import type { Issues } from './issue.ts';
import type { StackKit } from './kit.ts';
import type { NetworkEntry, RouteModel, ServiceModel, WrittenKombination } from './kombination.ts';
import { mergeLabels } from './merge-service.ts';

/** Where services answer when nobody says. */
export const DEFAULT_DOMAIN = 'home.lab';

export interface RouteOptions {
  readonly services: readonly ServiceModel[];
  readonly kit: StackKit | undefined;
  readonly written: WrittenKombination;
  /** `stack`, `domain`, `network` (the engine's name of the proxy network). */
  readonly values: { readonly stack: string; readonly domain: string; readonly network: string };
  readonly issues: Issues;
  /** A kit service that nobody listed, with its parts. */
  readonly imply: (service: string) => readonly ServiceModel[];
}

/** Puts routed services behind the kit's proxy: labels, network, dependency; adds the proxy when nobody listed it. */
export function withRoutes(options: RouteOptions): readonly ServiceModel[] {
  const { services, kit, written, values, issues } = options;
  const routed = services.filter((service) => service.route);
  if (routed.length === 0) return services;
  if (!kit) {
    for (const { name, path } of routed) {
      // A kit that is named and does not exist has been reported.
      if (written.stackkit !== undefined) continue;
      const message = `${name} asks for a route, and no stackkit is named that has a proxy`;
      issues.error('REQUIRED', [...path, 'route'], message, { hint: 'stackkit: base-kit', at: 'key' });
    }
    return services;
  }
  if (written.domain === undefined) {
    issues.warning('MISSING_DOMAIN', ['meta'], `no domain is given; services answer at ${DEFAULT_DOMAIN}`, {
      hint: 'meta.domain: home.example.org',
      at: 'key',
    });
  }
  rejectSharedHosts(routed, issues);
  const all = [...impliedProxy(options, kit, routed), ...services];
  const proxy = all.find((service) => service.name === kit.proxy.service);
  return all.map((service) =>
    service.route ? withRoute(service, service.route, { kit, proxy, values, issues }) : service,
  );
}

function impliedProxy(
  { services, written, issues, imply }: RouteOptions,
  kit: StackKit,
  routed: readonly ServiceModel[],
): readonly ServiceModel[] {
  const name = kit.proxy.service;
  const [first] = routed;
  if (!first || services.some((service) => service.name === name)) return [];
  const disabled = written.services.find((service) => service.name === name && !service.enabled);
  if (disabled) {
    const message = `${first.name} is reached through ${name}, which is disabled`;
    issues.error('UNKNOWN_SERVICE', first.path, message, {
      hint: `enable ${name}, or set route: false`,
      at: 'key',
    });
    return [];
  }
  issues.warning(
    'IMPLIED_SERVICE',
    first.path,
    `${first.name} needs ${name}, which is not listed; it is added`,
    {
      hint: `list ${name}, or set route: false`,
      at: 'key',
    },
  );
  return imply(name);
}

function rejectSharedHosts(routed: readonly ServiceModel[], issues: Issues): void {
  const hosts = new Map<string, ServiceModel>();
  for (const service of routed) {
    const host = subdomainOf(service);
    const other = hosts.get(host);
    if (other) {
      const message = `${service.name} and ${other.name} both want the subdomain ${host}`;
      issues.error('INVALID_VALUE', [...service.path, 'route', 'subdomain'], message, {
        hint: 'set route.subdomain',
      });
    }
    hosts.set(host, service);
  }
}

interface RouteContext {
  readonly kit: StackKit;
  readonly proxy: ServiceModel | undefined;
  readonly values: RouteOptions['values'];
  readonly issues: Issues;
}

function withRoute(service: ServiceModel, route: RouteModel, context: RouteContext): ServiceModel {
  const { kit, proxy, values, issues } = context;
  if (route.port === undefined) {
    issues.error(
      'REQUIRED',
      [...service.path, 'route', 'port'],
      `the route of ${service.name} needs a port`,
      {
        hint: 'the port that the service listens on inside its container',
      },
    );
    return service;
  }
  if (proxy && proxy.node !== service.node && proxy !== service) {
    const message = `${service.name} is not on the node of ${proxy.name}, which could not reach it`;
    issues.error('INVALID_VALUE', [...service.path, 'node'], message, {
      hint: `move it, or set route: false`,
    });
  }
  const router = `${values.stack}-${service.name.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-')}`;
  const labels = {
    'traefik.enable': 'true',
    'traefik.docker.network': values.network,
    [`traefik.http.routers.${router}.rule`]: `Host(\`${subdomainOf(service)}.${values.domain}\`)`,
    [`traefik.http.services.${router}.loadbalancer.server.port`]: String(route.port),
  };
  const { path } = service;
  const network: NetworkEntry = { name: kit.proxy.network, aliases: [], path };
  const networks = service.networks ?? [{ name: 'default', aliases: [], path }];
  return {
    ...service,
    labels: mergeLabels(labels, service.labels),
    networks: networks.some((entry) => entry.name === network.name) ? networks : [...networks, network],
    // Without a proxy there is a finding already.
    dependsOn:
      !proxy || proxy === service
        ? service.dependsOn
        : [...service.dependsOn, { service: kit.proxy.service, until: 'applied', required: true, path }],
  };
}

function subdomainOf(service: ServiceModel): string {
  const route = service.route === false ? undefined : service.route;
  return route?.subdomain ?? service.name.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-');
}

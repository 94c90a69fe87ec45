import { emptyRecord, own } from '../../base/values.ts';
import type { Blueprint, BlueprintService } from './blueprint.ts';
import { writeYaml } from './compose.ts';
import type { Generated } from '../../model/generated.ts';
import { headLines } from './generated.ts';

/** A tree of settings. */
interface Settings {
  [key: string]: Settings | string | number | boolean | Settings[] | string[];
}

/**
 * Traefik's static and dynamic configuration in files: what the proxy of the stack is told on its command line, and what
 * the labels of the services ask of it.
 */
export function generateTraefik(blueprint: Blueprint): Generated {
  const notes: string[] = [];
  const proxy = blueprint.services.find(({ spec }) => /(^|\/)traefik(:|@|$)/.test(spec.image));
  const dynamic: Settings = emptyRecord();
  for (const service of blueprint.services) addLabels(dynamic, service, notes);
  if (Object.keys(dynamic).length === 0) notes.push('no service asks for a route');
  const statics = staticOf(proxy);
  const write = (settings: Settings, more: readonly string[]) => {
    const head = headLines(blueprint.file, more).map((line) => `# ${line}\n`);
    return `${head.join('')}${Object.keys(settings).length > 0 ? writeYaml(settings) : ''}`;
  };
  return {
    files: [
      { path: 'traefik.yml', content: write(statics, []) },
      { path: 'dynamic/routes.yml', content: write(dynamic, notes) },
    ],
    notes,
  };
}

/** Names as Traefik's own documentation writes them; the file knows no others. */
const TRAEFIK_NAMES = new Map(
  [
    'accessLog addRoutersLabels allowEmptyServices basicAuth buffering caServer certResolver certificatesResolvers chain',
    'circuitBreaker compress contentSecurityPolicy customRequestHeaders customResponseHeaders digestAuth dnsChallenge',
    'entryPoint entryPoints exposedByDefault forceSlash forceSTSHeader forwardAuth forwardedHeaders headers healthCheck',
    'httpChallenge inFlightReq insecureSkipVerify ipAllowList ipWhiteList loadBalancer passHostHeader passTLSClientCert',
    'permanent plugin rateLimit redirectRegex redirectScheme redirections removeHeader replacePath replacePathRegex',
    'respondingTimeouts retry serversTransport sourceCriterion sourceRange stripPrefix stripPrefixRegex stsIncludeSubdomains',
    'stsPreload stsSeconds tlsChallenge trustForwardHeader trustedIPs authResponseHeaders usersFile',
  ]
    .join(' ')
    .split(' ')
    .map((name) => [name.toLowerCase(), name]),
);

const LISTS =
  /^(entryPoints|middlewares|prefixes|trustedIPs|sourceRange|authResponseHeaders|users|sans|regex)$/;

function staticOf(proxy: BlueprintService | undefined): Settings {
  const settings: Settings = emptyRecord();
  for (const word of proxy?.spec.command ?? []) {
    const [, path, value = 'true'] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (path !== undefined) put(settings, path.split('.'), value);
  }
  if (!settings['entryPoints']) put(settings, ['entryPoints', 'web', 'address'], ':80');
  const providers = settings['providers'];
  // The routes are in a file: nothing has to look at containers.
  if (typeof providers === 'object' && !Array.isArray(providers)) delete providers['docker'];
  put(settings, ['providers', 'file', 'directory'], '/etc/traefik/dynamic');
  put(settings, ['providers', 'file', 'watch'], 'true');
  return settings;
}

function addLabels(dynamic: Settings, { name, spec }: BlueprintService, notes: string[]): void {
  const labels = Object.entries(spec.labels ?? {}).filter(([key]) => /^traefik\./i.test(key));
  if (spec.labels?.['traefik.enable'] === 'false') return;
  const routers: string[] = [];
  const services: string[] = [];
  for (const [key, value] of labels) {
    const [, kind = '', ...path] = key.split('.');
    if (!/^(http|tcp|udp|tls)$/i.test(kind)) continue;
    if (/^routers$/i.test(path[0] ?? '') && path[1] !== undefined)
      routers.push(`${kind.toLowerCase()}.${path[1]}`);
    const [section = '', service = '', balancer = '', server = '', last = ''] = path;
    if (/^services$/i.test(section) && /^loadbalancer$/i.test(balancer) && /^server$/i.test(server)) {
      if (/^port$/i.test(last)) {
        services.push(service);
        const scheme =
          own(spec.labels, `traefik.${kind}.services.${service}.loadbalancer.server.scheme`) ?? 'http';
        const address = `${name}:${value}`;
        const entry: Settings = kind === 'http' ? { url: `${scheme}://${address}` } : { address };
        put(dynamic, [kind, 'services', service, 'loadBalancer', 'servers'], [entry]);
      }
      continue;
    }
    put(dynamic, [kind, ...path], value);
  }
  linkRouters(dynamic, routers, services);
  if (routers.length > 0 && services.length === 0)
    notes.push(`${name} has a router, and no label tells the port of its service`);
}

/** Links routers to services. With labels, a router without a service means the only one of its container. */
function linkRouters(dynamic: Settings, routers: readonly string[], services: readonly string[]): void {
  const [service, ...others] = [...new Set(services)];
  if (service === undefined || others.length > 0) return;
  for (const router of new Set(routers)) {
    const [kind = 'http', name = ''] = router.split('.');
    const found = [kind, 'routers', name].reduce<Settings[string] | undefined>(
      (at, key) => (typeof at === 'object' && !Array.isArray(at) ? own(at, key) : undefined),
      dynamic,
    );
    if (typeof found === 'object' && !Array.isArray(found) && found['service'] === undefined)
      found['service'] = service;
  }
}

function put(settings: Settings, path: readonly string[], value: string | Settings[]): void {
  const [first = '', ...rest] = path;
  const name = TRAEFIK_NAMES.get(first.toLowerCase()) ?? first;
  if (rest.length === 0) {
    settings[name] = Array.isArray(value) ? value : typed(name, value);
    return;
  }
  const indexed = /^(.+)\[(\d+)\]$/.exec(name);
  const inner = indexed ? itemOf(settings, indexed[1] ?? name, Number(indexed[2])) : memberOf(settings, name);
  put(inner, rest, value);
}

/** `tls: true` and `tls.certResolver` are said side by side. */
function memberOf(settings: Settings, name: string): Settings {
  const known = own(settings, name);
  if (typeof known === 'object' && !Array.isArray(known)) return known;
  const made: Settings = emptyRecord();
  settings[name] = made;
  return made;
}

function itemOf(settings: Settings, name: string, index: number): Settings {
  const known = own(settings, name);
  const list: Settings[] = Array.isArray(known) ? known.filter((item) => typeof item === 'object') : [];
  settings[name] = list;
  while (list.length <= index) list.push(emptyRecord());
  return list[index] ?? emptyRecord();
}

function typed(name: string, value: string): Settings[string] {
  if (LISTS.test(name)) return value.split(',').map((item) => item.trim());
  if (name === 'tls' && value === 'true') return {};
  if (value === 'true' || value === 'false') return value === 'true';
  return /^\d{1,15}$/.test(value) ? Number(value) : value;
}

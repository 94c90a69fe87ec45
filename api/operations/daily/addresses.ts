import type { NodeStatus, Plan } from '../../../reconciler/index.ts';
import { own } from '../../../reconciler/index.ts';

/** One way to reach a service. */
export interface ServiceAddress {
  readonly service: string;
  /** `http://localhost:8080` where the port tells what it speaks, else `localhost:5432`. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
}

const HTTP_PORTS: ReadonlySet<number> = new Set([80, 3000, 5000, 8000, 8008, 8080, 8081, 8888, 9000, 9090]);
const HTTPS_PORTS: ReadonlySet<number> = new Set([443, 8443, 9443]);

type Fields = Readonly<Record<string, unknown>>;

/**
 * The addresses under which what a plan describes is reached, sorted: names that a proxy routes first, then ports that are published. Ports that
 * an engine chooses are not known, and those of UDP are left out.
 *
 * @param machine host of what nodes of this machine publish
 */
export function addressesOf(
  { changes }: Pick<Plan, 'changes'>,
  nodes: readonly NodeStatus[],
  machine = 'localhost',
): readonly ServiceAddress[] {
  const routed: ServiceAddress[] = [];
  const published: ServiceAddress[] = [];
  for (const { kind, name, target, after } of changes) {
    if (after === null) continue;
    if (kind === 'container') {
      const service = typeof after['service'] === 'string' ? after['service'] : name;
      const node = nodes.find((one) => one.name === target);
      routed.push(...routesOf(service, fieldsOf(after['labels'])));
      published.push(...portsOf(service, after['ports'], hostOf(node?.address ?? 'local', machine)));
    }
    if (after['kind'] === 'Ingress') routed.push(...ingressRoutes(name, fieldsOf(after['spec'])));
  }
  return [routed, published].flatMap((list) => unique(list.sort(byAddress)));
}

function byAddress(a: ServiceAddress, b: ServiceAddress): number {
  return a.service < b.service
    ? -1
    : a.service > b.service
      ? 1
      : a.port - b.port || (a.host < b.host ? -1 : 1);
}

function unique(list: readonly ServiceAddress[]): readonly ServiceAddress[] {
  const seen = new Set<string>();
  return list.filter(({ service, address }) => {
    const key = `${service} ${address}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** Hosts that labels give Traefik, in rules such as ``Host(`app.example.org`)``. */
function routesOf(service: string, labels: Fields): readonly ServiceAddress[] {
  return Object.entries(labels).flatMap(([key, rule]): readonly ServiceAddress[] => {
    const [, router] = /^traefik\.http\.routers\.([^.]+)\.rule$/.exec(key) ?? [];
    if (router === undefined || typeof rule !== 'string') return [];
    const entry = own(labels, `traefik.http.routers.${router}.entrypoints`);
    const isPlain =
      own(labels, `traefik.http.routers.${router}.tls`) === undefined && !/secure/.test(asText(entry));
    return [...rule.matchAll(/Host\(((?:\s*`[^`]+`\s*,?)+)\)/g)].flatMap(([, hosts = '']) =>
      [...hosts.matchAll(/`([^`]+)`/g)].map(([, host = '']) => routeTo(service, host, !isPlain)),
    );
  });
}

function ingressRoutes(service: string, spec: Fields): readonly ServiceAddress[] {
  const isSecure = Array.isArray(spec['tls']) && spec['tls'].length > 0;
  const rules = Array.isArray(spec['rules']) ? spec['rules'] : [];
  return rules.flatMap((rule) => {
    const host = fieldsOf(rule)['host'];
    return typeof host === 'string' ? [routeTo(service, host, isSecure)] : [];
  });
}

function routeTo(service: string, host: string, isSecure: boolean): ServiceAddress {
  return { service, address: `${isSecure ? 'https' : 'http'}://${host}`, host, port: isSecure ? 443 : 80 };
}

function portsOf(service: string, ports: unknown, machine: string): readonly ServiceAddress[] {
  return (Array.isArray(ports) ? ports : []).flatMap((port): readonly ServiceAddress[] => {
    const { hostPort, containerPort, protocol, hostIp } = fieldsOf(port);
    if (typeof hostPort !== 'number' || protocol === 'udp' || protocol === 'sctp') return [];
    const isAny = typeof hostIp !== 'string' || /^(?:0\.0\.0\.0|::|127\.\d+\.\d+\.\d+|::1)$/.test(hostIp);
    const host = isAny ? machine : hostIp;
    const shown = host.includes(':') ? `[${host}]` : host;
    const speaks = (known: ReadonlySet<number>) =>
      [hostPort, containerPort].some((one) => known.has(Number(one)));
    const scheme = speaks(HTTPS_PORTS) ? 'https://' : speaks(HTTP_PORTS) ? 'http://' : '';
    const isUsual = (scheme === 'http://' && hostPort === 80) || (scheme === 'https://' && hostPort === 443);
    return [{ service, address: `${scheme}${shown}${isUsual ? '' : `:${hostPort}`}`, host, port: hostPort }];
  });
}

/** Host of a node's engine: `ssh://me@nas:22` and `tls://nas:2376` are `nas`, sockets are of this machine. */
function hostOf(address: string, machine: string): string {
  const [, host] = /^(?:ssh|tcp|tls|https?):\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+)/.exec(address) ?? [];
  return host?.replace(/^\[|\]$/g, '') ?? machine;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

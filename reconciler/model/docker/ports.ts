import type { PortSpec } from './docker-spec.ts';
import { isAddress } from '../../base/ip-address.ts';
import type { Problem } from '../../base/problem.ts';
import { isProblem } from '../../base/problem.ts';
import type { Fields } from '../../base/values.ts';
import { asNumber, asString, defined } from '../../base/values.ts';

const SHORT_PORT = /^(?:(?:(\[[0-9a-fA-F:.]+\]|[^:]*):)?([^:]*):)?([^:/]+)(?:\/([a-z]+))?$/;
const FORMS = 'such as 8080:80, 127.0.0.1:53:53/udp or 9000-9005:9000-9005';
const MAX_PORTS_PER_RANGE = 1_000;

/** A port with the last of a range of host ports that the containers of a service share. */
export type PublishedPort = PortSpec & { readonly lastHostPort?: number };

/** Ports in Compose's short form: `80`, `8080:80`, `127.0.0.1:8080:80/udp`, `3000-3005:3000-3005`, `3000-3005:80`. */
export function parsePort(text: string): readonly PublishedPort[] | Problem {
  const [, ip, published, target, protocol = 'tcp'] = SHORT_PORT.exec(text) ?? [];
  if (target === undefined) return { problem: `"${text}" is not a port`, hint: FORMS };
  if (!isProtocol(protocol)) {
    return { problem: `"${protocol}" is not a protocol`, hint: 'tcp, udp or sctp', code: 'INVALID_VALUE' };
  }
  const inside = parseRange(target);
  if (isProblem(inside)) return inside;
  const outside = published ? parseRange(published) : undefined;
  if (isProblem(outside)) return outside;
  const hostIp = parseHostIp(ip);
  if (isProblem(hostIp)) return hostIp;
  const [containerPort] = inside;
  if (outside && outside.length > 1 && inside.length === 1 && containerPort !== undefined) {
    return [defined({ containerPort, protocol, hostPort: outside[0], lastHostPort: outside.at(-1), hostIp })];
  }
  if (outside && outside.length !== inside.length) {
    return {
      problem: `"${text}" maps ${outside.length} ports to ${inside.length}`,
      hint: 'both ranges must have the same length',
      code: 'INVALID_VALUE',
    };
  }
  return inside.map((containerPort, index) =>
    defined({ containerPort, protocol, hostPort: outside?.[index], hostIp }),
  );
}

/** A port in Compose's long form, already checked against the schema. */
export function readPort(fields: Fields): PublishedPort | Problem | undefined {
  const containerPort = asNumber(fields['target']);
  if (containerPort === undefined) return undefined;
  const protocol = asString(fields['protocol']) ?? 'tcp';
  const published = fields['published'];
  const text = typeof published === 'number' ? `${published}` : asString(published);
  const range = text ? parseRange(text) : [];
  if (isProblem(range)) return range;
  const [hostPort] = range;
  const lastHostPort = range.length > 1 ? range.at(-1) : undefined;
  const hostIp = parseHostIp(asString(fields['host_ip']));
  if (isProblem(hostIp)) return hostIp;
  return isProtocol(protocol)
    ? defined({ containerPort, protocol, hostPort, lastHostPort, hostIp })
    : undefined;
}

/** Tells whether two addresses share traffic: the same, or one of them is all addresses of the other's family. */
export function addressesOverlap(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined || a === b) return true;
  return isIpv6(a) === isIpv6(b) && (isWildcard(a) || isWildcard(b));
}

/** Tells of an address that means every one of its family; left out, it means every one of both. */
export function isWildcard(hostIp: string | undefined): boolean {
  return hostIp === undefined || hostIp === '0.0.0.0' || hostIp === '::';
}

function isIpv6(address: string): boolean {
  return address.includes(':');
}

/** An IPv6 address comes out in its shortest form, so that the same meaning gives the same spec. */
function parseHostIp(text: string | undefined): string | undefined | Problem {
  const ip = text?.replace(/^\[(.*)\]$/, '$1');
  if (!ip) return undefined;
  if (!isAddress(ip)) return { problem: `"${ip}" is not an IP address`, hint: FORMS };
  return isIpv6(ip) ? new URL(`http://[${ip}]`).hostname.slice(1, -1) : ip;
}

function parseRange(text: string): readonly number[] | Problem {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (first === undefined) return { problem: `"${text}" is not a port number`, hint: FORMS };
  const from = Number(first);
  const to = Number(last);
  if (!isPort(from) || !isPort(to)) return outOfRange(text);
  if (to < from || to - from >= MAX_PORTS_PER_RANGE) {
    return {
      problem: `"${text}" is not a range of at most ${MAX_PORTS_PER_RANGE} ports`,
      code: 'OUT_OF_RANGE',
    };
  }
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function outOfRange(text: string): Problem {
  return { problem: `port ${text} is out of range`, hint: '1 to 65535', code: 'OUT_OF_RANGE' };
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function isProtocol(text: string): text is PortSpec['protocol'] {
  return text === 'tcp' || text === 'udp' || text === 'sctp';
}

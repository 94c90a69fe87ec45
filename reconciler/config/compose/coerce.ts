import type { ComposeNode } from './node.ts';
import type { Scalar } from './yaml-scalar.ts';
import type { Project } from './project.ts';
import { asBoolean } from '../../base/values.ts';
import { OPTION_ROWS } from '../../model/docker/options/container-options.ts';

/*
 * Values that came out of a variable are texts; where a number or true or false is meant, they are read as such. `*` stands
 * for any key, `**` for any keys.
 */

type Kind = 'boolean' | 'number' | 'text';

/** Options of a container that are true or false. */
const FLAGS = OPTION_ROWS.flatMap(([, { key, read }]) => (read === asBoolean ? [key] : []));

const BOOLEANS = `
services.*.(${FLAGS.join('|')}|attach|use_api_socket)
services.*.healthcheck.disable
services.*.depends_on.*.(required|restart)
services.*.volumes.*.read_only
services.*.volumes.*.bind.create_host_path
services.*.volumes.*.volume.nocopy
services.*.build.(no_cache|privileged|pull)
(networks|volumes).*.external
networks.*.(attachable|internal|enable_ipv4|enable_ipv6)
services.*.(enabled|route)
`;

const NUMBERS = `
services.*.healthcheck.retries
services.*.ports.*.(target|container|host)
services.*.route.port
nodes.*.(connection|ssh).port
nodes.*.resources.cpu
services.*.files.*.(uid|gid)
services.*.deploy.replicas
services.*.scale
`;

const TEXTS = `
services.*.(image|container_name|hostname|domainname|restart|working_dir|stop_signal|platform|cpuset|network_mode|pid|ipc)
services.*.(dns|dns_search|tmpfs|env_file)
services.*.(dns|dns_search|dns_opt|tmpfs|cap_add|cap_drop|volumes|profiles|links|external_links|security_opt|volumes_from).*
services.*.healthcheck.(test|interval|timeout|start_period|start_interval)
services.*.healthcheck.test.*
services.*.extra_hosts.*
services.*.extra_hosts.*.*
services.*.networks.*.aliases.*
services.*.devices.*
services.*.stop_grace_period
services.*.ports.*.(host_ip|protocol|name|app_protocol|mode)
services.*.volumes.*.(source|target)
services.*.labels.*
(networks|volumes).*.name
networks.*.ipam.config.*.(subnet|gateway|ip_range)
`;

const RULES: readonly (readonly [RegExp, Kind])[] = [
  ...compile(BOOLEANS, 'boolean'),
  ...compile(NUMBERS, 'number'),
  ...compile(TEXTS, 'text'),
];

function compile(places: string, kind: Kind): readonly (readonly [RegExp, Kind])[] {
  return places
    .trim()
    .split('\n')
    .map(
      (place) => [new RegExp(`^${place.replaceAll('.', '\\0').replaceAll('*', '[^\\0]*')}$`), kind] as const,
    );
}

/** A document with the scalars of known places as what they mean. */
export function coerceScalars(
  project: Project,
  node: ComposeNode,
  path: readonly string[] = [],
): ComposeNode {
  if (node.kind === 'list') {
    return {
      ...node,
      items: node.items.map((item, index) => coerceScalars(project, item, [...path, String(index)])),
    };
  }
  if (node.kind === 'map') {
    const entries = [...node.entries].map(
      ([key, value]) => [key, coerceScalars(project, value, [...path, key])] as const,
    );
    return { ...node, entries: new Map(entries) };
  }
  if (node.value === null || path[0]?.startsWith('x-')) return node;
  // Values of the kombination itself are read as they are written.
  if (node.origin.file.isKombination && !project.filled.has(node.origin)) return node;
  const place = path.join('\0');
  const kind = RULES.find(([pattern]) => pattern.test(place))?.[1];
  const value = kind === undefined ? node.value : coerce(node.value, kind);
  if (value === undefined) {
    project.error(
      'INVALID_TYPE',
      node,
      `"${String(node.value)}" is not ${kind === 'number' ? 'a number' : 'true or false'}`,
    );
    return node;
  }
  return value === node.value ? node : { ...node, value };
}

const WORDS = new Map([
  ...['true', 'y', 'yes', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'n', 'no', 'off', '0', ''].map((word) => [word, false] as const),
]);

function coerce(value: Exclude<Scalar, null>, kind: Kind): Scalar | undefined {
  switch (kind) {
    case 'text':
      return String(value);
    case 'number':
      return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim())
        ? Number(value)
        : typeof value === 'number'
          ? value
          : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : WORDS.get(String(value).toLowerCase());
    default:
      return kind satisfies never;
  }
}

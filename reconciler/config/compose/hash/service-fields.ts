import type { ComposeNode } from '../node.ts';
import { child, entriesOf, list, map, scalar } from '../node.ts';
import { isEmpty, textOf } from '../node.ts';
import type { Entry } from './go-json.ts';
import { Unreproducible, goList, goMap, goString, goStruct } from './go-json.ts';
import { devices, longUses, mounts, ports } from './ports-and-mounts.ts';
import type { Fields, Scope, Writer } from './writers.ts';
import { always, asText, bytes, duration, filledTexts, flag, float, healthTest, inside } from './writers.ts';
import {
  integer,
  list as listOf,
  mapOf,
  optionalFlag,
  optionalInteger,
  path,
  plainDuration,
} from './writers.ts';
import { quote, readInteger, struct, text, textMap, texts, uniqueTexts } from './writers.ts';
import { variables, words, writeBytes } from './writers.ts';

/*
 * A service as `ServiceConfig` of compose-go 2.9 is written, in its order. Without what docker-compose takes out before it hashes: build,
 * pull_policy, scale, deploy.replicas, depends_on, profiles; and without extends and env_file, which are carried out by then.
 */

/** Names of these members are as Go has them: they have no names of their own. */
const weightDevice: Writer = (node, scope) =>
  goStruct([
    ['Path', asText(child(node, 'path'), scope)] as Entry,
    ['Weight', optionalInteger(child(node, 'weight'), scope) ?? '0'] as Entry,
  ]);
const throttleDevice: Writer = (node, scope) => {
  const rate = child(node, 'rate');
  return goStruct([
    ['Path', asText(child(node, 'path'), scope)] as Entry,
    ['Rate', rate && !isEmpty(rate) ? writeBytes(rate, inside(scope, 'rate')) : '"0"'] as Entry,
  ]);
};
const BLKIO: Fields = [
  ['weight', integer],
  ['weight_device', listOf(weightDevice)],
  ['device_read_bps', listOf(throttleDevice)],
  ['device_read_iops', listOf(throttleDevice)],
  ['device_write_bps', listOf(throttleDevice)],
  ['device_write_iops', listOf(throttleDevice)],
];

/** `all` is -1, which is also meant where neither a number nor devices are named. */
const deviceRequest: Writer = (node, scope) => {
  const count = child(node, 'count');
  const isAll = count ? textOf(count)?.toLowerCase() === 'all' : !child(node, 'device_ids');
  const entries = entriesOf(node).filter(([key]) => key !== 'count' || !isAll);
  const origin = node?.origin;
  if (!origin) return undefined;
  const whole = map(isAll ? [...entries, ['count', scalar(-1, origin)]] : entries, origin);
  return struct([
    ['capabilities', texts],
    ['driver', text],
    ['count', integer],
    ['device_ids', texts],
    ['options', textMap],
  ])(whole, scope);
};
const deviceRequests = listOf(deviceRequest);
const gpus: Writer = (node, scope) => {
  if (node?.kind !== 'scalar' || isEmpty(node)) return deviceRequests(node, scope);
  return deviceRequests(list([map([], node.origin)], node.origin), scope);
};

const RESOURCE: Fields = [
  ['cpus', float],
  ['memory', bytes],
  ['pids', integer],
  ['devices', deviceRequests],
  [
    'generic_resources',
    listOf(
      struct([
        [
          'discrete_resource_spec',
          (node, scope) =>
            isEmpty(node)
              ? undefined
              : goStruct([
                  ['kind', asText(child(node, 'kind'), scope)] as Entry,
                  ['value', optionalInteger(child(node, 'value'), scope) ?? '0'] as Entry,
                ]),
        ],
      ]),
    ),
  ],
];
const UPDATE: Fields = [
  ['parallelism', optionalInteger],
  ['delay', plainDuration],
  ['failure_action', text],
  ['monitor', plainDuration],
  ['max_failure_ratio', float],
  ['order', text],
];
const DEPLOY: Fields = [
  ['mode', text],
  ['labels', textMap],
  ['update_config', struct(UPDATE)],
  ['rollback_config', struct(UPDATE)],
  [
    'resources',
    always([
      ['limits', struct(RESOURCE)],
      ['reservations', struct(RESOURCE)],
    ]),
  ],
  [
    'restart_policy',
    struct([
      ['condition', text],
      ['delay', duration],
      ['max_attempts', optionalInteger],
      ['window', duration],
    ]),
  ],
  [
    'placement',
    always([
      ['constraints', texts],
      ['preferences', listOf(struct([['spread', text]]))],
      ['max_replicas_per_node', integer],
    ]),
  ],
  ['endpoint_mode', text],
];

const HOOK: Fields = [
  ['command', words],
  ['user', text],
  ['privileged', flag],
  ['working_dir', text],
  ['environment', variables],
];

const DEVELOP: Fields = [
  [
    'watch',
    listOf(
      struct([
        ['path', (node, scope) => path(node, scope) ?? '""'],
        ['action', asText],
        ['target', text],
        ['exec', always(HOOK)],
        ['include', texts],
        ['ignore', texts],
        ['initial_sync', flag],
      ]),
    ),
  ],
];

/** `db=10.0.0.5` of each address, in the order of the texts. */
const hosts: Writer = (node, scope) => {
  const entries = (node?.kind === 'list' ? node.items : []).flatMap((item) => {
    const [, host = '', addresses = ''] = /^([^=:]*)[=:](.*)$/s.exec(textOf(item) ?? '') ?? [];
    return addresses.split(',').map((address) => [host, address] as const);
  });
  const named = entriesOf(node).flatMap(([host, item]) =>
    (item.kind === 'list' ? item.items : [item]).map((entry) => [host, textOf(entry) ?? ''] as const),
  );
  const all = [...entries, ...named].map(([host, address]) =>
    quote(`${host}=${address.replace(/^\[(.+)\]$/, '$1')}`, scope),
  );
  return all.length === 0
    ? undefined
    : goList(all.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
};

/** Octal digits; a number that YAML read already is one. */
const fileMode: Writer = (node, scope) => {
  if (isEmpty(node) || node?.kind !== 'scalar') return undefined;
  const { value } = node;
  const mode = typeof value === 'string' ? Number.parseInt(value, 8) : Number(value);
  if (!Number.isSafeInteger(mode) || mode < 0) throw new Unreproducible(scope.key, 'is no mode of a file');
  return goString(`0${mode.toString(8)}`);
};
const USE: Fields = [
  ['source', text],
  ['target', text],
  ['uid', text],
  ['gid', text],
  ['mode', fileMode],
];
const uses = listOf(struct(USE));

const ulimit: Writer = (node, scope) => {
  if (node?.kind === 'map')
    return struct([
      ['soft', integer],
      ['hard', integer],
    ])(node, scope);
  const value = isEmpty(node) || !node ? 0n : readInteger(node, scope);
  return value === 0n ? '{}' : String(value);
};

const NETWORK_USE: Fields = [
  ['aliases', uniqueTexts],
  ['driver_opts', textMap],
  ['gw_priority', integer],
  ['interface_name', text],
  ['ipv4_address', text],
  ['ipv6_address', text],
  ['link_local_ips', uniqueTexts],
  ['mac_address', text],
  ['priority', integer],
];
/** A list of names, or a map. */
const networks: Writer = (node, scope) => {
  if (node?.kind !== 'list') return mapOf(struct(NETWORK_USE))(node, scope);
  return goMap(node.items.map((item): Entry => [textOf(item) ?? '', 'null']));
};

function refuse(reason: string): Writer {
  return (node, scope: Scope) => {
    if (!isEmpty(node)) throw new Unreproducible(scope.key, reason);
    return undefined;
  };
}

const SYSTEM: Fields = [
  ['annotations', textMap],
  ['attach', optionalFlag],
  ['develop', struct(DEVELOP)],
  ['blkio_config', struct(BLKIO)],
  ['cap_add', uniqueTexts],
  ['cap_drop', uniqueTexts],
  ['cgroup_parent', text],
  ['cgroup', text],
  ['cpu_count', integer],
  ['cpu_percent', float],
  ['cpu_period', integer],
  ['cpu_quota', integer],
  ['cpu_rt_period', integer],
  ['cpu_rt_runtime', integer],
  ['cpus', float],
  ['cpuset', text],
  ['cpu_shares', integer],
];

export const SERVICE: Fields = [
  ...SYSTEM,
  ['command', words],
  ['configs', (node, scope) => uses(longUses(node), scope)],
  ['container_name', text],
  [
    'credential_spec',
    struct([
      ['config', text],
      ['file', text],
      ['registry', text],
    ]),
  ],
  ['deploy', struct(DEPLOY)],
  ['device_cgroup_rules', texts],
  ['devices', devices],
  ['dns', filledTexts],
  ['dns_opt', uniqueTexts],
  ['dns_search', uniqueTexts],
  ['domainname', text],
  ['entrypoint', words],
  ['provider', refuse('makes something that is no container')],
  ['environment', variables],
  ['expose', texts],
  ['external_links', texts],
  ['extra_hosts', hosts],
  ['group_add', texts],
  ['gpus', gpus],
  ['hostname', text],
  [
    'healthcheck',
    struct([
      ['test', healthTest],
      ['timeout', duration],
      ['interval', duration],
      ['retries', optionalInteger],
      ['start_period', duration],
      ['start_interval', duration],
      ['disable', flag],
    ]),
  ],
  ['image', text],
  ['init', optionalFlag],
  ['ipc', text],
  ['isolation', text],
  ['labels', textMap],
  ['label_file', listOf(path)],
  ['links', uniqueTexts],
  [
    'logging',
    struct([
      ['driver', text],
      ['options', textMap],
    ]),
  ],
  ['mem_limit', bytes],
  ['mem_reservation', bytes],
  ['memswap_limit', bytes],
  ['mem_swappiness', bytes],
  ['mac_address', text],
  ['models', refuse('brings variables that the model runner gives')],
  ['network_mode', text],
  ['networks', networks],
  ['oom_kill_disable', flag],
  ['oom_score_adj', integer],
  ['pid', text],
  ['pids_limit', integer],
  ['platform', text],
  ['ports', ports],
  ['privileged', flag],
  ['read_only', flag],
  ['restart', text],
  ['runtime', text],
  ['secrets', (node, scope) => uses(longUses(node, '/run/secrets'), scope)],
  ['security_opt', texts],
  ['shm_size', bytes],
  ['stdin_open', flag],
  ['stop_grace_period', duration],
  ['stop_signal', text],
  ['storage_opt', textMap],
  ['sysctls', textMap],
  ['tmpfs', uniqueTexts],
  ['tty', flag],
  ['ulimits', mapOf(ulimit)],
  ['use_api_socket', flag],
  ['user', text],
  ['userns_mode', text],
  ['uts', text],
  ['volume_driver', text],
  ['volumes', mounts],
  ['volumes_from', texts],
  ['working_dir', text],
  ['post_start', listOf(struct(HOOK))],
  ['pre_stop', listOf(struct(HOOK))],
];

/** Keys that are gone when docker-compose hashes, or were never part of it. */
export const OUTSIDE_THE_HASH: ReadonlySet<string> = new Set([
  'build',
  'depends_on',
  'env_file',
  'extends',
  'profiles',
  'pull_policy',
  'scale',
]);

/** A text of Go for each key that is known: `undefined` for the first that is not. */
export function firstUnknown(service: ComposeNode): string | undefined {
  const known = new Set(SERVICE.map(([key]) => key));
  return entriesOf(service)
    .map(([key]) => key)
    .find((key) => !known.has(key) && !OUTSIDE_THE_HASH.has(key) && !key.startsWith('x-'));
}

import { expect, it } from 'vitest';
import { briefDiagnostics, createDesiredFixture } from '../../support/desired-fixtures.ts';

const { state } = createDesiredFixture();

/** The key stands on line 6, at column 5. */
function web(lines: string, more = ''): string {
  return `version: "1.0"\nmeta: { name: s }\nservices:\n  web:\n    image: nginx\n    ${lines}\n${more}`;
}

const error = (place: string, code: string, path: string) => `${place} error ${code} services.web.${path}`;
const warning = (place: string, path: string) => `${place} warning UNSUPPORTED_KEY services.web.${path}`;

it.each([
  { text: web('devices: [vendor.com/class=name]'), want: [error('6:15', 'UNSUPPORTED_KEY', 'devices[0]')] },
  { text: web('devices: [dev]'), want: [error('6:15', 'INVALID_FORMAT', 'devices[0]')] },
  {
    text: web('extra_hosts: [a, "b:c"]'),
    want: [
      error('6:19', 'INVALID_FORMAT', 'extra_hosts[0]'),
      error('6:22', 'INVALID_FORMAT', 'extra_hosts[1]'),
    ],
  },
  { text: web('expose: ["80:80"]'), want: [error('6:14', 'INVALID_FORMAT', 'expose[0]')] },
  { text: web('scale: 1001'), want: [error('6:12', 'OUT_OF_RANGE', 'scale')] },
  {
    text: web('scale: 2, deploy: { replicas: 3 }'.replace(', ', '\n    ')),
    want: [error('6:12', 'INVALID_VALUE', 'scale')],
  },
  {
    text: web(
      'scale: 2\n    container_name: w\n    ports: ["80:80", "81-82:81", "83"]\n    mac_address: 02:00:00:00:00:01',
    ),
    want: [
      error('7:5', 'INVALID_VALUE', 'container_name'),
      error('8:13', 'DUPLICATE_PORT', 'ports[0]'),
      error('9:18', 'INVALID_VALUE', 'mac_address'),
    ],
  },
  {
    text: web('scale: 3\n    ports: ["81-82:81"]'),
    want: [error('7:13', 'DUPLICATE_PORT', 'ports[0]')],
  },
  {
    text: web('ports: ["81:81"]\n    deploy: { update_config: { order: start-first } }'),
    want: [warning('7:39', 'deploy.update_config.order')],
  },
  {
    text: web(
      'deploy: { update_config: { order: side-by-side, max_failure_ratio: 2, failure_action: panic } }',
    ),
    want: [
      error('6:39', 'INVALID_VALUE', 'deploy.update_config.order'),
      error('6:72', 'OUT_OF_RANGE', 'deploy.update_config.max_failure_ratio'),
      error('6:91', 'INVALID_VALUE', 'deploy.update_config.failure_action'),
    ],
  },
  {
    text: web('deploy: { rollback_config: { failure_action: rollback, monitor: 5s } }'),
    want: [
      error('6:50', 'INVALID_VALUE', 'deploy.rollback_config.failure_action'),
      warning('6:60', 'deploy.rollback_config.monitor'),
    ],
  },
  { text: web('deploy: { mode: global }'), want: [warning('6:15', 'deploy.mode')] },
  {
    text: web('deploy: { mode: replicated-job }'),
    want: [error('6:21', 'UNSUPPORTED_KEY', 'deploy.mode')],
  },
  {
    text: web('deploy: { labels: { a: b }, placement: { preferences: [], max_replicas_per_node: 1 } }'),
    want: [
      warning('6:15', 'deploy.labels'),
      warning('6:46', 'deploy.placement.preferences'),
      warning('6:63', 'deploy.placement.max_replicas_per_node'),
    ],
  },
  {
    text: web(
      'deploy: { placement: { constraints: [node.role == manager, node.hostname == pi, node.labels.ssd == true] } }',
    ),
    want: [
      warning('6:64', 'deploy.placement.constraints[1]'),
      warning('6:85', 'deploy.placement.constraints[2]'),
    ],
  },
  {
    text: web('deploy: { restart_policy: { delay: 5s } }\n    restart: always'),
    want: [warning('6:15', 'deploy.restart_policy'), warning('6:33', 'deploy.restart_policy.delay')],
  },
  {
    text: web('deploy: { resources: { reservations: { cpus: 1 } } }'),
    want: [warning('6:44', 'deploy.resources.reservations.cpus')],
  },
  { text: web('cpu_count: 2'), want: [warning('6:5', 'cpu_count')] },
  { text: web('cpu_percent: 10'), want: [warning('6:5', 'cpu_percent')] },
  { text: web('pull_policy: daily'), want: [warning('6:18', 'pull_policy')] },
  { text: web('pull_policy: build'), want: [error('6:18', 'INVALID_VALUE', 'pull_policy')] },
  { text: web('pull_policy: alwys'), want: [error('6:18', 'INVALID_VALUE', 'pull_policy')] },
  { text: web('isolation: hyperv'), want: [error('6:16', 'INVALID_VALUE', 'isolation')] },
  { text: web('label_file: ./labels'), want: [error('6:17', 'FILE_NOT_FOUND', 'label_file')] },
  {
    text: web('security_opt: ["seccomp:./p.json"]'),
    want: [error('6:20', 'UNSUPPORTED_KEY', 'security_opt[0]')],
  },
  { text: web('cpus: 1\n    cpu_quota: 5'), want: [error('7:5', 'INVALID_VALUE', 'cpu_quota')] },
  { text: web('cpus: 1\n    resources: { cpus: 2 }'), want: [error('6:11', 'INVALID_VALUE', 'cpus')] },
  { text: web('mem_limit: 64m\n    resources: { memory: 65536k }'), want: [] },
  { text: web('memswap_limit: 64m'), want: [error('6:5', 'INVALID_VALUE', 'memswap_limit')] },
  {
    text: web('mem_limit: 64m\n    memswap_limit: 32m'),
    want: [error('7:20', 'OUT_OF_RANGE', 'memswap_limit')],
  },
  { text: web('mem_swappiness: 101'), want: [error('6:21', 'OUT_OF_RANGE', 'mem_swappiness')] },
  { text: web('gpus: [{ count: 1, device_ids: ["0"] }]'), want: [error('6:12', 'INVALID_VALUE', 'gpus[0]')] },
  {
    text: web('deploy: { resources: { reservations: { devices: [{ count: 1 }] } } }'),
    want: [error('6:54', 'REQUIRED', 'deploy.resources.reservations.devices[0].capabilities')],
  },
  { text: web('network_mode: service:vpn'), want: [error('6:19', 'UNKNOWN_SERVICE', 'network_mode')] },
  { text: web('network_mode: servce:vpn'), want: [error('6:19', 'INVALID_FORMAT', 'network_mode')] },
  {
    text: web('network_mode: container:x\n    ports: ["80:80"]\n    hostname: h'),
    want: [error('7:5', 'INVALID_VALUE', 'ports'), error('8:5', 'INVALID_VALUE', 'hostname')],
  },
  { text: web('ipc: service:web'), want: [error('6:10', 'CIRCULAR_DEPENDENCY', 'ipc')] },
  { text: web('links: [db]'), want: [error('6:13', 'UNKNOWN_SERVICE', 'links[0]')] },
  {
    text: web('volumes_from: ["web:x:ro"]'),
    want: [
      error('6:20', 'INVALID_FORMAT', 'volumes_from[0]'),
      error('6:20', 'CIRCULAR_DEPENDENCY', 'volumes_from[0]'),
    ],
  },
  {
    text: web('volumes: [{ type: image, source: a, target: /a }]'),
    want: [error('6:15', 'UNSUPPORTED_KEY', 'volumes[0]')],
  },
  {
    text: web('volumes: [{ type: bind, source: /a, target: /a, bind: { selinux: z, recursive: disabled } }]'),
    want: [error('6:15', 'INVALID_VALUE', 'volumes[0]')],
  },
  {
    text: web(
      'volumes: [{ type: volume, source: v, target: /a, volume: { subpath: ../x } }]',
      'volumes: { v: }\n',
    ),
    want: [error('6:15', 'INVALID_VALUE', 'volumes[0]')],
  },
  { text: web('tmpfs: ["/t:bind=1"]'), want: [error('6:13', 'INVALID_FORMAT', 'tmpfs[0]')] },
  { text: web('volumes: [/data]'), want: ['6:15 warning ANONYMOUS_VOLUME services.web.volumes[0]'] },
  {
    text: web('container_name: s-two-1', '  two: { image: a }\n'),
    want: [error('6:21', 'INVALID_VALUE', 'container_name')],
  },
  {
    text: web('platform: linux/arm64', '  two: { image: nginx }\n'),
    want: [error('6:15', 'INVALID_VALUE', 'platform')],
  },
  {
    text: web('networks: { default: { ipv4_address: x } }'),
    want: [error('6:42', 'INVALID_FORMAT', 'networks.default.ipv4_address')],
  },
  {
    text: web('build: git@git.example.org:app.git#main'),
    want: [error('6:12', 'UNSUPPORTED_KEY', 'build')],
  },
  { text: web('x-note: 1\n    deploy: { x-note: 1 }', 'x-all: 1\n'), want: [] },
  {
    text: web(
      'pid: service:two',
      '  two: { image: a, node: far }\nnodes: [{ name: near, connection: { host: localhost } }, { name: far, connection: { host: pi } }]\n',
    ),
    want: [error('6:10', 'INVALID_VALUE', 'pid')],
  },
])('$want in $text', ({ text, want }) => {
  expect([...briefDiagnostics(state.check(text).diagnostics)].sort()).toEqual([...want].sort());
});

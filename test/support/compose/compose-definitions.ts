/*
 * Small services in Compose's own words, which are created by Compose and by Kombinator and compared by engine inspect
 * (test/integration/compose-inspect.test.ts). Together they say every key that a service may have.
 */

/** The image of all of them. */
export const INSPECT_IMAGE = 'kombinator-inspect:1';

/** Body of each service as YAML, without `image`. */
export const DEFINITIONS: Readonly<Record<string, string>> = {
  plain: '{}',
  'command-list': 'command: [sh, -c, "echo $$HOME"]',
  'command-text': `command: sh -c 'sleep 10 && echo "a b"'`,
  'entrypoint-list': 'entrypoint: [sh, -c]\ncommand: [sleep 1]',
  'entrypoint-text': 'entrypoint: sh -c "sleep 3"',
  'entrypoint-only': 'entrypoint: [sleep, "9"]',
  'environment-map': 'environment: { A: "1", B: two words, N: 3, F: 1.5, T: "true", EMPTY: "" }',
  'environment-list': 'environment: [Z=1, A=x=y, "S=a b", NOWHERE]',
  'env-file':
    'env_file: [app.env, { path: none.env, required: false }]\nenvironment: { OVER: from environment }',
  extends: 'extends: { service: labels }\nlabels: { org.example.b: "2" }',
  'extends-file': 'extends: { file: base.yaml, service: base }\nenvironment: { OVER: from the service }',
  labels: 'labels: { org.example.a: "1", org.example.b: "" }',
  'labels-list': 'labels: [org.example.c=x=y, org.example.d]',
  'label-file': 'label_file: app.labels\nlabels: { org.example.over: mine }',
  'ports-short': 'ports: ["18080:80", "127.0.0.1:18081:81", "18082:82/udp", "83", "127.0.0.1::84"]',
  'ports-range': 'ports: ["18090-18092:90-92"]',
  'ports-one-of': 'ports: ["18120-18122:80"]',
  'ports-long':
    'ports: [{ target: 80, published: "18100", host_ip: 127.0.0.1, protocol: tcp, mode: host, name: web, app_protocol: http }, { target: 81 }]',
  'ports-v6': 'ports: ["[::1]:18110:80"]',
  'ports-families': 'ports: ["0.0.0.0:18130:80", "[::]:18130:80"]',
  expose: 'expose: ["3000", "4000-4002", "53/udp"]',
  'volume-short': 'volumes: ["data:/data", "data:/ro:ro"]',
  'volume-long':
    'volumes: [{ type: volume, source: data, target: /data, read_only: true, volume: { nocopy: true } }]',
  'volume-anonymous': 'volumes: [/scratch, { type: volume, target: /more }]',
  'volume-external': 'volumes: ["outside:/outside"]',
  'volume-tmpfs':
    'volumes: [{ type: tmpfs, target: /fast, tmpfs: { size: 65536 } }, { type: tmpfs, target: /faster }]',
  'bind-short':
    'volumes: ["/tmp/kombinator-inspect:/host", "/tmp/kombinator-inspect:/host-ro:ro", "/etc:/slave:ro,rslave", "/tmp/kombinator-inspect:/z:z"]',
  'bind-long':
    'volumes: [{ type: bind, source: /etc, target: /host, read_only: true, bind: { create_host_path: false, propagation: rprivate } }, { type: bind, source: /tmp/kombinator-inspect, target: /made }]',
  'bind-relative': 'volumes: ["./data:/data"]',
  tmpfs: 'tmpfs: /run',
  'tmpfs-mode':
    'volumes: [{ type: tmpfs, target: /octal, tmpfs: { mode: 01777 } }, { type: tmpfs, target: /decimal, tmpfs: { mode: 448 } }]',
  'tmpfs-options': 'tmpfs: ["/run:size=64m,mode=1777", "/tmp"]',
  configs: 'configs: [{ source: text, target: /etc/app.conf }]',
  secrets: 'secrets: [password]',
  user: 'user: "1000:1000"\nworking_dir: /tmp',
  names: 'hostname: box\ndomainname: example.org',
  'container-name': 'container_name: kombinator-inspect-named',
  init: 'init: true',
  'init-false': 'init: false',
  'read-only': 'read_only: true\ntmpfs: [/tmp]',
  stop: 'stop_signal: SIGINT\nstop_grace_period: 1m30s',
  'stop-default': 'stop_grace_period: 10s',
  'stop-short': 'stop_grace_period: 1500ms',
  'restart-no': 'restart: "no"',
  'restart-always': 'restart: always',
  'restart-failure': 'restart: on-failure:3',
  'restart-unless': 'restart: unless-stopped',
  healthcheck:
    'healthcheck: { test: [CMD, "true"], interval: 1m30s, timeout: 10s, retries: 5, start_period: 40s }',
  'healthcheck-shell': 'healthcheck: { test: "true || false", interval: 5s }',
  'healthcheck-off': 'healthcheck: { disable: true }',
  'healthcheck-none': 'healthcheck: { test: [NONE] }',
  tty: 'tty: true\nstdin_open: true',
  capabilities: 'cap_add: [NET_ADMIN, SYS_TIME]\ncap_drop: [MKNOD, CHOWN]',
  'capabilities-all': 'cap_add: [CAP_NET_ADMIN]\ncap_drop: [ALL]',
  privileged: 'privileged: true',
  security:
    'security_opt: ["no-new-privileges:true", "seccomp:unconfined", "apparmor=unconfined", "label:disable"]',
  'user-namespace': 'userns_mode: host',
  groups: 'group_add: [daemon, "5", 6]',
  devices: 'devices: [/dev/null, "/dev/zero:/dev/nothing:r", "/dev/null:/dev/other"]',
  'device-rules': 'device_cgroup_rules: ["c 1:3 mr", "a *:* rwm"]',
  gpus: 'gpus: all',
  'gpus-list':
    'gpus: [{ driver: nvidia, count: 2, capabilities: [utility], options: { a: b } }, { device_ids: ["0", "3"] }]',
  'deploy-devices':
    'deploy: { resources: { reservations: { devices: [{ driver: nvidia, count: 1, capabilities: [gpu, compute] }] } } }',
  cgroup: 'cgroup: host',
  'cgroup-private': 'cgroup: private',
  'cgroup-parent': 'cgroup_parent: /kombinator-inspect',
  'ipc-shareable': 'ipc: shareable',
  'ipc-service': 'ipc: service:ipc-shareable',
  'ipc-host': 'ipc: host',
  'pid-host': 'pid: host',
  'pid-service': 'pid: service:plain',
  uts: 'uts: host',
  isolation: 'isolation: default',
  runtime: 'runtime: runc',
  sysctls: 'sysctls: { net.core.somaxconn: 1024, net.ipv4.tcp_syncookies: "0" }',
  'sysctls-list': 'sysctls: [net.core.somaxconn=512]',
  ulimits: 'ulimits: { nproc: 65535, nofile: { soft: 20000, hard: 40000 }, memlock: -1 }',
  shm: 'shm_size: 128m',
  logging: 'logging: { driver: json-file, options: { max-size: 10m, max-file: "3" } }',
  'logging-driver': 'logging: { driver: none }',
  dns: 'dns: 10.0.0.53\ndns_search: example.org\ndns_opt: [use-vc, no-tld-query]',
  'dns-lists': 'dns: [10.0.0.53, 10.0.0.9]\ndns_search: [b.example, a.example]',
  'dns-search-empty': 'dns_search: ""',
  'extra-hosts': 'extra_hosts: ["db:10.0.0.5", "six=fd00::1", "gw:host-gateway"]',
  'extra-hosts-map': 'extra_hosts: { db: 10.0.0.5, cache: [10.0.0.6, 10.0.0.7] }',
  mac: 'mac_address: 02:42:AC:11:65:43',
  memory: 'mem_limit: 128m\nmem_reservation: 64m\nmemswap_limit: 256m',
  'memory-only': 'mem_limit: 64m',
  'memory-swap': 'mem_limit: 64m\nmemswap_limit: -1',
  swappiness: 'mem_swappiness: 10',
  oom: 'oom_kill_disable: true\noom_score_adj: 500\nmem_limit: 64m',
  pids: 'pids_limit: 100',
  'pids-unlimited': 'pids_limit: -1',
  cpus: 'cpus: 0.5\ncpu_shares: 512\ncpuset: "0"',
  'cpu-quota': 'cpu_period: 50000\ncpu_quota: 25000',
  'cpu-windows': 'cpu_count: 0\ncpu_percent: 0',
  blkio:
    'blkio_config: { weight: 300, weight_device: [{ path: /dev/zero, weight: 400 }], device_read_bps: [{ path: /dev/zero, rate: 12mb }], device_read_iops: [{ path: /dev/zero, rate: 120 }], device_write_bps: [{ path: /dev/zero, rate: 1024k }], device_write_iops: [{ path: /dev/zero, rate: 30 }] }',
  deploy:
    'deploy: { resources: { limits: { cpus: "0.25", memory: 64M, pids: 50 }, reservations: { memory: 32M } }, restart_policy: { condition: on-failure, max_attempts: 4 } }',
  'deploy-any': 'deploy: { restart_policy: { condition: any }, labels: { org.example.deploy: "1" } }',
  'deploy-none': 'deploy: { restart_policy: { condition: none } }',
  'deploy-replicas': 'deploy: { replicas: 2 }',
  scale: 'scale: 2',
  networks: 'networks: [front, back]',
  'networks-map':
    'networks: { front: { aliases: [www, api], ipv4_address: 10.213.8.77, link_local_ips: [169.254.8.8], driver_opts: { a: b }, mac_address: 02:42:0a:d5:07:4d }, back: }',
  'networks-priority': 'networks: { back: { priority: 100 }, front: { priority: 10 } }',
  'networks-one': 'networks: { back: { aliases: [only] } }',
  'network-host': 'network_mode: host',
  'network-none': 'network_mode: none',
  'network-bridge': 'network_mode: bridge',
  'network-service': 'network_mode: service:plain',
  links: 'links: [plain, "plain:friend"]',
  'external-links': 'external_links: ["kombinator-inspect-outside:other"]',
  'volumes-from':
    'volumes_from: [volume-short, "volume-anonymous:ro", "container:kombinator-inspect-outside:ro"]',
  'depends-list': 'depends_on: [plain]',
  'depends-map':
    'depends_on: { plain: { condition: service_started, restart: true }, healthcheck: { condition: service_healthy, required: false } }',
  profiles: 'profiles: [some]',
  lifecycle: 'post_start: [{ command: "true" }]\npre_stop: [{ command: "true" }]',
  'pull-policy': 'pull_policy: missing',
  platform: `image: kombinator-inspect-platform:1\nplatform: linux/${process.arch === 'arm64' ? 'arm64' : 'amd64'}`,
  attach: 'attach: false',
  develop: 'develop: { watch: [{ path: ./data, action: restart }] }',
  build:
    'image: kombinator-inspect-built:1\nbuild: { context: ., dockerfile: Dockerfile }\npull_policy: missing',
  annotations: 'annotations: { org.example.note: "1" }',
};

/** Objects that the services refer to. */
export const SHARED = `networks:
  front: { ipam: { config: [{ subnet: 10.213.8.0/24 }] } }
  back: {}
volumes:
  data: {}
  outside: { external: true, name: kombinator-inspect-outside }
configs:
  text: { content: "a = 1" }
secrets:
  password: { file: ./password.txt }
`;

/** Data of a service; nothing for a repository. */
export const DATA_FILE = 'data/hello.txt';

/** Files beside the Compose file. */
export const FILES: Readonly<Record<string, string>> = {
  'app.env': 'FROM_FILE=1\nOVER=file\nQUOTED="a b"\n',
  'app.labels': 'org.example.file=1\norg.example.over=file\n',
  'password.txt': 'not a secret\n',
  'base.yaml':
    'services:\n  base:\n    env_file: app.env\n    working_dir: /${BASE:-srv}\n    labels: [org.example.base]\n    ulimits: { nofile: 1024 }\n',
  [DATA_FILE]: 'hello\n',
  Dockerfile: 'FROM scratch\n',
};

/** The Compose file of all definitions. */
export function writeCompose(names: readonly string[]): string {
  const services = names.map((name) => {
    const body = DEFINITIONS[name] === '{}' ? '' : (DEFINITIONS[name] ?? '');
    const image = body.startsWith('image:') ? [] : [`image: ${INSPECT_IMAGE}`];
    const lines = [...image, ...body.split('\n').filter(Boolean)];
    return `  ${name}:\n${lines.map((line) => `    ${line}\n`).join('')}`;
  });
  return `services:\n${services.join('')}${SHARED}`;
}

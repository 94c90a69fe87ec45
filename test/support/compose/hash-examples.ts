/*
 * Values of every key of a service, in the forms in which a Compose file may have them. Services that are drawn from them are hashed by
 * docker-compose and by us.
 */

type Values = readonly unknown[];

const ODD_TEXTS = [
  'a b',
  '',
  'ü€😀',
  '<a&b>',
  '"q"',
  'back\\slash',
  'tab\tline\nend',
  '\u2028',
  '$$HOME',
  '${SET}',
  '${NONE:-d}',
  'x=y=z',
  '1',
  '0.10',
  'true',
  'null',
  '~',
  ' lead',
];

const DURATIONS: Values = ['10s', '1m30s', '1.5s', '500ms', '1h', '2d', '90s', '0s', '1w1d', '250us'];
const SIZES: Values = ['64m', 134_217_728, '1.5g', '100kb', '32MiB', '0'];
const PAIRS: Values = [
  { a: '1', b: 2, c: 1.5, d: true, e: null, f: '' },
  ['x=1', 'y=a=b', 'z='],
  Object.fromEntries(ODD_TEXTS.map((text, index) => [`K${index}`, text])),
];

export const HASH_EXAMPLES: Readonly<Record<string, Values>> = {
  annotations: PAIRS,
  attach: [true, false],
  blkio_config: [
    { weight: 300, weight_device: [{ path: '/dev/zero', weight: 400 }] },
    {
      device_read_bps: [
        { path: '/dev/zero', rate: '12mb' },
        { path: '/dev/null', rate: 1024 },
      ],
      device_write_iops: [{ path: '/dev/zero', rate: 30 }],
    },
  ],
  cap_add: [['NET_ADMIN', 'SYS_TIME'], ['ALL', 'ALL'], []],
  cap_drop: [['MKNOD']],
  cgroup: ['host', 'private'],
  cgroup_parent: ['/x'],
  command: [
    'sleep 1',
    '',
    [],
    ['a', 'b c', '<&>'],
    `sh -c 'a "b" $$x' "q\\"q" 'it'"'"'s' x\\ y`,
    'a && b',
    'run > /dev/null',
    'a 2>b',
    null,
    'a   b\tc',
    '--opt="x y" --p=\'q\'',
  ],
  container_name: ['named', 'a.b_c-d'],
  cpu_count: [0, 2],
  cpu_percent: [0, 12],
  cpu_period: [50_000, '50000'],
  cpu_quota: [25_000],
  cpu_rt_period: [400_000],
  cpu_rt_runtime: [95_000],
  cpu_shares: [512, '512'],
  cpus: [0.5, '0.1', 1, 0, '2.25', 0.333333333, 1e-7],
  cpuset: ['0-1', '0'],
  deploy: [
    {},
    { replicas: 1 },
    { mode: 'replicated', labels: { a: 'b' }, endpoint_mode: 'vip' },
    {
      resources: {
        limits: { cpus: '0.25', memory: '64M', pids: 50 },
        reservations: {
          memory: '32M',
          devices: [
            { capabilities: ['gpu'], count: 1 },
            { capabilities: ['gpu'], driver: 'nvidia', device_ids: ['0'] },
            { capabilities: ['tpu'] },
          ],
        },
      },
    },
    { restart_policy: { condition: 'on-failure', delay: '5s', max_attempts: 3, window: '2m' } },
    {
      update_config: {
        parallelism: 0,
        delay: '10s',
        order: 'start-first',
        max_failure_ratio: 0.3,
        failure_action: 'pause',
        monitor: '0s',
      },
      rollback_config: { parallelism: 2 },
    },
    {
      placement: {
        constraints: ['node.role==manager'],
        preferences: [{ spread: 'node.labels.zone' }],
        max_replicas_per_node: 2,
      },
    },
    {
      resources: {
        reservations: { generic_resources: [{ discrete_resource_spec: { kind: 'gpu', value: 2 } }] },
      },
    },
  ],
  develop: [
    {
      watch: [
        { path: './src', action: 'sync', target: '/src', ignore: ['a/'], include: 'b' },
        { path: '.', action: 'rebuild' },
      ],
    },
  ],
  device_cgroup_rules: [['c 1:3 mr', 'a *:* rwm']],
  devices: [
    ['/dev/null', '/dev/zero:/dev/x:r', '/dev/null:/dev/y'],
    [
      { source: '/dev/null', target: '/dev/z', permissions: 'rw' },
      { source: '/dev/fuse', target: '/dev/fuse' },
    ],
    ['vendor.com/class=name'],
  ],
  dns: ['10.0.0.53', ['10.0.0.53', '10.0.0.9', '10.0.0.53'], '', ['', '1.1.1.1']],
  dns_opt: [['use-vc', 'ndots:2', 'a=1', 'a=2']],
  dns_search: ['example.org', ['b.example', 'a.example'], '', []],
  domainname: ['example.org', ''],
  entrypoint: ['sh -c "sleep 3"', ['a', 'b'], [], '', null],
  environment: [
    ...PAIRS,
    ['SET', 'NOWHERE', 'A=1'],
    { SET: null, NOWHERE: null, DOTTED: '${DOT}' },
    { QUOTED: '"x"', LONG: 'x'.repeat(300) },
    [],
  ],
  expose: [['3000', 80, '4000-4002', '53/udp'], [8000]],
  external_links: [['other:alias', 'plain']],
  extra_hosts: [
    ['db:10.0.0.5', 'six=fd00::1', 'v6=[::1]', 'gw:host-gateway', 'db:10.0.0.6'],
    { db: '10.0.0.5', cache: ['10.0.0.6', '10.0.0.7'] },
  ],
  gpus: [
    'all',
    [
      { driver: 'nvidia', count: 2, capabilities: ['utility'], options: { a: 'b' } },
      { device_ids: ['0', '3'] },
      { count: 'all' },
    ],
  ],
  group_add: [['daemon', '5', 6]],
  healthcheck: [
    { test: 'true || false', interval: '5s' },
    {
      test: ['CMD', 'true', 'a b'],
      interval: '1m30s',
      timeout: '10s',
      retries: 5,
      start_period: '40s',
      start_interval: '1s',
    },
    { disable: true },
    { test: ['NONE'] },
    { retries: '3', test: ['CMD-SHELL', 'x'] },
    {},
  ],
  hostname: ['box', 'a.b'],
  image: [
    'nginx',
    'nginx:1',
    'reg.example:5000/a/b@sha256:0123456789012345678901234567890123456789012345678901234567890123',
    'x:${SET}',
  ],
  init: [true, false, 'true'],
  ipc: ['host', 'shareable'],
  isolation: ['default'],
  labels: [...PAIRS, ['a', 'b=c'], {}],
  links: [['base', 'base:friend', 'base']],
  logging: [
    { driver: 'json-file', options: { 'max-size': '10m', 'max-file': 3, x: null } },
    { driver: 'none' },
    { options: { a: 'b' } },
  ],
  mac_address: ['02:42:ac:11:65:43'],
  mem_limit: SIZES,
  mem_reservation: SIZES,
  mem_swappiness: [10, '60', 0],
  memswap_limit: ['256m', -1, 0],
  network_mode: ['host', 'none', 'bridge', 'container:abc'],
  networks: [
    ['front', 'back'],
    {
      front: {
        aliases: ['www', 'api', 'www'],
        ipv4_address: '10.1.8.7',
        link_local_ips: ['169.254.8.8'],
        driver_opts: { a: 'b', n: 1 },
        mac_address: '02:42:0a:d5:07:4d',
        priority: 100,
        gw_priority: 5,
        interface_name: 'eth7',
        ipv6_address: 'fd00::5',
      },
      back: null,
    },
    { default: { aliases: ['x'] } },
    { back: {} },
    {},
    [],
  ],
  oom_kill_disable: [true, false],
  oom_score_adj: [500, -100, 0],
  pid: ['host'],
  pids_limit: [100, -1, 0],
  platform: ['linux/amd64'],
  ports: [
    ['8080:80', '127.0.0.1:81:81', '82:82/udp', '83', '127.0.0.1::84', 85],
    ['18090-18092:90-92', '9-11:9-11', '[::1]:18110:80', '18120-18122:80'],
    ['0.0.0.0:18130:80', '18130:80', '[::]:18130:80', '53:53/UDP', '53:53/tcp'],
    [
      {
        target: 80,
        published: '18100',
        host_ip: '127.0.0.1',
        protocol: 'tcp',
        mode: 'host',
        name: 'web',
        app_protocol: 'http',
      },
      { target: 81 },
      { target: 82, published: 82 },
      { target: '83', published: '90-95' },
    ],
    ['80-82'],
    [],
  ],
  post_start: [
    [
      { command: 'a b' },
      { command: ['x'], user: 'root', privileged: true, working_dir: '/', environment: ['A=1', 'B'] },
    ],
  ],
  pre_stop: [[{ command: ['true'], environment: { X: 1 } }]],
  privileged: [true, false, '${YES}'],
  pull_policy: ['missing', 'always'],
  read_only: [true, false],
  restart: ['no', 'always', 'on-failure:3', 'unless-stopped'],
  runtime: ['runc'],
  scale: [1],
  secrets: [
    ['pw'],
    [
      { source: 'pw', target: '/etc/pw', uid: '1', gid: '2', mode: 288 },
      { source: 'key', mode: '0440', target: 'other' },
    ],
    ['pw', 'key', 'pw'],
  ],
  configs: [['conf'], [{ source: 'conf', target: '/etc/c', mode: 0o644 }, 'other']],
  security_opt: [['no-new-privileges:true', 'seccomp:unconfined', 'label=disable']],
  shm_size: SIZES,
  stdin_open: [true, false],
  stop_grace_period: DURATIONS,
  stop_signal: ['SIGINT'],
  storage_opt: [{ size: '1G' }],
  sysctls: [{ 'net.core.somaxconn': 1024, 'net.ipv4.tcp_syncookies': '0' }, ['net.core.somaxconn=512', 'a']],
  tmpfs: ['/run/x', ['/run:size=64m,mode=1777', '/tmp'], ['/a:x=1', '/a:x=2']],
  tty: [true, false],
  ulimits: [
    { nproc: 65_535, nofile: { soft: 20_000, hard: 40_000 }, memlock: -1, core: 0 },
    { nofile: { soft: 0, hard: 5 } },
  ],
  user: ['1000:1000', 'root', '0'],
  userns_mode: ['host'],
  uts: ['host'],
  volumes: [
    ['data:/data', 'data:/ro:ro', '/scratch', 'outside:/o:rw,nocopy'],
    [
      './rel:/rel',
      './rel/sub/../x/:/rel2/:ro',
      '~/home:/home',
      '/abs/:/abs:ro,rslave',
      '..:/up',
      '.:/here:z',
      '/a/../b:/c:Z,shared',
    ],
    [
      {
        type: 'volume',
        source: 'data',
        target: '/long/',
        read_only: true,
        volume: { nocopy: true, subpath: 'a', labels: { x: 1 } },
      },
      { type: 'volume', target: '/anon' },
    ],
    [
      {
        type: 'bind',
        source: './b',
        target: '/b',
        bind: { create_host_path: false, propagation: 'rprivate', selinux: 'z', recursive: 'enabled' },
      },
      { type: 'bind', source: '/etc', target: '/e', consistency: 'cached' },
      { type: 'bind', source: 'plain', target: '/p' },
    ],
    [
      { type: 'tmpfs', target: '/fast', tmpfs: { size: 65_536, mode: 448 } },
      { type: 'tmpfs', target: '/t2', tmpfs: { size: '1m' } },
      { type: 'tmpfs', target: '/t3' },
    ],
    [{ type: 'image', source: 'alpine', target: '/img', image: { subpath: 'etc' } }],
    ['d:/x', 'data:/same', 'data:/same/'],
    ['/a', '${SET}:/v', 'b'],
  ],
  working_dir: ['/tmp', 'rel'],
};

/** Objects that those values refer to. */
export const HASH_SURROUNDINGS = {
  networks: {
    front: {
      ipam: {
        driver: 'default',
        config: [
          {
            subnet: '10.1.8.0/24',
            gateway: '10.1.8.1',
            ip_range: '10.1.8.128/25',
            aux_addresses: { a: '10.1.8.9' },
          },
        ],
        options: { x: 'y' },
      },
      labels: ['a=b', 'c'],
      driver_opts: { n: 1, t: 'x' },
    },
    back: {
      driver: 'bridge',
      internal: true,
      attachable: true,
      enable_ipv6: false,
      enable_ipv4: true,
      name: 'own-${SET}',
      labels: { n: 1, z: null },
    },
    outside: { external: true },
    renamed: { external: true, name: 'their-net' },
    plain: null,
  },
  volumes: {
    data: {},
    outside: { external: true, name: 'their-volume' },
    bound: { driver: 'local', driver_opts: { type: 'none', o: 'bind', device: './bound' }, labels: ['a=b'] },
    nfs: { driver_opts: { type: 'nfs', o: 'addr=10.0.0.1', device: ':/x' } },
    b: null,
    d: null,
    value: { name: 'has-<name>' },
    plain: null,
  },
  secrets: { pw: { file: './pw.txt' }, key: { environment: 'SET' } },
  configs: { conf: { content: 'a = ${SET}' }, other: { file: './other.conf' } },
} as const;

export const HASH_FILES: Readonly<Record<string, string>> = {
  '.env': 'SET=value\nDOT=from .env\nYES=true\n',
  'pw.txt': 'x',
  'other.conf': 'y',
};

/** Keys that may not be said together. */
export const HASH_CONFLICTS: readonly (readonly string[])[] = [
  ['network_mode', 'networks', 'mac_address', 'links'],
  ['deploy', 'cpus', 'mem_limit', 'mem_reservation', 'pids_limit', 'scale', 'container_name'],
  ['tmpfs', 'volumes'],
];

import type {
  ContainerOptions,
  OptionName,
} from '../../../reconciler/model/docker/options/container-options.ts';

/** One option, from the document to the engine and to the tools that are generated for. */
export interface OptionExample<Name extends OptionName> {
  /** Value of its key, as YAML. */
  readonly written: string;
  readonly spec: NonNullable<ContainerOptions[Name]>;
  /** Part of the body of "create container". */
  readonly docker: object;
  /** Attributes or blocks of the OpenTofu provider; left out: it has no word for it. */
  readonly tofu?: object;
}

const host = (fields: object) => ({ HostConfig: fields });

/** An example for every row: without one, this file does not compile. */
export const OPTION_EXAMPLES: { readonly [Name in OptionName]: OptionExample<Name> } = {
  user: { written: '1000', spec: '1000', docker: { User: '1000' }, tofu: { user: '1000' } },
  workingDir: {
    written: '/srv',
    spec: '/srv',
    docker: { WorkingDir: '/srv' },
    tofu: { working_dir: '/srv' },
  },
  hostname: { written: 'box', spec: 'box', docker: { Hostname: 'box' }, tofu: { hostname: 'box' } },
  init: { written: 'false', spec: false, docker: host({ Init: false }), tofu: { init: false } },
  readOnly: {
    written: 'true',
    spec: true,
    docker: host({ ReadonlyRootfs: true }),
    tofu: { read_only: true },
  },
  stopSignal: {
    written: 'SIGINT',
    spec: 'SIGINT',
    docker: { StopSignal: 'SIGINT' },
    tofu: { stop_signal: 'SIGINT' },
  },
  stopGracePeriodMs: {
    written: '1500ms',
    spec: 1_500,
    docker: { StopTimeout: 2 },
    tofu: { stop_timeout: 2 },
  },
  domainname: { written: 'x.y', spec: 'x.y', docker: { Domainname: 'x.y' }, tofu: { domainname: 'x.y' } },
  privileged: {
    written: 'true',
    spec: true,
    docker: host({ Privileged: true }),
    tofu: { privileged: true },
  },
  tty: { written: 'true', spec: true, docker: { Tty: true }, tofu: { tty: true } },
  stdinOpen: { written: 'true', spec: true, docker: { OpenStdin: true }, tofu: { stdin_open: true } },
  runtime: {
    written: 'runsc',
    spec: 'runsc',
    docker: host({ Runtime: 'runsc' }),
    tofu: { runtime: 'runsc' },
  },
  // A parameter of the request, not a part of its body.
  platform: { written: 'linux/arm64', spec: 'linux/arm64', docker: {} },
  ipc: { written: 'host', spec: 'host', docker: host({ IpcMode: 'host' }), tofu: { ipc_mode: 'host' } },
  pid: { written: 'host', spec: 'host', docker: host({ PidMode: 'host' }), tofu: { pid_mode: 'host' } },
  usernsMode: {
    written: 'host',
    spec: 'host',
    docker: host({ UsernsMode: 'host' }),
    tofu: { userns_mode: 'host' },
  },
  cgroup: {
    written: 'private',
    spec: 'private',
    docker: host({ CgroupnsMode: 'private' }),
    tofu: { cgroupns_mode: 'private' },
  },
  cgroupParent: { written: '/box', spec: '/box', docker: host({ CgroupParent: '/box' }) },
  uts: { written: 'host', spec: 'host', docker: host({ UTSMode: 'host' }) },
  dns: {
    written: '[10.0.0.53, 10.0.0.9]',
    spec: ['10.0.0.53', '10.0.0.9'],
    docker: host({ Dns: ['10.0.0.53', '10.0.0.9'] }),
    tofu: { dns: ['10.0.0.53', '10.0.0.9'] },
  },
  dnsOpt: {
    written: '[use-vc]',
    spec: ['use-vc'],
    docker: host({ DnsOptions: ['use-vc'] }),
    tofu: { dns_opts: ['use-vc'] },
  },
  dnsSearch: {
    written: '[b.example, a.example]',
    spec: ['b.example', 'a.example'],
    docker: host({ DnsSearch: ['b.example', 'a.example'] }),
    tofu: { dns_search: ['b.example', 'a.example'] },
  },
  expose: { written: '["53/udp"]', spec: ['53/udp'], docker: { ExposedPorts: { '53/udp': {} } } },
  extraHosts: {
    written: '{ db: [10.0.0.5, "fd00::1"] }',
    spec: ['db:10.0.0.5', 'db:fd00::1'],
    docker: host({ ExtraHosts: ['db:10.0.0.5', 'db:fd00::1'] }),
    tofu: {
      host: [
        { host: 'db', ip: '10.0.0.5' },
        { host: 'db', ip: 'fd00::1' },
      ],
    },
  },
  macAddress: {
    written: '02:42:AC:11:65:43',
    spec: '02:42:ac:11:65:43',
    docker: { MacAddress: '02:42:ac:11:65:43' },
  },
  groupAdd: {
    written: '[mail, 5]',
    spec: ['5', 'mail'],
    docker: host({ GroupAdd: ['5', 'mail'] }),
    tofu: { group_add: ['5', 'mail'] },
  },
  securityOpt: {
    written: '["seccomp:unconfined", "no-new-privileges:true"]',
    spec: ['no-new-privileges=true', 'seccomp=unconfined'],
    docker: host({ SecurityOpt: ['no-new-privileges=true', 'seccomp=unconfined'] }),
    tofu: { security_opts: ['no-new-privileges=true', 'seccomp=unconfined'] },
  },
  capAdd: {
    written: '[SYS_TIME, NET_ADMIN]',
    spec: ['NET_ADMIN', 'SYS_TIME'],
    docker: host({ CapAdd: ['NET_ADMIN', 'SYS_TIME'] }),
    tofu: { capabilities: [{ add: ['NET_ADMIN', 'SYS_TIME'] }] },
  },
  capDrop: {
    written: '[ALL]',
    spec: ['ALL'],
    docker: host({ CapDrop: ['ALL'] }),
    tofu: { capabilities: [{ drop: ['ALL'] }] },
  },
  sysctls: {
    written: '[net.core.somaxconn=5]',
    spec: { 'net.core.somaxconn': '5' },
    docker: host({ Sysctls: { 'net.core.somaxconn': '5' } }),
    tofu: { sysctls: { 'net.core.somaxconn': '5' } },
  },
  storageOpt: {
    written: '{ size: 1g }',
    spec: { size: '1g' },
    docker: host({ StorageOpt: { size: '1g' } }),
    tofu: { storage_opts: { size: '1g' } },
  },
  logging: {
    written: '{ driver: local, options: { max-file: 3 } }',
    spec: { driver: 'local', options: { 'max-file': '3' } },
    docker: host({ LogConfig: { Type: 'local', Config: { 'max-file': '3' } } }),
    tofu: { log_driver: 'local', log_opts: { 'max-file': '3' } },
  },
  annotations: { written: '{ a: 1 }', spec: { a: '1' }, docker: host({ Annotations: { a: '1' } }) },
  deviceRequests: {
    written: 'all',
    spec: [{ count: -1, capabilities: ['gpu'] }],
    docker: host({ DeviceRequests: [{ Driver: '', Count: -1, Capabilities: [['gpu']] }] }),
    tofu: { gpus: 'all' },
  },
  devices: {
    written: '["/dev/a:/dev/b:r"]',
    spec: [{ source: '/dev/a', target: '/dev/b', permissions: 'r' }],
    docker: host({
      Devices: [{ PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'r' }],
    }),
    tofu: { devices: [{ host_path: '/dev/a', container_path: '/dev/b', permissions: 'r' }] },
  },
  deviceCgroupRules: {
    written: '["c 1:3 mr"]',
    spec: ['c 1:3 mr'],
    docker: host({ DeviceCgroupRules: ['c 1:3 mr'] }),
  },
  blkio: {
    written: '{ weight: 300, device_read_bps: [{ path: /dev/a, rate: 1m }] }',
    spec: { weight: 300, readBps: [{ path: '/dev/a', value: 1_048_576 }] },
    docker: host({ BlkioWeight: 300, BlkioDeviceReadBps: [{ Path: '/dev/a', Rate: 1_048_576 }] }),
  },
  cpuPeriod: { written: '100ms', spec: 100_000, docker: host({ CpuPeriod: 100_000 }) },
  cpuQuota: { written: '"50000"', spec: 50_000, docker: host({ CpuQuota: 50_000 }) },
  cpuRtPeriod: { written: '1s', spec: 1_000_000, docker: host({ CpuRealtimePeriod: 1_000_000 }) },
  cpuRtRuntime: { written: '950000', spec: 950_000, docker: host({ CpuRealtimeRuntime: 950_000 }) },
  memSwappiness: { written: '0', spec: 0, docker: host({ MemorySwappiness: 0 }) },
  oomKillDisable: { written: 'true', spec: true, docker: host({ OomKillDisable: true }) },
  oomScoreAdj: { written: '-5', spec: -5, docker: host({ OomScoreAdj: -5 }) },
  shmSize: { written: '1gb', spec: 2 ** 30, docker: host({ ShmSize: 2 ** 30 }), tofu: { shm_size: 1_024 } },
  ulimits: {
    written: '{ nofile: { soft: 1, hard: -1 } }',
    spec: { nofile: { soft: 1, hard: -1 } },
    docker: host({ Ulimits: [{ Name: 'nofile', Soft: 1, Hard: -1 }] }),
    tofu: { ulimit: [{ name: 'nofile', soft: 1, hard: -1 }] },
  },
};

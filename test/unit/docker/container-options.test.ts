import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buildContainerConfig } from '../../../reconciler/adapters/docker/containers/container-config.ts';
import { containerSpec } from '../../../reconciler/adapters/docker/containers/specs.ts';
import { createDiagnosticCollector } from '../../../reconciler/base/document-diagnostic.ts';
import { asFields } from '../../../reconciler/base/values.ts';
import type {
  ContainerOptions,
  OptionName,
} from '../../../reconciler/model/docker/options/container-options.ts';
import {
  CONTAINER_OPTIONS,
  OPTION_ROWS,
  readOptions,
} from '../../../reconciler/model/docker/options/container-options.ts';
import { WRITTEN_AS } from '../../../reconciler/render/document-keys.ts';
import { composeOptions } from '../../../reconciler/render/generate/compose-options.ts';
import {
  optionAttributes,
  optionBlocks,
  unsaidOptions,
} from '../../../reconciler/render/generate/opentofu-options.ts';
import { kombinationSchema } from '../../../schemas/index.ts';
import { resourcesOf } from '../../support/docker/docker-resources.ts';

/** One option, from the document to the engine and to the tools that are generated for. */
interface Example<Name extends OptionName> {
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
const EXAMPLES: { readonly [Name in OptionName]: Example<Name> } = {
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

const names = OPTION_ROWS.map(([name]) => name);

function read(service: Readonly<Record<string, unknown>>): ContainerOptions {
  const diagnostics = createDiagnosticCollector();
  const options = readOptions(service, [], diagnostics);
  expect(diagnostics.list).toEqual([]);
  return options;
}

const optionsOf = (name: OptionName): ContainerOptions => ({ [name]: EXAMPLES[name].spec });
const bodyOf = (options: ContainerOptions, api = '1.43') =>
  buildContainerConfig(containerSpec(resourcesOf('shop').container('web', { image: 'web:1', ...options })), {
    labels: {},
    api,
  });

describe.each(names)('%s', (name) => {
  const { key } = CONTAINER_OPTIONS[name];
  const { written, docker, tofu = {} } = EXAMPLES[name];

  it('is read from its key', () => {
    expect(read({ [key]: parse(written) as unknown })).toEqual(optionsOf(name));
  });

  it('is told to the engine', () => {
    expect(bodyOf(optionsOf(name))).toMatchObject(docker);
  });

  it('is the same again when it is read from the Compose file that is generated', () => {
    const compose = asFields(composeOptions(optionsOf(name), (mode) => mode)) ?? {};
    expect(Object.keys(compose)).toEqual([key]);
    expect(read(compose)).toEqual(optionsOf(name));
  });

  it('is said in OpenTofu, or noted', () => {
    const options = optionsOf(name);
    const blocks = Object.groupBy(optionBlocks(options), ([block]) => block);
    const bodies = Object.entries(blocks).map(([block, list = []]) => [block, list.map(([, body]) => body)]);
    expect({ ...optionAttributes(options), ...Object.fromEntries(bodies) }).toEqual(tofu);
    const { kind } = CONTAINER_OPTIONS[name].tofu;
    expect(unsaidOptions(options)).toEqual(kind === 'unsaid' ? [name] : []);
    expect(Object.keys(tofu).length > 0).toBe(kind !== 'unsaid' && kind !== 'elsewhere');
  });

  it('is known to the schema and to the page about services, and leads back to its line', () => {
    expect(Object.keys(kombinationSchema.$defs.service.properties)).toContain(key);
    const page = readFileSync(new URL('../../../docs/services.md', import.meta.url), 'utf8');
    expect(page).toMatch(new RegExp(`^\\| \`${key}\` \\|`, 'm'));
    expect(WRITTEN_AS[name]).toContain(key);
  });
});

/** Those that have a place in the body. */
const told = names.filter((name) => Object.keys(EXAMPLES[name].docker).length > 0);
const young = told.filter((name) => CONTAINER_OPTIONS[name].docker.since !== undefined);

it.each(told)('%s is not told to the engine when nobody says it', (name) => {
  expect(bodyOf({})).not.toMatchObject(EXAMPLES[name].docker);
});

it.each(young)('%s is left out for an engine that is older than it', (name) => {
  expect(bodyOf(optionsOf(name), '1.40')).not.toMatchObject(EXAMPLES[name].docker);
});

it('says each key and each field of the engine once', () => {
  const keys = OPTION_ROWS.map(([, { key }]) => key);
  const fields = OPTION_ROWS.flatMap(([, { docker }]) => docker.name ?? []);
  expect(new Set(keys).size).toBe(keys.length);
  expect(new Set(fields).size).toBe(fields.length);
});

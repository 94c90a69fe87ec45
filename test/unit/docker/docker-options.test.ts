import type { ContainerInspectInfo } from 'dockerode';
import { describe, expect, it } from 'vitest';
import {
  buildContainerConfig,
  endpointOf,
} from '../../../reconciler/adapters/docker/containers/container-config.ts';
import {
  buildUpdate,
  networkSteps,
  readLive,
} from '../../../reconciler/adapters/docker/containers/container-drift.ts';
import { describeUnmet, refuseUnmet } from '../../../reconciler/adapters/docker/engine/engine-needs.ts';
import { fitsPlatform } from '../../../reconciler/adapters/docker/images/image.ts';
import { readLogLines } from '../../../reconciler/adapters/docker/logs.ts';
import { containerSpec } from '../../../reconciler/adapters/docker/containers/specs.ts';
import type { ContainerSpec } from '../../../reconciler/model/docker/docker-spec.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import { resourcesOf } from '../../support/docker/docker-resources.ts';

const make = resourcesOf('shop');

const web = (spec: Partial<ContainerSpec>) => make.container('web', { image: 'web:1', ...spec });
const config = (spec: Partial<ContainerSpec>, api = '1.41') =>
  buildContainerConfig(containerSpec(web(spec)), { labels: {}, api });

describe('the settings of a container in the words of the engine', () => {
  it.each([
    {
      spec: { devices: [{ source: '/dev/a', target: '/dev/b', permissions: 'r' }] },
      want: {
        HostConfig: {
          Devices: [{ PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'r' }],
        },
      },
    },
    {
      spec: { deviceRequests: [{ deviceIds: ['0'], capabilities: ['gpu', 'utility'] }] },
      want: {
        HostConfig: {
          DeviceRequests: [{ Driver: '', DeviceIDs: ['0'], Capabilities: [['gpu', 'utility']] }],
        },
      },
    },
    {
      spec: { ulimits: { nofile: { soft: 1, hard: -1 } } },
      want: { HostConfig: { Ulimits: [{ Name: 'nofile', Soft: 1, Hard: -1 }] } },
    },
    {
      spec: { logging: { driver: 'local', options: { 'max-size': '1m' } } },
      want: { HostConfig: { LogConfig: { Type: 'local', Config: { 'max-size': '1m' } } } },
    },
    {
      spec: { expose: ['53/udp'], tty: true, stdinOpen: true, domainname: 'x' },
      want: { ExposedPorts: { '53/udp': {} }, Tty: true, OpenStdin: true, Domainname: 'x' },
    },
    {
      spec: {
        blkio: { weightDevice: [{ path: '/dev/a', value: 5 }], readIops: [{ path: '/dev/a', value: 7 }] },
      },
      want: {
        HostConfig: {
          BlkioWeightDevice: [{ Path: '/dev/a', Weight: 5 }],
          BlkioDeviceReadIOps: [{ Path: '/dev/a', Rate: 7 }],
        },
      },
    },
    {
      spec: { resources: { memoryBytes: 10, memorySwapBytes: -1, cpuShares: 5, cpuset: '0' } },
      want: { HostConfig: { Memory: 10, MemorySwap: -1, CpuShares: 5, CpusetCpus: '0' } },
    },
    {
      spec: {
        mounts: [
          { type: 'bind', source: '/a', target: '/a', readOnly: true, selinux: 'z', propagation: 'rslave' },
          { type: 'volume', source: 'v', target: '/z', selinux: 'Z' },
          { type: 'bind', source: '/b', target: '/b', mustExist: true, recursive: 'disabled' },
          { type: 'volume', source: 'v', target: '/v', nocopy: true },
          { type: 'anonymous', target: '/n' },
          { type: 'tmpfs', target: '/t', sizeBytes: 5, mode: 0o700, options: ['exec', 'uid=5'] },
        ],
      },
      want: {
        HostConfig: {
          Binds: ['/a:/a:ro,z,rslave', 'v:/z:Z'],
          Mounts: [
            {
              Type: 'bind',
              Source: '/b',
              Target: '/b',
              ReadOnly: false,
              BindOptions: { NonRecursive: true },
            },
            {
              Type: 'volume',
              Source: 'v',
              Target: '/v',
              ReadOnly: false,
              VolumeOptions: { NoCopy: true },
            },
            { Type: 'volume', Target: '/n', ReadOnly: false },
          ],
          Tmpfs: { '/t': 'exec,uid=5,size=5,mode=700' },
        },
      },
    },
  ] satisfies { spec: Partial<ContainerSpec>; want: object }[])('$want', ({ spec, want }) => {
    expect(config(spec)).toMatchObject(want);
  });

  it('are not there when nobody says them', () => {
    expect(config({})).toEqual({
      Image: 'web:1',
      Labels: {},
      Env: [],
      ExposedPorts: {},
      HostConfig: {
        PortBindings: {},
        Binds: [],
        Mounts: [],
        RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 },
      },
    });
  });
});

describe('what is mounted', () => {
  it('is the secrets of a container next to mounts of every form', () => {
    const secret = (target: string) => ({ target, mode: 0o444, content: new Secret('hush', target) });
    const spec = containerSpec(
      web({
        mounts: [
          { type: 'bind', source: '/srv', target: '/srv' },
          { type: 'tmpfs', target: '/tmp', options: ['noexec'] },
          { type: 'volume', source: 'data', target: '/data' },
        ],
        volumesFrom: ['other'],
        secrets: [secret('/etc/key'), secret('/run/secrets/token')],
      }),
    );
    const body = buildContainerConfig(spec, { labels: {}, api: '1.41', place: 'secrets/shop/1' });
    expect(body).toMatchObject({
      HostConfig: {
        Binds: ['/srv:/srv'],
        Tmpfs: { '/tmp': 'noexec' },
        VolumesFrom: ['other'],
        Mounts: [{ Target: '/data' }, { Target: '/run/secrets', ReadOnly: true }, { Target: '/etc/key' }],
      },
    });
    expect(JSON.stringify(body)).not.toContain('hush');
  });
});

describe('a place in a network', () => {
  const networks = { a: { aliases: ['web'] }, b: { aliases: ['web'], ipv4Address: '10.0.0.5' } };
  const endpoints = { b: { macAddress: '02:00:00:00:00:01', links: ['x:y'], interfaceName: 'eth7' } };
  const spec = containerSpec(web({ networks, endpoints, primaryNetwork: 'b' }));

  it('has its addresses and links, and comes first when it says so', () => {
    const endpoint = {
      Aliases: ['web'],
      IPAMConfig: { IPv4Address: '10.0.0.5' },
      Links: ['x:y'],
      DriverOpts: { 'com.docker.network.endpoint.ifname': 'eth7' },
    };
    expect(buildContainerConfig(spec, { labels: {}, api: '1.44' })).toMatchObject({
      HostConfig: { NetworkMode: 'b' },
      NetworkingConfig: { EndpointsConfig: { b: { ...endpoint, MacAddress: '02:00:00:00:00:01' } } },
    });
    // Older engines have one address for the whole container.
    expect(endpointOf(spec, 'b', '1.41')).toEqual(endpoint);
    expect(buildContainerConfig(spec, { labels: {}, api: '1.41' })).toMatchObject({
      MacAddress: '02:00:00:00:00:01',
    });
  });

  it('is taken anew when its address differs', () => {
    const live = {
      restart: spec.restart,
      resources: {},
      networks: { ...networks, b: { aliases: ['web'] } },
      cpus: 1,
    };
    expect(networkSteps(spec, live)).toEqual({ leave: ['b'], join: ['b'] });
  });
});

it('is not taken anew because the engine adds the host name', () => {
  const spec = containerSpec(web({ hostname: 'box', networks: { a: { aliases: ['www'] } } }));
  const live = (...aliases: readonly string[]) => ({
    restart: spec.restart,
    resources: {},
    networks: { a: { aliases } },
    cpus: 1,
  });
  expect(networkSteps(spec, live('box', 'web', 'www')).join).toEqual([]);
  expect(networkSteps(spec, live('box', 'web')).join).toEqual(['a']);
});

describe('limits in place', () => {
  const steps = (
    resources: ContainerSpec['resources'],
    HostConfig: object,
    unlimited: readonly 'cpuset'[] = [],
  ) => {
    const inspect = {
      Id: 'x',
      HostConfig: { RestartPolicy: { Name: 'unless-stopped' }, ...HostConfig },
      NetworkSettings: {},
    } as unknown as ContainerInspectInfo;
    const live = readLive(inspect, { cpus: 2, cgroupVersion: 2, unlimited }, new Map());
    return buildUpdate(containerSpec(web({ resources })), live, 2);
  };

  it.each([
    { resources: {}, has: { CpuShares: 1_024, CpusetCpus: '0-1' }, want: null },
    { resources: {}, has: { CpuShares: 5, CpusetCpus: '1' }, want: { CpuShares: 1_024, CpusetCpus: '0-1' } },
    { resources: { cpuShares: 7, cpuset: '1' }, has: {}, want: { CpuShares: 7, CpusetCpus: '1' } },
    {
      resources: { memoryBytes: 1e8, memorySwapBytes: -1 },
      has: { Memory: 1e8, MemorySwap: 2e8 },
      want: { Memory: 1e8, MemorySwap: -1 },
    },
    {
      resources: { memoryBytes: 1e8 },
      has: { Memory: 1e8, MemorySwap: 3e8 },
      want: { Memory: 1e8, MemorySwap: 2e8 },
    },
    // An engine that cannot limit swap.
    { resources: { memoryBytes: 1e8 }, has: { Memory: 1e8, MemorySwap: -1 }, want: null },
  ])('$resources on $has', ({ resources, has, want }) => {
    expect(steps(resources, has)).toEqual(want);
  });

  it('are not asked for again where the machine knows nothing of them', () => {
    expect(steps({ cpuset: '1' }, {}, ['cpuset'])).toBeNull();
  });
});

describe('an older engine', () => {
  const desired = web({
    annotations: { a: 'b' },
    healthcheck: { test: ['CMD', 'a'], startIntervalMs: 5 },
    mounts: [{ type: 'volume', source: 'v', target: '/v', subpath: 'x' }],
  });

  it('is said to leave out what it does not know, with the line', () => {
    const origins = { annotations: { file: 'k.yaml', line: 7, column: 5 } };
    const warnings = describeUnmet([{ ...desired, origins }], '1.41');
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/^k\.yaml:7:5: annotations of web has no effect: it needs API 1\.43/);
    expect(describeUnmet([desired], '1.44')).toEqual([]);
    expect(config(containerSpec(desired), '1.41')).not.toHaveProperty('HostConfig.Annotations');
    expect(config(containerSpec(desired), '1.44')).toMatchObject({
      HostConfig: { Annotations: { a: 'b' } },
      Healthcheck: { StartInterval: 5_000_000 },
    });
  });

  it('is not given a mount that would show more than it should', () => {
    expect(() => refuseUnmet(desired, containerSpec(desired), '1.44')).toThrow(/subpath/);
    expect(() => refuseUnmet(desired, containerSpec(desired), '1.45')).not.toThrow();
  });
});

it.each([
  ['linux/amd64', true],
  ['linux', true],
  ['linux/arm64', false],
  ['linux/amd64/v2', true],
  [undefined, true],
])('an image for linux/amd64 fits %s: %s', (platform, fits) => {
  const image = { Os: 'linux', Architecture: 'amd64' } as Parameters<typeof fitsPlatform>[0];
  expect(fitsPlatform(image, platform)).toBe(fits);
});

it('reads the log of a terminal, which has no frames', async () => {
  async function* chunks() {
    yield Buffer.from('2026-01-01T00:00:00Z one\r\n2026-01-0');
    yield Buffer.from('1T00:00:01Z two');
  }
  const lines = [];
  for await (const line of readLogLines(chunks(), true)) lines.push(line);
  expect(lines).toEqual([
    { stream: 'stdout', time: '2026-01-01T00:00:00Z', text: 'one' },
    { stream: 'stdout', time: '2026-01-01T00:00:01Z', text: 'two' },
  ]);
});

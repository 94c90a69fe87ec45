import { describe, expect, it } from 'vitest';
import { toRunStats } from '../../../reconciler/adapters/docker/containers/container-stats.ts';
import { comesAfter, listBetween } from '../../../reconciler/adapters/git/repository/ancestry.ts';
import type { Commit } from '../../../reconciler/adapters/git/repository/objects.ts';
import { diffResource } from '../../../reconciler/plan/diff-resource.ts';
import type { DesiredResource, ObservedResource } from '../../../reconciler/model/resource.ts';
import type { DesiredStack, ServiceView } from '../../../reconciler/model/stack.ts';
import { addressesOf } from '../../../reconciler/run/observe/addresses.ts';

const GIB = 1024 ** 3;

describe('what a container uses', () => {
  it('is its part of all processors, and its memory without what can be taken back', () => {
    const stats = {
      precpu_stats: { cpu_usage: { total_usage: 1_000 }, system_cpu_usage: 10_000 },
      cpu_stats: { cpu_usage: { total_usage: 2_000 }, system_cpu_usage: 18_000, online_cpus: 4 },
      memory_stats: { usage: 300, limit: 1_000, stats: { inactive_file: 100 } },
      networks: { eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 10, tx_bytes: 20 } },
    };
    expect(toRunStats(stats, GIB)).toEqual({
      cpuMillis: 500,
      memoryBytes: 200,
      memoryLimitBytes: 1_000,
      network: { receivedBytes: 11, sentBytes: 22 },
    });
  });

  it('is nothing where an engine tells nothing, and the whole machine is no limit', () => {
    const nothing = { cpuMillis: 0, memoryBytes: 0, memoryLimitBytes: null, network: null };
    expect(toRunStats({}, GIB)).toEqual(nothing);
    const first = { cpu_stats: { cpu_usage: { total_usage: 9 }, system_cpu_usage: 9 }, networks: null };
    expect(toRunStats({ ...first, memory_stats: { limit: GIB } }, GIB)).toEqual(nothing);
  });
});

describe('addresses of a stack', () => {
  const container = (name: string, spec: object): DesiredResource =>
    ({
      id: `local/container/${name}`,
      kind: 'container',
      target: 'local',
      name,
      spec,
    }) as unknown as DesiredResource;
  const stack = (resources: readonly DesiredResource[], connection: object = { type: 'local' }) =>
    ({
      services: resources.map(({ id, name }) => ({ name, resource: id }) as unknown as ServiceView),
      resources,
      targets: [{ name: 'local', kind: 'docker', connection }],
    }) as unknown as DesiredStack;
  const shown = (one: DesiredStack) =>
    addressesOf(one).map(({ service, address }) => `${service} ${address}`);
  const port = (hostPort: number, containerPort: number, more: object = {}) => ({
    hostPort,
    containerPort,
    protocol: 'tcp',
    ...more,
  });

  it('are its ports, as a browser or another program wants them', () => {
    const web = container('web', {
      ports: [port(80, 80), port(8443, 443), port(5432, 5432), port(53, 53, { protocol: 'udp' })],
    });
    expect(shown(stack([web]))).toEqual([
      'web http://localhost',
      'web https://localhost:8443',
      'web localhost:53/udp',
      'web localhost:5432',
    ]);
    const bound = container('web', { ports: [port(8080, 3000, { hostIp: '::1' }), { containerPort: 9 }] });
    expect(shown(stack([bound]))).toEqual(['web http://[::1]:8080']);
    const far = stack([container('web', { ports: [port(8080, 80, { hostIp: '0.0.0.0' })] })], {
      type: 'ssh',
      host: 'nas.example.org',
    });
    expect(shown(far)).toEqual(['web http://nas.example.org:8080']);
  });

  it('are the hosts of its routes, encrypted where the proxy says so', () => {
    const labels = {
      'traefik.http.routers.a.rule': 'Host(`a.example.org`, `b.example.org`) && PathPrefix(`/x`)',
      'traefik.http.routers.a.tls': 'true',
      'traefik.http.routers.b.rule': 'Host(`c.example.org`)',
    };
    expect(shown(stack([container('web', { labels, ports: [port(81, 80)] })]))).toEqual([
      'web http://c.example.org',
      'web https://a.example.org/x',
      'web https://b.example.org/x',
      'web http://localhost:81',
    ]);
  });

  it('are those of ingresses', () => {
    const spec = {
      spec: {
        rules: [{ host: 'a.example.org' }, {}, { host: 'b.example.org' }],
        tls: [{ hosts: ['a.example.org'] }],
      },
    };
    const ingress = {
      id: 'c1/networking.k8s.io.Ingress/web',
      kind: 'networking.k8s.io.Ingress',
      target: 'c1',
      name: 'web',
      spec,
    };
    const one = { services: [], resources: [ingress], targets: [] } as unknown as DesiredStack;
    expect(addressesOf(one).map(({ address }) => address)).toEqual([
      'http://b.example.org',
      'https://a.example.org',
    ]);
  });
});

describe('whether a commit comes after another one', () => {
  const commit = (time: number, ...parents: readonly string[]) => ({ parents, time }) as unknown as Commit;
  const DAY = 86_400;

  it('is looked for along all parents, and not in what is older by more than clocks may differ', async () => {
    const read: string[] = [];
    const history: Readonly<Record<string, Commit>> = {
      e: commit(10 * DAY, 'd', 'x'),
      d: commit(9 * DAY, 'b'),
      x: commit(9 * DAY, 'c'),
      c: commit(8 * DAY),
      b: commit(2 * DAY, 'a'),
      a: commit(DAY),
    };
    const look = async (id: string) => {
      read.push(id);
      return history[id] ?? null;
    };
    expect(await comesAfter(look, 'e', 'c')).toBe(true);
    expect(await comesAfter(look, 'd', 'c')).toBe(false);
    expect(read).not.toContain('a');
  });

  it('lists what merges bring, and nothing that was there before', async () => {
    const history: Readonly<Record<string, Commit>> = {
      m: commit(9, 'd', 'x'),
      d: commit(8, 'c'),
      x: commit(7, 'a'),
      c: commit(6, 'b'),
      b: commit(5, 'a'),
      a: commit(4),
    };
    const look = async (id: string) => history[id] ?? null;
    const list = async (earlier: string, later: string, limit = 9) =>
      (await listBetween(look, { earlier, later, limit })).map(({ id }) => id).join('');
    expect(await list('c', 'm')).toBe('mdx');
    expect(await list('c', 'm', 2)).toBe('md');
    expect(await list('m', 'c')).toBe('');
    expect(await list('x', 'd')).toBe('dcb');
    expect(await list('gone', 'c')).toBe('cba');
  });

  it('is unknown where the clone ends', async () => {
    const history: Readonly<Record<string, Commit>> = { b: commit(2, 'a') };
    expect(await comesAfter(async (id) => history[id] ?? null, 'b', 'z')).toBe('unknown');
  });
});

it('says of an image that has moved from which digest to which', () => {
  const spec = { reference: 'nginx:1', pullPolicy: 'missing' };
  const desired = { id: 'l/image/nginx:1', spec, updatable: [], shared: true } as unknown as DesiredResource;
  const digest = (sign: string) => `sha256:${sign.repeat(64)}`;
  const observed = {
    spec: { ...spec, reference: `nginx:1@${digest('a')}` },
    hash: null,
    health: { status: 'healthy' },
    moved: { here: digest('a'), there: digest('b') },
  } as unknown as ObservedResource;
  expect(diffResource(desired, observed)).toMatchObject({
    action: 'replace',
    cause: 'the tag has moved from sha256:aaaaaaaaaaaa to sha256:bbbbbbbbbbbb',
  });
});

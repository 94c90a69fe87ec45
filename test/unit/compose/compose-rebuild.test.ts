import { describe, expect, it } from 'vitest';
import type { Inspected, InspectedProject } from '../../../reconciler/model/docker/rebuild/inspected.ts';
import { rebuildComposeProject } from '../../../reconciler/model/docker/rebuild/rebuild-project.ts';

/* A whole project on an engine: test/integration/compose/rebuild.test.ts. */

interface Parts {
  readonly Config?: Record<string, unknown>;
  readonly HostConfig?: Record<string, unknown>;
  readonly Networks?: Record<string, unknown>;
  readonly Mounts?: readonly unknown[];
}

const IMAGE = {
  Cmd: ['serve'],
  Entrypoint: ['/run'],
  Env: ['PATH=/bin'],
  Labels: { of: 'image' },
  Volumes: { '/own': {} },
};

function container(service: string, { Config, HostConfig, Networks, Mounts = [] }: Parts = {}): Inspected {
  const Labels = {
    'com.docker.compose.project': 'shop',
    'com.docker.compose.service': service,
    'com.docker.compose.container-number': '1',
    'com.docker.compose.oneoff': 'False',
    of: 'image',
  };
  return {
    Id: `id-${service}`,
    Name: `/shop-${service}-1`,
    Image: 'sha256:1',
    Config: { Image: 'app:1', Cmd: ['serve'], Entrypoint: ['/run'], Env: ['PATH=/bin'], Labels, ...Config },
    HostConfig: { NetworkMode: 'shop_default', ...HostConfig },
    Mounts,
    NetworkSettings: { Networks: Networks ?? { shop_default: { Aliases: [`shop-${service}-1`, service] } } },
  };
}

function rebuild(containers: readonly Inspected[], more: Partial<InspectedProject> = {}) {
  const Labels = { 'com.docker.compose.project': 'shop', 'com.docker.compose.network': 'default' };
  return rebuildComposeProject({
    name: 'shop',
    containers,
    images: new Map([['sha256:1', { Config: IMAGE }]]),
    networks: [
      { Name: 'shop_default', Driver: 'bridge', Labels, IPAM: { Config: [{ Subnet: '172.18.0.0/16' }] } },
    ],
    volumes: [],
    ...more,
  });
}

function web(parts: Parts) {
  const { document } = rebuild([container('web', parts)]);
  return (document['services'] as Record<string, unknown>)['web'];
}

describe('a service that is written from what runs', () => {
  it('says nothing that its image, its engine or Compose says', () => {
    expect(rebuild([container('web')]).document).toEqual({ services: { web: { image: 'app:1' } } });
  });

  it('writes dollar signs twice', () => {
    expect(web({ Config: { Env: ['PATH=/bin', 'A=$HOME', 'ONLY'], Cmd: ['echo $X'] } })).toMatchObject({
      environment: { A: '$$HOME', ONLY: null },
      command: ['echo $$X'],
    });
  });

  it.each<readonly [string, Parts, object]>([
    ['a command of its own', { Config: { Cmd: ['x'] } }, { command: ['x'] }],
    [
      'another entrypoint, which takes the command of the image away',
      { Config: { Entrypoint: ['y'], Cmd: null } },
      { entrypoint: ['y'] },
    ],
    ['the entrypoint of the image without its command', { Config: { Cmd: null } }, { entrypoint: ['/run'] }],
    ['no entrypoint', { Config: { Entrypoint: null, Cmd: ['x'] } }, { entrypoint: [], command: ['x'] }],
    [
      'a restart policy',
      { HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } } },
      { restart: 'on-failure:3' },
    ],
    [
      'limits',
      { HostConfig: { Memory: 67_108_864, MemorySwap: 134_217_728, NanoCpus: 5e8, PidsLimit: 0 } },
      { mem_limit: 67_108_864, cpus: 0.5 },
    ],
    [
      'ports',
      {
        Config: { ExposedPorts: { '80/tcp': {}, '53/udp': {} } },
        HostConfig: {
          PortBindings: {
            '80/tcp': [
              { HostIp: '127.0.0.1', HostPort: '8080' },
              { HostIp: '::1', HostPort: '' },
            ],
            '81/udp': [{ HostIp: '', HostPort: '' }],
          },
        },
      },
      { ports: ['127.0.0.1:8080:80', '[::1]::80', '81/udp'], expose: ['53/udp'] },
    ],
    [
      'a health check',
      { Config: { Healthcheck: { Test: ['CMD', 'true'], Interval: 9e10, Timeout: 15e8, Retries: 2 } } },
      { healthcheck: { test: ['CMD', 'true'], interval: '90s', timeout: '1500ms', retries: 2 } },
    ],
    [
      'what runs in the network of the machine',
      { HostConfig: { NetworkMode: 'host' }, Config: { Hostname: 'machine' } },
      { network_mode: 'host' },
    ],
    [
      'devices',
      {
        HostConfig: {
          Devices: [{ PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'rw' }],
        },
      },
      { devices: ['/dev/a:/dev/b:rw'] },
    ],
    [
      'volumes of the image, and one that nobody named',
      {
        Mounts: [
          { Type: 'volume', Destination: '/own' },
          { Type: 'volume', Destination: '/scratch' },
        ],
      },
      { volumes: ['/scratch'] },
    ],
  ])('says %s', (_, parts, said) => {
    expect(web(parts)).toEqual({ image: 'app:1', ...said });
  });

  it('names services whose namespaces it shares, and those that it waits for', () => {
    const shared = container('web', {
      HostConfig: { NetworkMode: 'container:id-vpn', PidMode: 'container:id-vpn' },
    });
    const labels = {
      ...(shared['Config'] as { Labels: object }).Labels,
      'com.docker.compose.depends_on': 'vpn:service_healthy:true,gone:service_started:false',
    };
    const named = { ...shared, Config: { ...(shared['Config'] as object), Labels: labels } };
    expect(rebuild([named, container('vpn')]).document['services']).toMatchObject({
      web: {
        network_mode: 'service:vpn',
        pid: 'service:vpn',
        depends_on: { vpn: { condition: 'service_healthy', restart: true } },
      },
    });
  });

  it('has volumes and networks of the project by their keys, and those of others as external ones', () => {
    const own = { 'com.docker.compose.project': 'shop' };
    const web1 = container('web', {
      HostConfig: {
        Binds: ['shop_data:/data:rw', 'other_media:/media:ro', '/srv/x:/x:rw'],
        NetworkMode: 'proxy',
      },
      Networks: { proxy: { Aliases: ['shop-web-1', 'web', 'www'], IPAMConfig: { IPv4Address: '10.9.0.7' } } },
    });
    const { document } = rebuild([web1], {
      networks: [{ Name: 'proxy', Driver: 'bridge', Labels: {} }],
      volumes: [
        {
          Name: 'shop_data',
          Driver: 'local',
          Labels: { ...own, 'com.docker.compose.volume': 'data', mine: '1' },
        },
        {
          Name: 'other_media',
          Driver: 'local',
          Labels: { 'com.docker.compose.project': 'other', 'com.docker.compose.volume': 'media' },
        },
      ],
    });
    expect(document).toEqual({
      services: {
        web: {
          image: 'app:1',
          volumes: ['data:/data', 'other_media:/media:ro', '/srv/x:/x'],
          networks: { proxy: { aliases: ['www'], ipv4_address: '10.9.0.7' } },
        },
      },
      networks: { proxy: { external: true } },
      volumes: { data: { labels: { mine: '1' } }, other_media: { external: true } },
    });
  });
});

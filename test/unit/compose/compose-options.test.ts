import { describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../../../reconciler/model/docker/docker-spec.ts';
import { createDesiredFixture, kombination } from '../../support/desired-fixtures.ts';

async function containers(text: string): Promise<Readonly<Record<string, ContainerSpec>>> {
  const { state, push } = createDesiredFixture();
  await push({ 'kombinations/s/kombination.yaml': text });
  const stack = state.get('s');
  const errors = stack?.diagnostics.filter(({ severity }) => severity === 'error') ?? [];
  expect(errors).toEqual([]);
  const found = stack?.resources.filter(({ kind }) => kind === 'container') ?? [];
  return Object.fromEntries(found.map(({ name, spec }) => [name, spec as ContainerSpec]));
}

async function web(...lines: readonly string[]): Promise<ContainerSpec> {
  const all = await containers(
    kombination('s', 'web:', '  image: nginx', ...lines.map((line) => `  ${line}`)),
  );
  const spec = all['web'];
  if (!spec) throw new Error('there is no web');
  return spec;
}

describe('a key of Compose', () => {
  it.each([
    { text: 'annotations: [a=b]', want: { annotations: { a: 'b' } } },
    {
      text: 'blkio_config: { weight: "300", weight_device: [{ path: /dev/a, weight: 400 }], device_read_bps: [{ path: /dev/a, rate: 1m }] }',
      want: {
        blkio: {
          weight: 300,
          weightDevice: [{ path: '/dev/a', value: 400 }],
          readBps: [{ path: '/dev/a', value: 1_048_576 }],
        },
      },
    },
    {
      text: 'cap_add: [SYS_TIME, NET_ADMIN]\n    cap_drop: [ALL]',
      want: { capAdd: ['NET_ADMIN', 'SYS_TIME'], capDrop: ['ALL'] },
    },
    {
      text: 'cgroup: private\n    cgroup_parent: /box',
      want: { cgroup: 'private', cgroupParent: '/box' },
    },
    {
      text: 'cpu_period: 100ms\n    cpu_quota: "50000"\n    cpu_rt_period: 1s\n    cpu_rt_runtime: 950000',
      want: { cpuPeriod: 100_000, cpuQuota: 50_000, cpuRtPeriod: 1_000_000, cpuRtRuntime: 950_000 },
    },
    {
      text: 'cpus: ".5"\n    cpu_shares: 73\n    cpuset: 0,1\n    mem_limit: 64m\n    memswap_limit: -1\n    mem_reservation: 32m\n    pids_limit: 9',
      want: {
        resources: {
          nanoCpus: 5e8,
          cpuShares: 73,
          cpuset: '0,1',
          memoryBytes: 64 * 2 ** 20,
          memorySwapBytes: -1,
          memoryReservationBytes: 32 * 2 ** 20,
          pidsLimit: 9,
        },
      },
    },
    { text: 'mem_limit: 0\n    pids_limit: -1\n    cpus: 0', want: { resources: {} } },
    {
      text: 'devices: [/dev/a, "/dev/a:r", "/dev/a:/dev/b", "/dev/a:/dev/b:rw", { source: /dev/c }]',
      want: {
        devices: [
          { source: '/dev/a', target: '/dev/a', permissions: 'rwm' },
          { source: '/dev/a', target: '/dev/a', permissions: 'r' },
          { source: '/dev/a', target: '/dev/b', permissions: 'rwm' },
          { source: '/dev/a', target: '/dev/b', permissions: 'rw' },
          { source: '/dev/c', target: '/dev/c', permissions: 'rwm' },
        ],
      },
    },
    { text: 'device_cgroup_rules: ["c 1:3 mr"]', want: { deviceCgroupRules: ['c 1:3 mr'] } },
    {
      text: 'dns: 1.1.1.1\n    dns_search: [a.b]\n    dns_opt: [use-vc]\n    domainname: x.y',
      want: { dns: ['1.1.1.1'], dnsSearch: ['a.b'], dnsOpt: ['use-vc'], domainname: 'x.y' },
    },
    { text: 'expose: [3000, "53/udp", "3000-3001"]', want: { expose: ['3000/tcp', '3001/tcp', '53/udp'] } },
    {
      text: 'extra_hosts: ["a:10.0.0.1", "b=10.0.0.2", "c:[::1]", "d=fd00::1", "e:host-gateway"]',
      want: { extraHosts: ['a:10.0.0.1', 'b:10.0.0.2', 'c:::1', 'd:fd00::1', 'e:host-gateway'] },
    },
    {
      text: 'extra_hosts: { a: 10.0.0.1, b: [10.0.0.2, "::1"] }',
      want: { extraHosts: ['a:10.0.0.1', 'b:10.0.0.2', 'b:::1'] },
    },
    { text: 'gpus: all', want: { deviceRequests: [{ count: -1, capabilities: ['gpu'] }] } },
    {
      text: 'gpus: [{ driver: nvidia, device_ids: ["0"], options: { a: 1 } }]',
      want: {
        deviceRequests: [{ driver: 'nvidia', deviceIds: ['0'], capabilities: ['gpu'], options: { a: '1' } }],
      },
    },
    {
      text: 'deploy: { resources: { reservations: { devices: [{ capabilities: [gpu, utility], count: 2 }] } } }',
      want: { deviceRequests: [{ count: 2, capabilities: ['gpu', 'utility'] }] },
    },
    { text: 'group_add: [mail, 5]', want: { groupAdd: ['5', 'mail'] } },
    {
      text: 'ipc: shareable\n    pid: host\n    uts: host\n    userns_mode: host',
      want: { ipc: 'shareable', pid: 'host', uts: 'host', usernsMode: 'host' },
    },
    {
      text: 'logging: { driver: local, options: { max-size: 1m, max-file: 3 } }',
      want: { logging: { driver: 'local', options: { 'max-file': '3', 'max-size': '1m' } } },
    },
    { text: 'mac_address: 02:42:AC:11:00:03', want: { macAddress: '02:42:ac:11:00:03' } },
    {
      text: 'mem_swappiness: 0\n    oom_kill_disable: true\n    oom_score_adj: -5',
      want: { memSwappiness: 0, oomKillDisable: true, oomScoreAdj: -5 },
    },
    { text: 'network_mode: bridge', want: { networkMode: 'bridge' } },
    { text: 'network_mode: container:other', want: { networkMode: 'container:other' } },
    { text: 'privileged: true\n    runtime: runsc', want: { privileged: true, runtime: 'runsc' } },
    {
      text: 'security_opt: ["no-new-privileges:true", "seccomp:unconfined"]',
      want: { securityOpt: ['no-new-privileges=true', 'seccomp=unconfined'] },
    },
    {
      text: 'shm_size: 1gb\n    stdin_open: true\n    tty: true',
      want: { shmSize: 2 ** 30, stdinOpen: true, tty: true },
    },
    {
      text: 'storage_opt: { size: 1g }\n    sysctls: [net.core.somaxconn=5]',
      want: { storageOpt: { size: '1g' }, sysctls: { 'net.core.somaxconn': '5' } },
    },
    {
      text: 'ulimits: { nproc: 5, nofile: { soft: 1, hard: -1 } }',
      want: { ulimits: { nofile: { soft: 1, hard: -1 }, nproc: { soft: 5, hard: 5 } } },
    },
    { text: 'volumes_from: ["container:x:ro"]', want: { volumesFrom: ['x:ro'] } },
    { text: 'container_name: mine', want: { name: 'mine' } },
    {
      text: 'scale: 1\n    attach: false\n    isolation: default\n    x-mine: { a: 1 }',
      want: { service: 'web' },
    },
    {
      text: 'healthcheck: { test: a, start_interval: 1s }',
      want: { healthcheck: { test: ['CMD-SHELL', 'a'], startIntervalMs: 1_000 } },
    },
    {
      text: 'deploy: { restart_policy: { condition: on-failure, max_attempts: 3 } }',
      want: { restart: { policy: 'on-failure', maxRetries: 3 } },
    },
    {
      text: 'external_links: [db_1:db]',
      want: { endpoints: { s_default: { links: ['db_1:db'] } } },
    },
    {
      text: 'volumes: [{ type: bind, source: /a, target: /b, bind: { create_host_path: false, recursive: readonly } }]',
      want: {
        mounts: [{ type: 'bind', source: '/a', target: '/b', mustExist: true, recursive: 'readonly' }],
      },
    },
    {
      text: 'volumes: [{ type: tmpfs, target: /t, read_only: true, tmpfs: { size: 1k } }, { type: volume, target: /v }]',
      want: {
        mounts: [
          { type: 'tmpfs', target: '/t', readOnly: true, sizeBytes: 1_024 },
          { type: 'anonymous', target: '/v' },
        ],
      },
    },
  ])('$text', async ({ text, want }) => {
    expect(await web(...text.split('\n    '))).toMatchObject(want);
  });

  it('joins networks with addresses, the one with the highest priority first', async () => {
    const spec = await containers(
      `${kombination(
        's',
        'web:',
        '  image: nginx',
        '  networks:',
        '    a: { ipv4_address: 10.9.0.5, aliases: [x] }',
        '    b: { priority: 5, mac_address: "02:42:ac:11:00:03", link_local_ips: [169.254.8.8], gw_priority: 2 }',
      )}networks: { a: { ipam: { config: [{ subnet: 10.9.0.0/24 }] } }, b: }\n`,
    );
    expect(spec['web']).toMatchObject({
      networks: { s_a: { aliases: ['web', 'x'], ipv4Address: '10.9.0.5' }, s_b: { aliases: ['web'] } },
      endpoints: {
        s_b: { macAddress: '02:42:ac:11:00:03', linkLocalIps: ['169.254.8.8'], gwPriority: 2 },
      },
      primaryNetwork: 's_b',
    });
  });
});

describe('what services share', () => {
  const text = kombination(
    's',
    'vpn: { image: a, container_name: tunnel }',
    'web: { image: a, network_mode: service:vpn, pid: service:vpn, volumes_from: [log:ro] }',
    'log: { image: a }',
    'app: { image: a, links: [log:logger] }',
  );

  it('is called as the engine calls it', async () => {
    const { web, app } = await containers(text);
    expect(web).toMatchObject({
      networkMode: 'container:tunnel',
      pid: 'container:tunnel',
      volumesFrom: ['s-log-1:ro'],
    });
    expect(web?.networks).toBeUndefined();
    expect(app?.endpoints).toEqual({
      s_default: { links: ['s-log-1:log-1', 's-log-1:logger', 's-log-1:s-log-1'] },
    });
  });

  it('comes first, and takes along whoever shares it', async () => {
    const { state, push } = createDesiredFixture();
    await push({ 'kombinations/s/kombination.yaml': text });
    const web = state.get('s')?.resources.find(({ id }) => id === 'local/container/web');
    expect(web?.dependsOn.slice(1)).toEqual([
      { id: 'local/container/vpn', until: 'healthy' },
      { id: 'local/container/log', until: 'healthy' },
    ]);
    expect(web?.replaceWith).toEqual(['local/image/a:latest', 'local/container/vpn', 'local/container/log']);
  });
});

it('takes another word as network_mode for a network by its name on the engine', async () => {
  const { state, push } = createDesiredFixture();
  const text = kombination(
    's',
    'web: { image: a, network_mode: proxy, ports: ["80:80"] }',
    'own: { image: a, network_mode: s_back }',
    'db: { image: a, networks: [back] }',
    'any: { image: a, network_mode: default }',
  );
  await push({ 'kombinations/s/kombination.yaml': `${text}networks: { back: {} }\n` });
  expect(state.get('s')?.diagnostics).toEqual([]);
  const find = (id: string) => state.get('s')?.resources.find((one) => one.id === `local/${id}`);
  expect(find('container/web')?.spec).toMatchObject({ networks: { proxy: { aliases: ['web'] } } });
  expect(find('container/web')?.spec['networkMode']).toBeUndefined();
  expect(find('network/proxy')).toMatchObject({
    spec: { name: 'proxy', external: true },
    origin: { line: 4 },
  });
  expect(find('container/own')?.spec).toMatchObject({ networks: { s_back: { aliases: ['own'] } } });
  expect(find('container/own')?.dependsOn).toContainEqual({ id: 'local/network/back', until: 'applied' });
  expect(find('container/any')?.spec['networkMode']).toBe('bridge');
});

it('takes the container name of another service for that service, and waits for it', async () => {
  const { state, push } = createDesiredFixture();
  const text = kombination(
    's',
    'zvpn: { image: a, container_name: gate }',
    'log: { image: a }',
    'web: { image: a, network_mode: "container:gate", ipc: "container:s-log-1", pid: "container:elsewhere" }',
    'box: { image: a, volumes_from: ["container:gate:ro", "container:elsewhere"] }',
  );
  await push({ 'kombinations/s/kombination.yaml': text });
  expect(state.get('s')?.diagnostics).toEqual([]);
  const find = (name: string) => state.get('s')?.resources.find(({ id }) => id === `local/container/${name}`);
  expect(find('web')).toMatchObject({
    spec: { networkMode: 'container:gate', ipc: 'container:s-log-1', pid: 'container:elsewhere' },
    replaceWith: ['local/image/a:latest', 'local/container/zvpn', 'local/container/log'],
  });
  expect(find('web')?.dependsOn.slice(1)).toEqual([
    { id: 'local/container/log', until: 'healthy' },
    { id: 'local/container/zvpn', until: 'healthy' },
  ]);
  expect(find('box')?.spec['volumesFrom']).toEqual(['gate:ro', 'elsewhere']);
  expect(find('box')?.replaceWith).toContain('local/container/zvpn');
});

it('runs services with profiles only where one of them is listed', async () => {
  const text = kombination(
    's',
    'web: { image: a }',
    'debug: { image: a, profiles: [dev, test] }',
    'other: { image: a, profiles: [prod] }',
  );
  expect(Object.keys(await containers(text))).toEqual(['web']);
  expect(Object.keys(await containers(`${text}profiles: [test]\n`))).toEqual(['web', 'debug']);
});

it('describes networks and volumes as Compose does', async () => {
  const { state, push } = createDesiredFixture();
  const text = [
    kombination('s', 'web: { image: a, networks: [n, old], volumes: ["v:/v", "ext:/e"] }'),
    'networks:',
    '  n:',
    '    driver: bridge',
    '    attachable: true',
    '    enable_ipv6: true',
    '    driver_opts: { com.docker.network.bridge.name: br9 }',
    '    ipam: { driver: default, config: [{ subnet: 10.9.0.0/24, gateway: 10.9.0.1, aux_addresses: { r: 10.9.0.9 } }] }',
    '  old: { external: { name: there } }',
    'volumes:',
    '  v: { driver_opts: { type: nfs, o: "addr=1,rw", device: ":/x" } }',
    '  ext: { external: true }',
    '',
  ].join('\n');
  await push({ 'kombinations/s/kombination.yaml': text });
  const specs = Object.fromEntries(state.get('s')?.resources.map(({ id, spec }) => [id, spec]) ?? []);
  expect(specs).toMatchObject({
    'local/network/n': {
      name: 's_n',
      attachable: true,
      enableIpv6: true,
      driverOpts: { 'com.docker.network.bridge.name': 'br9' },
      ipam: {
        config: [{ subnet: '10.9.0.0/24', gateway: '10.9.0.1', auxAddresses: { r: '10.9.0.9' } }],
      },
    },
    'local/network/old': { name: 'there', external: true },
    'local/volume/v': { driverOpts: { device: ':/x', o: 'addr=1,rw', type: 'nfs' } },
    'local/volume/ext': { name: 'ext', external: true },
  });
});

import type { ContainerInspectInfo } from 'dockerode';
import { describe, expect, it } from 'vitest';
import { buildContainerConfig } from '../../../reconciler/adapters/docker/containers/container-config.ts';
import { judgeContainer } from '../../../reconciler/adapters/docker/containers/container-health.ts';
import {
  buildUpdate,
  networkSteps,
  readLive,
  renderObserved,
} from '../../../reconciler/adapters/docker/containers/container-drift.ts';
import { buildLabels, LABEL, readOwner } from '../../../reconciler/adapters/docker/labels.ts';
import { containerSpec } from '../../../reconciler/adapters/docker/containers/specs.ts';
import type { ContainerSpec } from '../../../reconciler/model/docker/docker-spec.ts';
import { maskSpec, Secret } from '../../../reconciler/model/secret.ts';
import { resourcesOf } from '../../support/docker/docker-resources.ts';

const make = resourcesOf('shop');
const TRAITS = { cpus: 2, cgroupVersion: 1 };

function web(spec: Partial<ContainerSpec> = {}) {
  return make.container('web', { image: 'web:1', ...spec });
}

/** Returns what the engine would answer for a running container, with the given parts. */
function inspection(
  parts: { State?: object; HostConfig?: object; RestartCount?: number; networks?: object } = {},
) {
  return {
    Id: 'abcdef0123456789',
    Created: '2026-01-01T00:00:00Z',
    RestartCount: parts.RestartCount ?? 0,
    State: {
      Status: 'running',
      Running: true,
      ExitCode: 0,
      StartedAt: '2026-01-01T00:00:00Z',
      ...parts.State,
    },
    HostConfig: { RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 }, ...parts.HostConfig },
    NetworkSettings: { Networks: parts.networks ?? {} },
  } as unknown as ContainerInspectInfo;
}

describe('container health', () => {
  const exited = (ExitCode: number, Name: string, more = {}) =>
    inspection({
      State: { Status: 'exited', Running: false, ExitCode, ...more },
      HostConfig: { RestartPolicy: { Name, MaximumRetryCount: 0 } },
    });
  const probed = (Status: string, FailingStreak = 0) =>
    inspection({
      State: { Health: { Status, FailingStreak, Log: [{ Output: 'curl: refused\n', ExitCode: 7 }] } },
    });
  it.each([
    {
      when: 'running without a check',
      inspect: inspection(),
      runningMs: 400,
      status: 'healthy',
      run: { runningMs: 400, restarts: 0 },
    },
    {
      when: 'running again',
      inspect: inspection({ RestartCount: 2, State: { StartedAt: '2026-01-01T00:00:08Z' } }),
      runningMs: 2_000,
      status: 'healthy',
      run: { runningMs: 2_000, restarts: 2, settledMs: 8_000 },
    },
    { when: 'healthy by its check', inspect: probed('healthy'), runningMs: 0, status: 'healthy' },
    {
      when: 'not checked yet',
      inspect: probed('starting'),
      runningMs: 9_000,
      status: 'starting',
      retryAfterMs: 250,
    },
    {
      when: 'unhealthy by its check',
      inspect: probed('unhealthy', 3),
      status: 'unhealthy',
      reason: 'health check: curl: refused',
    },
    {
      when: 'paused',
      inspect: inspection({ State: { Status: 'paused' } }),
      status: 'stopped',
      reason: 'paused',
    },
    {
      when: 'restarted a few times while it waits for something',
      inspect: inspection({ State: { Status: 'restarting', ExitCode: 2 }, RestartCount: 3 }),
      status: 'starting',
      reason: 'keeps restarting: exited with 2',
      run: { runningMs: 0, restarts: 3, exitCode: 2 },
    },
    {
      when: 'in a restart loop',
      inspect: inspection({ State: { Status: 'restarting', ExitCode: 2 }, RestartCount: 8 }),
      status: 'unhealthy',
      reason: 'keeps restarting: exited with 2',
      run: { runningMs: 0, restarts: 8, exitCode: 2 },
    },
    {
      when: 'never started',
      inspect: inspection({ State: { Status: 'created' } }),
      status: 'stopped',
      reason: 'created, never started',
    },
    {
      when: 'unable to start',
      inspect: inspection({ State: { Status: 'created', Error: 'no port' } }),
      status: 'failed',
      reason: 'could not start: no port',
    },
    { when: 'done (no)', inspect: exited(0, 'no'), status: 'completed', reason: 'exited with 0' },
    {
      when: 'done (on-failure)',
      inspect: exited(0, 'on-failure'),
      status: 'completed',
      reason: 'exited with 0',
    },
    {
      when: 'told to stop (on-failure)',
      inspect: exited(0, 'on-failure'),
      wasStopped: true,
      status: 'stopped',
      reason: 'stopped, exited with 0',
    },
    {
      when: 'stopped although it should run',
      inspect: exited(0, 'always'),
      status: 'stopped',
      reason: 'stopped, exited with 0',
    },
    { when: 'failed', inspect: exited(3, 'no'), status: 'failed', reason: 'exited with 3' },
    {
      when: 'stopped by a signal',
      inspect: exited(137, 'no'),
      status: 'stopped',
      reason: 'stopped, exited with 137',
    },
    {
      when: 'out of memory',
      inspect: exited(137, 'no', { OOMKilled: true }),
      status: 'failed',
      reason: 'killed: out of memory (exit code 137)',
    },
  ])('is $status when $when', ({ inspect, runningMs = 0, wasStopped, ...expected }) => {
    const { when: _when, ...health } = expected;
    expect(judgeContainer(inspect, runningMs, wasStopped)).toEqual(health);
  });
});

describe('the observed spec of a container', () => {
  const observe = (
    created: Partial<ContainerSpec>,
    wanted: Partial<ContainerSpec>,
    inspect: ContainerInspectInfo,
  ) =>
    renderObserved(
      maskSpec(web(created).spec),
      maskSpec(web(wanted).spec),
      readLive(inspect, TRAITS, new Map([['shop_front', 'n1']])),
    );
  const on = (Name: string, MaximumRetryCount = 0) =>
    inspection({ HostConfig: { RestartPolicy: { Name, MaximumRetryCount } } });

  it('uses the words of the description for what means the same', () => {
    const resources = { memoryBytes: 0, nanoCpus: 2e9 };
    expect(observe({}, { resources }, inspection())['resources']).toEqual(resources);
    const restart = { policy: 'on-failure', maxRetries: 0 } as const;
    expect(observe({}, { restart }, on('on-failure'))['restart']).toEqual(restart);
  });

  it('shows live values that differ', () => {
    const changed = inspection({
      HostConfig: {
        Memory: 1e9,
        NanoCpus: 5e8,
        PidsLimit: 10,
        RestartPolicy: { Name: '', MaximumRetryCount: 0 },
      },
    });
    const spec = observe({}, {}, changed);
    expect(spec['resources']).toEqual({ memoryBytes: 1e9, nanoCpus: 5e8, pidsLimit: 10 });
    expect(spec['restart']).toEqual({ policy: 'no' });
  });

  it('leaves out a network that was made anew, and shows one that was added', () => {
    const networks = { shop_front: { aliases: ['www'] } };
    const attached = (NetworkID: string) => ({ NetworkID, Aliases: ['web', 'www', 'abcdef012345'] });
    const live = (shop_front: object) => inspection({ networks: { shop_front } });
    expect(observe({ networks }, { networks }, live(attached('n1')))['networks']).toEqual(networks);
    expect(observe({ networks }, { networks }, live(attached('gone')))['networks']).toEqual({});
    const added = inspection({ networks: { shop_front: attached('n1'), other: { Aliases: [] } } });
    expect(observe({ networks }, { networks }, added)['networks']).toEqual({
      ...networks,
      other: { aliases: [] },
    });
  });

  it.each(['a', 'ab', 'abcdef01234'])('shows the alias %s although the id begins with it', (alias) => {
    const networks = { shop_front: { aliases: [alias] } };
    const endpoint = { NetworkID: 'n1', Aliases: [alias, 'abcdef012345'] };
    const live = inspection({ networks: { shop_front: endpoint } });
    expect(observe({ networks }, { networks }, live)['networks']).toEqual(networks);
  });

  it('survives a damaged label', () => {
    const live = readLive(inspection(), TRAITS, new Map());
    expect(renderObserved({}, null, live)).toMatchObject({ restart: { policy: 'unless-stopped' } });
  });
});

describe('changes in place', () => {
  const steps = (wanted: Partial<ContainerSpec>, HostConfig: object) =>
    buildUpdate(containerSpec(web(wanted)), readLive(inspection({ HostConfig }), TRAITS, new Map()), 1);
  it('asks for nothing when nothing differs', () => {
    expect(steps({}, { Memory: 2 ** 50, NanoCpus: 2e9, PidsLimit: -1, MemoryReservation: -1 })).toBeNull();
  });
  it('keeps swap at twice the memory and lifts limits with values that limit nothing', () => {
    expect(steps({ resources: { memoryBytes: 64 } }, { Memory: 128 })).toEqual({
      Memory: 64,
      MemorySwap: 128,
    });
    const limited = { Memory: 128, NanoCpus: 1e9, PidsLimit: 5, MemoryReservation: 2 ** 30 };
    const lifted = {
      Memory: 2 ** 50,
      MemorySwap: 2 ** 50,
      NanoCpus: 2e9,
      PidsLimit: 0,
      MemoryReservation: -1,
    };
    expect(steps({}, limited)).toEqual(lifted);
  });
  it('leaves and joins a network whose aliases differ', () => {
    const spec = containerSpec(web({ networks: { a: { aliases: ['x'] }, b: { aliases: [] } } }));
    const networks = { a: { aliases: ['web'] }, c: { aliases: [] } };
    expect(networkSteps(spec, { restart: spec.restart, resources: {}, networks, cpus: 2 })).toEqual({
      leave: ['a', 'c'],
      join: ['a', 'b'],
    });
  });
});

describe('container configuration', () => {
  it('maps ports, mounts and networks to the words of the engine', () => {
    const desired = web({
      ports: [
        { containerPort: 80, protocol: 'tcp', hostPort: 8080 },
        { containerPort: 80, protocol: 'tcp' },
      ],
      mounts: [
        { type: 'bind', source: '/srv', target: '/data', readOnly: true },
        { type: 'volume', source: 'shop_data', target: '/v' },
        { type: 'tmpfs', target: '/t', mode: 0o700 },
      ],
      networks: { shop_b: { aliases: [] }, shop_a: { aliases: ['www'] } },
      env: { B: new Secret('s', 'r'), A: '1' },
    });
    expect(buildContainerConfig(containerSpec(desired), { labels: {}, api: '1.41' })).toMatchObject({
      Env: ['A=1', 'B=s'],
      ExposedPorts: { '80/tcp': {} },
      NetworkingConfig: { EndpointsConfig: { shop_a: { Aliases: ['web', 'www'] } } },
      HostConfig: {
        NetworkMode: 'shop_a',
        PortBindings: {
          '80/tcp': [
            { HostIp: '', HostPort: '8080' },
            { HostIp: '', HostPort: '' },
          ],
        },
        Binds: ['/srv:/data:ro'],
        Mounts: [
          { Type: 'volume', Source: 'shop_data', Target: '/v', ReadOnly: false },
          { Type: 'tmpfs', Target: '/t', TmpfsOptions: { Mode: 0o700 } },
        ],
      },
    });
    expect(
      buildContainerConfig(containerSpec(web({ networkMode: 'host' })), { labels: {}, api: '1.41' }),
    ).toMatchObject({
      HostConfig: { NetworkMode: 'host' },
    });
  });
});

describe('labels', () => {
  it('let the owner be read back, whatever the user wrote', () => {
    const desired = web({
      env: { KEY: new Secret('hush-hush', 'r') },
      labels: { [LABEL.hash]: 'mine', a: 'b' },
    });
    const labels = buildLabels({ stack: 'shop', revision: 'r1', branch: 'main', desired });
    expect(labels['a']).toBe('b');
    expect(JSON.stringify(labels)).not.toContain('hush');
    expect(readOwner(labels)).toEqual({
      stack: 'shop',
      id: desired.id,
      target: 'edge',
      kind: 'container',
      name: 'web',
      hash: desired.hash,
      revision: 'r1',
      branch: 'main',
      spec: maskSpec(desired.spec),
    });
  });
  it.each([null, {}, { [LABEL.stack]: 's' }, { [LABEL.stack]: 's', [LABEL.resource]: 'x' }])(
    'do not own %j',
    (labels) => {
      expect(readOwner(labels as Record<string, string> | null)).toBeNull();
    },
  );
});

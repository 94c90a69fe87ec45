import { describe, expect, inject, it } from 'vitest';
import type { SeenObject } from '../../../reconciler/ports/inventory/inventory.ts';
import { eventually } from '../../support/eventually.ts';
import { openRealCluster, startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { createClusterStack, createHand } from '../../support/kubernetes/cluster-stack.ts';

const WEB = '{ id: web, type: deployment, data: { name: web, image: nginx } }';
const CONF = '{ id: conf, type: configmap, data: { name: conf, data: { a: b } } }';

it('lists what is ours and what was made of it, and leaves out what is of others', async () => {
  await using double = await startClusterDouble();
  await using target = double.createTarget();
  const own = createClusterStack(target);
  const hand = createHand(double.client);
  const { namespace } = own;
  await own.apply(own.describe([CONF, WEB]));
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const owned = (of: object, kind: string, name: string) => {
    const uid = (of as { metadata?: { uid?: string } }).metadata?.uid ?? '';
    return { ownerReferences: [{ apiVersion: 'v1', kind, name, uid, controller: true }] };
  };
  const container = { containers: [{ name: 'web', image: 'nginx' }] };
  const web = await hand.read(`${apps}/deployments/web`);
  const replicas = { apiVersion: 'apps/v1', kind: 'ReplicaSet' };
  await hand.create(`${apps}/replicasets`, {
    ...replicas,
    metadata: { name: 'web-a', ...owned(web, 'Deployment', 'web') },
    spec: { replicas: 1, selector: { matchLabels: { a: 'b' } } },
  });
  const made = await hand.read(`${apps}/replicasets/web-a`);
  const pod = { apiVersion: 'v1', kind: 'Pod', spec: container };
  await hand.create(pods, { ...pod, metadata: { name: 'web-a-1', ...owned(made, 'ReplicaSet', 'web-a') } });
  await hand.create(pods, { ...pod, metadata: { name: 'foreign' } });
  const stranger = { metadata: { uid: 'of-somebody-else' } };
  await hand.create(pods, {
    ...pod,
    metadata: { name: 'forged', ...owned(stranger, 'ReplicaSet', 'web-a') },
  });

  const ending = new AbortController();
  let told: readonly SeenObject[] = [];
  const failures: unknown[] = [];
  const sink = {
    told: (objects: readonly SeenObject[]) => void (told = objects),
    failed: (error: unknown) => void failures.push(error),
  };
  const keeping = target.inventory(sink, ending.signal);
  const names = () => told.map(({ kind, name, stack }) => `${kind} ${name} ${stack}`).sort();
  const wanted = [
    `ConfigMap conf ${own.stack}`,
    `Deployment web ${own.stack}`,
    `Pod web-a-1 ${own.stack}`,
    `ReplicaSet web-a ${own.stack}`,
  ];
  await eventually(names, (list) => list.length === wanted.length);
  expect(names()).toEqual(wanted);

  const before = told.find(({ kind }) => kind === 'ConfigMap');
  await hand.remove(`${pods}/web-a-1`);
  await eventually(names, (list) => list.length === wanted.length - 1);
  expect(names()).not.toContain(wanted[2]);
  expect(told.find(({ kind }) => kind === 'ConfigMap')).toBe(before);
  expect(failures).toEqual([]);
  ending.abort();
  await keeping;
});

it('takes secrets of a stack out of what pods and events say', async () => {
  await using double = await startClusterDouble();
  await using target = double.createTarget();
  const own = createClusterStack(target);
  const hand = createHand(double.client);
  const { namespace } = own;
  const secret = '{ id: keys, type: secret, data: { name: keys, keys: [{ name: TOKEN }] } }';
  await own.apply(own.describe([secret, WEB], [], 'hunter2-of-the-shop'));
  const web = await hand.read(`/apis/apps/v1/namespaces/${namespace}/deployments/web`);
  const { uid } = web['metadata'] as { readonly uid: string };
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid, controller: true };
  const words = 'exec: "--token=hunter2-of-the-shop": executable file not found';
  const waiting = { reason: 'RunContainerError', message: words };
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const containerStatuses = [{ name: 'web', restartCount: 0, state: { waiting } }];
  await hand.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-1', ownerReferences: [owner] },
    spec: { containers: [{ name: 'web', image: 'nginx' }] },
  });
  const status = { phase: 'Pending', containerStatuses };
  await hand.edit(`${pods}/web-1/status`, { status }, 'controller');
  const { uid: podUid } = (await hand.read(`${pods}/web-1`))['metadata'] as { readonly uid: string };
  await hand.create(`/api/v1/namespaces/${namespace}/events`, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'web-1.a' },
    involvedObject: { kind: 'Pod', uid: podUid },
    type: 'Warning',
    reason: 'Failed',
    message: `Readiness probe failed: ${words}`,
  });
  const ending = new AbortController();
  let told: readonly SeenObject[] = [];
  const sink = {
    told: (objects: readonly SeenObject[]) => void (told = objects),
    failed: () => undefined,
  };
  const keeping = target.inventory(sink, ending.signal);
  const messageOf = () => told.find(({ kind }) => kind === 'Pod')?.message ?? '';
  await eventually(messageOf, (message) => message !== '');
  expect(messageOf()).toContain('exec: "--token=***"');
  const [event] = await eventually(
    () => target.eventsOf(podUid),
    (list) => list.length > 0,
  );
  expect(event?.message).toContain('--token=***');
  ending.abort();
  await keeping;
});

it('measures how loaded a cluster is, with and without a metrics server', async () => {
  await using double = await startClusterDouble();
  await using target = double.createTarget();
  const hand = createHand(double.client);
  for (const name of ['a', 'b'])
    await hand.create('/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      status: {
        capacity: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '100Gi' },
        allocatable: { cpu: '3900m', memory: '7Gi' },
      },
    });
  await hand.create('/api/v1/namespaces/default/persistentvolumeclaims', {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Gi' } } },
  });
  const GI = 1024 ** 3;
  const measured = await target.measure(new AbortController().signal);
  expect(measured).toMatchObject({
    cpu: { used: 200, capacity: 8_000 },
    memory: { used: 2 * GI, capacity: 16 * GI },
    storage: { used: 10 * GI, capacity: 200 * GI },
    nodes: 2,
    pods: 0,
    isMeasured: false,
  });
  expect(measured.health.map(({ name }) => name)).toEqual(['API Server', 'Scheduler', 'Controller', 'etcd']);
});

/** Needs nodes with the image local/busybox:1. */
const real = inject('kubernetes');

if (real?.shared)
  describe(`the inventory of a cluster with nodes: ${real.title}`, () => {
    it('follows a workload to its pods, with what is said of them', async () => {
      await using cluster = openRealCluster(real);
      await using target = cluster.createTarget();
      const own = createClusterStack(target);
      const hand = createHand(cluster.client);
      const ending = new AbortController();
      let told: readonly SeenObject[] = [];
      const sink = {
        told: (objects: readonly SeenObject[]) =>
          void (told = objects.filter((one) => one.stack === own.stack)),
        failed: () => undefined,
      };
      const keeping = target.inventory(sink, ending.signal);
      const sleeping = 'image: "local/busybox:1", command: [sleep, "1000"]';
      try {
        await own.apply(own.describe([`{ id: web, type: deployment, data: { name: web, ${sleeping} } }`]));
        const pod = await eventually(
          () => told.find(({ kind }) => kind === 'Pod'),
          (one) => one?.status === 'running',
          60_000,
        );
        expect(pod).toMatchObject({
          status: 'running',
          owners: [{ kind: 'ReplicaSet', controller: true }],
          facts: { containers: [{ image: 'local/busybox:1', ready: true, state: 'running' }] },
        });
        expect(told.map(({ kind }) => kind).sort()).toEqual(['Deployment', 'Pod', 'ReplicaSet']);
        const events = await eventually(
          () => target.eventsOf(pod?.uid ?? ''),
          (list) => list.some(({ reason }) => reason === 'Started'),
          10_000,
        );
        expect(events.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['Scheduled', 'Started']));
        const { nodes, cpu, health } = await target.measure(ending.signal);
        expect(nodes).toBeGreaterThan(0);
        expect(cpu.capacity).toBeGreaterThan(0);
        expect(health[0]).toMatchObject({ name: 'API Server', status: 'healthy' });
      } finally {
        await hand.remove(`/api/v1/namespaces/${own.namespace}`).catch(() => undefined);
        ending.abort();
        await keeping;
      }
    }, 90_000);
  });

import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { isApiError } from '../../../reconciler/adapters/kubernetes/api/api-error.ts';
import type { ApiClient } from '../../../reconciler/adapters/kubernetes/api/client.ts';
import { createClusterInstances } from '../../../reconciler/adapters/kubernetes/instances/backend.ts';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import type { Instances } from '../../../reconciler/public/instances.ts';
import type { Store } from '../../../reconciler/ports/store.ts';
import type { InstanceSettings } from '../../../reconciler/run/instances/context.ts';
import { createInstances } from '../../../reconciler/run/instances/create-instances.ts';
import type { ClusterConnector } from '../../support/kubernetes/cluster-double.ts';
import { openRealCluster, startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { eventually } from '../../support/eventually.ts';
import { realClock, silentLogger } from '../../support/docker/target-options.ts';

/* Instances on a cluster: on the API double, whose scheduler and kubelet the test plays, and on a real one with nodes. */

const NEVER = new AbortController().signal;
const MERGE = 'application/merge-patch+json';
const NODE = 'played-node';
const PORTS = [{ containerPort: 80, protocol: 'TCP' }];
const POD = `kind: Pod
metadata: { name: mine, labels: { team: red, kombinator.io/stack: shop }, annotations: { note: kept } }
spec:
  containers:
    - name: app
      image: local/busybox:1
      command: [sleep, "1000"]
      ports: [{ containerPort: 80 }]
      resources: { limits: { cpu: 10m, memory: 16Mi } }
`;

interface Cluster extends ClusterConnector, AsyncDisposable {
  /** Plays what a cluster does with a pod by itself, until the signal aborts; not needed on one with nodes. */
  readonly play: ((namespace: string, signal: AbortSignal) => Promise<void>) | null;
}

async function openDouble(): Promise<Cluster> {
  const double = await startClusterDouble();
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } };
  const { client } = double;
  await client.request({ method: 'POST', path: '/api/v1/nodes', body: node, signal: NEVER });
  const play = async (namespace: string, signal: AbortSignal) => {
    while (!signal.aborted) {
      for (const pod of await listOf(client, namespace, 'pods')) {
        if (pod.spec['nodeName'] !== undefined || pod.spec['schedulerName'] === 'nobody') continue;
        const path = `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}`;
        const patch = (body: object, at = path) =>
          client
            .request({ method: 'PATCH', path: at, body, contentType: MERGE, signal: NEVER })
            .catch(() => undefined);
        await patch({ spec: { nodeName: NODE } });
        await patch({ status: { phase: 'Running' } }, `${path}/status`);
      }
      await realClock.sleep(20, signal).catch(() => undefined);
    }
  };
  return { ...double, play };
}

interface Listed {
  readonly metadata: {
    readonly name: string;
    readonly labels: Record<string, string>;
    readonly annotations?: object;
  };
  readonly spec: Record<string, unknown>;
}

async function listOf(client: ApiClient, namespace: string, plural: string): Promise<Listed[]> {
  const path = `/api/v1/namespaces/${namespace}/${plural}`;
  const { body } = await client.request({ method: 'GET', path, signal: NEVER });
  return (body as { items: Listed[] }).items;
}

const real = inject('kubernetes');
const SUITES = [
  { title: 'the API double', open: openDouble },
  ...(real?.shared === true
    ? [{ title: real.title, open: async (): Promise<Cluster> => ({ ...openRealCluster(real), play: null }) }]
    : []),
];

describe.each(SUITES)('instances on $title', ({ open }) => {
  let cluster: Cluster;
  let namespace: string;
  let stop: AbortController;
  let playing: Promise<void> | undefined;
  let store: Store;
  let kept: Instances[];

  beforeEach(async () => {
    cluster = await open();
    namespace = `stacks-${randomBytes(4).toString('hex')}`;
    stop = new AbortController();
    playing = cluster.play?.(namespace, stop.signal);
    store = createSqliteStore({ path: ':memory:', clock: realClock });
    kept = [];
  });
  afterEach(async () => {
    for (const instances of kept) await instances[Symbol.asyncDispose]();
    stop.abort();
    await playing;
    const path = `/api/v1/namespaces/${namespace}`;
    await cluster.client.request({ method: 'DELETE', path, signal: NEVER }).catch((error: unknown) => {
      if (!isApiError(error, 404)) throw error;
    });
    await cluster[Symbol.asyncDispose]();
  });

  function keep(settings: Partial<InstanceSettings> = {}): Instances {
    const backend = createClusterInstances({
      client: cluster.createClient(),
      owner: () => namespace,
      namespace,
      nodeRole: '',
      clock: realClock,
      logger: silentLogger,
    });
    const instances = createInstances({
      backend,
      records: store,
      clock: realClock,
      logger: silentLogger,
      settings: { namespace, passMs: 500, ...settings },
    });
    instances.start();
    kept.push(instances);
    return instances;
  }
  const create = (instances: Instances, podSpec = POD) => instances.create({ podSpec, targetPorts: PORTS });
  const reaches = async (instances: Instances, id: string, status: string) => {
    const found = await eventually(
      () => instances.get(id),
      (one) => one.status === status,
      60_000,
    );
    expect(found.status, found.message ?? '').toBe(status);
  };
  const isGone = (instances: Instances, id: string) =>
    eventually(
      () => !instances.list().some((one) => one.id === id),
      (gone) => gone,
      60_000,
    );
  const left = async () => [
    ...(await listOf(cluster.client, namespace, 'pods')),
    ...(await listOf(cluster.client, namespace, 'services')),
  ];

  it('are a pod with all that is forced on it and a service of its own; deleting leaves neither', async () => {
    const instances = keep();
    const { id, ports, nodeId, podId } = await create(instances);
    await reaches(instances, id, 'running');
    const [pod] = await listOf(cluster.client, namespace, 'pods');
    const [service] = await listOf(cluster.client, namespace, 'services');
    expect(pod?.metadata).toMatchObject({ name: podId, annotations: { note: 'kept' } });
    expect(pod?.metadata.labels).toEqual({
      team: 'red',
      'app.kubernetes.io/name': 'smctf-stack',
      'app.kubernetes.io/instance': id,
      'smctf.io/stack-id': id,
      'kombinator.io/instances': namespace,
    });
    expect(pod?.spec).toMatchObject({
      nodeName: nodeId,
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(service?.metadata.name).toBe(`svc-${id}`);
    expect(service?.spec).toMatchObject({
      type: 'NodePort',
      selector: { 'smctf.io/stack-id': id },
      ports: [{ name: 'p-80-tcp', port: 80, nodePort: ports[0]?.nodePort }],
    });
    await instances.delete(id);
    expect(await eventually(left, (all) => all.length === 0, 60_000)).toEqual([]);
  });

  it('whose pod or service somebody took away are gone, also while nobody looked', async () => {
    const instances = keep();
    const [withoutPod, withoutService, later] = [
      await create(instances),
      await create(instances),
      await create(instances),
    ];
    for (const { id } of [withoutPod, withoutService, later]) await reaches(instances, id, 'running');
    const take = (plural: string, name: string) =>
      cluster.client.request({
        method: 'DELETE',
        path: `/api/v1/namespaces/${namespace}/${plural}/${name}`,
        body: { gracePeriodSeconds: 0 },
        signal: NEVER,
      });
    await take('pods', withoutPod.podId);
    await take('services', withoutService.serviceName);
    expect(await isGone(instances, withoutPod.id)).toBe(true);
    expect(await isGone(instances, withoutService.id)).toBe(true);
    await instances[Symbol.asyncDispose]();
    await take('services', later.serviceName);
    const next = keep();
    expect(await isGone(next, later.id)).toBe(true);
    expect(await eventually(left, (all) => all.length === 0, 60_000)).toEqual([]);
  });

  it('are collected when nobody knows of them', async () => {
    const instances = keep();
    const { id } = await create(instances);
    await reaches(instances, id, 'running');
    await instances[Symbol.asyncDispose]();
    store.deleteInstance(id);
    const next = keep({ orphanGraceMs: 100 });
    // A place that the store knows nothing of is looked at when it is needed.
    const fresh = await create(next);
    await reaches(next, fresh.id, 'running');
    expect(await eventually(left, (all) => all.length === 2, 60_000)).toHaveLength(2);
  });

  it('that no node takes in time are refused, and leave nothing behind', async () => {
    const instances = keep({ schedulingTimeoutMs: 1_500 });
    const nowhere = POD.replace('spec:\n', 'spec:\n  schedulerName: nobody\n');
    await expect(create(instances, nowhere)).rejects.toThrow(/^cluster saturated$/);
    expect(await eventually(left, (all) => all.length === 0, 60_000)).toEqual([]);
    expect(instances.stats().nodePorts).toBe(0);
  });

  it('are deleted in a batch', async () => {
    const instances = keep();
    const made = await Promise.all(Array.from({ length: 5 }, () => create(instances)));
    const job = instances.deleteBatch([...made.map(({ id }) => id), 'stack-none']);
    const ended = await eventually(
      () => instances.getBatchDelete(job.id),
      ({ status }) => status === 'completed',
      60_000,
    );
    expect(ended).toMatchObject({ total: 6, deleted: 5, notFound: 1, failed: 0 });
    expect(await eventually(left, (all) => all.length === 0, 60_000)).toEqual([]);
  });

  it('go when their time is over', async () => {
    const instances = keep({ ttlMs: 2_000, passMs: 200 });
    const { id } = await create(instances);
    expect(await isGone(instances, id)).toBe(true);
    expect(await eventually(left, (all) => all.length === 0, 60_000)).toEqual([]);
  });

  // The double admits everything, as it has no controllers.
  if (real?.shared === true && open !== openDouble)
    it('keep to the quota, the limits and the ports of their cluster', async () => {
      const instances = keep({ nodePorts: { min: 31_777, max: 31_778 } });
      const first = await create(instances);
      const post = (plural: string, kind: string, spec: object) =>
        cluster.client.request({
          method: 'POST',
          path: `/api/v1/namespaces/${namespace}/${plural}`,
          body: { apiVersion: 'v1', kind, metadata: { name: `of-the-test-${plural}` }, spec },
          signal: NEVER,
        });
      const [taken] = first.ports;
      const other = taken?.nodePort === 31_777 ? 31_778 : 31_777;
      await post('services', 'Service', { type: 'NodePort', ports: [{ port: 1, nodePort: other }] });
      await expect(create(instances)).rejects.toThrow(/^no available nodeport$/);
      await post('limitranges', 'LimitRange', { limits: [{ type: 'Container', max: { memory: '8Mi' } }] });
      await expect(create(instances)).rejects.toThrow(
        /^invalid pod spec: pods "stack-[0-9a-f]{16}" is forbidden: maximum memory usage per Container is 8Mi, but limit is 16Mi$/,
      );
      await post('resourcequotas', 'ResourceQuota', { hard: { pods: '1' } });
      const small = POD.replace('16Mi', '8Mi');
      const refused = await eventually(
        () => create(instances, small).then(() => '', String),
        (text) => text.includes('exceeded quota'),
      );
      expect(refused).toMatch(
        /^ReconcilerError: cluster saturated: pods "stack-[0-9a-f]{16}" is forbidden: exceeded quota: of-the-test-resourcequotas, /,
      );
      expect(instances.list().map(({ id }) => id)).toEqual([first.id]);
    });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterTarget } from '../../../reconciler/adapters/kubernetes/target.ts';
import type { ClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import type { ClusterStack, Hand } from '../../support/kubernetes/cluster-stack.ts';
import { actionsOf, createClusterStack, createHand } from '../../support/kubernetes/cluster-stack.ts';
import { asFields } from '../../../reconciler/base/values.ts';
import { eventually } from '../../support/eventually.ts';

const CONFIG = '{ id: conf, type: configmap, data: { name: conf, data: { LEVEL: debug } } }';
const SECRET = '{ id: sec, type: secret, data: { name: sec, keys: [{ name: TOKEN }] } }';
const quiet = () => new AbortController().signal;

let double: ClusterDouble;
let target: ClusterTarget;
let hand: Hand;
let own: ClusterStack;

beforeEach(async () => {
  double = await startClusterDouble();
  target = double.createTarget();
  hand = createHand(double.client);
  own = createClusterStack(target);
});
afterEach(async () => {
  await target[Symbol.asyncDispose]();
  await double[Symbol.asyncDispose]();
});

const configPath = () => `/api/v1/namespaces/${own.namespace}/configmaps/conf`;

it('plans a stack that is as described without asking about its objects', async () => {
  const nodes = Array.from(
    { length: 50 },
    (_, index) => `{ id: c${index}, type: configmap, data: { name: c${index}, data: { a: b } } }`,
  );
  const desired = own.describe(nodes);
  await own.apply(desired);
  double.api.requests.length = 0;
  expect(actionsOf(await own.plan(desired))).toEqual([]);
  expect(double.api.requests).toEqual([]);
});

it('knows what it has written before any watch tells of it', async () => {
  // The watches are open: from now on they are late.
  await target.observe({ stack: own.stack, desired: own.describe([CONFIG]) }, quiet());
  const release = double.api.holdEvents();
  const desired = own.describe([CONFIG]);
  await own.apply(desired);
  for (const { id } of desired)
    expect(await target.health(own.stack, id, quiet())).toEqual({ status: 'healthy' });
  expect(actionsOf(await own.plan(desired))).toEqual([]);
  await own.carryOut(await own.plan([], { mode: 'destroy' }), []);
  release();
  expect(actionsOf(await own.plan([], { mode: 'destroy' }))).toEqual([]);
});

it('has no drift, and nothing immutable, in a claim that the server has given its default class', async () => {
  await using classed = await startClusterDouble('default class');
  await using on = classed.createTarget();
  const stack = createClusterStack(on);
  const claim = (more = '') =>
    `{ id: disk, type: persistentvolumeclaim, data: { name: disk, storage: 1Gi${more} } }`;
  const path = `/api/v1/namespaces/${stack.namespace}/persistentvolumeclaims/disk`;
  const read = () => createHand(classed.client).read(path);
  await stack.apply(stack.describe([claim()]));
  expect((await read())['spec']).toMatchObject({ storageClassName: 'standard' });
  expect(actionsOf(await stack.plan(stack.describe([claim()])))).toEqual([]);
  for (const more of [', labels: { tier: data }', ', storageClassName: standard', '']) {
    const desired = stack.describe([claim(more)]);
    const planned = await stack.plan(desired);
    expect(planned.diagnostics).toEqual([]);
    expect(actionsOf(planned).every((one) => one.startsWith('update'))).toBe(true);
    await stack.carryOut(planned, desired);
    expect(actionsOf(await stack.plan(desired))).toEqual([]);
  }
  expect((await read())['spec']).toMatchObject({ storageClassName: 'standard' });
  // Somebody who has applied it before has said the class.
  const body = { spec: { storageClassName: 'standard' } };
  await createHand(classed.client).edit(path, body, 'kubectl-client-side-apply');
  expect((await stack.plan(stack.describe([claim()]))).diagnostics).toEqual([]);
});

it('asks the server once about a value that it writes in its own way', async () => {
  const web =
    '{ id: web, type: deployment, data: { name: web, image: i, resources: { limits: { cpu: 1000m } } } }';
  const desired = own.describe([web]);
  await own.apply(desired);
  expect(actionsOf(await own.plan(desired))).toEqual([]);
  double.api.requests.length = 0;
  expect(actionsOf(await own.plan(desired))).toEqual([]);
  expect(double.api.requests).toEqual([]);
});

it('deletes no object that has taken the place of the one it knew', async () => {
  const desired = own.describe([CONFIG]);
  await own.apply(desired);
  const plan = await own.plan([], { mode: 'destroy' });
  await hand.remove(configPath());
  const theirs = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'conf' }, data: { theirs: 'yes' } };
  await hand.create(`/api/v1/namespaces/${own.namespace}/configmaps`, theirs);
  await own.carryOut(plan, []);
  expect((await hand.read(configPath()))['data']).toEqual({ theirs: 'yes' });
});

it('looks at no stack for what controllers make of its objects, with their labels', async () => {
  const desired = own.describe([CONFIG, SECRET]);
  await own.apply(desired);
  const path = `/api/v1/namespaces/${own.namespace}`;
  const { labels, uid } = asFields((await hand.read(configPath()))['metadata']) ?? {};
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'conf', uid }];
  const heard: (string | null)[] = [];
  const controller = new AbortController();
  const watching = target.watch((stack) => void heard.push(stack), controller.signal);
  const metadata = { name: 'made-of-it', labels, ownerReferences };
  await hand.create(`${path}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {} });
  await hand.edit(`${path}/configmaps/made-of-it`, { data: { a: 'b' } });
  await hand.remove(`${path}/configmaps/made-of-it`);
  expect(heard).toEqual([]);
  // A label that is taken away leaves no doubt about whose it was.
  await hand.edit(configPath(), { metadata: { labels: { 'kombinator.io/stack': null } } });
  await eventually(
    async () => heard,
    (all) => all.length > 0,
  );
  expect(heard).toEqual([own.stack]);
  controller.abort();
  await watching;
});

describe('health', () => {
  const WEB = '{ id: web, type: deployment, data: { name: web, image: i } }';
  const LABELS = { app: 'web' };
  const status = (path: string, body: object) => hand.edit(`${path}/status`, { status: body }, 'controller');
  const deployment = () => `/apis/apps/v1/namespaces/${own.namespace}/deployments/web`;

  async function pod(state: object, restartCount = 0, labels: object = {}) {
    const metadata = { name: 'web-1', labels: { ...LABELS, ...labels } };
    const path = `/api/v1/namespaces/${own.namespace}/pods`;
    await hand.create(path, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: { containers: [{ name: 'web' }] },
    });
    const lastState = { terminated: { exitCode: 3 } };
    await status(`${path}/web-1`, { containerStatuses: [{ name: 'web', restartCount, state, lastState }] });
  }
  /** A ReplicaSet of the Deployment, as its controller makes one for each version. */
  async function replicaSet(revision: string, conditions: readonly object[] = []) {
    const { uid } = asFields((await hand.read(deployment()))['metadata']) ?? {};
    const annotations = { 'deployment.kubernetes.io/revision': revision };
    const path = `/apis/apps/v1/namespaces/${own.namespace}/replicasets`;
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid }];
    const labels = { ...LABELS, 'pod-template-hash': `h${revision}` };
    const metadata = { name: `web-h${revision}`, annotations, labels, ownerReferences };
    await hand.create(path, { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata, spec: {} });
    await status(`${path}/web-h${revision}`, { conditions });
    await hand.edit(deployment(), { metadata: { annotations } }, 'kube-controller-manager');
  }
  const look = () => target.health(own.stack, own.id('Deployment', 'web'), quiet());

  it('follows a rollout to its end', async () => {
    await own.apply(own.describe([WEB]));
    expect(await look()).toEqual({ status: 'starting', reason: 'the change has not been seen yet' });
    const done = { replicas: 1, updatedReplicas: 1, availableReplicas: 1, observedGeneration: 1 };
    await status(deployment(), { ...done, availableReplicas: 0 });
    await eventually(look, ({ reason }) => reason === '0 of 1 pods are ready');
    await status(deployment(), done);
    await eventually(look, (health) => health.status === 'healthy');
  });

  it('gives up on an image that cannot be pulled, with the reason of the pod', async () => {
    await own.apply(own.describe([WEB]));
    await pod({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "i"' } });
    expect(await look()).toMatchObject({
      status: 'failed',
      reason: 'container web of pod web-1: ImagePullBackOff: Back-off pulling image "i"',
    });
  });

  it('gives up on a crash loop, with the last lines and without secrets', async () => {
    await own.apply(own.describe([WEB, SECRET]));
    await pod({ waiting: { reason: 'CrashLoopBackOff' } }, 2);
    double.api.logs.set(`${own.namespace}/web-1/web/previous`, [
      'starting',
      'token correct-horse is not valid',
    ]);
    expect(await look()).toMatchObject({
      status: 'failed',
      reason:
        'container web of pod web-1 exited with 3, 2 restarts; it wrote: starting | token *** is not valid',
    });
  });

  it('says what a node complains of that holds a pod up, and only for that', async () => {
    await own.apply(own.describe([WEB]));
    await pod({ waiting: { reason: 'ContainerCreating' } });
    const path = `/api/v1/namespaces/${own.namespace}`;
    const { uid } = asFields((await hand.read(`${path}/pods/web-1`))['metadata']) ?? {};
    const complain = (name: string, lastTimestamp: string, message: string) =>
      hand.create(`${path}/events`, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace: own.namespace },
        involvedObject: { kind: 'Pod', name: 'web-1', uid },
        type: 'Warning',
        reason: 'FailedMount',
        lastTimestamp,
        message,
      });
    await complain('web-1.b', '2026-01-01T00:02:00Z', 'secret "later" not found');
    await complain('web-1.a', '2026-01-01T00:01:00Z', 'secret "sooner" not found');
    const begun = (ago: number) =>
      status(`${path}/pods/web-1`, {
        phase: 'Pending',
        startTime: new Date(Date.now() - ago).toISOString(),
        containerStatuses: [{ name: 'web', state: { waiting: { reason: 'ContainerCreating' } } }],
      });
    await begun(1_000);
    expect((await look()).reason).not.toContain('FailedMount');
    await begun(60_000);
    expect(await look()).toMatchObject({
      status: 'starting',
      reason: 'pod web-1: FailedMount: secret "later" not found',
    });
    const conditions = [
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'took too long.' },
    ];
    await status(deployment(), { observedGeneration: 1, conditions });
    const reason = 'took too long: pod web-1: FailedMount: secret "later" not found';
    await eventually(look, (health) => health.reason === reason && health.status === 'failed');
  });

  it('says why a container cannot be started, without secrets among its words', async () => {
    await own.apply(own.describe([WEB, SECRET]));
    const message = 'exec: "--token=correct-horse": executable file not found';
    await pod({ waiting: { reason: 'RunContainerError', message } });
    expect(await look()).toMatchObject({
      status: 'failed',
      reason: 'container web of pod web-1: RunContainerError: exec: "--token=***": executable file not found',
    });
  });

  const DONE = { replicas: 1, updatedReplicas: 1, availableReplicas: 1, observedGeneration: 1 };

  it('tells of what has no probe how long it runs and how it ended before', async () => {
    await own.apply(own.describe([WEB]));
    await status(deployment(), DONE);
    await eventually(look, (health) => health.status === 'healthy');
    expect((await look()).run).toBeUndefined();
    await pod({ running: { startedAt: new Date(Date.now() - 60_000).toISOString() } }, 1);
    double.api.logs.set(`${own.namespace}/web-1/web/previous`, ['no db']);
    expect(await look()).toMatchObject({
      status: 'healthy',
      reason: 'container web of pod web-1 exited with 3; it wrote: no db',
      run: { restarts: 1 },
    });
  });

  it('counts a container that has ended and waits for its restart', async () => {
    await own.apply(own.describe([WEB]));
    await status(deployment(), DONE);
    await pod({ terminated: { exitCode: 1 } });
    const health = await eventually(look, ({ run }) => run !== undefined);
    expect(health).toMatchObject({ run: { runningMs: 0, restarts: 1 } });
    expect(health.reason).toContain('exited with 1');
  });

  it('counts only pods and conditions of the version that is described now', async () => {
    await own.apply(own.describe([WEB]));
    const refused = {
      type: 'ReplicaFailure',
      status: 'True',
      message: 'pods "web" is forbidden: violates PodSecurity',
    };
    await replicaSet('1', [refused]);
    await pod({ waiting: { reason: 'ImagePullBackOff' } }, 0, { 'pod-template-hash': 'h1' });
    await replicaSet('2');
    await status(deployment(), { observedGeneration: 1, conditions: [refused] });
    const later = await eventually(look, ({ reason }) => reason !== 'the change has not been seen yet');
    expect(later).toEqual({ status: 'starting', reason: 'pods of this version are being made' });
    await replicaSet('3', [{ ...refused, message: 'quota' }]);
    expect(await eventually(look, (health) => health.status === 'failed')).toEqual({
      status: 'failed',
      reason: 'quota',
    });
  });

  it('does not take the pods of before for those of a change that has not been seen', async () => {
    await own.apply(own.describe([WEB]));
    await status(deployment(), DONE);
    await pod({ waiting: { reason: 'CrashLoopBackOff' } }, 7);
    await eventually(look, ({ run }) => run?.restarts === 7);
    await own.apply(own.describe([WEB.replace('image: i', 'image: j')]));
    expect(await look()).toEqual({ status: 'starting', reason: 'the change has not been seen yet' });
  });

  const START = '2026-08-01T10:00:00Z';
  const notReady = (since: string) => [{ type: 'Ready', status: 'False', lastTransitionTime: since }];
  const waiting = (reason: string) => [{ name: 'db', restartCount: 0, state: { waiting: { reason } } }];
  const running = [{ name: 'db', restartCount: 0, state: { running: {} } }];
  const crashed = [{ name: 'db', restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } }];

  it.each([
    { what: 'crashes', seen: { phase: 'Running', containerStatuses: crashed } },
    { what: 'has no image', seen: { phase: 'Pending', containerStatuses: waiting('ImagePullBackOff') } },
    { what: 'has no node', seen: { phase: 'Pending' } },
    {
      what: 'has never been ready',
      seen: {
        phase: 'Running',
        startTime: START,
        containerStatuses: running,
        conditions: notReady('2026-08-01T10:00:01Z'),
      },
    },
  ])(
    'takes away a pod that $what, and that a StatefulSet would wait for before it goes on with what mends it',
    async ({ seen }) => {
      const db = (image: string) => `{ id: db, type: statefulset, data: { name: db, image: ${image} } }`;
      const path = `/apis/apps/v1/namespaces/${own.namespace}/statefulsets/db`;
      const pods = `/api/v1/namespaces/${own.namespace}/pods`;
      await own.apply(own.describe([db('i')]));
      const { selector } = asFields((await hand.read(path))['spec']) ?? {};
      const { matchLabels } = asFields(selector) ?? {};
      const well = { phase: 'Running', containerStatuses: running };
      const later = { ...well, startTime: START, conditions: notReady('2026-08-01T11:00:00Z') };
      for (const [name, podStatus] of Object.entries({ 'db-0': seen, 'db-1': well, 'db-2': later })) {
        const labels = { ...asFields(matchLabels), 'controller-revision-hash': 'one' };
        const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: { containers: [] } };
        await hand.create(pods, body);
        await status(`${pods}/${name}`, podStatus);
      }
      await status(path, { observedGeneration: 1, updateRevision: 'one' });
      const desired = own.describe([db('j')]);
      const applied = own.apply(desired);
      // The controller takes its time.
      await eventually(
        async () => asFields((await hand.read(path))['metadata'])?.['generation'],
        (generation) => generation === 2,
      );
      await expect(hand.read(`${pods}/db-0`)).resolves.toBeDefined();
      await status(path, { observedGeneration: 2, updateRevision: 'two' });
      await applied;
      await expect(hand.read(`${pods}/db-0`)).rejects.toMatchObject({ status: 404 });
      await expect(hand.read(`${pods}/db-1`)).resolves.toBeDefined();
      await expect(hand.read(`${pods}/db-2`)).resolves.toBeDefined();
    },
  );

  it('reads logs of the pods', async () => {
    await own.apply(own.describe([WEB]));
    await pod({ running: {} });
    double.api.logs.set(`${own.namespace}/web-1/web`, ['one', 'two']);
    const lines: string[] = [];
    const id = own.id('Deployment', 'web');
    for await (const { text } of target.logs(own.stack, id, { tail: 1, signal: quiet() })) lines.push(text);
    expect(lines).toEqual(['two']);
  });
});

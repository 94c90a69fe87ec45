import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createKubernetesTarget } from '../../../reconciler/adapters/kubernetes/index.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import { createHand } from '../../support/kubernetes/cluster-stack.ts';
import type { KubernetesApi } from '../../support/kubernetes/kubernetes-api.ts';
import { startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { checkSchema, createFixedSecrets } from '../../support/desired-fixtures.ts';
import { asFields } from '../../../reconciler/base/values.ts';
import { eventually } from '../../support/eventually.ts';
import { playControllers } from '../../support/kubernetes/kubernetes-controllers.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { createRig } from '../../support/reconciler-rig.ts';
import { realClock, silentLogger } from '../../support/docker/target-options.ts';

const EXAMPLE = join(
  import.meta.dirname,
  '../../../examples/kombinations/shop-on-cluster/workflows/shop.yaml',
);
const SHOP = readFileSync(EXAMPLE, 'utf8');
const FILE = 'workflows/shop.yaml';

async function startRig() {
  const double = await startClusterDouble();
  const stop = playControllers(double.api);
  const source = createMemorySource();
  const secrets = createFixedSecrets({ 'secret://file/shop.shop-keys.SESSION_KEY': 'correct-horse' });
  const rig = createRig({
    source,
    desired: createDesiredState({ source, secrets, checkSchema }),
    createTarget: ({ name, ...reference }) => {
      if (reference.kind !== 'kubernetes') throw new Error('not a cluster');
      const resolveSecret = (text: string) => new Secret('token', text);
      const { connection } = reference;
      return createKubernetesTarget({
        name,
        connection,
        resolveSecret,
        clock: realClock,
        logger: silentLogger,
      });
    },
  });
  const push = (shop: string | null) =>
    source.push({
      [FILE]: shop,
      'clusters/prod.yaml': `server: ${double.api.url}\n`,
      'kombinations/x/y.txt': 'x',
    });
  return {
    double,
    rig,
    source,
    push,
    hand: createHand(double.client),
    stopControllers: stop,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      stop();
      await double[Symbol.asyncDispose]();
    },
  };
}

it('fails only the stacks of a cluster that is away, and knows the others', async () => {
  await using parts = await startRig();
  const { double, rig, source } = parts;
  await using other = await startClusterDouble();
  await other.api.stop();
  const config = (name: string, cluster: string) =>
    `name: ${name}\ncluster: ${cluster}\nstatus: published\nnodes:\n  - { id: conf, type: configmap, data: { name: conf, data: { A: b } } }\n`;
  source.push({
    'clusters/here.yaml': `server: ${double.api.url}\n`,
    'clusters/away.yaml': `server: ${other.api.url}\n`,
    'workflows/near.yaml': config('near', 'here'),
    'workflows/far.yaml': config('far', 'away'),
  });
  await rig.reconciler.start();
  await rig.reaches('near', 'in_sync');
  const far = await eventually(
    () => rig.reconciler.getStack('far'),
    ({ message }) => message !== null && message.includes('cannot reach'),
  );
  expect(far.message).toContain('cannot reach the cluster at');
  const workers = await eventually(
    () => new Map(rig.reconciler.listWorkers().map((one) => [one.name, one])),
    (all) => (all.get('here')?.facts ?? null) !== null && all.get('away')?.status === 'offline',
  );
  expect(workers.get('here')).toMatchObject({
    status: 'online',
    facts: {
      engineVersion: 'v1.34.0',
      cluster: { namespaces: expect.arrayContaining(['default']) as string[] },
    },
  });
  expect(workers.get('away')).toMatchObject({ status: 'offline', facts: null });
  await other.api.start();
  await rig.reaches('far', 'in_sync');
});

it.each([
  { when: 'was taken away together with it', waits: false },
  { when: 'is taken away meanwhile', waits: true },
])('makes an object again that $when while another one is being rolled out', async ({ waits }) => {
  await using parts = await startRig();
  const { rig, push, hand, stopControllers } = parts;
  push(SHOP);
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  // No pod becomes ready from now on.
  stopControllers();
  const service = '/api/v1/namespaces/shop/services/shop';
  const deployment = '/apis/apps/v1/namespaces/shop/deployments/shop';
  const { uid } = asFields((await hand.read(service))['metadata']) ?? {};
  await hand.edit(deployment, { spec: { minReadySeconds: 3 } });
  if (waits)
    await eventually(
      () => hand.read(deployment),
      ({ spec }) => asFields(spec)?.['minReadySeconds'] === undefined,
    );
  await hand.remove(service);
  const again = await eventually(
    () => hand.read(service).catch(() => ({ metadata: {} })),
    ({ metadata }) => ![undefined, uid].includes(asFields(metadata)?.['uid']),
  );
  expect(asFields(again['metadata'])?.['uid']).not.toBe(uid);
  expect(rig.reconciler.getStack('shop').state).toBe('applying');
  expect(await rig.tags('shop')).toEqual(['deploy/shop/1']);
  expect(rig.jobs('shop').some(({ status }) => status === 'failed')).toBe(false);
});

it('ends a fight with a program that is faster than a look at what was done', async () => {
  await using parts = await startRig();
  const { double, rig, push } = parts;
  push(SHOP);
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  const { store } = double.api;
  const place = {
    kind: store.kinds.find((one) => one.kind === 'ConfigMap')!,
    namespace: 'shop',
    name: 'shop-settings',
  };
  const level = () => asFields(store.get(place)['data'])?.['LOG_LEVEL'];
  const undo = () => {
    const by = { manager: 'other-program', dryRun: false, how: 'merge' } as const;
    if (level() !== 'trace') store.write(place, { data: { LOG_LEVEL: 'trace' } }, by);
  };
  store.onEvent(({ kind }) => {
    if (kind === place.kind) queueMicrotask(undo);
  });
  undo();
  const view = await rig.reaches('shop', 'drifted');
  expect(view.message).toContain('differs again after each of 3 repairs in a row');
  const repairs = rig.jobs('shop').filter(({ type, trigger }) => type === 'apply' && trigger === 'drift');
  expect(repairs).toHaveLength(3);
  // One of the deployment, one of the first round.
  expect(await rig.tags('shop')).toEqual(['deploy/shop/1', 'deploy/shop/2']);
  expect(level()).toBe('trace');
});

it('leaves the objects of a draft as they are', async () => {
  await using parts = await startRig();
  const { rig, push, hand } = parts;
  push(SHOP);
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  push(SHOP.replace('status: published', 'status: draft').replace('LOG_LEVEL: info', 'LOG_LEVEL: debug'));
  await eventually(
    () => rig.reconciler.getStack('shop'),
    ({ services }) => services.length === 0,
  );
  const { plan } = await rig.reconciler.plan(
    { stack: 'shop', actor: null, trigger: 'cli' },
    AbortSignal.timeout(5_000),
  );
  expect(plan.changes).toEqual([]);
  expect((await hand.read('/api/v1/namespaces/shop/configmaps/shop-settings'))['data']).toMatchObject({
    LOG_LEVEL: 'info',
  });
});

/** Lets each job that is made come to its end: `1` fails with this exit code, `0` completes. */
function playJobs({ store, logs }: KubernetesApi, codes: readonly number[]): void {
  const left = [...codes];
  store.onEvent(({ type, kind, object }) => {
    if (type !== 'ADDED' || kind.kind !== 'Job') return;
    const { name, namespace } = object['metadata'] as { name: string; namespace: string };
    const code = left.shift() ?? 0;
    const by = { manager: 'kube-controller-manager', dryRun: false, subresource: 'status' } as const;
    queueMicrotask(() => {
      if (code !== 0) {
        const pods = store.kinds.find((one) => one.kind === 'Pod')!;
        const place = { kind: pods, namespace, name: `${name}-x` };
        const labels = { app: name };
        const spec = { restartPolicy: 'Never', containers: [{ name: 'migrate', image: 'i' }] };
        store.write(
          place,
          { metadata: { name: place.name, labels }, spec },
          { ...by, how: 'create', subresource: '' },
        );
        const containerStatuses = [{ name: 'migrate', state: { terminated: { exitCode: code } } }];
        store.write(place, { status: { phase: 'Failed', containerStatuses } }, { ...by, how: 'merge' });
        logs.set(`${namespace}/${place.name}/migrate`, ['no such table']);
      }
      const condition =
        code === 0 ? { type: 'Complete' } : { type: 'Failed', message: 'has failed for good' };
      const status = { conditions: [{ ...condition, status: 'True' }] };
      store.write({ kind, namespace, name }, { status }, { ...by, how: 'merge' });
      const isTakenAway = JSON.stringify(object).includes('"ttlSecondsAfterFinished":0');
      if (isTakenAway) store.remove({ kind, namespace, name }, { dryRun: false });
    });
  });
}

const JOBS = [
  'name: shop',
  'cluster: prod',
  'namespace: jobs',
  'status: published',
  'nodes:',
  '  - { id: conf, type: configmap, data: { name: conf, data: { a: b } } }',
  '  - id: migrate',
  '    type: manifest',
  '    data:',
  '      manifest:',
  '        apiVersion: batch/v1',
  '        kind: Job',
  '        metadata: { name: migrate }',
  '        spec:',
  '          ttlSecondsAfterFinished: 60',
  '          selector: { matchLabels: { app: migrate } }',
  '          template:',
  '            metadata: { labels: { app: migrate } }',
  '            spec: { restartPolicy: Never, containers: [{ name: migrate, image: i }] }',
  '',
].join('\n');
const JOB = '/apis/batch/v1/namespaces/jobs/jobs/migrate';

it('tells how a job failed, and runs it again for whoever asks', async () => {
  await using it = await startRig();
  playJobs(it.double.api, [3, 0]);
  it.push(JOBS);
  const { job } = await it.rig.apply('shop');
  expect(job.error?.message).toContain(
    'has failed for good: container migrate of pod migrate-x exited with 3; it wrote: no such table',
  );
  const again = await it.rig.apply('shop');
  expect(again.job).toMatchObject({ status: 'completed', error: null, tag: 'deploy/shop/1' });
});

it.each([
  [0, 'completed', undefined],
  [3, 'failed', 'prod/Job/jobs/migrate is failed: has failed for good'],
])(
  'knows how a job ended that its cluster takes away at once: with %i it has %s',
  async (code, status, message) => {
    await using it = await startRig();
    playJobs(it.double.api, [code]);
    it.push(JOBS.replace('Finished: 60', 'Finished: 0'));
    const { job } = await it.rig.apply('shop');
    expect(job.error?.message).toBe(message);
    expect(job.status).toBe(status);
  },
);

it('does not do the work of a job again that its cluster has taken away', async () => {
  await using it = await startRig();
  playJobs(it.double.api, [0, 0]);
  it.push(JOBS);
  expect((await it.rig.apply('shop')).job).toMatchObject({ status: 'completed' });
  await it.hand.remove(JOB);
  // The next process has no watch that may be late.
  await using next = await it.rig.restart({ store: it.rig.store });
  const signal = AbortSignal.timeout(20_000);
  const plan = async () =>
    (await next.reconciler.plan({ stack: 'shop', actor: null, trigger: 'cli' }, signal)).plan.changes
      .filter(({ action }) => action !== 'no-op')
      .map(({ id }) => id);
  await next.reconciler.refresh(signal);
  expect(await plan()).toEqual([]);
  it.push(JOBS.replace('image: i', 'image: j'));
  await next.reconciler.refresh(signal);
  expect(await plan()).toEqual(['prod/Job/jobs/migrate']);
});

import { randomBytes } from 'node:crypto';
import { KubeConfig } from '@kubernetes/client-node';
import { describe, expect, inject, it } from 'vitest';
import { createDockerTarget } from '../../../reconciler/adapters/docker/index.ts';
import { asFields } from '../../../reconciler/base/values.ts';
import type { Anywhere } from '../../support/anywhere.ts';
import { CLUSTER_NODE, NODE, startAnywhere } from '../../support/anywhere.ts';
import { createConnector, startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { playJobs } from '../../support/kubernetes/cluster-jobs.ts';
import type { Hand } from '../../support/kubernetes/cluster-stack.ts';
import { createHand } from '../../support/kubernetes/cluster-stack.ts';
import { eventually } from '../../support/eventually.ts';
import { makeVolume } from '../../support/kubernetes/workflow-cluster.ts';
import { playControllers } from '../../support/kubernetes/kubernetes-controllers.ts';
import { createMemoryEngine } from '../../support/memory/memory-engine.ts';
import { createMemoryTarget } from '../../support/memory/memory-target.ts';
import { realClock, silentLogger } from '../../support/docker/target-options.ts';
import { buildTestImage } from '../../support/docker/test-image.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';

interface Place extends AsyncDisposable {
  readonly anywhere: Anywhere;
  readonly hand: Hand;
  /** Pods are really there. */
  readonly isReal: boolean;
}

const WAIT = 120_000;

const freshName = () => `nb${randomBytes(3).toString('hex')}`;

async function onDouble(storage?: 'default class'): Promise<Place> {
  const double = await startClusterDouble(storage);
  const stops = [playControllers(double.api), playJobs(double.api, ['the first note'])];
  const cluster = `server: ${double.api.url}\n`;
  const anywhere = startAnywhere({ name: freshName(), image: 'local/busybox:1', cluster });
  return {
    anywhere,
    hand: createHand(double.client),
    isReal: false,
    async [Symbol.asyncDispose]() {
      await anywhere[Symbol.asyncDispose]();
      for (const stop of stops) stop();
      await double[Symbol.asyncDispose]();
    },
  };
}

/** A cluster whose nodes have the image local/busybox:1, and that need not have a provisioner of volumes. */
async function onCluster(kubeconfig: string): Promise<Place> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const { client } = createConnector(config);
  const hand = createHand(client);
  const name = freshName();
  const volume = await makeVolume(hand, name, `${name}-notes`);
  const anywhere = startAnywhere({ name, image: 'local/busybox:1', cluster: `kubeconfig: ${kubeconfig}\n` });
  return {
    anywhere,
    hand,
    isReal: true,
    async [Symbol.asyncDispose]() {
      await anywhere[Symbol.asyncDispose]();
      await hand.remove(`/api/v1/namespaces/${name}`).catch(() => undefined);
      if (volume !== null) await hand.remove(volume);
      client.close();
    },
  };
}

/** Only where pods run. */
const real = inject('kubernetes');
const kubeconfig = real?.shared === true ? real.kubeconfig : undefined;
const places: readonly { readonly where: string; readonly open: () => Promise<Place> }[] = [
  { where: 'the double', open: () => onDouble() },
  { where: 'the double with a default storage class', open: () => onDouble('default class') },
  ...(kubeconfig ? [{ where: `the cluster of ${kubeconfig}`, open: () => onCluster(kubeconfig) }] : []),
];

const RENAMED = '- { name: home, type: kubernetes, cluster: prod }';

/** A cluster of the tests need not have names: then nothing asks by one. */
const withoutHook = (text: string) => text.replace(/hooks:[^]*/, '');
const toCluster = (text: string) => withoutHook(text.replace(NODE, CLUSTER_NODE));

describe.each(places)('a stack of services on $where', ({ open }) => {
  it('goes from a push to healthy pods, is stopped, started, changed, repaired and taken away', async () => {
    await using place = await open();
    const { anywhere, hand, isReal } = place;
    const { rig, name } = anywhere;
    const { reconciler } = rig;
    const deployment = `/apis/apps/v1/namespaces/${name}/deployments/web`;
    const spec = async () => asFields((await hand.read(deployment))['spec']) ?? {};
    const control = async (action: 'start' | 'stop' | 'restart') => {
      const { id } = reconciler.control({ stack: name, action, actor: null, trigger: 'cli' });
      const { job } = await reconciler.waitForJob(id, AbortSignal.timeout(WAIT));
      expect(job.error, action).toBeNull();
    };

    anywhere.push(toCluster);
    await reconciler.start();
    const view = await anywhere.reaches('in_sync', WAIT);
    expect(view.services.map((one) => `${one.resource} ${one.health}`)).toEqual([
      `prod/Job/${name}/seed completed`,
      `prod/StatefulSet/${name}/store healthy`,
      `prod/Deployment/${name}/web healthy`,
    ]);
    expect(await rig.tags(name)).toEqual([`deploy/${name}/1`]);
    const found = await hand.read(`/api/v1/namespaces/${name}/services/store`);
    expect(found['spec']).toMatchObject({ clusterIP: 'None' });
    if (isReal) expect(await namesLeadToPods(hand, name)).toBe(true);

    const plan = async () =>
      (await reconciler.plan({ stack: name, actor: null, trigger: 'cli' }, AbortSignal.timeout(30_000))).plan;
    const all = await plan();
    expect(all.summary).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
    expect(JSON.stringify(all)).not.toContain('correct-horse');

    await control('stop');
    await anywhere.reaches('stopped', WAIT);
    expect(await spec()).toMatchObject({ replicas: 0 });
    await reconciler.observe(name, AbortSignal.timeout(30_000));
    expect(reconciler.getStack(name).state).toBe('stopped');
    await control('start');
    await anywhere.reaches('in_sync', WAIT);
    expect(await spec()).toMatchObject({ replicas: 1 });
    await control('restart');
    await anywhere.reaches('in_sync', WAIT);
    expect(await rig.tags(name)).toEqual([`deploy/${name}/1`]);

    anywhere.push((text) => toCluster(text).replace('KEY_FILE:', 'MOOD: good\n      KEY_FILE:'));
    const tags = await eventually(
      () => rig.tags(name),
      (list) => list.length === 2,
      WAIT,
    );
    expect(tags).toEqual([`deploy/${name}/1`, `deploy/${name}/2`]);
    expect(JSON.stringify(await spec())).toContain('good');
    expect((await anywhere.reaches('in_sync', WAIT)).lastJob?.summary).toMatchObject({
      update: 1,
      create: 0,
    });

    const good = (text: string) => toCluster(text).replace('KEY_FILE:', 'MOOD: good\n      KEY_FILE:');
    anywhere.push((text) => good(text).replace(CLUSTER_NODE, RENAMED));
    await eventually(
      () => reconciler.getStack(name).services.map(({ node }) => node),
      (nodes) => nodes.includes('home'),
      WAIT,
    );
    await anywhere.reaches('in_sync', WAIT);
    expect((await plan()).summary).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });

    await hand.edit(deployment, { spec: { replicas: 3 } });
    expect(await eventually(spec, ({ replicas }) => replicas === 1, WAIT)).toMatchObject({ replicas: 1 });
    await anywhere.reaches('in_sync', WAIT);

    anywhere.push(null);
    const gone = await eventually(
      () => hand.read(deployment).catch(() => null),
      (one) => one === null,
      WAIT,
    );
    expect(gone).toBeNull();
    const claim = await hand.read(`/api/v1/namespaces/${name}/persistentvolumeclaims/${name}-notes`);
    expect(asFields(claim['metadata'])?.['deletionTimestamp']).toBeUndefined();
  }, 300_000);
});

if (kubeconfig !== undefined)
  it('a version that does not become well on a cluster is put back', async () => {
    await using place = await onCluster(kubeconfig ?? '');
    const { anywhere, hand } = place;
    const { rig, name } = anywhere;
    anywhere.push(toCluster);
    await rig.reconciler.start();
    await anywhere.reaches('in_sync', WAIT);
    anywhere.push((text) => toCluster(text).replace('"80", -h, /www', '"80", -h, /nowhere'));
    const view = await anywhere.reaches('failed', WAIT);
    expect(view.message).toContain('the version before runs again');
    const live = await hand.read(`/apis/apps/v1/namespaces/${name}/deployments/web`);
    expect(JSON.stringify(live['spec'])).not.toContain('/nowhere');
    expect(await rig.tags(name)).toEqual([`deploy/${name}/1`]);
  }, 300_000);

it('a stack of services runs on an engine as it does on a cluster, and its hook finds them by name', async () => {
  await buildTestImage(workerEngine(), 'local/busybox:1');
  const path = workerEngine().replace('unix://', '');
  await using anywhere = startAnywhere({
    name: freshName(),
    image: 'local/busybox:1',
    cluster: 'kubeconfig: /nowhere\n',
    createDockerTarget: ({ name }) =>
      createDockerTarget({
        name,
        connection: { type: 'unix', path },
        clock: realClock,
        logger: silentLogger,
      }),
  });
  anywhere.push((text) => text.replace('"8080:80"', '"80"'));
  await anywhere.rig.reconciler.start();
  const view = await anywhere.reaches('in_sync', WAIT);
  expect(view.services.map(({ name, health }) => `${name} ${health}`)).toEqual([
    'seed completed',
    'store healthy',
    'web healthy',
  ]);
  const { logs } = anywhere.rig.reconciler.getJob(view.lastJob?.id ?? '');
  expect(logs.map(({ message }) => message)).toEqual(
    expect.arrayContaining(['the first note', 'and a key to the rest']),
  );
});

it('services move from an engine to a cluster and back by one commit each, and data stays where it is', async () => {
  await using double = await startClusterDouble();
  playControllers(double.api);
  playJobs(double.api);
  const engine = createMemoryTarget({ engine: createMemoryEngine(['local/busybox:1']) });
  await using anywhere = startAnywhere({
    name: freshName(),
    image: 'local/busybox:1',
    cluster: `server: ${double.api.url}\n`,
    createDockerTarget: () => engine,
  });
  const { rig, name } = anywhere;
  // The engine in memory knows when a program ends only by its text.
  const short = (text: string) => withoutHook(text).replace('[sh, /seed.sh]', '[sh, -c, "exit 0"]');
  const BOTH = `${NODE.replace('prod', 'attic')}\n  ${CLUSTER_NODE}`;
  const owned = async () => (await engine.owned(AbortSignal.timeout(5_000)))[0]?.resources ?? 0;
  anywhere.push((text) => short(text).replace(NODE, BOTH));
  await rig.reconciler.start();
  await anywhere.reaches('in_sync');
  const nodes = () => rig.reconciler.getStack(name).services.map(({ node }) => node);
  expect(nodes()).toEqual(['attic', 'attic', 'attic']);
  anywhere.push((text) => short(text).replace(NODE, BOTH).replaceAll('image:', 'node: prod\n    image:'));
  const moved = await eventually(
    () => rig.tags(name),
    (tags) => tags.length === 2,
    20_000,
  );
  expect(moved).toHaveLength(2);
  expect(nodes()).toEqual(['prod', 'prod', 'prod']);
  // The volume.
  expect(await owned()).toBe(1);
  anywhere.push((text) => short(text).replace(NODE, BOTH));
  const back = await eventually(
    () => rig.tags(name),
    (tags) => tags.length === 3,
    20_000,
  );
  expect(back).toHaveLength(3);
  expect(nodes()).toEqual(['attic', 'attic', 'attic']);
  const claims = double.api.store.kinds.find(({ kind }) => kind === 'PersistentVolumeClaim');
  const left = double.api.store.kinds.flatMap((kind) => double.api.store.list(kind, name));
  expect(left).toEqual(claims ? double.api.store.list(claims, name) : []);
  expect(left).toHaveLength(1);
});

/** Tells whether a name server of the cluster would answer for each service with the addresses of its pods. */
async function namesLeadToPods(hand: Hand, namespace: string): Promise<boolean> {
  for (const service of ['store', 'web']) {
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    const slices = JSON.stringify(await hand.read(path));
    if (!slices.includes(`"kubernetes.io/service-name":"${service}"`)) return false;
    if (!/"addresses":\["[\d.]+"\],"conditions":\{"ready":true/.test(slices)) return false;
  }
  return true;
}

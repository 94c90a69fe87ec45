import { expect, it } from 'vitest';
import { startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { createClusterStack, createHand } from '../../support/kubernetes/cluster-stack.ts';

const quiet = () => new AbortController().signal;
const WEB = `{ id: web, type: deployment, data: { name: web, image: "i:1" } }`;
const DB = `{ id: db, type: statefulset, data: { name: db, image: "i:1" } }`;

async function start() {
  const double = await startClusterDouble();
  const target = double.createTarget();
  const own = createClusterStack(target);
  await own.apply(own.describe([WEB, DB]));
  const hand = createHand(double.client);
  const path = `/api/v1/namespaces/${own.namespace}/pods`;
  const addPod = (name: string, app: string, more: object = {}) =>
    hand.create(path, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app } },
      spec: { containers: [{ name: app, image: 'i' }] },
      ...more,
    });
  return {
    double,
    target,
    own,
    addPod,
    async [Symbol.asyncDispose]() {
      await target[Symbol.asyncDispose]();
      await double[Symbol.asyncDispose]();
    },
  };
}

it('measures the pods of a stack, as far as the cluster does', async () => {
  await using rig = await start();
  const { double, target, own, addPod } = rig;
  for (const [name, app] of [
    ['web-1', 'web'],
    ['db-0', 'db'],
    ['other-1', 'other'],
  ] as const)
    await addPod(name, app);
  const at = (name: string) => `${own.namespace}/${name}`;
  double.api.metrics.pods = new Map([
    [at('web-1'), { cpu: '12500000n', memory: '10Mi' }],
    [at('db-0'), { cpu: '250m', memory: '1Gi' }],
    [at('other-1'), { cpu: '1', memory: '1Gi' }],
  ]);
  const rest = { memoryLimitBytes: null, network: null };
  expect(await target.runStats(own.stack, quiet())).toEqual([
    { id: own.id('StatefulSet', 'db'), name: 'db-0', cpuMillis: 500, memoryBytes: 2 * 1024 ** 3, ...rest },
    { id: own.id('Deployment', 'web'), name: 'web-1', cpuMillis: 25, memoryBytes: 20 * 1024 ** 2, ...rest },
  ]);
});

it('says in words that nothing measures', async () => {
  await using rig = await start();
  await expect(rig.target.runStats(rig.own.stack, quiet())).rejects.toMatchObject({
    code: 'TARGET_UNSUPPORTED',
    message: expect.stringContaining('no metrics.k8s.io answers there (metrics-server brings it)'),
  });
});

it('reads what the run before has written, of containers that have had one', async () => {
  await using rig = await start();
  const { double, target, own, addPod } = rig;
  const again = { lastState: { terminated: { exitCode: 1 } }, restartCount: 1, state: { running: {} } };
  await addPod('web-1', 'web', {
    status: { phase: 'Running', containerStatuses: [{ name: 'web', ...again }] },
  });
  await addPod('web-2', 'web', {
    status: {
      phase: 'Running',
      containerStatuses: [{ name: 'web', restartCount: 0, state: { running: {} } }],
    },
  });
  for (const name of ['web-1', 'web-2']) {
    double.api.logs.set(`${own.namespace}/${name}/web`, [`now in ${name}`]);
    double.api.logs.set(`${own.namespace}/${name}/web/previous`, ['it fell over']);
  }
  const lines: string[] = [];
  const options = { previous: true, signal: quiet() };
  for await (const { text } of target.logs(own.stack, own.id('Deployment', 'web'), options)) lines.push(text);
  expect(lines).toEqual(['[web-1] it fell over']);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createKubernetesTarget } from '../../../reconciler/adapters/kubernetes/index.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import { createHand } from '../../support/kubernetes/cluster-stack.ts';
import { startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { checkSchema, createFixedSecrets } from '../../support/desired-fixtures.ts';
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

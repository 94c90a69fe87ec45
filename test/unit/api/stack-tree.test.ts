import { afterEach, expect, it } from 'vitest';
import type { ApiDeps } from '../../../api/operations/deps.ts';
import { readStackTree } from '../../../api/operations/live/stack-resources.ts';
import type { Reconciler } from '../../../reconciler/index.ts';
import type { SeenObject } from '../../../reconciler/ports/inventory/inventory.ts';
import { createFakeInventory } from '../../support/fakes/fake-inventory.ts';
import { createFakeReconciler } from '../../support/fakes/fake-reconciler.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';
import type { Rig } from '../../support/reconciler-rig.ts';

const CLUSTER = { 'clusters/prod.yaml': 'kubeconfig: /etc/kombinator/prod.yaml\ncontext: prod\n' };
const SHOP = {
  ...CLUSTER,
  [file('shop')]: stack(
    'shop',
    { web: 'image: "nginx:1.29", ports: ["80"], env: { B: c }', db: 'image: "nginx:1.28"' },
    'nodes: [{ name: prod, type: kubernetes }]\n',
  ),
};
const WORKFLOW = {
  ...CLUSTER,
  'workflows/flow.yaml': `
name: flow
cluster: prod
namespace: flow
status: published
nodes:
  - { id: a, type: deployment, data: { name: web, image: "nginx:1.29", replicas: 1 } }
  - { id: b, type: service, data: { name: web, port: 80, targetApp: web } }
  - { id: d, type: cronjob, data: { name: tidy, schedule: "0 3 * * *", image: "busybox:1" } }
  - { id: c, type: configmap, data: { name: settings, data: { A: b } } }
edges: []
`,
};

const rigs: Rig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig[Symbol.asyncDispose]();
});

async function begin(files: Readonly<Record<string, string>>): Promise<Rig> {
  const rig = createRig();
  rigs.push(rig);
  rig.source.push(files);
  await rig.reconciler.refresh(AbortSignal.timeout(5_000));
  return rig;
}

it('gives objects of a cluster to the services that they are of', async () => {
  const { reconciler } = await begin(SHOP);
  const found = reconciler.stackResources('shop').map(({ id, services }) => [id, services.join()]);
  expect(found).toContainEqual(['prod/Deployment/shop/web', 'web']);
  expect(found).toContainEqual(['prod/Service/shop/web', 'web']);
  expect(found).toContainEqual(['prod/Deployment/shop/db', 'db']);
  expect(found).toContainEqual(['prod/Namespace/shop', '']);
});

it('gives objects of a workflow to what runs in it', async () => {
  const { reconciler } = await begin(WORKFLOW);
  expect(reconciler.getStack('flow').diagnostics).toEqual([]);
  const found = reconciler.stackResources('flow').map(({ id, services }) => [id, services.join()]);
  expect(found).toContainEqual(['prod/Deployment/flow/web', 'web']);
  expect(found).toContainEqual(['prod/Service/flow/web', 'web']);
  expect(found).toContainEqual(['prod/ConfigMap/flow/settings', '']);
});

it('shows the pods of workloads, also where others are in between', async () => {
  const { reconciler } = await begin(SHOP);
  const inventory = createFakeInventory();
  const { signal } = new AbortController();
  inventory.tell('prod', [
    object('Deployment', 'web', { apiVersion: 'apps/v1' }),
    object('ReplicaSet', 'web-7', { apiVersion: 'apps/v1', owners: [owner('Deployment', 'web')] }),
    object('Pod', 'web-7-a', {
      owners: [owner('ReplicaSet', 'web-7')],
      status: 'warning',
      message: 'ImagePullBackOff',
      facts: {
        startTime: '2026-11-01T00:00:00Z',
        containers: [
          {
            name: 'web',
            image: 'nginx:1.29',
            restartCount: 2,
            ports: [{ containerPort: 80, protocol: 'TCP' }],
          },
          { name: 'side', image: 'busybox', restartCount: 1, ports: [] },
        ],
      },
    }),
  ]);
  const tree = await readStackTree(depsOf(reconciler, inventory.operations), 'shop', signal);
  const web = tree.services.find(({ service }) => service.name === 'web');
  const places = web?.resources.flatMap((one) => one.places.map((place) => ({ of: one.kind, ...place })));
  expect(places).toMatchObject([
    {
      of: 'Deployment',
      kind: 'pod',
      name: 'web-7-a',
      status: 'warning',
      message: 'ImagePullBackOff',
      startedAt: '2026-11-01T00:00:00Z',
      restarts: 3,
      image: 'nginx:1.29',
      ports: ['80/tcp'],
    },
  ]);
  await inventory.inventory[Symbol.asyncDispose]();
});

it('shows the pods of the newest runs of a schedule', async () => {
  const { reconciler } = await begin(WORKFLOW);
  const inventory = createFakeInventory();
  const { signal } = new AbortController();
  const of = { namespace: 'flow', stack: 'flow' };
  inventory.tell('prod', [
    object('CronJob', 'tidy', { ...of, apiVersion: 'batch/v1' }),
    ...[1, 2, 3, 4].flatMap((day) => [
      object('Job', `tidy-${day}`, {
        ...of,
        apiVersion: 'batch/v1',
        owners: [owner('CronJob', 'tidy')],
        createdAt: `2026-11-0${day}T00:00:00Z`,
      }),
      object('Pod', `tidy-${day}-a`, { ...of, owners: [owner('Job', `tidy-${day}`)] }),
    ]),
  ]);
  const tree = await readStackTree(depsOf(reconciler, inventory.operations), 'flow', signal);
  const tidy = [...tree.services.flatMap(({ resources }) => resources), ...tree.others].find(
    ({ kind }) => kind === 'CronJob',
  );
  expect(tidy?.places.map(({ name }) => name)).toEqual(['tidy-4-a', 'tidy-3-a', 'tidy-2-a']);
  await inventory.inventory[Symbol.asyncDispose]();
});

/** The reconciler of a rig, with what clusters tell put in the place of its own inventory. */
function depsOf(reconciler: Reconciler, operations: object): ApiDeps {
  return {
    reconciler: { ...createFakeReconciler(), ...reconciler, ...operations },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    version: '1',
    startedAt: 0,
    checks: () => ({}),
  };
}

function owner(kind: string, name: string) {
  return { apiVersion: 'apps/v1', kind, name, uid: `${kind}/${name}`, controller: true };
}

function object(kind: string, name: string, more: Partial<SeenObject> = {}): SeenObject {
  return {
    uid: `${kind}/${name}`,
    version: '1',
    apiVersion: 'v1',
    kind,
    namespace: 'shop',
    name,
    stack: 'shop',
    status: 'running',
    message: null,
    labels: {},
    annotations: {},
    owners: [],
    createdAt: '2026-11-01T00:00:00Z',
    generation: 1,
    facts: {},
    ...more,
  };
}

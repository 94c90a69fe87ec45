import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { targetKey } from '../../../reconciler/model/target.ts';
import type { InventorySink } from '../../../reconciler/ports/inventory/inventory.ts';
import type { Target } from '../../../reconciler/ports/target.ts';
import { Inventory } from '../../../reconciler/run/inventory/inventory.ts';
import { eventually } from '../../support/eventually.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { buildObject, createFakeInventory } from '../../support/fakes/fake-inventory.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const DEPLOYMENT = buildObject({ kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' });
const owner = (one: typeof DEPLOYMENT) => {
  const { apiVersion, kind, name, uid } = one;
  return { owners: [{ apiVersion, kind, name, uid, controller: true }] };
};
const REPLICAS = buildObject({
  kind: 'ReplicaSet',
  name: 'web-a',
  apiVersion: 'apps/v1',
  ...owner(DEPLOYMENT),
});
const POD = buildObject({ name: 'web-a-1', ...owner(REPLICAS) });

describe('the inventory', () => {
  it('is kept from when it is first asked for, by one subscription at each target', async () => {
    const { operations, tell, asked, inventory } = createFakeInventory();
    await using _ = inventory;
    tell('prod', [POD, DEPLOYMENT, REPLICAS]);
    expect([operations.listObjects(), asked]).toEqual([[], []]);

    await Promise.all([1, 2, 3].map(() => operations.openInventory(NEVER)));
    const listed = operations.listObjects();
    expect(listed.map(({ node, kind, name }) => `${node} ${kind} ${name}`)).toEqual([
      'prod Deployment web',
      'prod Pod web-a-1',
      'prod ReplicaSet web-a',
    ]);
    expect(operations.listObjects()).toBe(listed);
    await operations.openInventory(NEVER);
    expect(asked).toEqual(['prod']);
    expect(operations.inventoryStates()).toMatchObject([{ node: 'prod', objects: 3, error: null }]);
  });

  it('gives an object the same id whatever its cluster is called and however often it is made', async () => {
    const ids = [];
    for (const uid of ['one', 'two']) {
      const { operations, tell, inventory } = createFakeInventory();
      await using _ = inventory;
      tell('prod', [{ ...POD, uid }]);
      tell('test', [{ ...POD, uid }]);
      await operations.openInventory(NEVER);
      ids.push(operations.listObjects().map(({ id }) => id));
    }
    expect(ids[0]).toEqual(ids[1]);
    expect(ids[0]?.[0]).toMatch(/^[0-9a-f]{24}$/);
    expect(new Set(ids[0]).size).toBe(2);
  });

  it('knows the pods of a workload by way of what makes them', async () => {
    const job = buildObject({ kind: 'Job', name: 'backup-1' });
    const schedule = buildObject({ kind: 'CronJob', name: 'backup' });
    const { operations, tell, inventory } = createFakeInventory();
    await using _ = inventory;
    tell('prod', [DEPLOYMENT, REPLICAS, POD, schedule, { ...job, ...owner(schedule) }]);
    await operations.openInventory(NEVER);
    const childrenOf = (kind: string) => {
      const found = operations.listObjects().find((one) => one.kind === kind);
      return operations.childrenOfObject(found?.id ?? '').children.map(({ name }) => name);
    };
    expect([childrenOf('Deployment'), childrenOf('CronJob'), childrenOf('Job')]).toEqual([
      ['web-a-1'],
      ['backup-1'],
      [],
    ]);
    expect(() => childrenOf('Pod')).toThrow('a Pod has no pods or jobs of its own');
    expect(() => operations.getObject('0'.repeat(24))).toThrow('there is no object');
  });

  it('follows owners in a circle once', async () => {
    const a = buildObject({ kind: 'Deployment', name: 'a' });
    const b = buildObject({ kind: 'ReplicaSet', name: 'b', ...owner(a) });
    const { operations, tell, inventory } = createFakeInventory();
    await using _ = inventory;
    tell('prod', [{ ...a, ...owner(b) }, b]);
    await operations.openInventory(NEVER);
    const id = operations.listObjects()[0]?.id ?? '';
    expect(operations.childrenOfObject(id).children).toEqual([]);
  });

  it('tells readers of one object of each of its changes, and of its end', async () => {
    const { operations, tell, inventory } = createFakeInventory();
    await using _ = inventory;
    tell('prod', [DEPLOYMENT, POD]);
    await operations.openInventory(NEVER);
    const id = operations.listObjects().find(({ kind }) => kind === 'Pod')?.id ?? '';
    const heard: string[] = [];
    using following = operations.followObject(id, ({ status }) => void heard.push(status));
    void following;
    tell('prod', [DEPLOYMENT, POD]);
    tell('prod', [{ ...DEPLOYMENT, version: '2' }, POD]);
    tell('prod', [DEPLOYMENT, { ...POD, status: 'failed' }]);
    tell('prod', [DEPLOYMENT]);
    following[Symbol.dispose]();
    tell('prod', [DEPLOYMENT, POD]);
    expect(heard).toEqual(['failed', 'deleted']);
  });

  it('keeps what was there while a target tells nothing, and says so', async () => {
    const { operations, tell, fail, inventory } = createFakeInventory();
    await using _ = inventory;
    tell('prod', [POD]);
    await operations.openInventory(NEVER);
    fail('prod', new Error('it is away'));
    expect(operations.inventoryStates()).toMatchObject([{ objects: 1, error: 'it is away' }]);
    tell('prod', [POD]);
    expect(operations.inventoryStates()).toMatchObject([{ error: null }]);
  });

  it('lets go of a target that nobody has a use for any more, and renders no stack where targets are known', async () => {
    const reference = { name: 'edge', kind: 'docker', connection: { type: 'unix', path: '/a' } } as const;
    const used = new Map([[targetKey(reference), reference]]);
    let peeks = 0;
    let close = () => {};
    const target = {
      eventsOf: () => [],
      inventory(sink: InventorySink) {
        sink.told([POD]);
        return new Promise<void>((resolve) => (close = resolve));
      },
    } as unknown as Target;
    await using inventory = new Inventory({
      desired: {
        names: () => ['shop'],
        get() {
          throw new Error('nobody needs it');
        },
        nodes: () => [],
        clusters: () => [],
      },
      pool: {
        get: () => target,
        all: () => used,
        presence: async () => NEVER,
        peek() {
          peeks += 1;
          return target;
        },
      },
      clock: createFastClock(),
    });
    await inventory.open(NEVER);
    expect(inventory.list()).toHaveLength(1);
    close();
    await eventually(
      () => peeks,
      (count) => count === 2,
    );
    used.clear();
    close();
    await delay(50);
    expect(peeks).toBe(2);
    await inventory.open(NEVER);
    expect([inventory.list(), inventory.states()]).toEqual([[], []]);
  });

  it('holds what stacks have on their nodes, and notices a stop', async () => {
    await using rig = createRig();
    const { reconciler, source } = rig;
    source.push({ [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }) });
    await reconciler.refresh(NEVER);
    await rig.apply('shop');
    await reconciler.openInventory(NEVER);
    const web = () => reconciler.listObjects().find(({ kind }) => kind === 'container');
    expect(web()).toMatchObject({ stack: 'shop', name: 'web', status: 'running', node: 'local' });
    const { id } = web() ?? { id: '' };
    rig.engine().control.stop('shop', 'local/container/web' as never);
    const now = await eventually(web, (one) => one?.status === 'failed');
    expect(now).toMatchObject({ id, status: 'failed' });
  });
});

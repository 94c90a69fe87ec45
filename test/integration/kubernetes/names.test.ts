import { asFields, asList, asNumber } from '../../../reconciler/base/values.ts';
import { describe, expect, inject, it } from 'vitest';
import type { ClusterHarness } from '../../contract/cluster-suite.ts';
import { openClusterSuite } from '../../contract/cluster-suite.ts';
import { openRealCluster, startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { CONFIG } from '../../support/kubernetes/cluster-nodes.ts';
import type { Hand } from '../../support/kubernetes/cluster-stack.ts';
import type { DesiredResource } from '../../../reconciler/model/resource.ts';
import type { Plan } from '../../../reconciler/plan/plan.ts';
import { eventually } from '../../support/eventually.ts';
import { contextFor } from '../../support/docker/docker-resources.ts';
import { actionsOf, createClusterStack } from '../../support/kubernetes/cluster-stack.ts';

/** Describes what becomes of names and ports that pass from one object to another. */
function describeClusterNames(name: string, setup: () => Promise<ClusterHarness>): void {
  describe(`names on a cluster: ${name}`, () => {
    const suite = openClusterSuite(setup);

    it('tells the stack that waits for the name of an object of another stack when it is free', async () => {
      const first = suite.fresh();
      const desired = first.describe([CONFIG]);
      await first.apply(desired);
      const second = createClusterStack(suite.target, first.namespace);
      const controller = new AbortController();
      const told = Promise.withResolvers<boolean | undefined>();
      const watching = suite.target.watch((stack, awaited) => {
        if (stack === second.stack) told.resolve(awaited);
      }, controller.signal);
      expect((await second.plan(desired)).diagnostics).toMatchObject([
        { message: expect.stringContaining(`belongs to the stack ${first.stack}`) },
      ]);
      await first.carryOut(await first.plan([]), []);
      expect(await told.promise).toBe(true);
      expect((await second.plan(desired)).diagnostics).toEqual([]);
      controller.abort();
      await watching;
    });

    it.each([
      { to: 'one that is new', before: [service('x', 1)], after: [service('x', 2), service('y', 1)] },
      { to: 'one that is new while its holder goes', before: [service('x', 1)], after: [service('y', 1)] },
      {
        to: 'one that was there, and is passed on once more',
        before: [service('x', 1), service('y', 2)],
        after: [service('x', 3), service('y', 1), service('z', 2)],
      },
    ])('moves a port of the nodes to $to', async ({ before, after }) => {
      const own = suite.fresh();
      const ports = await freeNodePorts(suite.hand);
      await own.apply(own.describe(before.map((one) => one(ports))));
      const desired = own.describe(after.map((one) => one(ports)));
      const planned = await own.plan(desired);
      expect(planned.diagnostics).toEqual([]);
      await own.carryOut(planned, desired);
      expect(actionsOf(await own.plan(desired))).toEqual([]);
    });

    it.each([
      { what: 'two that exchange theirs', before: [1, 2], after: [2, 1] },
      { what: 'three that pass theirs round', before: [1, 2, 3], after: [3, 1, 2] },
      { what: 'one whose holder keeps none of its own', before: [1, 2], after: [undefined, 1] },
      {
        what: 'one whose holder takes another one that it does not name',
        before: [1, 2],
        after: [2, undefined],
      },
    ] as const)('moves ports of the nodes between Services: $what', async ({ before, after }) => {
      const own = suite.fresh();
      const ports = await freeNodePorts(suite.hand);
      const all = (numbers: readonly (number | undefined)[]) =>
        own.describe(numbers.map((nth, index) => service(`s${index}`, nth)(ports)));
      await own.apply(all(before));
      const addresses = async () => {
        const { items } = await suite.hand.read(suite.core('services'));
        return (asList(items) ?? []).map((one) => asFields(asFields(one)?.['spec'])?.['clusterIP']);
      };
      const had = await addresses();
      const desired = all(after);
      const planned = await own.plan(desired);
      expect(planned.diagnostics).toEqual([]);
      expect(planned.confirmations).toEqual([]);
      await own.carryOut(planned, desired);
      const { items } = await suite.hand.read(suite.core('services'));
      const got = (asList(items) ?? []).map(nodePortOf);
      for (const [index, nth] of after.entries())
        if (nth !== undefined) expect(got[index]).toBe(ports[nth - 1]);
      expect(new Set(got).size).toBe(after.length);
      expect(await addresses()).toEqual(had);
      expect(actionsOf(await own.plan(desired))).toEqual([]);
    });

    it('has a Service that let go of its port have it again when nothing came of it', async () => {
      const own = suite.fresh();
      const ports = await freeNodePorts(suite.hand);
      const both = (x: number, y: number) =>
        own.describe([service('x', x), service('y', y)].map((one) => one(ports)));
      await own.apply(both(1, 2));
      const desired = both(2, 1);
      const { changes } = await own.plan(desired);
      const change = changes.find(({ id }) => id === own.id('Service', 'x'))!;
      const resource = { change, desired: desired.find(({ id }) => id === change.id) ?? null };
      const port = async () => nodePortOf(await suite.hand.read(suite.core('services', 'x')));
      for (const _ of [1, 2]) await suite.target.release(resource, 'stop', contextFor(own.stack));
      expect(await port()).not.toBe(ports[0]);
      for (const _ of [1, 2]) await suite.target.release(resource, 'undo', contextFor(own.stack));
      expect(await port()).toBe(ports[0]);
      expect(actionsOf(await own.plan(both(1, 2)))).toEqual([]);
    });

    it('says who has a port of the nodes that stays with it, and asks again', async () => {
      const own = suite.fresh();
      const other = createClusterStack(suite.target, own.namespace);
      const ports = await freeNodePorts(suite.hand);
      const theirs = (nth: number) => other.describe([service('x', nth)(ports)]);
      await other.apply(theirs(1));
      const ours = own.describe([service('y', 1)(ports)]);
      expect((await own.plan(ours)).diagnostics).toMatchObject([
        {
          message: expect.stringContaining('already allocated') as string,
          hint: expect.stringContaining(
            `${own.namespace}/x of the stack ${other.stack} has the node port ${ports[0]}`,
          ) as string,
        },
      ]);
      await other.apply(theirs(3));
      // The answer was given when the other one still had it, and nothing of ours has changed.
      expect((await own.plan(ours)).diagnostics).toEqual([]);
    });

    it.each([
      {
        what: 'ports of the nodes',
        of: (nth: 1 | 2) => service('x', nth),
        other: (nth: 1 | 2) => service('y', nth),
      },
      { what: 'objects', of: (nth: 1 | 2) => conf(nth), other: (nth: 1 | 2) => conf(nth) },
    ])('has two stacks exchange $what', async ({ of, other }) => {
      const first = suite.fresh();
      const second = createClusterStack(suite.target, first.namespace);
      const ports = await freeNodePorts(suite.hand);
      await first.apply(first.describe([of(1)(ports)]));
      await second.apply(second.describe([other(2)(ports)]));
      const [ours, theirs] = [first.describe([of(2)(ports)]), second.describe([other(1)(ports)])];
      expect((await first.plan(ours)).diagnostics.map(({ code }) => code)).toEqual(['TARGET_REFUSES']);
      const planned = await second.plan(theirs);
      expect(planned.diagnostics).toEqual([]);
      const all = (plan: Plan, desired: readonly DesiredResource[], stack: string) =>
        Promise.all(
          plan.changes.map((change) =>
            suite.target.apply(
              { change, desired: desired.find(({ id }) => id === change.id) ?? null },
              contextFor(stack),
            ),
          ),
        );
      const going = all(planned, theirs, second.stack);
      const next = await eventually(
        () => first.plan(ours),
        ({ diagnostics }) => diagnostics.length === 0,
      );
      await Promise.all([going, all(next, ours, first.stack)]);
      expect(actionsOf(await first.plan(ours))).toEqual([]);
      expect(actionsOf(await second.plan(theirs))).toEqual([]);
    });

    it('has ports of the nodes go round between stacks: whoever goes ahead has the other one look again', async () => {
      const first = suite.fresh();
      const second = createClusterStack(suite.target, first.namespace);
      const ports = await freeNodePorts(suite.hand);
      const two = (x: number, y: number) =>
        first.describe([service('x', x), service('y', y)].map((one) => one(ports)));
      const one = (z: number) => second.describe([service('z', z)(ports)]);
      await first.apply(two(1, 2));
      await second.apply(one(3));
      const [ours, theirs] = [two(2, 3), one(1)];
      // The second one looked when nobody waited for it yet.
      expect((await second.plan(theirs)).diagnostics).toHaveLength(1);
      const planned = await first.plan(ours);
      expect(planned.diagnostics).toEqual([]);
      const told = Promise.withResolvers<void>();
      const controller = new AbortController();
      const watching = suite.target.watch((stack, awaited) => {
        if (stack === second.stack && awaited === true) told.resolve();
      }, controller.signal);
      const going = first.carryOut(planned, ours);
      await told.promise;
      const next = await second.plan(theirs);
      expect(next.diagnostics).toEqual([]);
      await Promise.all([going, second.carryOut(next, theirs)]);
      expect(actionsOf(await first.plan(ours))).toEqual([]);
      expect(actionsOf(await second.plan(theirs))).toEqual([]);
      controller.abort();
      await watching;
    });

    it('tells the stack that waits for a port of the nodes when another stack gives it up', async () => {
      const first = suite.fresh();
      const ports = await freeNodePorts(suite.hand);
      await first.apply(first.describe([service('x', 1)(ports)]));
      const second = createClusterStack(suite.target, first.namespace);
      const desired = second.describe([service('y', 1)(ports)]);
      const controller = new AbortController();
      const told = Promise.withResolvers<boolean | undefined>();
      const watching = suite.target.watch((stack, awaited) => {
        if (stack === second.stack) told.resolve(awaited);
      }, controller.signal);
      expect((await second.plan(desired)).diagnostics).toMatchObject([
        { hint: expect.stringContaining(`x of the stack ${first.stack} has the node port`) },
      ]);
      await first.apply(first.describe([service('x', 2)(ports)]));
      expect(await told.promise).toBe(true);
      expect((await second.plan(desired)).diagnostics).toEqual([]);
      controller.abort();
      await watching;
    });
  });
}

type NodePorts = readonly [number, number, number];

/** Describes a Service with the nth of some ports of the nodes, or with any. */
function service(name: string, nth?: number): (ports: NodePorts) => string {
  return (ports) => {
    const port = nth === undefined ? 'port: 80' : `port: 80, nodePort: ${ports[nth - 1]}`;
    return `{ id: ${name}, type: service, data: { name: ${name}, selector: { app: web }, type: NodePort, ports: [{ ${port} }] } }`;
  };
}

/** Describes the nth of some ConfigMaps. */
function conf(nth: number): () => string {
  return () => CONFIG.replace('name: conf', `name: conf-${nth}`);
}

function nodePortOf(service: unknown): number | undefined {
  const [port] = asList(asFields(asFields(service)?.['spec'])?.['ports']) ?? [];
  return asNumber(asFields(port)?.['nodePort']);
}

/** Three that nobody has on the cluster. */
async function freeNodePorts(hand: Hand): Promise<NodePorts> {
  const { items } = await hand.read('/api/v1/services');
  const taken = new Set(
    (asList(items) ?? [])
      .flatMap((one) => asList(asFields(asFields(one)?.['spec'])?.['ports']) ?? [])
      .map((port) => asNumber(asFields(port)?.['nodePort'])),
  );
  const free = Array.from({ length: 1_000 }, (_, index) => 31_000 + index).filter((port) => !taken.has(port));
  const [first = 0, second = 0, third = 0] = free;
  return [first, second, third];
}

describeClusterNames('API double', () => startClusterDouble());
const real = inject('kubernetes');
if (real) describeClusterNames(real.title, async () => openRealCluster(real));

import { asFields, asList, asNumber } from '../../../reconciler/base/values.ts';
import { describe, expect, inject, it } from 'vitest';
import type { ClusterHarness } from '../../contract/cluster-suite.ts';
import { openClusterSuite } from '../../contract/cluster-suite.ts';
import { openRealCluster, startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { CONFIG } from '../../support/kubernetes/cluster-nodes.ts';
import type { Hand } from '../../support/kubernetes/cluster-stack.ts';
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

    it('says who has a port of the nodes that is not given up before, and asks again', async () => {
      const own = suite.fresh();
      const ports = await freeNodePorts(suite.hand);
      const both = (x: number, y: number) =>
        own.describe([service('x', x), service('y', y)].map((one) => one(ports)));
      await own.apply(both(1, 2));
      const planned = await own.plan(both(2, 1));
      const told = planned.diagnostics.map(({ message, hint }) => `${message} ${hint ?? ''}`).toSorted();
      expect(told).toHaveLength(2);
      for (const [index, name] of ['y', 'x'].entries()) {
        expect(told[index]).toContain('already allocated');
        expect(told[index]).toContain(
          `${own.namespace}/${name} of the stack ${own.stack} has the node port ${ports[1 - index]}`,
        );
      }
      await own.apply(both(1, 3));
      // The answer about x was given when y still had it, and neither x nor its description have changed.
      expect((await own.plan(both(2, 3))).diagnostics).toEqual([]);
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

/** Describes a Service with the nth of some ports of the nodes. */
function service(name: string, nth: number): (ports: NodePorts) => string {
  return (ports) =>
    `{ id: ${name}, type: service, data: { name: ${name}, selector: { app: web }, type: NodePort, ports: [{ port: 80, nodePort: ${ports[nth - 1]} }] } }`;
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

import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asFields } from '../../../reconciler/base/values.ts';
import type { ClusterTarget } from '../../../reconciler/adapters/kubernetes/target.ts';
import type { ClusterStack, Hand } from '../../support/kubernetes/cluster-stack.ts';
import { actionsOf, createClusterStack, createHand } from '../../support/kubernetes/cluster-stack.ts';
import { CONFIG, SECRET, WEB, cupDefinition, manifest } from '../../support/kubernetes/cluster-nodes.ts';
import { eventually } from '../../support/eventually.ts';
import type { FaultyCluster } from '../../support/kubernetes/faulty-cluster.ts';
import { startFaultyDouble, startFaultyServer } from '../../support/kubernetes/faulty-cluster.ts';

const assets = process.env['KUBEBUILDER_ASSETS'] ?? '';

describeFaults('API double', startFaultyDouble);
// One of a server's own: the others must not be disturbed by its restarts.
if (assets !== '') describeFaults(`API server of ${assets}`, () => startFaultyServer(assets));

/** Describes faults: whatever happens to the connection or the server in between, the end state is the right one. */
function describeFaults(name: string, setup: () => Promise<FaultyCluster>): void {
  describe(`faults: ${name}`, () => {
    let cluster: FaultyCluster;
    let target: ClusterTarget;
    let hand: Hand;
    let own: ClusterStack;
    beforeAll(async () => {
      cluster = await setup();
      hand = createHand(cluster.direct);
    });
    afterAll(() => cluster[Symbol.asyncDispose]());
    beforeEach(() => {
      target = cluster.createTarget();
      own = createClusterStack(target);
    });
    afterEach(() => target[Symbol.asyncDispose]());

    const configPath = (one = 'conf') => `/api/v1/namespaces/${own.namespace}/configmaps/${one}`;
    const quiet = () => new AbortController().signal;
    /** Converges as the loop does: again and again until there is nothing left to do. */
    const converge = (stack: ClusterStack, desired: ReturnType<ClusterStack['describe']>) =>
      eventually(
        () => stack.apply(desired).catch(() => null),
        (plan) => plan !== null && actionsOf(plan).length === 0,
        60_000,
      );

    it("takes nothing of a stack for somebody else's while it is being made", async () => {
      const refusals: unknown[] = [];
      for (let round = 0; round < 5; round += 1) {
        const one = createClusterStack(target);
        const configs = Array.from(
          { length: 12 },
          (_, index) => `{ id: c${index}, type: configmap, data: { name: c${index}, data: { A: b } } }`,
        );
        const desired = one.describe(configs);
        const applied = one.apply(desired);
        const state = { isMade: false };
        const made = applied.finally(() => (state.isMade = true));
        while (!state.isMade) {
          const seen = await one.observe(desired);
          await sleep(1);
          refusals.push(...seen.flatMap(({ dryRun }) => dryRun?.refused ?? []));
        }
        await made;
      }
      expect(refusals).toEqual([]);
    });

    it.each(['asked', 'answered'] as const)('ends well wherever an apply was cut (%s)', async (when) => {
      for (let nth = 1; ; nth++) {
        expect(nth).toBeLessThan(200);
        const one = createClusterStack(target);
        const desired = one.describe([CONFIG, SECRET]);
        cluster.line.breakAt(nth, when);
        const error = await one.apply(desired).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        if (error !== null) expect(error).toMatchObject({ code: 'TARGET_UNREACHABLE', retryable: true });
        await converge(one, desired);
        const names = (await one.observe(desired)).map(({ kind }) => kind);
        expect(names, `cut at request ${nth}`).toEqual(['ConfigMap', 'Namespace', 'Secret']);
        if (error === null) break;
      }
      cluster.line.breakAt(1e9, when);
    });

    it('ends well when the server is killed in the middle of an apply', async () => {
      const names = Array.from({ length: 40 }, (_, index) => `c${index}`);
      const nodes = (value: string) =>
        names.map((one) => `{ id: ${one}, type: configmap, data: { name: ${one}, data: { a: ${value} } } }`);
      await own.apply(own.describe(nodes('old')));
      const desired = own.describe(nodes('new'));
      const plan = await own.plan(desired);
      cluster.line.requests.length = 0;
      const applying = own.carryOut(plan, desired).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      await eventually(
        () => cluster.line.requests.filter((one) => one.startsWith('PATCH')).length,
        (count) => count >= 10,
      );
      await cluster.stop();
      expect(await applying).toMatchObject({ code: 'TARGET_UNREACHABLE', retryable: true });
      await cluster.start();
      await converge(own, desired);
      for (const one of names) expect((await hand.read(configPath(one)))['data']).toEqual({ a: 'new' });
    });

    it('goes on with a watch where it was cut off, without a list', async () => {
      const desired = own.describe([CONFIG]);
      await own.apply(desired);
      cluster.line.cut();
      cluster.line.requests.length = 0;
      await hand.edit(configPath(), { data: { LEVEL: 'trace' } });
      const plan = await eventually(
        () => own.plan(desired),
        (one) => actionsOf(one).length > 0,
      );
      expect(actionsOf(plan)).toEqual([`update ${own.id('ConfigMap', 'conf')}`]);
      expect(cluster.line.requests.filter((one) => /configmaps\?(?!.*watch=1)/.test(one))).toEqual([]);
    });

    it('lists again when a watch has expired, and says that it may have missed something', async () => {
      const desired = own.describe([CONFIG]);
      await own.apply(desired);
      const events: (string | null)[] = [];
      const controller = new AbortController();
      const watching = target.watch((event) => void events.push(event), controller.signal);
      await cluster.line.close();
      await hand.remove(configPath());
      // The server forgets with its restart what a watch could go on from.
      await cluster.stop();
      await cluster.start();
      events.length = 0;
      cluster.line.requests.length = 0;
      await cluster.line.open();
      await eventually(
        async () => events.includes(null),
        (told) => told,
      );
      const plan = await eventually(
        () => own.plan(desired).catch(() => null),
        (one) => one !== null,
      );
      expect(plan && actionsOf(plan)).toEqual([`create ${own.id('ConfigMap', 'conf')}`]);
      expect(cluster.line.requests.filter((one) => /configmaps\?(?!.*watch=1)/.test(one))).not.toEqual([]);
      controller.abort();
      await watching;
    });

    it('says that a server is away, and finds it again', async () => {
      const desired = own.describe([CONFIG]);
      await own.apply(desired);
      await cluster.stop();
      const observed = await eventually(
        () => own.observe(desired).catch((error: unknown) => error),
        (answer) => answer instanceof Error,
      );
      expect(observed).toMatchObject({ code: 'TARGET_UNREACHABLE', retryable: true });
      await cluster.start();
      // An attempt that began before may still come back empty-handed.
      const plan = await eventually(
        () => own.plan(desired).catch(() => null),
        (one) => one !== null,
        60_000,
      );
      expect(plan && actionsOf(plan)).toEqual([]);
      expect((await target.health(own.stack, own.id('ConfigMap', 'conf'), quiet())).status).toBe('healthy');
    });

    it('does not take for a change of its own what a controller has just written', async () => {
      const desired = own.describe([WEB]);
      await own.apply(desired);
      cluster.line.hush();
      const path = `/apis/apps/v1/namespaces/${own.namespace}/deployments/web`;
      await hand.edit(path, { metadata: { annotations: { revision: '1' } } }, 'controller');
      const changed = own.describe([WEB.replace('replicas: 2', 'replicas: 3')]);
      const { changes } = await own.plan(changed).finally(() => cluster.line.tell());
      expect(changes.find(({ kind }) => kind === 'Deployment')?.fields).toEqual([
        { path: 'spec.replicas', before: 2, after: 3 },
      ]);
    });

    it('goes on when a kind is no longer there and its watch has ended', async () => {
      const group = `${own.stack}.example.org`;
      const cup = { apiVersion: `${group}/v1`, kind: 'Cup', metadata: { name: 'mine' } };
      const all = own.describe([manifest('crd', cupDefinition(group)), manifest('cup', cup), CONFIG]);
      await own.apply(all);
      await hand.remove(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/cups.${group}`);
      await eventually(
        () => hand.read(`/apis/${group}/v1/cups`).catch(() => null),
        (found) => found === null,
      );
      cluster.line.cut();
      const some = own.describe([CONFIG]);
      const settled = await eventually(
        () => own.plan(some).catch(() => null),
        (plan) => plan !== null && actionsOf(plan).length === 0,
      );
      expect(settled && actionsOf(settled)).toEqual([]);
      await converge(own, all);
      expect(
        asFields((await hand.read(`/apis/${group}/v1/namespaces/${own.namespace}/cups/mine`))['metadata']),
      ).toMatchObject({ name: 'mine' });
    });
  });
}

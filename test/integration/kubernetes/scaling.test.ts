import { describe, expect, inject, it } from 'vitest';
import { asFields } from '../../../reconciler/base/values.ts';
import type { ClusterHarness } from '../../contract/cluster-suite.ts';
import { openClusterSuite } from '../../contract/cluster-suite.ts';
import { eventually } from '../../support/eventually.ts';
import { openRealCluster, startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { CONFIG, manifest } from '../../support/kubernetes/cluster-nodes.ts';
import type { ClusterStack } from '../../support/kubernetes/cluster-stack.ts';
import { actionsOf } from '../../support/kubernetes/cluster-stack.ts';

const CONTROLLER = 'kube-controller-manager';
const SCALER = '{ id: scale, type: hpa, data: { name: web, minReplicas: 3, maxReplicas: 5 } }';
const EDGES = ['{ source: web, target: scale }'];
const web = (replicas: number, more = '') =>
  `{ id: web, type: deployment, data: { name: web, image: "local/busybox:1", replicas: ${replicas}${more} } }`;
const role = (name: string, more: object) =>
  manifest('role', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name },
    ...more,
  });

/** Describes who says how many pods there are, and what becomes of fields whose controller has nothing to say any more. */
function describeClusterScaling(name: string, setup: () => Promise<ClusterHarness>): void {
  describe(`scaling on a cluster: ${name}`, () => {
    const suite = openClusterSuite(setup);
    const countOf = async () =>
      asFields((await suite.hand.read(suite.apps('deployments', 'web')))['spec'])?.['replicas'];
    /** Scales as autoscalers and `kubectl scale` do. */
    const scale = (replicas: number, manager: string) =>
      suite.hand.edit(`${suite.apps('deployments', 'web')}/scale`, { spec: { replicas } }, manager);
    async function seen(own: ClusterStack, kind: string, isSeen: (text: string) => boolean): Promise<void> {
      await eventually(
        async () => JSON.stringify((await own.observe([])).find((one) => one.kind === kind)?.spec ?? null),
        isSeen,
      );
    }
    const isScaledTo = (count: number) => (text: string) => text.includes(`"replicas":${count}`);
    const autoscalers = () => suite.apps('horizontalpodautoscalers').replace('/apps/v1/', '/autoscaling/v2/');

    it('takes the number of pods back from an autoscaler that leaves the description, which goes first', async () => {
      const own = suite.fresh();
      await own.apply(own.describe([web(1), SCALER], EDGES));
      await scale(3, CONTROLLER);
      await seen(own, 'Deployment', isScaledTo(3));
      const scaled = own.describe([web(1), SCALER], EDGES);
      expect(actionsOf(await own.plan(scaled))).toEqual([]);
      const desired = own.describe([web(1)]);
      const planned = await own.plan(desired);
      expect(planned.diagnostics).toEqual([]);
      expect(planned.confirmations).toEqual([]);
      expect(actionsOf(planned)).toEqual([
        `delete ${own.id('HorizontalPodAutoscaler', 'web')}`,
        `update ${own.id('Deployment', 'web')}`,
      ]);
      await own.carryOut(planned, desired);
      expect(await countOf()).toBe(1);
      expect(actionsOf(await own.plan(desired))).toEqual([]);
    });

    it('keeps the pods that there are when an autoscaler is to say how many', async () => {
      const own = suite.fresh();
      await own.apply(own.describe([web(4)]));
      const desired = own.describe([web(1), SCALER], EDGES);
      const planned = await own.plan(desired);
      expect(planned.changes.flatMap(({ fields }) => fields.map(({ path }) => path))).not.toContain(
        'spec.replicas',
      );
      await own.carryOut(planned, desired);
      expect(await countOf()).toBe(4);
      // The number stays where something else is written to it.
      const next = own.describe([web(1, ', env: { MODE: two }'), SCALER], EDGES);
      await own.carryOut(await own.plan(next), next);
      expect(await countOf()).toBe(4);
      expect(actionsOf(await own.plan(next))).toEqual([]);
    });

    it('leaves the number to the autoscaler of somebody else, and takes it back when that is gone', async () => {
      const own = suite.fresh();
      const desired = own.describe([web(1), CONFIG]);
      await own.apply(desired);
      await suite.hand.create(autoscalers(), {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'theirs' },
        spec: {
          minReplicas: 3,
          maxReplicas: 5,
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        },
      });
      await scale(3, CONTROLLER);
      await seen(own, 'Deployment', isScaledTo(3));
      expect(actionsOf(await own.plan(desired))).toEqual([]);
      const changed = own.describe([web(1, ', env: { MODE: two }'), CONFIG]);
      const update = await own.plan(changed);
      expect(update.confirmations).toEqual([]);
      await own.carryOut(update, changed);
      expect(await countOf()).toBe(3);
      await suite.hand.remove(`${autoscalers()}/theirs`);
      const planned = await own.plan(changed);
      expect(actionsOf(planned)).toEqual([`update ${own.id('Deployment', 'web')}`]);
      expect(planned.confirmations).toEqual([]);
      await own.carryOut(planned, changed);
      expect(await countOf()).toBe(1);
    });

    it.each(['kubectl', 'unknown', 'some-script'])(
      'takes for drift, also in the next push, what %s has scaled',
      async (manager) => {
        const own = suite.fresh();
        await own.apply(own.describe([web(1)]));
        await scale(2, manager);
        await seen(own, 'Deployment', isScaledTo(2));
        for (const desired of [own.describe([web(1)]), own.describe([web(1, ', env: { MODE: two }')])]) {
          const planned = await own.plan(desired);
          expect(actionsOf(planned)).toEqual([`update ${own.id('Deployment', 'web')}`]);
          const conflicts = planned.changes.flatMap((change) => change.conflicts ?? []);
          expect(conflicts).toMatchObject([{ manager, field: '.spec.replicas', drifted: true }]);
          expect(planned.confirmations).toEqual([]);
        }
        const desired = own.describe([web(1, ', env: { MODE: two }')]);
        await own.carryOut(await own.plan(desired), desired);
        expect(await countOf()).toBe(1);
        expect(actionsOf(await own.plan(desired))).toEqual([]);
      },
    );

    it('takes for drift, also in the next push, what was edited by hand, and asks about what others have set', async () => {
      const own = suite.fresh();
      const config = (level: string) => [CONFIG.replace('debug', level)];
      await own.apply(own.describe(config('debug')));
      const path = suite.core('configmaps', 'conf');
      await suite.hand.edit(path, { data: { LEVEL: 'by hand' } }, 'kubectl-edit');
      await seen(own, 'ConfigMap', (text) => text.includes('by hand'));
      const planned = await own.plan(own.describe(config('info')));
      expect(planned.confirmations).toEqual([]);
      expect(planned.changes.flatMap((change) => change.conflicts ?? [])).toMatchObject([{ drifted: true }]);
      await suite.hand.edit(path, { data: { LEVEL: 'by them' } }, 'their-tool');
      await seen(own, 'ConfigMap', (text) => text.includes('by them'));
      const asks = await own.plan(own.describe(config('warn')));
      expect(asks.confirmations.map(({ code }) => code)).toEqual(['TAKES_FIELDS']);
    });

    it('takes the rules of a role back that is not put together of others any more', async () => {
      const own = suite.fresh();
      const label = own.stack;
      const rule = (verb: string) => ({ apiGroups: [''], resources: ['pods'], verbs: [verb] });
      const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { [label]: 'yes' } }] };
      const roleName = `role-${label}`;
      const path = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${roleName}`;
      const whole = own.describe([CONFIG, role(roleName, { aggregationRule, rules: [] })]);
      await own.apply(whole);
      await suite.hand.edit(path, { rules: [rule('get')] }, 'clusterrole-aggregation-controller');
      await own.plan(whole);
      const desired = own.describe([CONFIG, role(roleName, { rules: [rule('list')] })]);
      const planned = await own.plan(desired);
      expect(planned.confirmations).toEqual([]);
      await own.carryOut(planned, desired);
      expect((await suite.hand.read(path))['rules']).toEqual([rule('list')]);
      expect(actionsOf(await own.plan(desired))).toEqual([]);
      await own.carryOut(await own.plan([]), []);
    });

    it.each([{}, { clusterIP: '' }])('gives a Service an address that had none (%o)', async (described) => {
      const own = suite.fresh();
      const service = (address: object) =>
        manifest('svc', {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'web' },
          spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...address },
        });
      const headless = own.describe([service({ clusterIP: 'None' })]);
      await own.apply(headless);
      expect(actionsOf(await own.plan(headless))).toEqual([]);
      const desired = own.describe([service(described)]);
      const planned = await own.plan(desired);
      expect(actionsOf(planned)).toEqual([`replace ${own.id('Service', 'web')}`]);
      expect(planned.changes.find(({ kind }) => kind === 'Service')?.cause).toContain('spec.clusterIP');
      await own.carryOut(planned, desired);
      const spec = asFields((await suite.hand.read(suite.core('services', 'web')))['spec']);
      expect(spec?.['clusterIP']).toMatch(/^[\d.]+$/);
      expect(actionsOf(await own.plan(desired))).toEqual([]);
    });
  });
}

describeClusterScaling('API double', () => startClusterDouble());
const real = inject('kubernetes');
if (real !== null) describeClusterScaling(real.title, async () => openRealCluster(real));

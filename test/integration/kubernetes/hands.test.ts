import { describe, expect, inject, it } from 'vitest';
import { openRealCluster, startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { asFields } from '../../../reconciler/base/values.ts';
import { CONFIG, manifest } from '../../support/kubernetes/cluster-nodes.ts';
import { actionsOf } from '../../support/kubernetes/cluster-stack.ts';
import { eventually } from '../../support/eventually.ts';
import type { ClusterHarness } from '../../contract/cluster-suite.ts';
import { openClusterSuite } from '../../contract/cluster-suite.ts';

const WEB = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          {
            name: 'web',
            image: 'local/busybox:1',
            env: [{ name: 'MODE', value: 'one' }],
            ports: [{ name: 'http', containerPort: 8000, protocol: 'TCP' }],
          },
        ],
      },
    },
  },
};
const SVC = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, protocol: 'TCP' }] },
};

/** Describes what becomes of fields that people own in objects of ours. */
function describeClusterHands(name: string, setup: () => Promise<ClusterHarness>): void {
  describe(`hands on a cluster: ${name}`, () => {
    const suite = openClusterSuite(setup);
    const web = (more: object = {}) => manifest('web', { ...WEB, ...more });
    const specOf = async (path: string) => asFields((await suite.hand.read(path))['spec']) ?? {};
    const containers = (container: object) => ({ spec: { template: { spec: { containers: [container] } } } });
    const [container] = WEB.spec.template.spec.containers;

    it.each([
      {
        what: 'the number of a port of a container',
        path: () => suite.apps('deployments', 'web'),
        edit: containers({ ...container, ports: [{ name: 'http', containerPort: 9000, protocol: 'TCP' }] }),
        field: 'containerPort=9000',
        left: '"containerPort":9000',
      },
      {
        what: 'the number of a port of a service',
        path: () => suite.core('services', 'web'),
        edit: { spec: { ports: [{ port: 90, protocol: 'TCP' }] } },
        field: 'port=90',
        left: '"port":90',
      },
      {
        what: 'another variable',
        path: () => suite.apps('deployments', 'web'),
        edit: containers({ ...container, env: [...(container?.env ?? []), { name: 'EXTRA', value: 'x' }] }),
        field: 'name=EXTRA',
        left: 'EXTRA',
      },
      {
        what: 'a key of a ConfigMap',
        path: () => suite.core('configmaps', 'conf'),
        edit: { data: { MORE: 'by hand' } },
        field: '.data.MORE',
        left: 'by hand',
      },
      {
        what: 'a label',
        path: () => suite.core('configmaps', 'conf'),
        edit: { metadata: { labels: { extra: 'hand' } } },
        field: '.metadata.labels.extra',
        left: 'extra',
      },
    ])('takes back $what that was set by hand', async ({ path, edit, field, left }) => {
      const own = suite.fresh();
      const desired = own.describe([web(), manifest('svc', SVC), CONFIG]);
      await own.apply(desired);
      expect(actionsOf(await own.plan(desired))).toEqual([]);
      await suite.hand.edit(path(), edit, 'kubectl-edit');
      const planned = await eventually(
        () => own.plan(desired),
        (plan) => actionsOf(plan).length > 0,
      );
      const [change] = planned.changes.filter(({ action }) => action !== 'no-op');
      expect(change).toMatchObject({ action: 'update' });
      const named = (change?.conflicts ?? []).filter((one) => one.field.includes(field));
      expect(named).toMatchObject([{ manager: 'kubectl-edit', drifted: true }]);
      expect(planned.diagnostics).toEqual([]);
      expect(planned.confirmations).toEqual([]);
      await own.carryOut(planned, desired);
      const { metadata, ...body } = await suite.hand.read(path());
      const labels = asFields(metadata)?.['labels'];
      expect(JSON.stringify([body['spec'] ?? body['data'], labels])).not.toContain(left);
      expect(actionsOf(await own.plan(desired))).toEqual([]);
    });

    it('takes away what it does not describe of an object that was applied by hand before', async () => {
      const own = suite.fresh();
      await own.apply(own.describe([CONFIG]));
      const labels = { 'app.kubernetes.io/managed-by': 'kombinator', 'kombinator.io/stack': own.stack };
      const theirs = { ...container, env: [{ name: 'OLD', value: 'x' }, ...(container?.env ?? [])] };
      await suite.harness.client.request({
        method: 'POST',
        path: suite.apps('deployments'),
        query: { fieldManager: 'kubectl-client-side-apply' },
        body: {
          ...WEB,
          metadata: { ...WEB.metadata, namespace: own.namespace, labels },
          spec: { ...WEB.spec, template: { ...WEB.spec.template, spec: { containers: [theirs] } } },
        },
        signal: AbortSignal.timeout(20_000),
      });
      const desired = own.describe([CONFIG, web()]);
      const planned = await eventually(
        () => own.plan(desired),
        (plan) => actionsOf(plan).some((one) => one.startsWith('update')),
      );
      expect(planned.confirmations.map(({ code }) => code)).toEqual(['TAKES_FIELDS']);
      await own.carryOut(planned, desired);
      const before = JSON.stringify(await specOf(suite.apps('deployments', 'web')));
      expect(before).not.toContain('OLD');
      // Fields that both had set are ours alone now: they go when they leave the description.
      const without = containers({ name: 'web', image: 'local/busybox:1' }).spec.template.spec;
      const less = own.describe([
        CONFIG,
        web({ spec: { ...WEB.spec, template: { ...WEB.spec.template, spec: without } } }),
      ]);
      const next = await own.plan(less);
      expect(actionsOf(next)).toEqual([`update ${own.id('Deployment', 'web')}`]);
      await own.carryOut(next, less);
      expect(JSON.stringify(await specOf(suite.apps('deployments', 'web')))).not.toContain('MODE');
    });

    it('leaves to a controller what it has set to something else, also when the rest changes', async () => {
      const own = suite.fresh();
      const desired = own.describe([web()]);
      await own.apply(desired);
      const deployment = suite.apps('deployments', 'web');
      await suite.hand.edit(deployment, { spec: { replicas: 3 } }, 'some-operator');
      const isScaled = (spec: unknown) => asFields(spec)?.['replicas'] === 3;
      const seen = async () =>
        (await own.observe(desired)).find(({ kind }) => kind === 'Deployment')?.spec['spec'];
      await eventually(seen, isScaled);
      expect(actionsOf(await own.plan(desired))).toEqual([]);
      const { selector, template } = WEB.spec;
      const changed = own.describe([web({ spec: { replicas: 1, selector, template, paused: true } })]);
      const planned = await own.plan(changed);
      expect(planned.confirmations).toEqual([]);
      await own.carryOut(planned, changed);
      expect(await specOf(deployment)).toMatchObject({ replicas: 3, paused: true });
      expect(actionsOf(await own.plan(changed))).toEqual([]);
    });

    it.each([
      { policy: undefined, managers: ['kubectl-edit', 'helm'] },
      { policy: ['terraform', 'nobody-here'], managers: ['terraform'] },
      { policy: ['*'], managers: ['kubectl-edit', 'helm', 'terraform'] },
      { policy: ['TERRA*', 'helm-controller'], managers: ['terraform', 'helm-controller'] },
      { policy: [], managers: [] },
    ])('takes over, where the policy says $policy, from $managers', async ({ policy, managers }) => {
      const own = suite.fresh();
      const named = policy === undefined ? {} : { takeOver: policy };
      const desired = own.describe([CONFIG]).map((one) => ({ ...one, ...named }));
      await own.apply(desired);
      const everybody = ['kubectl-edit', 'helm', 'terraform', 'helm-controller', 'kubectl-rollout'];
      const path = suite.core('configmaps', 'conf');
      for (const one of everybody) await suite.hand.edit(path, { data: { [`by-${one}`]: 'x' } }, one);
      const seen = async () => (await own.observe(desired)).find(({ kind }) => kind === 'ConfigMap')?.spec;
      await eventually(seen, (spec) => JSON.stringify(spec).includes('by-kubectl-rollout'));
      const planned = await own.plan(desired);
      const conflicts = planned.changes.flatMap((change) => change.conflicts ?? []);
      expect(conflicts.map(({ manager }) => manager).toSorted()).toEqual(managers.toSorted());
      expect(planned.confirmations).toEqual([]);
      await own.carryOut(planned, desired);
      const left = Object.keys(asFields((await suite.hand.read(path))['data']) ?? {});
      expect(left.filter((key) => key.startsWith('by-')).toSorted()).toEqual(
        everybody
          .filter((one) => !managers.includes(one))
          .map((one) => `by-${one}`)
          .toSorted(),
      );
      expect(actionsOf(await own.plan(desired))).toEqual([]);
    });

    it('leaves to controllers, and to those who restart or scale, what is theirs', async () => {
      const own = suite.fresh();
      const { replicas: _replicas, ...spec } = WEB.spec;
      const desired = own.describe([web({ spec }), CONFIG]);
      await own.apply(desired);
      const deployment = suite.apps('deployments', 'web');
      await suite.hand.edit(deployment, { spec: { replicas: 3 } }, 'kubectl-edit');
      const annotations = { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' };
      const restarted = { spec: { template: { metadata: { annotations } } } };
      await suite.hand.edit(deployment, restarted, 'kubectl-rollout');
      await suite.hand.edit(suite.core('configmaps', 'conf'), { data: { CA: 'x' } }, 'ca-injector');
      await eventually(
        async () => (await own.observe(desired)).find(({ kind }) => kind === 'ConfigMap')?.spec['data'],
        (data) => JSON.stringify(data).includes('CA'),
      );
      expect(actionsOf(await own.plan(desired))).toEqual([]);
    });
  });
}

describeClusterHands('API double', startClusterDouble);

const real = inject('kubernetes');
if (real !== null) describeClusterHands(real.title, async () => openRealCluster(real));

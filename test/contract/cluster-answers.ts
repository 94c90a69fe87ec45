import { describe, expect, it } from 'vitest';
import { CLAIM, CONFIG, cupDefinition, manifest } from '../support/kubernetes/cluster-nodes.ts';
import { actionsOf } from '../support/kubernetes/cluster-stack.ts';
import { eventually } from '../support/eventually.ts';
import type { ClusterHarness } from './cluster-suite.ts';
import { openClusterSuite } from './cluster-suite.ts';

/** Describes what plans say of things that a server refuses, cannot change in place, or takes in its own way. */
const HARBOR = 'externalURL: "https://hub.example.com", host: hub.example.com, adminSecret: admin } }';

export function describeClusterAnswers(name: string, setup: () => Promise<ClusterHarness>): void {
  describe(`cluster answers: ${name}`, () => {
    const suite = openClusterSuite(setup);

    it('says before it tries what a quota or a limit would refuse', async () => {
      const { describe: nodes, apply, plan } = suite.fresh();
      await apply(nodes([CONFIG]));
      const limit = (kind: string, name_: string, spec: object) =>
        suite.hand.create(suite.core(kind), {
          apiVersion: 'v1',
          metadata: { name: name_ },
          spec,
        });
      await limit('limitranges', 'small', {
        limits: [{ type: 'PersistentVolumeClaim', max: { storage: '2Gi' } }],
      });
      const planned = await plan(nodes([CONFIG, CLAIM.replace('1Gi', '5Gi')]));
      expect(planned.diagnostics[0]).toMatchObject({
        severity: 'error',
        code: 'TARGET_REFUSES',
        file: 'workflows/shop.yaml',
        line: 7,
        message: expect.stringContaining(
          'maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 5Gi',
        ) as string,
      });
    });

    it('says which field the server does not know', async () => {
      const { describe: nodes, apply, plan } = suite.fresh();
      await apply(nodes([CONFIG]));
      const odd =
        '{ id: odd, type: manifest, data: { manifest: { apiVersion: v1, kind: ConfigMap, metadata: { name: odd }, dat: { a: b } } } }';
      const [found] = (await plan(nodes([CONFIG, odd]))).diagnostics;
      expect(found).toMatchObject({
        code: 'TARGET_REFUSES',
        message: expect.stringContaining('.dat: field not declared in schema') as string,
      });
    });

    it('makes what is asked about others before them, and is not blocked by their absence', async () => {
      const { describe: nodes, apply, plan, id } = suite.fresh();
      await apply(nodes([CONFIG]));
      const pod = manifest('pod', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { serviceAccountName: 'later', containers: [{ name: 'c', image: 'i' }] },
      });
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'later' } };
      const alone = await plan(nodes([CONFIG, pod]));
      expect(alone.diagnostics).toMatchObject([
        {
          code: 'TARGET_REFUSES',
          message: expect.stringContaining('serviceaccount "later" not found') as string,
        },
      ]);
      const desired = nodes([CONFIG, pod, manifest('account', account)]);
      const planned = await plan(desired);
      expect(planned.diagnostics).toEqual([]);
      expect(actionsOf(planned)).toEqual([
        `create ${id('ServiceAccount', 'later')}`,
        `create ${id('Pod', 'p')}`,
      ]);
      await apply(desired);
      expect(actionsOf(await plan(desired))).toEqual([]);
    });

    it('says when the cluster knows no such kind', async () => {
      const { describe: nodes, plan, namespace } = suite.fresh();
      const odd =
        '{ id: odd, type: manifest, data: { manifest: { apiVersion: nothing.example.org/v1, kind: Odd, metadata: { name: odd } } } }';
      const [found] = (await plan(nodes([odd]))).diagnostics;
      expect(found?.message).toBe(
        'prod would refuse Odd.nothing.example.org ' +
          `${namespace}/odd: it knows no Odd.nothing.example.org of nothing.example.org/v1`,
      );
    });

    it('says so of a plugin whose definitions it lacks, and refuses to apply', async () => {
      const { describe: nodes, plan, namespace } = suite.fresh();
      const planned = await plan(
        nodes(['{ id: db, type: plugin, data: { name: db, pluginId: harbor, ' + HARBOR]),
      );
      expect(planned.diagnostics).toMatchObject([
        {
          severity: 'error',
          code: 'TARGET_REFUSES',
          line: expect.any(Number) as number,
          message:
            `prod would refuse HarborCluster.goharbor.io ${namespace}/db: ` +
            'it knows no HarborCluster.goharbor.io of goharbor.io/v1beta1',
        },
      ]);
    });

    it.each([
      {
        what: 'a value of another type',
        object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'odd' }, data: { a: 1 } },
        message: '.data.a: expected string',
      },
      {
        what: 'an amount that is none',
        object: workload({ resources: { limits: { cpu: 'lots' } } }),
        message: 'quantities must match the regular expression',
      },
      {
        what: 'a field far inside that there is not',
        object: workload({ imagee: 'x' }),
        message: '.spec.template.spec.containers[name="c"].imagee: field not declared in schema',
      },
      {
        what: 'a container without an image',
        object: workload({ image: '' }),
        message: 'spec.template.spec.containers[0].image: Required value',
      },
    ])('says of $what where it is, in the plan', async ({ object, message }) => {
      const { describe: nodes, apply, plan } = suite.fresh();
      await apply(nodes([CONFIG]));
      const planned = await plan(nodes([CONFIG, manifest('odd', object)]));
      expect(planned.diagnostics).toMatchObject([
        { severity: 'error', code: 'TARGET_REFUSES', line: 7, message: expect.stringContaining(message) },
      ]);
    });

    it('replaces a service whose address cannot be taken away', async () => {
      const { describe: nodes, apply, plan, carryOut, id } = suite.fresh();
      const service = (address: object) =>
        nodes([
          manifest('svc', {
            apiVersion: 'v1',
            kind: 'Service',
            metadata: { name: 'web' },
            spec: { ...address, selector: { app: 'web' }, ports: [{ port: 80 }] },
          }),
        ]);
      await apply(service({}));
      const desired = service({ clusterIP: 'None' });
      const planned = await plan(desired);
      expect(actionsOf(planned)).toEqual([`replace ${id('Service', 'web')}`]);
      expect(planned.changes.find(({ kind }) => kind === 'Service')?.cause).toBe(
        'cannot be changed in place: spec.clusterIPs[0]: may not change once set',
      );
      await carryOut(planned, desired);
      expect((await suite.hand.read(suite.core('services', 'web')))['spec']).toMatchObject({
        clusterIP: 'None',
      });
      expect(actionsOf(await plan(desired))).toEqual([]);
    });

    it('leaves to controllers what they have made with the labels of its objects', async () => {
      const { describe: nodes, apply, plan, stack, id } = suite.fresh();
      const desired = nodes([CONFIG]);
      await apply(desired);
      const { uid } = await suite.metadataOf(suite.core('configmaps', 'conf'));
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'conf', uid };
      const labels = { 'app.kubernetes.io/managed-by': 'kombinator', 'kombinator.io/stack': stack };
      await suite.hand.create(suite.core('secrets'), {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'derived', labels, ownerReferences: [owner] },
      });
      await using other = suite.harness.createTarget();
      const { resources } = await other.observe({ stack, desired }, new AbortController().signal);
      expect(resources.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Namespace']);
      expect(actionsOf(await plan(nodes([])))).toEqual([`delete ${id('ConfigMap', 'conf')}`]);
    });

    it('takes a key out of a secret that was described as text', async () => {
      const { describe: nodes, apply, plan } = suite.fresh();
      const secret = (stringData: object) =>
        nodes([manifest('sec', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sec' }, stringData })]);
      await apply(secret({ A: 'one', B: 'two' }));
      const desired = secret({ A: 'one' });
      expect((await plan(desired)).summary).toMatchObject({ update: 1 });
      await apply(desired);
      expect((await suite.hand.read(suite.core('secrets', 'sec')))['data']).toEqual({ A: 'b25l' });
      expect(actionsOf(await plan(desired))).toEqual([]);
    });

    it('finds an object again whatever version of its kind it is described in', async () => {
      const { describe: nodes, apply, plan, stack, id, namespace } = suite.fresh();
      const group = `${stack}.example.org`;
      const versions = [
        { name: 'v1', storage: true },
        { name: 'v1beta1', storage: false },
      ];
      const definition = manifest('crd', cupDefinition(group, versions));
      const cup = (v: string, size: number) =>
        manifest('cup', {
          apiVersion: `${group}/${v}`,
          kind: 'Cup',
          metadata: { name: 'mine' },
          spec: { size },
        });
      const old = nodes([definition, cup('v1beta1', 3)]);
      await apply(old);
      expect(actionsOf(await plan(old))).toEqual([]);
      // A target that looks for the first time finds it in the version that the cluster prefers.
      await using other = suite.harness.createTarget();
      const quiet = new AbortController().signal;
      const seen = (await other.observe({ stack, desired: old }, quiet)).resources;
      expect(seen.find((one) => one.id.includes('/Cup'))?.dryRun?.fields).toEqual([]);
      const owned = (await other.owned(quiet)).find((one) => one.stack === stack);
      expect(owned?.resources).toBe(2);
      const desired = nodes([definition, cup('v1', 4)]);
      await apply(desired);
      expect(actionsOf(await plan(desired))).toEqual([]);
      expect(await suite.hand.read(`/apis/${group}/v1/namespaces/${namespace}/cups/mine`)).toMatchObject({
        spec: { size: 4 },
      });
      const gone = await plan([], { mode: 'destroy', deleteVolumes: true });
      expect(actionsOf(gone)).toContain(`delete ${id(`Cup.${group}`, 'mine')}`);
    });

    it('goes on when a kind is no longer there', async () => {
      const { describe: nodes, apply, plan, carryOut, stack } = suite.fresh();
      const group = `${stack}.example.org`;
      const definition = manifest('crd', cupDefinition(group));
      const cup = manifest('cup', { apiVersion: `${group}/v1`, kind: 'Cup', metadata: { name: 'mine' } });
      await apply(nodes([definition, cup, CONFIG]));
      await suite.hand.remove(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/cups.${group}`);
      const desired = nodes([CONFIG]);
      const settled = await eventually(
        () => plan(desired).catch(() => null),
        (one) => one !== null && actionsOf(one).length === 0,
      );
      expect(settled && actionsOf(settled)).toEqual([]);
      const again = nodes([definition, cup, CONFIG]);
      await carryOut(await plan(again), again);
      expect(actionsOf(await plan(again))).toEqual([]);
    });
  });
}

function workload(container: object): object {
  const labels = { app: 'odd' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'odd' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i', ...container }] } },
    },
  };
}

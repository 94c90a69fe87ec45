import { describe, expect, it } from 'vitest';
import { asFields, asString } from '../../reconciler/base/values.ts';
import type { ClusterStack } from '../support/kubernetes/cluster-stack.ts';
import { AGENT, CLAIM, CONFIG, SECRET, SERVICE, WEB } from '../support/kubernetes/cluster-nodes.ts';
import { actionsOf, CLUSTER, createClusterStack } from '../support/kubernetes/cluster-stack.ts';
import { changeOf, contextFor, REVISION } from '../support/docker/docker-resources.ts';
import { eventually } from '../support/eventually.ts';
import type { ClusterHarness } from './cluster-suite.ts';
import { openClusterSuite } from './cluster-suite.ts';

const quiet = () => new AbortController().signal;

/** The contract of every `Target` on a Kubernetes API. */
export function describeClusterContract(name: string, setup: () => Promise<ClusterHarness>): void {
  describe(`cluster contract: ${name}`, () => {
    const suite = openClusterSuite(setup);
    let own: ClusterStack;
    function fresh(): ClusterStack {
      own = suite.fresh();
      return own;
    }

    it('observes nothing where there is nothing', async () => {
      fresh();
      expect(await own.observe([])).toEqual([]);
    });

    it('makes what is described, namespace first, and finds nothing to do then', async () => {
      const { describe: nodes, apply, plan, id, namespace } = fresh();
      const desired = nodes([CONFIG, WEB, SERVICE, SECRET, CLAIM]);
      expect(actionsOf(await apply(desired))[0]).toBe(`create ${CLUSTER}/Namespace/${namespace}`);
      expect(actionsOf(await plan(desired))).toEqual([]);
      const observed = await own.observe(desired);
      for (const one of desired) {
        expect(observed.find((other) => other.id === one.id)).toMatchObject({
          hash: one.hash,
          interrupted: false,
        });
      }
      expect(observed.find((one) => one.id === id('ConfigMap', 'conf'))?.revision).toBe(REVISION);
      expect(observed.find((one) => one.id === id('PersistentVolumeClaim', 'disk'))?.guarded).toBe(true);
      expect((await suite.metadataOf(suite.core('configmaps', 'conf')))['labels']).toMatchObject({
        'app.kubernetes.io/managed-by': 'kombinator',
        'kombinator.io/stack': own.stack,
      });
    });

    it('knows what it has made from a connection of its own', async () => {
      const { describe: nodes, apply, stack, id } = fresh();
      const desired = nodes([CONFIG, SECRET]);
      await apply(desired);
      await using other = suite.harness.createTarget();
      const { resources } = await other.observe({ stack, desired: [] }, quiet());
      expect(resources.map((one) => one.id)).toEqual([id('ConfigMap', 'conf'), id('Secret', 'sec')]);
      const owned = (await other.owned(quiet())).find((one) => one.stack === stack);
      expect(owned).toEqual({ stack, revisions: [REVISION], branches: ['main'], resources: 2 });
    });

    it('may be asked twice for the same create', async () => {
      const { describe: nodes, apply, stack } = fresh();
      const desired = nodes([CONFIG]);
      await apply(desired);
      const before = await suite.metadataOf(suite.core('configmaps', 'conf'));
      for (const one of desired) await suite.target.apply(changeOf('create', one), contextFor(stack));
      expect((await suite.metadataOf(suite.core('configmaps', 'conf')))['resourceVersion']).toBe(
        before['resourceVersion'],
      );
    });

    it('plans what the server would change, without changing it, and writes only that', async () => {
      const { describe: nodes, apply, plan, carryOut, id } = fresh();
      await apply(nodes([CONFIG, SERVICE]));
      const service = await suite.metadataOf(suite.core('services', 'web'));
      const before = await suite.metadataOf(suite.core('configmaps', 'conf'));
      const desired = nodes([CONFIG.replace('LEVEL: debug, MODE: fast', 'LEVEL: info, NEW: a'), SERVICE]);
      const planned = await plan(desired);
      expect(actionsOf(planned)).toEqual([`update ${id('ConfigMap', 'conf')}`]);
      expect(planned.changes.find(({ kind }) => kind === 'ConfigMap')?.fields).toEqual([
        { path: 'data.LEVEL', before: 'debug', after: 'info' },
        { path: 'data.MODE', before: 'fast', after: null },
        { path: 'data.NEW', before: null, after: 'a' },
      ]);
      expect((await suite.metadataOf(suite.core('configmaps', 'conf')))['resourceVersion']).toBe(
        before['resourceVersion'],
      );
      await carryOut(planned, desired);
      expect((await suite.hand.read(suite.core('configmaps', 'conf')))['data']).toEqual({
        LEVEL: 'info',
        NEW: 'a',
      });
      expect((await suite.metadataOf(suite.core('services', 'web')))['resourceVersion']).toBe(
        service['resourceVersion'],
      );
      expect(actionsOf(await plan(desired))).toEqual([]);
    });

    it('repairs what somebody has changed by hand', async () => {
      const { describe: nodes, apply, plan, carryOut, id } = fresh();
      const desired = nodes([CONFIG, WEB]);
      await apply(desired);
      await suite.hand.edit(suite.core('configmaps', 'conf'), { data: { LEVEL: 'trace' } });
      const planned = await eventually(
        () => plan(desired),
        (one) => actionsOf(one).length > 0,
      );
      expect(actionsOf(planned)).toEqual([`update ${id('ConfigMap', 'conf')}`]);
      const change = planned.changes.find(({ kind }) => kind === 'ConfigMap');
      expect(change?.conflicts).toEqual([{ manager: 'kubectl-edit', field: '.data.LEVEL', drifted: true }]);
      expect(change?.cause).toBe('data changed (set by kubectl-edit)');
      expect(planned.confirmations).toEqual([]);
      await carryOut(planned, desired);
      expect((await suite.hand.read(suite.core('configmaps', 'conf')))['data']).toEqual({
        LEVEL: 'debug',
        MODE: 'fast',
      });
      expect(actionsOf(await plan(desired))).toEqual([]);
    });

    it('makes again what somebody has deleted', async () => {
      const { describe: nodes, apply, plan, id } = fresh();
      const desired = nodes([CONFIG]);
      await apply(desired);
      await suite.hand.remove(suite.core('configmaps', 'conf'));
      const planned = await eventually(
        () => plan(desired),
        (one) => actionsOf(one).length > 0,
      );
      expect(actionsOf(planned)).toEqual([`create ${id('ConfigMap', 'conf')}`]);
      await own.carryOut(planned, desired);
      expect((await suite.hand.read(suite.core('configmaps', 'conf')))['data']).toEqual({
        LEVEL: 'debug',
        MODE: 'fast',
      });
    });

    it('leaves alone what others have added', async () => {
      const { describe: nodes, apply, plan } = fresh();
      const desired = nodes([CONFIG]);
      await apply(desired);
      const added = { data: { EXTRA: 'x' }, metadata: { labels: { theirs: 'yes' } } };
      await suite.hand.edit(suite.core('configmaps', 'conf'), added, 'another-tool');
      const changed = nodes([CONFIG.replace('debug', 'info')]);
      await apply(changed);
      expect((await suite.hand.read(suite.core('configmaps', 'conf')))['data']).toEqual({
        LEVEL: 'info',
        MODE: 'fast',
        EXTRA: 'x',
      });
      expect(actionsOf(await plan(changed))).toEqual([]);
    });

    it('takes fields over from others only when that was decided', async () => {
      const { describe: nodes, apply, plan, carryOut, stack, id } = fresh();
      await apply(nodes([CONFIG]));
      await suite.hand.edit(suite.core('configmaps', 'conf'), { data: { OWNER: 'them' } }, 'another-tool');
      const desired = nodes([CONFIG.replace('MODE: fast', 'MODE: fast, OWNER: us')]);
      const planned = await eventually(
        () => plan(desired),
        (one) => one.confirmations.length > 0,
      );
      expect(planned.confirmations).toEqual([
        {
          code: 'TAKES_FIELDS',
          message: `takes over .data.OWNER of ${id('ConfigMap', 'conf')} from another-tool`,
          ids: [id('ConfigMap', 'conf')],
        },
      ]);
      const conf = desired.find(({ kind }) => kind === 'ConfigMap')!;
      await expect(suite.target.apply(changeOf('update', conf), contextFor(stack))).rejects.toMatchObject({
        code: 'TARGET_ERROR',
        retryable: true,
        message: expect.stringContaining('.data.OWNER (another-tool)') as string,
      });
      expect((await suite.hand.read(suite.core('configmaps', 'conf')))['data']).toMatchObject({
        OWNER: 'them',
      });
      await carryOut(planned, desired);
      expect((await suite.hand.read(suite.core('configmaps', 'conf')))['data']).toMatchObject({
        OWNER: 'us',
      });
    });

    it('replaces what cannot be changed in place, and says so before', async () => {
      const { describe: nodes, apply, plan, carryOut, stack, id } = fresh();
      const node = (label: string) =>
        `{ id: web, type: manifest, data: { manifest: { apiVersion: apps/v1, kind: Deployment, metadata: { name: web }, spec: { replicas: 1, selector: { matchLabels: { app: ${label} } }, template: { metadata: { labels: { app: ${label} } }, spec: { containers: [{ name: web, image: "nginx:1.29" }] } } } } } }`;
      const old = nodes([node('a')]);
      await apply(old);
      const before = await suite.metadataOf(suite.apps('deployments', 'web'));
      const desired = nodes([node('b')]);
      const planned = await plan(desired);
      expect(actionsOf(planned)).toEqual([`replace ${id('Deployment', 'web')}`]);
      const change = planned.changes.find(({ kind }) => kind === 'Deployment')!;
      expect(change.cause).toBe('cannot be changed in place: spec.selector: field is immutable');
      expect(change.fields).toContainEqual({
        path: 'spec.selector.matchLabels.app',
        before: 'a',
        after: 'b',
      });
      await carryOut(planned, desired);
      expect((await suite.metadataOf(suite.apps('deployments', 'web')))['uid']).not.toBe(before['uid']);
      expect(actionsOf(await plan(desired))).toEqual([]);
      const resource = old.find(({ kind }) => kind === 'Deployment')!;
      const back = { change: { ...change, id: resource.id }, desired: resource };
      await suite.target.apply(back, contextFor(stack));
      await suite.target.settle(back, 'revert', contextFor(stack));
      expect(
        asFields((await suite.hand.read(suite.apps('deployments', 'web')))['spec'])?.['selector'],
      ).toEqual({
        matchLabels: { app: 'b' },
      });
      expect(actionsOf(await plan(desired))).toEqual([]);
    });

    it('never replaces a claim, whose data would be lost', async () => {
      const { describe: nodes, apply, plan, id } = fresh();
      const claim = (name_: string) => CLAIM.replace('1Gi', `1Gi, storageClassName: ${name_}`);
      await apply(nodes([claim('none-such')]));
      const planned = await plan(nodes([claim('other')]));
      expect(planned.diagnostics).toMatchObject([{ severity: 'error', code: 'DATA_IMMUTABLE' }]);
      expect(planned.changes.find(({ kind }) => kind === 'PersistentVolumeClaim')?.cause).toBe(
        'cannot be changed in place: spec: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      );
      expect(actionsOf(planned)).toEqual([`replace ${id('PersistentVolumeClaim', 'disk')}`]);
    });

    it('deletes what is no longer described, claims only when asked to, and never the namespace', async () => {
      const { describe: nodes, apply, plan, carryOut, id, namespace } = fresh();
      await apply(nodes([CONFIG, CLAIM, WEB]));
      const some = nodes([CONFIG]);
      const planned = await plan(some);
      expect(actionsOf(planned)).toEqual([`delete ${id('Deployment', 'web')}`]);
      await carryOut(planned, some);
      await expect(suite.hand.read(suite.apps('deployments', 'web'))).rejects.toMatchObject({ status: 404 });
      const all = await plan(some, { mode: 'destroy', deleteVolumes: true });
      expect(actionsOf(all)).toEqual([
        `delete ${id('ConfigMap', 'conf')}`,
        `delete ${id('PersistentVolumeClaim', 'disk')}`,
      ]);
      expect(all.confirmations.map(({ code }) => code)).toEqual(['DELETES_DATA', 'DELETES_STACK']);
      await carryOut(all, []);
      await carryOut(all, []);
      expect(await own.observe([])).toEqual([]);
      expect(await suite.metadataOf(`/api/v1/namespaces/${namespace}`)).toMatchObject({ name: namespace });
    });

    it('touches nothing that is not its own', async () => {
      const { describe: nodes, apply, plan, stack, id } = fresh();
      await apply(nodes([SECRET]));
      const theirs = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'conf' },
        data: { theirs: 'yes' },
      };
      await suite.hand.create(`/api/v1/namespaces/${own.namespace}/configmaps`, theirs);
      const desired = nodes([SECRET, CONFIG]);
      const planned = await plan(desired);
      expect(planned.diagnostics).toMatchObject([
        {
          severity: 'error',
          code: 'TARGET_REFUSES',
          message: expect.stringContaining('is there already and not ours') as string,
        },
      ]);
      const conf = desired.find((one) => one.id === id('ConfigMap', 'conf'))!;
      for (const action of ['create', 'update'] as const) {
        await expect(suite.target.apply(changeOf(action, conf), contextFor(stack))).rejects.toMatchObject({
          code: 'NAME_TAKEN',
        });
      }
      await suite.target.apply(changeOf('delete', conf), contextFor(stack));
      expect((await suite.hand.read(suite.core('configmaps', 'conf')))['data']).toEqual({ theirs: 'yes' });
    });

    it('leaves the objects of another stack to it', async () => {
      const { describe: nodes, apply, namespace } = fresh();
      await apply(nodes([CONFIG]));
      const first = own.stack;
      const second = { ...createClusterStack(suite.target), namespace };
      const observed = await suite.target.observe({ stack: second.stack, desired: nodes([CONFIG]) }, quiet());
      expect(observed.resources.find(({ kind }) => kind === 'ConfigMap')?.dryRun?.refused).toBe(
        `${namespace}/conf belongs to the stack ${first}`,
      );
    });

    it('applies a definition and its objects in one go', async () => {
      const { describe: nodes, apply, plan, stack } = fresh();
      const group = `${stack}.example.org`;
      const definition = `{ id: crd, type: manifest, data: { manifest: { apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: { name: cups.${group} }, spec: { group: ${group}, scope: Namespaced, names: { kind: Cup, plural: cups, singular: cup, listKind: CupList }, versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } } }] } } } }`;
      const cup = `{ id: cup, type: manifest, data: { manifest: { apiVersion: ${group}/v1, kind: Cup, metadata: { name: mine }, spec: { size: 3 } } } }`;
      const desired = nodes([definition, cup]);
      await apply(desired);
      expect(actionsOf(await plan(desired))).toEqual([]);
      expect(await suite.hand.read(`/apis/${group}/v1/namespaces/${own.namespace}/cups/mine`)).toMatchObject({
        spec: { size: 3 },
      });
    });

    it('shows no secret, and notices a new one', async () => {
      const { describe: nodes, apply, plan, id } = fresh();
      const desired = nodes([SECRET]);
      await apply(desired);
      const observed = await own.observe(desired);
      expect(JSON.stringify(observed)).not.toMatch(/correct-horse|Y29ycmVjdC1ob3JzZQ/);
      const stored = asFields((await suite.hand.read(suite.core('secrets', 'sec')))['data'])?.['TOKEN'];
      expect(Buffer.from(asString(stored) ?? '', 'base64').toString()).toBe('correct-horse');
      const planned = await plan(nodes([SECRET], [], 'battery-staple'));
      expect(actionsOf(planned)).toEqual([`update ${id('Secret', 'sec')}`]);
      expect(planned.changes.find(({ kind }) => kind === 'Secret')?.fields).toEqual([
        { path: 'data.TOKEN', before: '***', after: '***', sensitive: true },
      ]);
      expect(JSON.stringify(planned)).not.toMatch(/battery|YmF0dGVyeS/);
    });

    it('tells of a stack whose object was changed', async () => {
      const { describe: nodes, apply, stack } = fresh();
      await apply(nodes([CONFIG]));
      const events: (string | null)[] = [];
      const controller = new AbortController();
      const watching = suite.target.watch((event) => void events.push(event), controller.signal);
      let turn = 0;
      await eventually(
        async () => {
          await suite.hand.edit(suite.core('configmaps', 'conf'), { data: { EXTRA: `${turn++}` } });
          return events.includes(stack);
        },
        (heard) => heard,
      );
      controller.abort();
      await watching;
    });

    it.each([
      { kind: 'Deployment', name: 'web', node: WEB, plural: 'deployments' },
      { kind: 'DaemonSet', name: 'agent', node: AGENT, plural: 'daemonsets' },
    ])(
      'stops a $kind, which changes nothing of what is described, and starts it as it was',
      async ({ kind, name, node, plural }) => {
        const { describe: nodes, apply, plan, stack, id } = fresh();
        const desired = nodes([node]);
        await apply(desired);
        const specOf = async () => (await suite.hand.read(suite.apps(plural, name)))['spec'];
        const before = await specOf();
        const one = id(kind, name);
        await suite.target.stop(stack, one, quiet());
        await suite.target.stop(stack, one, quiet());
        expect(await suite.target.health(stack, one, quiet())).toMatchObject({ status: 'stopped' });
        const planned = (await plan(desired)).changes.find((change) => change.id === one);
        expect(planned).toMatchObject({
          action: 'update',
          fields: [],
          cause: 'not running: stopped by hand',
        });
        const resource = desired.find((other) => other.id === one);
        if (!resource) throw new Error(`there is no ${one}`);
        await suite.target.start(resource, contextFor(stack));
        expect(await suite.target.health(stack, one, quiet())).not.toMatchObject({ status: 'stopped' });
        expect(await specOf()).toEqual(before);
        // An apply makes things run, whatever somebody has stopped before.
        await suite.target.stop(stack, one, quiet());
        const changed = nodes([node.replace('nginx:1.29', 'nginx:1.30')]);
        await apply(changed);
        expect(await suite.target.health(stack, one, quiet())).not.toMatchObject({ status: 'stopped' });
        expect(JSON.stringify(await specOf())).not.toContain('kombinator.io/stopped');
        expect(actionsOf(await plan(changed))).toEqual([]);
      },
    );

    it('stops when it is told to', async () => {
      const { describe: nodes, stack } = fresh();
      const signal = AbortSignal.abort();
      await expect(suite.target.observe({ stack, desired: [] }, signal)).rejects.toMatchObject({
        code: 'CANCELLED',
      });
      const [one] = nodes([CONFIG]);
      await expect(
        suite.target.apply(changeOf('create', one!), contextFor(stack, { signal })),
      ).rejects.toMatchObject({ code: 'CANCELLED' });
    });

    it('knows its cluster', async () => {
      const facts = await suite.target.facts(quiet());
      expect(facts.engineVersion).toMatch(/^v1\.\d+/);
      expect(facts.cluster?.namespaces).toContain('default');
    });
  });
}

import { beforeAll, describe, expect, it } from 'vitest';
import { isApiError } from '../../reconciler/adapters/kubernetes/api/api-error.ts';
import type { ApiRequest } from '../../reconciler/adapters/kubernetes/api/client.ts';
import { asFields, asList, asString } from '../../reconciler/base/values.ts';
import type { Fields } from '../../reconciler/base/values.ts';
import { createClusterStack } from '../support/kubernetes/cluster-stack.ts';
import { hasDefaultClass } from '../support/kubernetes/workflow-cluster.ts';
import { eventually } from '../support/eventually.ts';
import type { Answer } from './api-cases.ts';
import { CLAIM_FIXED, CASES, claim, config } from './api-cases.ts';
import type { ClusterHarness } from './cluster-suite.ts';
import { openClusterSuite } from './cluster-suite.ts';

/** Describes what an API server answers, to the letter where a plan repeats it: the double must give the same. */
export function describeApiAnswers(name: string, setup: () => Promise<ClusterHarness>): void {
  describe(`API answers: ${name}`, () => {
    const suite = openClusterSuite(setup);
    beforeAll(async () => {
      const { namespace } = suite.fresh();
      await suite.hand.create('/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespace },
      });
    });

    async function ask(request: Omit<ApiRequest, 'signal'>): Promise<Answer & { readonly body: Fields }> {
      try {
        const { status, body } = await suite.harness.client.request({
          ...request,
          signal: AbortSignal.timeout(20_000),
        });
        return { status, body: asFields(body) ?? {} };
      } catch (error) {
        if (!isApiError(error)) throw error;
        const causes = error.causes.map(({ field, message }) => `${field}: ${message}`);
        // Some kinds add how the two differ, in words of their own.
        const message = error.message.replace(/\n@@.*$/s, '');
        return { status: error.status, reason: error.reason, message, causes, body: {} };
      }
    }
    const pathOf = (path: string) => (path.startsWith('deployments') ? suite.apps(path) : suite.core(path));
    const apply = (path: string, body: object, query: Record<string, string> = {}) =>
      ask({
        method: 'PATCH',
        path: pathOf(path),
        body,
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: 'kombinator', fieldValidation: 'Strict', ...query },
      });
    const remove = (path: string, body?: object) => ask({ method: 'DELETE', path: pathOf(path), body });

    it.each(CASES)('answers $what', async ({ path, after, body, answer }) => {
      if (after !== undefined) expect((await apply(path, after)).status).toBe(201);
      const { body: _body, ...found } = await apply(path, body);
      expect(found).toMatchObject(answer);
      await remove(path);
      // Finalizers of the server's own take a moment.
      await eventually(
        () => ask({ method: 'GET', path: pathOf(path) }),
        ({ status }) => status === 404,
      );
    });

    it('answers a class for a claim that named none: a server with a default class has given it one', async () => {
      const path = 'persistentvolumeclaims/unnamed';
      const unnamed = (more: object = {}) => ({ ...claim('1Gi', more), metadata: { name: 'unnamed' } });
      expect((await apply(path, unnamed())).status).toBe(201);
      const message = `PersistentVolumeClaim "unnamed" is invalid: ${CLAIM_FIXED}`;
      expect(await apply(path, unnamed({ storageClassName: 'x' }))).toMatchObject(
        (await hasDefaultClass(suite.hand)) ? { status: 422, message } : { status: 200 },
      );
    });

    it('keeps of a Service what is left out: that it has no address, and a port of the nodes by its name', async () => {
      const service = (name: string, spec: object) => ({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name },
        spec: { selector: { app: 'a' }, ...spec },
      });
      const ports = (one: object) => ({ type: 'NodePort', ports: [{ port: 80, ...one }] });
      const of = ({ body }: { readonly body: Fields }) => asFields(body['spec']) ?? {};
      const numberOf = (spec: Fields) => asFields(asList(spec['ports'])?.[0])?.['nodePort'];
      await apply('services/bare', service('bare', { clusterIP: 'None', ports: [{ port: 80 }] }));
      const bare = await apply('services/bare', service('bare', { ports: [{ port: 80 }] }));
      expect(of(bare)).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
      const given = of(await apply('services/node', service('node', ports({}))));
      const number = numberOf(given);
      expect(number).toEqual(expect.any(Number));
      await apply('services/node', service('node', ports({ nodePort: number })));
      const same = of(await apply('services/node', service('node', ports({}))));
      expect([numberOf(same), same['clusterIP']]).toEqual([number, given['clusterIP']]);
      const path = pathOf('services/node');
      const { body: live } = await ask({ method: 'GET', path });
      const body = { ...live, spec: { ...asFields(live['spec']), ...ports({ name: 'next' }) } } as object;
      const renamed = of(await ask({ method: 'PUT', path, body }));
      expect(numberOf(renamed)).toEqual(expect.any(Number));
      expect(numberOf(renamed)).not.toBe(number);
      const none = of(await apply('services/node', service('node', { ports: [{ port: 80 }] })));
      expect([numberOf(none), none['clusterIP']]).toEqual([undefined, given['clusterIP']]);
    });

    it('answers who has set what, all of it at once', async () => {
      await apply('configmaps/shared', config('shared', { data: { x: '1', y: '2' } }));
      await suite.hand.edit(pathOf('configmaps/shared'), { data: { x: 'hand', z: '3' } });
      const wanted = config('shared', { data: { x: '1', y: '2', z: '4' } });
      expect(await apply('configmaps/shared', wanted)).toMatchObject({
        status: 409,
        reason: 'Conflict',
        message:
          'Apply failed with 2 conflicts: conflicts with "kubectl-edit" using v1:\n- .data.x\n- .data.z',
        causes: [
          '.data.x: conflict with "kubectl-edit" using v1',
          '.data.z: conflict with "kubectl-edit" using v1',
        ],
      });
      const tried = await apply('configmaps/shared', wanted, { force: 'true', dryRun: 'All' });
      expect(tried.body['data']).toEqual({ x: '1', y: '2', z: '4' });
      const { body } = await apply('configmaps/shared', wanted, { force: 'true' });
      const managers = asList(asFields(body['metadata'])?.['managedFields']) ?? [];
      expect(managers.map((one) => asString(asFields(one)?.['manager']))).toEqual(['kombinator']);
    });

    it('answers a dry run with the version that it started from, and stores nothing', async () => {
      expect((await apply('configmaps/dry', config('dry', {}), { dryRun: 'All' })).status).toBe(201);
      expect(await ask({ method: 'GET', path: pathOf('configmaps/dry') })).toMatchObject({ status: 404 });
      const made = await apply('configmaps/dry', config('dry', { data: { a: 'b' } }));
      const version = asFields(made.body['metadata'])?.['resourceVersion'];
      const tried = await apply('configmaps/dry', config('dry', { data: { a: 'c' } }), { dryRun: 'All' });
      expect(tried.body).toMatchObject({ data: { a: 'c' }, metadata: { resourceVersion: version } });
      const again = await apply('configmaps/dry', config('dry', { data: { a: 'b' } }));
      expect(asFields(again.body['metadata'])?.['resourceVersion']).toBe(version);
    });

    it('answers what is not, is not any more, or is another by now', async () => {
      await apply('configmaps/one', config('one', {}));
      expect(
        await remove('configmaps/one', {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid: 'another' },
        }),
      ).toMatchObject({
        status: 409,
        reason: 'Conflict',
        message: expect.stringContaining('UID in the precondition') as string,
      });
      const stale = { ...config('one', {}), metadata: { name: 'one', resourceVersion: '1' } };
      expect(await ask({ method: 'PUT', path: pathOf('configmaps/one'), body: stale })).toMatchObject({
        status: 409,
        message:
          'Operation cannot be fulfilled on configmaps "one": the object has been modified; please apply your changes to the latest version and try again',
      });
      expect(
        await ask({ method: 'POST', path: suite.core('configmaps'), body: config('one', {}) }),
      ).toMatchObject({
        status: 409,
        reason: 'AlreadyExists',
        message: 'configmaps "one" already exists',
      });
      const nowhere = createClusterStack(suite.target).namespace;
      const lost = `/api/v1/namespaces/${nowhere}/configmaps/one`;
      expect(
        await ask({
          method: 'PATCH',
          path: lost,
          body: config('one', {}),
          contentType: 'application/apply-patch+yaml',
          query: { fieldManager: 'kombinator' },
        }),
      ).toMatchObject({ status: 404, reason: 'NotFound', message: `namespaces "${nowhere}" not found` });
      expect(await ask({ method: 'GET', path: '/apis/no.example.org/v1' })).toMatchObject({
        status: 404,
        message: '404 page not found',
      });
    });

    it('answers limits of the namespace, also in a dry run', async () => {
      await suite.hand.create(suite.core('limitranges'), {
        apiVersion: 'v1',
        kind: 'LimitRange',
        metadata: { name: 'limits' },
        spec: {
          limits: [{ type: 'PersistentVolumeClaim', max: { storage: '2Gi' }, min: { storage: '100Mi' } }],
        },
      });
      const say = (text: string) => `persistentvolumeclaims "disk" is forbidden: ${text}`;
      // A server takes a moment to count a new limit.
      const tooMuch = () => apply('persistentvolumeclaims/disk', claim('5Gi'), { dryRun: 'All' });
      expect(await eventually(tooMuch, ({ status }) => status === 403)).toMatchObject({
        status: 403,
        reason: 'Forbidden',
        message: say('maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 5Gi'),
      });
      expect(await apply('persistentvolumeclaims/disk', claim('5Mi'))).toMatchObject({
        status: 403,
        message: say('minimum storage usage per PersistentVolumeClaim is 100Mi, but request is 5Mi'),
      });
    });

    it('answers that a namespace is on its way out', async () => {
      const { namespace: going } = suite.fresh();
      const path = `/api/v1/namespaces/${going}`;
      await suite.hand.create('/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: going },
      });
      await suite.hand.create(`${path}/configmaps`, {
        ...config('held', {}),
        metadata: { name: 'held', finalizers: ['example.org/held'] },
      });
      await suite.hand.remove(path);
      const late = await ask({
        method: 'POST',
        path: `${path}/secrets`,
        body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'late' } },
      });
      expect(late).toMatchObject({
        status: 403,
        message: `secrets "late" is forbidden: unable to create new content in namespace ${going} because it is being terminated`,
        causes: [`metadata.namespace: namespace ${going} is being terminated`],
      });
      await suite.hand.edit(`${path}/configmaps/held`, { metadata: { finalizers: null } });
    });
  });
}

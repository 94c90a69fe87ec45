import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { isReconcilerError } from '../../../reconciler/base/errors.ts';
import type { ClusterTarget } from '../../../reconciler/adapters/kubernetes/target.ts';
import { changeOf, contextFor } from '../../support/docker/docker-resources.ts';
import { startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { readNumber } from '../../support/numbers/read-number.ts';
import { WEB } from '../../support/kubernetes/cluster-nodes.ts';
import { createClusterStack } from '../../support/kubernetes/cluster-stack.ts';
import { startHostileCluster } from '../../support/hostile/hostile-cluster.ts';

/** Answers of the right content type that have another shape than what was asked for. */
const SHAPES = [
  'null',
  '{}',
  '[]',
  '0',
  '"x"',
  '',
  '<html>',
  '{"metadata":null,"items":null,"groups":0,"resources":{}}',
  '{"metadata":[],"items":{},"groups":[null,0,"x",{}],"resources":[null,0,"x",{}]}',
  '{"metadata":{"continue":5,"resourceVersion":{}},"items":[null,0,"x",[],{}]}',
  '{"items":[{"metadata":{"name":{},"uid":[],"labels":null,"annotations":null}}]}',
  '{"items":[{"metadata":{"name":"a","uid":"b","namespace":{},"labels":5,"annotations":"x","ownerReferences":0,"managedFields":{}}}]}',
  '{"items":[{"kind":"Secret","apiVersion":{},"metadata":{"name":"a","uid":"b","labels":{"app.kubernetes.io/managed-by":"kombinator","kombinator.io/stack":{}},"annotations":{"kombinator.io/resource":[]}},"spec":null,"status":"x","data":0}]}',
  '{"items":[{"metadata":{"name":"a","namespace":"b","uid":"c","resourceVersion":"1","labels":{"app.kubernetes.io/managed-by":"kombinator","kombinator.io/stack":"STACK"},"annotations":{"kombinator.io/resource":"///","kombinator.io/hash":5},"managedFields":[{"manager":"kubectl","fieldsV1":{"f:spec":null,"k:{":{},"v:x":0}},null,5]},"spec":{"replicas":"x","template":0},"status":{"conditions":[null,0],"observedGeneration":"x"}}]}',
  '{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web","uid":"u","labels":null,"annotations":null,"managedFields":[{"manager":"kubectl","operation":"Apply","fieldsV1":{"f:spec":{"k:nonsense":{},"f:x":null}}}],"finalizers":[{}]},"spec":[],"status":[]}',
  '{"type":"ADDED","object":{"metadata":{"name":{},"uid":"x","labels":null}}}\n{"type":5}\n{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":{}}}}\n',
  '{"type":"ERROR","object":null}\n',
  '{"__proto__":{"items":[]},"constructor":{"name":1},"metadata":{"name":"__proto__","uid":"toString","labels":{"__proto__":"x"}}}',
];

/** Each call gets one of so many shapes, another call others; `npm run test:bounds` gives it all. */
const EVERY = readNumber('SHAPES_EVERY', 4);

const CALLS: Readonly<Record<string, (request: IncomingMessage) => boolean>> = {
  groups: ({ url }) => url === '/apis',
  kinds: ({ url = '' }) => /^\/apis?\/[^?]*v1$/.test(url),
  lists: ({ url = '' }) => url.includes('limit=') && !url.includes('watch='),
  watches: ({ url = '' }) => url.includes('watch='),
  objects: ({ method, url = '' }) => method === 'GET' && !url.includes('=') && /\/v1\/.*\//.test(url),
  pods: ({ url = '' }) => url.includes('/pods'),
  facts: ({ url = '' }) => /version|nodes|storageclasses/.test(url),
  applies: ({ method }) => method === 'PATCH',
  replacements: ({ method }) => method === 'PUT' || method === 'POST',
  removals: ({ method }) => method === 'DELETE',
};

const quiet = () => AbortSignal.timeout(10_000);

it.each(Object.entries(CALLS))(
  'takes an answer of any shape where it asks for %s for no more than a fault of that cluster',
  async (call, isMeant) => {
    await using double = await startClusterDouble();
    const first = double.createTarget();
    const own = createClusterStack(first);
    const desired = own.describe([WEB]);
    await own.apply(desired);
    await first[Symbol.asyncDispose]();
    const works: Readonly<Record<string, (target: ClusterTarget) => Promise<unknown>>> = {
      observe: (target) => target.observe({ stack: own.stack, desired }, quiet()),
      owned: (target) => target.owned(quiet()),
      facts: (target) => target.facts(quiet()),
      health: async (target) => {
        for (const { id } of desired) await target.health(own.stack, id, quiet());
      },
      logs: async (target) => {
        for (const { id } of desired)
          for await (const line of target.logs(own.stack, id, { signal: quiet() }))
            expect(line.text).toBe('');
      },
      stop: (target) => target.stop(own.stack, own.id('Deployment', 'web'), AbortSignal.timeout(500)),
      leftovers: (target) => target.leftovers(quiet()),
      apply: async (target) => {
        for (const one of desired)
          await target.apply(changeOf('update', one), contextFor(own.stack, { signal: quiet() }));
      },
    };
    const told: string[] = [];
    const offset = Object.keys(CALLS).indexOf(call);
    for (const shape of SHAPES.filter((_, index) => (index + offset) % EVERY === 0)) {
      const text = shape.replaceAll('STACK', own.stack);
      await using cluster = await startHostileCluster((request, response) => {
        if (!isMeant(request)) return false;
        response.end(text);
        return true;
      }, double.api.url);
      for (const [name, work] of Object.entries(works)) {
        const error = await work(cluster.target).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        if (error === null) continue;
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
        if (
          !isReconcilerError(error) ||
          cause instanceof TypeError ||
          cause instanceof RangeError ||
          cause instanceof SyntaxError ||
          (isReconcilerError(error, 'CANCELLED') && name !== 'stop')
        )
          told.push(
            `${text.slice(0, 60)} ${name}: ${cause instanceof Error ? (cause.stack ?? '') : 'no error'}`.slice(
              0,
              400,
            ),
          );
      }
    }
    expect(told).toEqual([]);
  },
);

import type { ServiceStats } from '../../../../reconciler/index.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { answers } from '../answers.ts';
import { listOf, record } from '../schemas.ts';
import { STACK_ID } from '../stack-routes.ts';

const BYTES = { type: 'integer', minimum: 0 };

const STATS = record({
  service: { type: ['string', 'null'] },
  resource: { type: 'string' },
  node: { type: 'string' },
  name: { type: 'string' },
  cpu_millis: { type: 'integer', minimum: 0 },
  memory_bytes: BYTES,
  memory_limit_bytes: { type: ['integer', 'null'] },
  network: { anyOf: [record({ received_bytes: BYTES, sent_bytes: BYTES }), { type: 'null' }] },
});

export const statsRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/stacks/:id/stats',
    id: 'getStackStats',
    tag: 'Stacks',
    summary: 'What a stack uses of its nodes now',
    description:
      'Takes some seconds: the nodes are asked. Clusters count no network, and need metrics.k8s.io.',
    access: 'viewer',
    params: STACK_ID,
    responses: {
      200: answers(
        'Containers and pods that run; cpu_millis are thousandths of a processor. failures: nodes that tell nothing, and why.',
        record({ stats: listOf(STATS), failures: { type: 'object' } }),
      ),
    },
    async handle({ params, signal }, { reconciler }: ApiDeps) {
      const { stats, failures } = await reconciler.runStats(params['id'] ?? '', signal);
      return ok({ stats: stats.map(toStats), failures });
    },
  }),
];

function toStats({ id, service, node, name, cpuMillis, memoryBytes, ...rest }: ServiceStats) {
  const { memoryLimitBytes, network } = rest;
  return {
    service,
    resource: id,
    node,
    name,
    cpu_millis: cpuMillis,
    memory_bytes: memoryBytes,
    memory_limit_bytes: memoryLimitBytes,
    network:
      network === null ? null : { received_bytes: network.receivedBytes, sent_bytes: network.sentBytes },
  };
}

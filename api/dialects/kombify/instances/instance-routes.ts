import { asFields, asString } from '../../../../reconciler/index.ts';
import type { Instance, Instances, JsonObject } from '../../../../reconciler/index.ts';
import type { PageQuery } from '../../../http/page.ts';
import { pageParameters, takePage } from '../../../http/page.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import {
  deleteInstance,
  getInstance,
  listInstances,
  readInstanceLogs,
} from '../../../operations/instances.ts';
import { answers } from '../answers.ts';
import type { KombifyDeps } from '../exec/deps.ts';
import { listOf, record, refer } from '../schemas.ts';

const TAG = 'Instances';
const ID = { id: 'Id of the instance, such as stack-716b6384dd477b0b.' };
const TEXT = { type: 'string' };
const COUNT = { type: 'integer', minimum: 0 };
const TIME = { type: 'string', format: 'date-time' };
const PER_PAGE = 100;
const LOG_LINES = 100;

const PORT = record({ container_port: COUNT, protocol: { enum: ['TCP', 'UDP'] }, node_port: COUNT });

const INSTANCE = record({
  id: TEXT,
  status: { enum: ['creating', 'running', 'stopped', 'failed', 'node_deleted'] },
  message: { type: ['string', 'null'] },
  node: TEXT,
  images: listOf(TEXT),
  ports: listOf(PORT),
  urls: listOf(TEXT),
  cpu_millis: COUNT,
  memory_bytes: COUNT,
  created_at: TIME,
  expires_at: TIME,
});

const LINE = record({ container: TEXT, time: TIME, text: TEXT });

const logQuery = shape<{ readonly lines?: number }>({
  type: 'object',
  properties: {
    lines: { type: 'integer', minimum: 1, maximum: 1_000, description: 'Of each container. Default 100.' },
  },
});

const none = { 503: answers('This server runs no instances.', refer('Error')) };

/** Instances of the provisioner in the words of this dialect, for browsers: their cookie counts here. */
export const instanceRoutes: readonly Route<KombifyDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/instances',
    id: 'listInstances',
    tag: TAG,
    summary: 'Short-lived pods, the newest first',
    description: 'All of them, unless a page is asked for. enabled is false where this server runs none.',
    access: 'viewer',
    query: shape<PageQuery>({ type: 'object', properties: pageParameters(1_000) }),
    responses: {
      200: answers(
        'As they were seen last. urls: where the ports answer, none while that is not known.',
        record({
          enabled: { type: 'boolean' },
          instances: listOf(INSTANCE),
          pagination: refer('Pagination'),
        }),
      ),
    },
    handle({ query }, { instances }: KombifyDeps) {
      const all = instances === null ? [] : listInstances({ instances }, undefined).instances.toReversed();
      const { items, pagination } = takePage(all, query, PER_PAGE);
      return ok({ enabled: instances !== null, instances: items.map(toView), pagination });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/instances/:id/logs',
    id: 'getInstanceLogs',
    tag: TAG,
    summary: 'Last lines of the containers of an instance',
    access: 'viewer',
    params: ID,
    query: logQuery,
    responses: { 200: answers('Oldest first.', record({ lines: listOf(LINE) })), ...none },
    async handle({ params, query, signal }, deps: KombifyDeps) {
      const { id = '' } = params;
      const lines = await readInstanceLogs(need(deps), { id, lines: query.lines ?? LOG_LINES }, signal);
      return ok({ lines });
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/instances/:id',
    id: 'deleteInstance',
    tag: TAG,
    summary: 'Removes an instance at once',
    access: 'deployer',
    params: ID,
    responses: { 200: answers('The instance as it was.', INSTANCE), ...none },
    async handle({ params }, deps: KombifyDeps) {
      const { id = '' } = params;
      const instance = getInstance(need(deps), id);
      await deleteInstance(need(deps), id);
      return ok(toView(instance));
    },
  }),
];

function need({ instances }: KombifyDeps): { readonly instances: Instances } {
  if (instances === null) throw new HttpProblem('SERVICE_UNAVAILABLE', 'this server runs no instances');
  return { instances };
}

function toView(instance: Instance) {
  const { id, status, message, nodeId: node, nodePublicIp: address, pod, ports } = instance;
  const { cpuMilli, memoryBytes, createdAt, expiresAt } = instance;
  return {
    id,
    status,
    message,
    node,
    images: toImages(pod),
    ports: ports.map(({ containerPort, protocol, nodePort }) => ({
      container_port: containerPort,
      protocol,
      node_port: nodePort,
    })),
    urls:
      address === null
        ? []
        : ports.map(({ protocol, nodePort }) => `${protocol.toLowerCase()}://${address}:${nodePort}`),
    cpu_millis: cpuMilli,
    memory_bytes: memoryBytes,
    created_at: new Date(createdAt).toISOString(),
    expires_at: new Date(expiresAt).toISOString(),
  };
}

/** Images of the containers, in their order. */
function toImages({ spec }: JsonObject): readonly string[] {
  const containers = asFields(spec)?.['containers'];
  if (!Array.isArray(containers)) return [];
  return containers.flatMap((one: unknown) => asString(asFields(one)?.['image']) ?? []);
}

import type { Instance } from '../../../reconciler/index.ts';
import { created, defineRoute, ok } from '../../http/route.ts';
import type { ApiRequest, Reply, Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { InstanceDeps } from '../../operations/instances.ts';
import {
  createInstance,
  deleteInstance,
  getInstance,
  listInstances,
  readInstanceLogs,
  textOf,
} from '../../operations/instances.ts';
import type { PageQuery } from '../../http/page.ts';
import type { ExtendedQuery } from '../../http/extended.ts';
import { extendedParameter, isExtended } from '../../http/extended.ts';
import { pageParameters, readPage, toPagination, toRange } from '../../http/page.ts';
import { toPlainText } from '../../text/table.ts';
import { ANSWERS, answers, fails, refer } from './schemas.ts';
import { toOwn, toStack, toStatus } from './view.ts';

const TAG = 'Stacks';
const ID = { id: 'Id of the stack, such as stack-716b6384dd477b0b.' };
const PER_PAGE = 100;

interface GivenPort {
  readonly container_port?: number | null;
  readonly protocol?: string | null;
}

interface CreateBody {
  readonly target_port?: readonly (GivenPort | null)[] | null;
  readonly pod_spec?: string | null;
}

/** A body in which members may be missing: that is looked at together with everything else that can be wrong, in one order. */
const createBody = shape<CreateBody | null>({
  type: ['object', 'null'],
  properties: {
    target_port: {
      type: ['array', 'null'],
      description: 'Ports of the pod that get a port of the node: 1 to 24.',
      items: {
        type: ['object', 'null'],
        properties: {
          container_port: { type: ['integer', 'null'] },
          protocol: { type: ['string', 'null'], description: 'TCP or UDP.' },
        },
      },
    },
    pod_spec: { type: ['string', 'null'], description: 'YAML of one Pod.' },
  },
});

const listQuery = shape<PageQuery & ExtendedQuery>({
  type: 'object',
  properties: { ...pageParameters(1_000), ...extendedParameter },
});
const LOG_LINES = 100;
const logQuery = shape<{ readonly lines?: number }>({
  type: 'object',
  properties: {
    lines: { type: 'integer', minimum: 1, maximum: 1_000, description: 'Of each container. Default 100.' },
  },
});
const oneQuery = shape<ExtendedQuery>({ type: 'object', properties: { ...extendedParameter } });

export const stackRoutes: readonly Route<InstanceDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/stacks',
    id: 'createProvisionedStack',
    tag: TAG,
    summary: 'Runs a pod for a while',
    description: 'Answers when it has a node; a body of any media type is read as JSON.',
    access: 'deployer',
    body: { json: createBody, anyType: true },
    responses: {
      201: answers('It has a node.', refer('Stack')),
      400: fails('The body, the pod spec or the ports are not valid, or a container is out of the limits.'),
      503: fails('No node port is left, the quota is used up, or no node takes it in time.'),
    },
    async handle({ body }, deps: InstanceDeps) {
      const targetPorts = (body?.target_port ?? []).map((port) => ({
        containerPort: port?.container_port ?? 0,
        protocol: port?.protocol ?? '',
      }));
      return created(toStack(await createInstance(deps, { podSpec: body?.pod_spec ?? '', targetPorts })));
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/stacks',
    id: 'listProvisionedStacks',
    tag: TAG,
    summary: 'All stacks, by creation',
    description: 'One page when page or per_page is given, with pagination beside it.',
    access: 'viewer',
    query: listQuery,
    responses: { 200: answers('All of them, or one page.', ANSWERS.stacks) },
    handle({ query }, deps: InstanceDeps) {
      const page = readPage(query, PER_PAGE);
      const { instances, total } = listInstances(deps, page === null ? undefined : toRange(page));
      // Thousands of them that mostly stay as they are: each is written once, not for every list.
      const stacks = isExtended(query)
        ? instances.map((one) => JSON.stringify({ ...toStack(one), ...toOwn(one) }))
        : instances.map((one) => textOf(deps, one, (written) => JSON.stringify(toStack(written))));
      const beside = page === null ? '' : `,"pagination":${JSON.stringify(toPagination(page, total))}`;
      const text = `{"stacks":[${stacks.join(',')}]${beside}}`;
      return { kind: 'text', contentType: 'application/json; charset=utf-8', text };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/stacks/:id',
    id: 'getProvisionedStack',
    tag: TAG,
    summary: 'One stack',
    access: 'viewer',
    params: ID,
    query: oneQuery,
    responses: { 200: answers('As it was seen last.', refer('Stack')) },
    handle: (request, deps: InstanceDeps) => show(request, deps, toStack),
  }),
  defineRoute({
    method: 'GET',
    path: '/stacks/:id/status',
    id: 'getProvisionedStackStatus',
    tag: TAG,
    summary: 'What changes of a stack',
    access: 'viewer',
    params: ID,
    query: oneQuery,
    responses: { 200: answers('As it was seen last.', refer('StackStatus')) },
    handle: (request, deps: InstanceDeps) => show(request, deps, toStatus),
  }),
  defineRoute({
    method: 'GET',
    path: '/stacks/:id/logs',
    id: 'getProvisionedStackLogs',
    tag: TAG,
    summary: 'What the containers of a stack wrote last',
    description: 'Not in the reference.',
    access: 'viewer',
    params: ID,
    query: logQuery,
    responses: { 200: answers('Oldest first.', ANSWERS.logs) },
    async handle({ params, query, signal }, deps: InstanceDeps) {
      const id = params['id'] ?? '';
      const lines = await readInstanceLogs(deps, { id, lines: query.lines ?? LOG_LINES }, signal);
      const logs = lines.map(({ container, text }) => `${container}  | ${text}\n`).join('');
      return ok({ stack_id: id, logs: toPlainText(logs), lines });
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/stacks/:id',
    id: 'deleteProvisionedStack',
    tag: TAG,
    summary: 'Removes a stack at once',
    access: 'deployer',
    params: ID,
    responses: { 200: answers('It is gone.', ANSWERS.deleted) },
    async handle({ params }, deps: InstanceDeps) {
      const id = params['id'] ?? '';
      await deleteInstance(deps, id);
      return ok({ deleted: true, stack_id: id });
    },
  }),
];

function show(
  { params, query }: ApiRequest<ExtendedQuery>,
  deps: InstanceDeps,
  view: (instance: Instance) => object,
): Reply {
  const instance = getInstance(deps, params['id'] ?? '');
  return ok({ ...view(instance), ...(isExtended(query) && toOwn(instance)) });
}

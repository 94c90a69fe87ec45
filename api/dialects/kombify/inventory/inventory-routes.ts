import type { ClusterView, ObjectView } from '../../../../reconciler/index.ts';
import type { PageQuery } from '../../../http/page.ts';
import { ALL_OR_PAGE, pageParameters, takePage } from '../../../http/page.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import { listObjects, silentNodes } from '../../../operations/objects.ts';
import { answers, listSchema } from '../answers.ts';
import { listOf, record, refer } from '../schemas.ts';

const TAG = 'Inventory';
const PER_PAGE = 100;
const MAX_PER_PAGE = 1_000;
const TEXT = { type: 'string' };
const MAYBE = { type: ['string', 'null'] };

interface ResourcesQuery extends PageQuery {
  readonly node?: string;
  readonly stack?: string;
  readonly kind?: string;
}

const resourcesQuery = shape<ResourcesQuery>({
  type: 'object',
  properties: {
    node: { ...TEXT, maxLength: 253, description: 'Name of a node or a cluster.' },
    stack: { ...TEXT, maxLength: 253 },
    kind: { ...TEXT, maxLength: 253, description: 'Such as Pod or container, whatever its case.' },
    ...pageParameters(MAX_PER_PAGE),
  },
});

const RESOURCE = record({
  id: TEXT,
  node: TEXT,
  kind: TEXT,
  namespace: MAYBE,
  name: TEXT,
  stack: MAYBE,
  status: TEXT,
  message: MAYBE,
  created_at: MAYBE,
  facts: { type: 'object' },
});

const LIST = record({
  resources: listOf(RESOURCE),
  pagination: refer('Pagination'),
  silent: listOf(record({ node: TEXT, message: TEXT })),
});

const CLUSTER = record({
  id: TEXT,
  name: TEXT,
  display_name: TEXT,
  server: TEXT,
  default: { type: 'boolean' },
  status: { enum: ['connected', 'disconnected', 'error', 'unknown'] },
  message: MAYBE,
  last_check: MAYBE,
  version: MAYBE,
  nodes: { type: ['integer', 'null'] },
});

function toResource({ createdAt, ...view }: ObjectView) {
  const { id, node, kind, namespace, name, stack, status, message, facts } = view;
  return { id, node, kind, namespace, name, stack, status, message, created_at: createdAt, facts };
}

function toCluster({ displayName, isDefault, lastCheck, facts, ...view }: ClusterView) {
  const { id, name, server, status, message } = view;
  return {
    id,
    name,
    server,
    status,
    message,
    display_name: displayName,
    default: isDefault,
    last_check: lastCheck,
    version: facts?.engineVersion ?? null,
    nodes: facts?.cluster?.nodes.length ?? null,
  };
}

/** Objects on nodes and clusters, and the clusters themselves. */
export const inventoryRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/resources',
    id: 'listResources',
    tag: TAG,
    summary: 'What stacks have on nodes and clusters',
    description:
      'With pods and jobs. Watched from the first time on that somebody asks. All of them, unless a page is asked for.',
    access: 'viewer',
    query: resourcesQuery,
    responses: {
      200: answers('By node, kind, namespace and name; silent: nodes that tell nothing at the moment.', LIST),
    },
    async handle({ query: { node, stack, kind, ...paging }, signal }, deps: ApiDeps) {
      const given = Object.entries({ node, stack, kind }).filter(([, value]) => value !== undefined);
      const found = await listObjects(deps, Object.fromEntries(given), signal);
      const { items, pagination } = takePage(found, paging, PER_PAGE);
      return ok({ resources: items.map(toResource), pagination, silent: silentNodes(deps) });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/clusters',
    id: 'listClusters',
    tag: TAG,
    summary: 'Clusters that the repository and the operator name',
    description: ALL_OR_PAGE,
    access: 'viewer',
    query: shape<PageQuery>({ type: 'object', properties: pageParameters(1_000) }),
    responses: { 200: answers('By name.', listSchema('clusters', CLUSTER)) },
    handle({ query }, { reconciler }: ApiDeps) {
      const { items, pagination } = takePage(reconciler.listClusters(), query, PER_PAGE);
      return ok({ clusters: items.map(toCluster), pagination });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/clusters/:name/test',
    id: 'testCluster',
    tag: TAG,
    summary: 'Looks at a cluster now',
    access: 'deployer',
    params: { name: 'Name of the cluster.' },
    responses: { 200: answers('It answers.', CLUSTER) },
    handle: async ({ params, signal }, { reconciler }: ApiDeps) =>
      ok(toCluster(await reconciler.testCluster(params['name'] ?? '', signal))),
  }),
];

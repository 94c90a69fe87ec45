import type { Measure, Role } from '../../../../reconciler/index.ts';
import { AccountError } from '../../../accounts/account-error.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { answers } from '../answers.ts';
import type { WorkflowDeps } from '../deps.ts';
import { listOf, record, refer, TEXT, TIME } from '../schemas.ts';
import { withCluster } from './cluster-problem.ts';
import { toCluster } from './cluster-view.ts';

const TAG = 'Clusters';
const PARAMS = { name: 'Name of the cluster.' };
const ERROR = refer('Error');
const UNKNOWN = answers('There is no such cluster.', ERROR);
const NUMBER = { type: 'number' };
const METRIC = record({ used: NUMBER, capacity: NUMBER, percentage: NUMBER });

function toMetric({ used, capacity }: Measure) {
  const percentage = capacity === 0 ? 0 : Math.round((used / capacity) * 10_000) / 100;
  return { used, capacity, percentage };
}

interface ShareBody {
  readonly targetUserId: string;
  readonly role: 'viewer' | 'editor' | 'admin';
  readonly namespaces?: readonly string[] | null;
}

const shareBody = {
  json: shape<ShareBody>({
    type: 'object',
    properties: {
      targetUserId: { ...TEXT, description: 'Id of the user.' },
      role: { enum: ['viewer', 'editor', 'admin'] },
      namespaces: { type: ['array', 'null'], items: TEXT, maxItems: 1_000, description: 'Not taken.' },
    },
    required: ['targetUserId', 'role'],
  }),
};

/** Sharings that each role amounts to: roles count for all clusters. */
const SHARINGS: Readonly<Record<Role, readonly ShareBody['role'][]>> = {
  viewer: ['viewer'],
  deployer: ['viewer', 'editor'],
  admin: ['viewer', 'editor', 'admin'],
};

/** Throws BAD_REQUEST, NOT_FOUND. */
function findUser({ accounts }: WorkflowDeps, id: string) {
  if (!/^[0-9a-f]{24}$/.test(id)) throw new HttpProblem('BAD_REQUEST', 'Invalid target user ID');
  try {
    if (accounts !== null) return accounts.profile(id);
  } catch (error) {
    if (!(error instanceof AccountError)) throw error;
  }
  throw new HttpProblem('NOT_FOUND', 'User not found');
}

/** Load of clusters, and who may use them. */
export const clusterMetricsRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/clusters/:name/metrics',
    id: 'getClusterMetrics',
    tag: TAG,
    summary: 'How loaded a cluster is',
    description:
      'Asked once in thirty seconds. Without a metrics server, what the nodes keep for themselves counts as used.',
    access: 'viewer',
    params: PARAMS,
    responses: {
      200: answers(
        'cpu in thousandths of a processor, memory and storage in bytes.',
        record({
          clusterName: TEXT,
          health: listOf({
            type: 'object',
            properties: {
              name: TEXT,
              status: { enum: ['healthy', 'unhealthy', 'unknown'] },
              message: TEXT,
            },
            required: ['name', 'status'],
          }),
          resources: record({ cpu: METRIC, memory: METRIC, storage: METRIC }),
          nodeCount: { type: 'integer' },
          podCount: { type: 'integer' },
          lastUpdated: TIME,
        }),
      ),
      404: UNKNOWN,
    },
    async handle({ params }, { reconciler }: WorkflowDeps) {
      const clusterName = params['name'] ?? '';
      const found = await withCluster(() => reconciler.measureCluster(clusterName));
      const { cpu, memory, storage } = found;
      const health = found.health.map(({ name, status, message }) => ({
        name,
        status,
        ...(message === null ? {} : { message }),
      }));
      return ok({
        clusterName,
        health,
        resources: { cpu: toMetric(cpu), memory: toMetric(memory), storage: toMetric(storage) },
        nodeCount: found.nodes,
        podCount: found.pods,
        lastUpdated: found.at,
      });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/clusters/:name/share',
    id: 'shareCluster',
    tag: TAG,
    summary: 'Tells whether a user may use a cluster so',
    description:
      'Clusters are shared by all users, each with the role that they have: nothing is changed here. A sharing that the role does not amount to, or with namespaces, is refused.',
    access: 'admin',
    params: PARAMS,
    body: shareBody,
    responses: {
      200: answers('The user may.', record({ message: TEXT, cluster: refer('Cluster') })),
      400: answers('The user may not, by the role; or namespaces are given.', ERROR),
      404: answers('There is no such cluster, or user.', ERROR),
    },
    async handle({ params, body: { targetUserId, role, namespaces } }, deps: WorkflowDeps) {
      const view = await withCluster(() => deps.reconciler.getCluster(params['name'] ?? ''));
      const user = findUser(deps, targetUserId);
      if ((namespaces ?? []).length > 0)
        throw new HttpProblem('BAD_REQUEST', 'clusters are not shared by namespace: leave namespaces out');
      if (!SHARINGS[user.role].includes(role)) {
        const why = `${user.email} has the role ${user.role}, which counts for all clusters; kombinator user role gives another one`;
        throw new HttpProblem('BAD_REQUEST', why);
      }
      return ok({ message: 'Cluster shared successfully', cluster: toCluster(view) });
    },
  }),
];

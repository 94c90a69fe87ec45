import type { ClusterChanges, ClusterView } from '../../../../reconciler/index.ts';
import { errorMessage, isReconcilerError } from '../../../../reconciler/index.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { created, defineRoute, ok } from '../../../http/route.ts';
import type { Reply, Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { newSignal } from '../../../operations/write.ts';
import { answers } from '../answers.ts';
import { withCluster } from './cluster-problem.ts';
import { toCluster, toConnectionLog, toMetadata } from './cluster-view.ts';
import type { WorkflowDeps } from '../deps.ts';
import type { ListQuery } from '../page.ts';
import { listParameters, pageOf } from '../page.ts';
import { ID, listOf, record, refer, TEXT, TIME, withMembers } from '../schemas.ts';
import { NO_TIME } from '../workflow-view.ts';

const TAG = 'Clusters';
const LIMIT = 1_000;
const STALE_MS = 120_000;
const PARAMS = { name: 'Name of the cluster.' };
const ERROR = refer('Error');
const BAD = answers('What is asked for cannot be.', ERROR);
const UNKNOWN = answers('There is no such cluster.', ERROR);
const CHANGED = answers('It is committed.', record({ message: TEXT, cluster: refer('Cluster') }));

interface ClusterBody {
  readonly name?: string;
  readonly displayName?: string;
  readonly description?: string;
  readonly server?: string;
  readonly authType?: string;
  readonly auth_type?: string;
  readonly token?: string;
  readonly credentials?: object;
  readonly labels?: Readonly<Record<string, string>> | null;
  readonly insecure?: boolean;
  readonly singleNode?: boolean;
}

const text = { type: 'string', maxLength: 1_000 };
const body = {
  json: shape<ClusterBody>({
    type: 'object',
    properties: {
      name: text,
      displayName: text,
      description: text,
      server: text,
      authType: { ...text, description: 'kubeconfig, serviceaccount, token or certificate.' },
      auth_type: { ...text, description: 'The same; bearer_token is token.' },
      token: { type: 'string', description: 'The same as credentials.token.' },
      credentials: {
        type: 'object',
        description:
          'kubeconfig, context; or token; or clientCertData, clientKeyData; caData with the last two.',
      },
      labels: { type: ['object', 'null'], additionalProperties: { type: 'string' } },
      insecure: { type: 'boolean', description: 'Refused when it is true.' },
      singleNode: { type: 'boolean', description: 'Refused when it is true.' },
    },
  }),
};
const listQuery = shape<ListQuery>({
  type: 'object',
  properties: listParameters({ limit: LIMIT, maxLimit: LIMIT }),
});
const logQuery = shape<{ readonly limit?: number }>({
  type: 'object',
  properties: { limit: { type: 'integer', minimum: 1, maximum: LIMIT, description: 'Default 100.' } },
});

/** Schema of an entry of the connection log; details or error, as it went. */
const CHECK = {
  type: 'object',
  properties: {
    id: ID,
    clusterId: ID,
    userId: TEXT,
    action: { const: 'connection_test' },
    success: { type: 'boolean' },
    timestamp: TIME,
    details: TEXT,
    error: TEXT,
  },
  required: ['id', 'clusterId', 'userId', 'action', 'success', 'timestamp'],
};

/** Things that are not done here, in place of taking them without a word. */
function refuseUnsafe({ insecure, singleNode }: ClusterBody): void {
  if (insecure === true)
    throw new HttpProblem('BAD_REQUEST', 'insecure is not taken: give caData, the authority of the server');
  if (singleNode !== true) return;
  const message =
    'singleNode is not taken: it takes taints from the nodes of the cluster, which is for who runs it to do (kubectl taint)';
  throw new HttpProblem('BAD_REQUEST', message);
}

function readChanges(given: ClusterBody): ClusterChanges {
  refuseUnsafe(given);
  const { displayName, description, server, authType = given.auth_type, labels } = given;
  const credentials = given.credentials ?? (given.token === undefined ? undefined : { token: given.token });
  const members = Object.entries({ displayName, description, server, authType, credentials, labels });
  return Object.fromEntries(members.filter(([, value]) => value !== undefined && value !== null));
}

const nameOf = (params: Readonly<Record<string, string>>): string => params['name'] ?? '';

const readRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/clusters',
    id: 'listClusters',
    tag: TAG,
    summary: 'Clusters that the repository and the operator name',
    access: 'viewer',
    query: listQuery,
    responses: {
      200: answers(
        'By name, with the id of the default one.',
        record({ clusters: listOf(refer('Cluster')), default: TEXT }),
      ),
    },
    handle({ query }, { reconciler }: WorkflowDeps) {
      const clusters = reconciler.listClusters();
      const { items } = pageOf(
        clusters.map(toCluster),
        { ...query, order: query.order ?? 'asc' },
        {
          limit: LIMIT,
          sorts: { name: (one) => one.name, status: (one) => one.status },
          texts: (one) => [one.name, one.displayName, one.description],
        },
      );
      return ok({ clusters: items, default: clusters.find(({ isDefault }) => isDefault)?.id ?? '' });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/clusters/default',
    id: 'getDefaultCluster',
    tag: TAG,
    summary: 'The default cluster',
    access: 'viewer',
    responses: { 200: answers('The cluster.', refer('Cluster')), 404: answers('There is none.', ERROR) },
    handle(_, { reconciler }: WorkflowDeps) {
      const found = reconciler.listClusters().find(({ isDefault }) => isDefault);
      if (found === undefined) throw new HttpProblem('NOT_FOUND', 'No default cluster set');
      return ok(toCluster(found));
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/clusters/:name',
    id: 'getCluster',
    tag: TAG,
    summary: 'A cluster',
    access: 'viewer',
    params: PARAMS,
    responses: { 200: answers('Without its credentials.', refer('Cluster')), 404: UNKNOWN },
    handle: async ({ params }, { reconciler }: WorkflowDeps) =>
      ok(toCluster(await withCluster(() => reconciler.getCluster(nameOf(params))))),
  }),
  defineRoute({
    method: 'GET',
    path: '/clusters/:name/status',
    id: 'getClusterStatus',
    tag: TAG,
    summary: 'Result of the last look at a cluster',
    access: 'viewer',
    params: PARAMS,
    responses: {
      200: answers(
        'Stale after two minutes.',
        record({
          cluster: TEXT,
          status: TEXT,
          lastCheck: TIME,
          isStale: { type: 'boolean' },
          isOnline: { type: 'boolean' },
        }),
      ),
      404: UNKNOWN,
    },
    async handle({ params }, { reconciler }: WorkflowDeps) {
      const { name, status, lastCheck } = await withCluster(() => reconciler.getCluster(nameOf(params)));
      const isStale = lastCheck === null || Date.now() - Date.parse(lastCheck) > STALE_MS;
      const isOnline = status === 'connected';
      return ok({ cluster: name, status, lastCheck: lastCheck ?? NO_TIME, isStale, isOnline });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/clusters/:name/logs',
    id: 'getClusterLogs',
    tag: TAG,
    summary: 'Looks at a cluster of the last day',
    access: 'viewer',
    params: PARAMS,
    query: logQuery,
    responses: {
      200: answers('The newest first.', record({ cluster: TEXT, logs: listOf(CHECK) })),
      404: UNKNOWN,
    },
    async handle({ params, query: { limit = 100 } }, { reconciler }: WorkflowDeps) {
      const cluster = await withCluster(() => reconciler.getCluster(nameOf(params)));
      const checks = reconciler.listClusterChecks(cluster.name, limit);
      return ok({ cluster: cluster.name, logs: checks.map((check) => toConnectionLog(cluster, check)) });
    },
  }),
];

const changed = (message: string, view: ClusterView): Reply => ok({ message, cluster: toCluster(view) });

const writeRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/clusters',
    id: 'createCluster',
    tag: TAG,
    summary: 'Adds a cluster: a commit of its name and address, with its credentials in the vault',
    access: 'admin',
    body,
    responses: {
      201: answers(
        'As it was found by a look of at most ten seconds, as such and inside.',
        withMembers('Cluster', { message: TEXT, cluster: refer('Cluster') }),
      ),
      400: BAD,
      409: answers('The name is taken, or somebody else has just pushed.', ERROR),
    },
    async handle({ body: given, identity }, { reconciler }: WorkflowDeps) {
      const { authType, credentials, ...changes } = readChanges(given);
      if (given.name === undefined || authType === undefined || credentials === undefined)
        throw new HttpProblem('BAD_REQUEST', 'Invalid request body');
      const cluster = { ...changes, name: given.name, authType, credentials };
      const shown = toCluster(await reconciler.addCluster(cluster, identity, newSignal()));
      return created({ ...shown, message: 'Cluster added successfully', cluster: shown });
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/clusters/:name',
    id: 'updateCluster',
    tag: TAG,
    summary: 'Changes a cluster; new credentials are tried first',
    access: 'admin',
    params: PARAMS,
    body,
    responses: {
      200: CHANGED,
      400: BAD,
      404: UNKNOWN,
      409: answers('Somebody else has just pushed.', ERROR),
    },
    async handle({ params, body: given, identity }, { reconciler }: WorkflowDeps) {
      const update = () =>
        reconciler.updateCluster(nameOf(params), readChanges(given), identity, newSignal());
      return changed('Cluster updated successfully', await withCluster(update));
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/clusters/:name',
    id: 'deleteCluster',
    tag: TAG,
    summary: 'Removes a cluster that no stack names, with its credentials',
    access: 'admin',
    params: PARAMS,
    responses: {
      200: answers('It is gone.', record({ message: TEXT, cluster: TEXT })),
      400: BAD,
      404: UNKNOWN,
      409: answers('Stacks name it.', ERROR),
    },
    async handle({ params, identity }, { reconciler }: WorkflowDeps) {
      await withCluster(() => reconciler.removeCluster(nameOf(params), identity, newSignal()));
      return ok({ message: 'Cluster removed successfully', cluster: nameOf(params) });
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/clusters/:name/default',
    id: 'chooseCluster',
    tag: TAG,
    summary: 'Makes it the default cluster',
    access: 'admin',
    params: PARAMS,
    responses: { 200: CHANGED, 400: BAD, 404: UNKNOWN },
    async handle({ params, identity }, { reconciler }: WorkflowDeps) {
      const choose = () => reconciler.chooseCluster(nameOf(params), identity, newSignal());
      return changed('Default cluster updated successfully', await withCluster(choose));
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/clusters/:name/credentials',
    id: 'updateClusterCredentials',
    tag: TAG,
    summary: 'Gives a cluster other credentials, which are tried first',
    access: 'admin',
    params: PARAMS,
    body,
    responses: { 200: CHANGED, 400: BAD, 404: UNKNOWN },
    async handle({ params, body: given, identity }, { reconciler }: WorkflowDeps) {
      const { credentials, authType } = readChanges(given);
      if (credentials === undefined) throw new HttpProblem('BAD_REQUEST', 'Invalid request body');
      const update = authType === undefined ? { credentials } : { credentials, authType };
      const act = () => reconciler.updateCluster(nameOf(params), update, identity, newSignal());
      return changed('Cluster credentials updated successfully', await withCluster(act));
    },
  }),
];

const lookRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/clusters/:name/test',
    id: 'testCluster',
    tag: TAG,
    summary: 'Looks at a cluster now',
    access: 'deployer',
    params: PARAMS,
    responses: {
      200: answers(
        'It answers.',
        record({ status: TEXT, version: TEXT, nodes: { type: 'integer' }, message: TEXT, cluster: TEXT }),
      ),
      404: UNKNOWN,
      503: answers(
        'It does not, or nothing can be asked now.',
        withMembers('Error', { cluster: TEXT, status: { const: 'failed' } }, []),
      ),
    },
    async handle({ params, signal }, { reconciler }: WorkflowDeps): Promise<Reply> {
      const cluster = nameOf(params);
      try {
        const { facts } = await withCluster(() => reconciler.testCluster(cluster, signal));
        const found = { version: facts?.engineVersion ?? '', nodes: facts?.cluster?.nodes.length ?? 0 };
        return ok({ status: 'healthy', ...found, message: 'Cluster connection successful', cluster });
      } catch (error) {
        if (error instanceof HttpProblem || signal.aborted || !isReconcilerError(error)) throw error;
        return { kind: 'json', status: 503, body: { error: errorMessage(error), cluster, status: 'failed' } };
      }
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/clusters/:name/refresh',
    id: 'refreshCluster',
    tag: TAG,
    summary: 'Reads version, nodes, namespaces and storage classes again',
    access: 'deployer',
    params: PARAMS,
    responses: {
      200: answers('As they are now.', record({ message: TEXT, metadata: refer('ClusterMetadata') })),
      404: UNKNOWN,
    },
    async handle({ params, signal }, { reconciler }: WorkflowDeps) {
      const view = await withCluster(() => reconciler.testCluster(nameOf(params), signal));
      return ok({ message: 'Cluster metadata refreshed successfully', metadata: toMetadata(view) });
    },
  }),
];

/** Clusters; fixed paths before those with a name. */
export const clusterRoutes: readonly Route<WorkflowDeps>[] = [...readRoutes, ...writeRoutes, ...lookRoutes];

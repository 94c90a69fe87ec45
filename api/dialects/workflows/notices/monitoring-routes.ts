import type { ClusterView, Measure, ObjectView } from '../../../../reconciler/index.ts';
import { asFields, asList, asNumber } from '../../../../reconciler/index.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { listObjects } from '../../../operations/objects.ts';
import { answers } from '../answers.ts';
import type { WorkflowDeps } from '../deps.ts';
import { ANYTHING, listOf, record, refer, TEXT } from '../schemas.ts';

/*
 * Pages of the platform that there is nothing behind here: they are told so, and are shown what is known. Nothing is made up.
 */

const TAG = 'Monitoring';
const COUNT = { type: 'integer' };
const NO_RULES =
  'Rules for alerts are not kept here: failures, drift and waiting plans are told as notifications, and to the channels of the operator';
const NO_CHANNELS =
  'Channels are not kept here: the operator defines them, as notifications of the configuration';

const anyBody = shape<object>({ type: 'object' });
const pageQuery = shape<{ readonly page?: number; readonly limit?: number }>({
  type: 'object',
  properties: {
    page: { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'Default 1.' },
    limit: { type: 'integer', minimum: 1, maximum: 100, description: 'Default 20.' },
  },
});

/** A list that is always empty. */
function emptyList(path: string, id: string, summary: string): Route<WorkflowDeps> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return defineRoute({
    method: 'GET',
    path,
    id,
    tag: TAG,
    summary,
    access: 'viewer',
    responses: { 200: answers('Always empty.', record({ [name]: listOf(ANYTHING) })) },
    handle: () => ok({ [name]: [] }),
  });
}

interface Refused {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly id: string;
  readonly why: string;
}

/** A write that there is no place for. */
function refused({ method, path, id, why }: Refused): Route<WorkflowDeps> {
  return defineRoute({
    method,
    path,
    id,
    tag: TAG,
    summary: 'Refused, with why',
    access: 'viewer',
    ...(path.includes(':id') ? { params: { id: 'Any.' } } : {}),
    ...(method === 'DELETE' ? {} : { body: { json: anyBody } }),
    responses: { 400: answers('Always.', refer('Error')) },
    handle: () => {
      throw new HttpProblem('BAD_REQUEST', why);
    },
  });
}

const CLUSTER_FIGURES = {
  cpuUsed: { type: 'number' },
  cpuCapacity: { type: 'number', description: 'Thousandths of a core.' },
  cpuPercent: { type: 'number' },
  memUsed: { type: 'number' },
  memCapacity: { type: 'number', description: 'Bytes.' },
  memPercent: { type: 'number' },
  storUsed: { type: 'number' },
  storCapacity: { type: 'number' },
  storPercent: { type: 'number' },
  nodeCount: COUNT,
  podCount: COUNT,
};

/** A cluster that does not answer has no figures: they are 0, and the status tells. */
async function toFigures({ reconciler }: WorkflowDeps, { name, status }: ClusterView) {
  const load = await reconciler.measureCluster(name).catch(() => null);
  const percent = (measure: Measure | undefined) =>
    measure === undefined || measure.capacity === 0 ? 0 : (measure.used / measure.capacity) * 100;
  return {
    clusterName: name,
    status,
    cpuUsed: load?.cpu.used ?? 0,
    cpuCapacity: load?.cpu.capacity ?? 0,
    cpuPercent: percent(load?.cpu),
    memUsed: load?.memory.used ?? 0,
    memCapacity: load?.memory.capacity ?? 0,
    memPercent: percent(load?.memory),
    storUsed: load?.storage.used ?? 0,
    storCapacity: load?.storage.capacity ?? 0,
    storPercent: percent(load?.storage),
    nodeCount: load?.nodes ?? 0,
    podCount: load?.pods ?? 0,
  };
}

type Figures = Awaited<ReturnType<typeof toFigures>>;

function toTotals(clusters: readonly Figures[]) {
  const sum = (read: (figures: Figures) => number) => clusters.reduce((total, one) => total + read(one), 0);
  const percent = (used: number, capacity: number) => (capacity === 0 ? 0 : (used / capacity) * 100);
  const cpu = { used: sum((one) => one.cpuUsed), capacity: sum((one) => one.cpuCapacity) };
  const memory = { used: sum((one) => one.memUsed), capacity: sum((one) => one.memCapacity) };
  const storage = { used: sum((one) => one.storUsed), capacity: sum((one) => one.storCapacity) };
  return {
    cpuUsed: cpu.used,
    cpuCapacity: cpu.capacity,
    cpuPercent: percent(cpu.used, cpu.capacity),
    memoryUsed: memory.used,
    memoryCapacity: memory.capacity,
    memoryPercent: percent(memory.used, memory.capacity),
    storageUsed: storage.used,
    storageCapacity: storage.capacity,
    storagePercent: percent(storage.used, storage.capacity),
    nodeCount: sum((one) => one.nodeCount),
    podCount: sum((one) => one.podCount),
  };
}

const MAX_RESOURCES = 500;
const RUNS: ReadonlySet<string> = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
  'Pod',
]);
const RESOURCE = record({
  name: TEXT,
  namespace: TEXT,
  type: TEXT,
  clusterName: TEXT,
  status: TEXT,
  restarts: COUNT,
});

const resourceQuery = shape<{ readonly cluster?: string }>({
  type: 'object',
  properties: { cluster: { type: 'string', maxLength: 253, description: 'Default: all.' } },
});

function toResource({ name, namespace, kind, node, status, facts }: ObjectView) {
  const containers = kind === 'Pod' ? (asList(facts['containers']) ?? []) : [];
  const restarts = containers.map((one) => asNumber(asFields(one)?.['restartCount']) ?? 0);
  return {
    name,
    namespace: namespace ?? '',
    type: kind,
    clusterName: node,
    status,
    restarts: restarts.reduce((sum, one) => sum + one, 0),
  };
}

const metricRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/metrics/overview',
    id: 'getMetricsOverview',
    tag: TAG,
    summary: 'Clusters in figures',
    description: 'Asked once in thirty seconds. A figure that nobody knows is 0.',
    access: 'viewer',
    responses: {
      200: answers(
        'Each, and all together.',
        record({
          clusters: listOf(record({ clusterName: TEXT, status: TEXT, ...CLUSTER_FIGURES })),
          totals: ANYTHING,
        }),
      ),
    },
    async handle(_, deps: WorkflowDeps) {
      const all = deps.reconciler.listClusters();
      const clusters = await Promise.all(all.map((cluster) => toFigures(deps, cluster)));
      return ok({ clusters, totals: toTotals(clusters) });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/metrics/resources',
    id: 'listResourceMetrics',
    tag: TAG,
    summary: 'Workloads and pods, and how often these were started again',
    description: `The first ${MAX_RESOURCES} by name, without those of the cluster itself. From watches: asks no cluster.`,
    access: 'viewer',
    query: resourceQuery,
    responses: { 200: answers('By name.', record({ resources: listOf(RESOURCE) })) },
    async handle({ query: { cluster }, signal }, deps: WorkflowDeps) {
      const order = 'name' as const;
      const filter = { order, hideSystem: true, ...(cluster === undefined ? {} : { node: cluster }) };
      const objects = (await listObjects(deps, filter, signal)).filter(({ kind }) => RUNS.has(kind));
      return ok({ resources: objects.slice(0, MAX_RESOURCES).map(toResource) });
    },
  }),
];

const alertRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/alerts/overview',
    id: 'getAlertOverview',
    tag: TAG,
    summary: 'Alerts in figures',
    access: 'viewer',
    responses: {
      200: answers(
        'There are no rules, so none fires.',
        record({
          activeAlerts: COUNT,
          totalRules: COUNT,
          enabledRules: COUNT,
          severityBreakdown: record({ critical: COUNT, warning: COUNT, info: COUNT }),
        }),
      ),
    },
    handle: () =>
      ok({
        activeAlerts: 0,
        totalRules: 0,
        enabledRules: 0,
        severityBreakdown: { critical: 0, warning: 0, info: 0 },
      }),
  }),
  emptyList('/alerts/rules', 'listAlertRules', 'Rules for alerts'),
  emptyList('/alerts/templates', 'listAlertTemplates', 'Templates of rules'),
  defineRoute({
    method: 'GET',
    path: '/alerts/events',
    id: 'listAlertEvents',
    tag: TAG,
    summary: 'Alerts that have fired',
    access: 'viewer',
    query: pageQuery,
    responses: {
      200: answers(
        'Always empty.',
        record({ events: listOf(ANYTHING), total: COUNT, page: COUNT, limit: COUNT }),
      ),
    },
    handle: ({ query: { page = 1, limit = 20 } }) => ok({ events: [], total: 0, page, limit }),
  }),
  refused({ method: 'POST', path: '/alerts/rules', id: 'createAlertRule', why: NO_RULES }),
  refused({
    method: 'POST',
    path: '/alerts/templates/:id/enable',
    id: 'enableAlertTemplate',
    why: NO_RULES,
  }),
  refused({ method: 'POST', path: '/alerts/test-fire', id: 'fireTestAlert', why: NO_RULES }),
];

/** Alerts, channels and figures, as far as there are any. */
export const monitoringRoutes: readonly Route<WorkflowDeps>[] = [
  ...metricRoutes,
  ...alertRoutes,
  emptyList('/notifications/channels', 'listChannels', 'Channels that notifications go to'),
  refused({ method: 'POST', path: '/notifications/channels', id: 'createChannel', why: NO_CHANNELS }),
];

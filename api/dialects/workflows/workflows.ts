import { buildOpenApi } from '../../http/openapi.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { answers } from './answers.ts';
import { authRoutes } from './accounts/auth-routes.ts';
import { buildRoutes } from './builds/build-routes.ts';
import { catalogueRoutes } from './operator/catalogue-routes.ts';
import { clusterMetricsRoutes } from './operator/cluster-metrics-routes.ts';
import { clusterRoutes } from './operator/cluster-routes.ts';
import { diagnosticRoutes } from './diagnostics/diagnostic-routes.ts';
import { importRoutes } from './imports/import-routes.ts';
import { dashboardRoutes } from './dashboard-routes.ts';
import type { WorkflowDeps } from './deps.ts';
import { monitoringRoutes } from './notices/monitoring-routes.ts';
import { notificationRoutes } from './notices/notification-routes.ts';
import { WORKFLOWS_PREFIX, WORKFLOWS_ROOT } from './prefix.ts';
import { podRoutes } from './pods/pod-routes.ts';
import { profileRoutes } from './accounts/profile-routes.ts';
import { settingsRoutes } from './accounts/settings-routes.ts';
import { signInRoutes } from './accounts/sign-in-routes.ts';
import { registryRoutes } from './operator/registry-routes.ts';
import { resourceRoutes } from './resources/resource-routes.ts';
import { searchRoutes } from './resources/search-routes.ts';
import { SCHEMAS } from './schemas.ts';
import { runRoutes } from './run-routes.ts';
import { versionRoutes } from './version-routes.ts';
import { workflowRoutes } from './workflow-routes.ts';

export { WORKFLOWS_PREFIX } from './prefix.ts';

const openApiRoute: Route<WorkflowDeps> = defineRoute({
  method: 'GET',
  path: '/openapi.json',
  id: 'getWorkflowsOpenApi',
  tag: 'System',
  summary: 'This description',
  access: 'open',
  responses: { 200: answers('OpenAPI 3.1.', { type: 'object' }) },
  handle: (_, { version }: WorkflowDeps) => ok(buildWorkflowsOpenApi(version)),
});

/** The whole table of this dialect. */
export const workflowPlatformRoutes: readonly Route<WorkflowDeps>[] = [
  ...authRoutes,
  ...signInRoutes,
  ...profileRoutes,
  ...settingsRoutes,
  ...workflowRoutes,
  ...versionRoutes,
  ...runRoutes,
  ...dashboardRoutes,
  ...catalogueRoutes,
  ...registryRoutes,
  ...clusterRoutes,
  ...importRoutes,
  ...diagnosticRoutes,
  ...podRoutes,
  ...notificationRoutes,
  ...monitoringRoutes,
  ...clusterMetricsRoutes,
  ...resourceRoutes,
  ...searchRoutes,
  ...buildRoutes,
  openApiRoute,
];

/** Served at the root: how clients find out that somebody is there. */
export const helloRoute: Route<WorkflowDeps> = defineRoute({
  method: 'GET',
  path: WORKFLOWS_ROOT,
  id: 'sayHello',
  tag: 'System',
  summary: 'Says that the API is there',
  access: 'open',
  responses: { 200: answers('Always.', { type: 'object' }) },
  handle: () => ok({ message: 'Kombinator workflow API', status: 'success' }),
});

export function buildWorkflowsOpenApi(version: string): object {
  return buildOpenApi({
    title: 'Kombinator API in the words of the workflow platform',
    version,
    description:
      'Workflows, runs, versions, clusters and what runs on them. Writes are commits on the config repository.',
    prefix: WORKFLOWS_PREFIX,
    routes: workflowPlatformRoutes,
    schemas: SCHEMAS,
    errorSchema: 'Error',
  });
}

/** `/v1` and below. */
export function isWorkflows(path: string): boolean {
  return path === WORKFLOWS_ROOT || path.startsWith(`${WORKFLOWS_ROOT}/`);
}

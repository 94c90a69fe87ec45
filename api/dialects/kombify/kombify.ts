import { ok } from '../../http/route.ts';
import { buildOpenApi } from '../../http/openapi.ts';
import type { HttpProblem } from '../../http/problem.ts';
import type { Route } from '../../http/route.ts';
import { defineRoute } from '../../http/route.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { auditRoutes } from './admin/audit-routes.ts';
import { keyRoutes } from './admin/key-routes.ts';
import { loginRoutes } from './admin/login-routes.ts';
import { userRoutes } from './admin/user-routes.ts';
import { adoptionRoutes } from './adoption/adoption-routes.ts';
import { driftRoutes } from './drift-routes.ts';
import { batchRoutes } from './batch-routes.ts';
import { controlRoutes } from './control-routes.ts';
import { statsRoutes } from './daily/stats-routes.ts';
import { upkeepRoutes } from './daily/upkeep-routes.ts';
import { waitRoutes } from './daily/wait-routes.ts';
import { dataRoutes } from './data-routes.ts';
import type { KombifyDeps } from './exec/deps.ts';
import { execRoutes } from './exec/exec-routes.ts';
import { compareRoutes } from './files/compare-routes.ts';
import { draftRoutes } from './files/draft-routes.ts';
import { fileRoutes } from './files/file-routes.ts';
import { holdRoutes } from './files/hold-routes.ts';
import { ignoreDriftRoutes } from './files/ignore-drift-routes.ts';
import { generateRoutes } from './generate-routes.ts';
import { instanceRoutes } from './instances/instance-routes.ts';
import { inventoryRoutes } from './inventory/inventory-routes.ts';
import { sourceRoutes } from './inventory/source-routes.ts';
import { jobRoutes } from './job-routes.ts';
import { cancelRoutes } from './live/cancel-routes.ts';
import { eventRoutes } from './live/event-routes.ts';
import { listRoutes } from './live/list-routes.ts';
import { resourceRoutes } from './live/resource-routes.ts';
import { logRoutes } from './log-routes.ts';
import { answers } from './answers.ts';
import { channelRoutes } from './notify/channel-routes.ts';
import { planRoutes } from './plan-routes.ts';
import { SCHEMAS } from './schemas.ts';
import { providerRoutes } from './session/provider-routes.ts';
import { sessionRoutes } from './session/session-routes.ts';
import { stackRoutes } from './stack-routes.ts';
import { systemRoutes } from './system-routes.ts';
import { tagRoutes } from './tag-routes.ts';
import { unifierRoutes } from './unifier-routes.ts';
import { workerRoutes } from './worker-routes.ts';
import { versionRoutes } from './workflows/version-routes.ts';
import { workflowRoutes } from './workflows/workflow-routes.ts';

export const KOMBIFY_PREFIX = '/api/v1';

const openApiRoute: Route<ApiDeps> = defineRoute({
  method: 'GET',
  path: '/openapi.json',
  id: 'getOpenApi',
  tag: 'System',
  summary: 'This description',
  access: 'open',
  responses: { 200: answers('OpenAPI 3.1.', { type: 'object' }) },
  handle: (_, { version }: ApiDeps) => ok(buildKombifyOpenApi(version)),
});

/** The whole table of this dialect. */
export const kombifyRoutes: readonly Route<KombifyDeps>[] = [
  ...batchRoutes,
  ...controlRoutes,
  ...dataRoutes,
  ...listRoutes,
  ...resourceRoutes,
  ...stackRoutes,
  ...fileRoutes,
  ...compareRoutes,
  ...draftRoutes,
  ...tagRoutes,
  ...planRoutes,
  ...driftRoutes,
  ...ignoreDriftRoutes,
  ...holdRoutes,
  ...adoptionRoutes,
  ...logRoutes,
  ...statsRoutes,
  ...upkeepRoutes,
  ...waitRoutes,
  ...execRoutes,
  ...workerRoutes,
  ...jobRoutes,
  ...cancelRoutes,
  ...workflowRoutes,
  ...versionRoutes,
  ...eventRoutes,
  ...inventoryRoutes,
  ...sourceRoutes,
  ...instanceRoutes,
  ...channelRoutes,
  ...unifierRoutes,
  ...generateRoutes,
  ...sessionRoutes,
  ...providerRoutes,
  ...loginRoutes,
  ...keyRoutes,
  ...userRoutes,
  ...auditRoutes,
  ...systemRoutes,
  openApiRoute,
];

export function buildKombifyOpenApi(version: string): object {
  return buildOpenApi({
    title: 'Kombinator API',
    version,
    description:
      'Stacks, workers and jobs of a GitOps reconciler. Writes are commits on the config repository.',
    prefix: KOMBIFY_PREFIX,
    routes: kombifyRoutes,
    schemas: SCHEMAS,
    errorSchema: 'Error',
  });
}

/** `{"error": {"code", "message", "details": […]}}`, and `reason` where the reconciler has a finer code. */
export function formatKombifyProblem({ code, message, details, reason }: HttpProblem): object {
  return { error: { code, message, details, ...(reason === undefined ? {} : { reason }) } };
}

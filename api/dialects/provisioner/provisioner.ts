import { buildOpenApi } from '../../http/openapi.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import type { InstanceDeps } from '../../operations/instances.ts';
import { readInstanceStats } from '../../operations/instances.ts';
import { batchRoutes } from './batch-routes.ts';
import { ANSWERS, answers, refer, SCHEMAS } from './schemas.ts';
import { stackRoutes } from './stack-routes.ts';
import { toStats } from './view.ts';

/** Tells whether a path of the server's root belongs to this dialect; the rest is others'. */
export function isProvisioner(path: string): boolean {
  return /^\/(?:healthz|stats|stacks|openapi\.json)\/?$|^\/stacks\//.test(path);
}

const systemRoutes: readonly Route<InstanceDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/healthz',
    id: 'getProvisionerHealth',
    tag: 'System',
    summary: 'Whether the API answers',
    access: 'viewer',
    responses: { 200: answers('It does.', ANSWERS.health) },
    handle: () => ok({ status: 'ok' }),
  }),
  defineRoute({
    method: 'GET',
    path: '/stats',
    id: 'getStackStats',
    tag: 'System',
    summary: 'How much there is of everything',
    access: 'viewer',
    responses: { 200: answers('Counts and sums over all stacks.', refer('Stats')) },
    handle: (_, deps: InstanceDeps) => ok(toStats(readInstanceStats(deps))),
  }),
  defineRoute({
    method: 'GET',
    path: '/openapi.json',
    id: 'getProvisionerOpenApi',
    tag: 'System',
    summary: 'This description',
    access: 'open',
    responses: {
      200: { description: 'OpenAPI 3.1.', content: { 'application/json': { type: 'object' } } },
    },
    handle: (_, { version }: InstanceDeps) => ok(buildProvisionerOpenApi(version)),
  }),
];

export const provisionerRoutes: readonly Route<InstanceDeps>[] = [
  ...systemRoutes,
  // Before those of one stack: `batch-delete` is no stack.
  ...batchRoutes,
  ...stackRoutes,
];

export function buildProvisionerOpenApi(version: string): object {
  return buildOpenApi({
    title: 'Kombinator API in the words of the pod provisioner',
    version,
    description: 'Stacks here are short-lived pods, each with a TTL. They are not in the config repository.',
    prefix: '',
    routes: provisionerRoutes,
    schemas: SCHEMAS,
    errorSchema: 'Error',
  });
}

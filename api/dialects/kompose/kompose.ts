import { HttpProblem } from '../../http/problem.ts';
import { buildOpenApi } from '../../http/openapi.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { infoRoutes, listRoutes } from './list-routes.ts';
import { SCHEMAS } from './schemas.ts';
import { CONTROLS, logQuery, showLogs, stackRoutes } from './stack-routes.ts';

export const KOMPOSE_PREFIX = '/api';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;

const openApiRoute: Route<ApiDeps> = defineRoute({
  method: 'GET',
  path: '/openapi.json',
  id: 'getKomposeOpenApi',
  tag: 'System',
  summary: 'This description',
  access: 'open',
  responses: {
    200: { description: 'OpenAPI 3.1.', content: { 'application/json': { type: 'object' } } },
  },
  handle: (_, { version }: ApiDeps) => ok(buildKomposeOpenApi(version)),
});

/** The routes that are documented. */
export const komposeRoutes: readonly Route<ApiDeps>[] = [
  ...infoRoutes,
  ...stackRoutes,
  ...listRoutes,
  openApiRoute,
];

/**
 * The answers that the reference gives besides: lists and logs answer any method, and an action that is not known, or is asked for with
 * another method, has its own answer. Mounted after the others.
 */
export const komposeFallbacks: readonly Route<ApiDeps>[] = METHODS.flatMap((method) => [
  ...listRoutes.filter((route) => route.method !== method).map((route) => ({ ...route, method })),
  defineRoute({
    ...undocumented(method, '/stacks/:name/:action'),
    query: logQuery,
    handle(request, deps: ApiDeps) {
      const action = request.params['action'] ?? '';
      if (action === 'logs') return showLogs(request, deps);
      if (CONTROLS.some((known) => known === action))
        throw new HttpProblem('METHOD_NOT_ALLOWED', `Method not allowed. Use POST for ${action}`, {
          headers: { Allow: 'POST' },
        });
      throw unknown('action', action, [...CONTROLS, 'logs']);
    },
  }),
  defineRoute({
    ...undocumented(method, '/db/:action'),
    handle({ params }) {
      throw unknown('database action', params['action'] ?? '', ['status', 'list']);
    },
  }),
  defineRoute({
    ...undocumented(method, '/tag/:action'),
    handle({ params }) {
      throw unknown('tag action', params['action'] ?? '', ['list']);
    },
  }),
]);

export function buildKomposeOpenApi(version: string): object {
  return buildOpenApi({
    title: 'Kombinator API in the words of Kompose',
    version,
    description: 'Stacks, databases and deployment tags. Nothing here writes to the config repository.',
    prefix: KOMPOSE_PREFIX,
    routes: komposeRoutes,
    schemas: SCHEMAS,
    errorSchema: 'Error',
  });
}

function undocumented(method: (typeof METHODS)[number], path: string) {
  const id = `${method}${path}`;
  return { method, path, id, tag: '', summary: '', access: 'viewer', responses: {} } as const;
}

function unknown(what: string, action: string, valid: readonly string[]): HttpProblem {
  return new HttpProblem('BAD_REQUEST', `Unknown ${what}: ${action}. Valid actions: ${valid.join(', ')}`);
}

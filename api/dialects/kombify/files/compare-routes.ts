import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import { answers } from '../answers.ts';
import { STACK_ID } from '../stack-routes.ts';
import { COMPARISON } from './file-schemas.ts';

const compareQuery = shape<{ readonly from: number; readonly to?: string }>({
  type: 'object',
  required: ['from'],
  properties: {
    from: { type: 'integer', minimum: 1, description: 'Number of a deployment.' },
    to: {
      type: 'string',
      pattern: '^(?:current|[1-9][0-9]{0,8})$',
      description: 'Number of another one, or current: what the branch says now. Default current.',
    },
  },
});

export const compareRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/stacks/:id/deployments/compare',
    id: 'compareDeployments',
    tag: 'Files',
    summary: 'How two deployments of a stack differ',
    description: 'In commits that changed its files, in the files, and in the images of its services.',
    access: 'viewer',
    params: STACK_ID,
    query: compareQuery,
    responses: { 200: answers('The differences; values that look like secrets read ***.', COMPARISON) },
    async handle({ params, query, signal }, { reconciler }: ApiDeps) {
      const to = query.to === undefined || query.to === 'current' ? 'current' : Number(query.to);
      const request = { stack: params['id'] ?? '', from: query.from, to } as const;
      return ok(await reconciler.compareDeployments(request, signal));
    },
  }),
];

import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import { waitForJob } from '../../operations/plans.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { WAITED_ANSWERS, toEndedJob } from './ended-job.ts';
import { toJobDetail } from './job-view.ts';
import { answers } from './answers.ts';
import { refer } from './schemas.ts';
import { STACK_ID } from './stack-routes.ts';

const controlQuery = shape<{ readonly wait?: boolean }>({
  type: 'object',
  properties: { wait: { type: 'boolean', description: 'Answer when the job has ended. Default false.' } },
});

/** `start`, `stop` and `restart` of a stack. */
export const controlRoutes: readonly Route<ApiDeps>[] = (['start', 'stop', 'restart'] as const).map(
  (action) =>
    defineRoute({
      method: 'POST',
      path: `/stacks/:id/${action}`,
      id: `${action}Stack`,
      tag: 'Stacks',
      summary: `${action.charAt(0).toUpperCase()}${action.slice(1)} what a stack has on its targets`,
      description:
        'Leaves Git alone. A stopped stack stays stopped until it is started, applied or described otherwise.',
      access: 'deployer',
      params: STACK_ID,
      query: controlQuery,
      responses: { 200: answers('The job; ended when waited for.', refer('JobDetail')), ...WAITED_ANSWERS },
      async handle({ params, query, identity, signal }, { ...deps }: ApiDeps) {
        const { reconciler } = deps;
        const stack = params['id'] ?? '';
        const { id } = reconciler.control({ stack, action, actor: identity, trigger: 'api' });
        if (query.wait === true) return ok(toEndedJob(await waitForJob(deps, id, signal)));
        return ok(toJobDetail(reconciler.getJob(id)));
      },
    }),
);

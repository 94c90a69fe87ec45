import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { checkDrift, resolveDrift } from '../../operations/drift.ts';
import { toJob } from './job-view.ts';
import { answers } from './answers.ts';
import { refer } from './schemas.ts';
import { STACK_ID } from './stack-routes.ts';
import { toDrift } from './stack-view.ts';

const TAG = 'Drift';

interface ResolveBody {
  readonly action: 'apply_desired' | 'accept_actual';
  readonly resources?: readonly string[];
}

const resolveBody = shape<ResolveBody>({
  type: 'object',
  required: ['action'],
  additionalProperties: false,
  properties: {
    action: {
      enum: ['apply_desired', 'accept_actual'],
      description:
        'apply_desired applies the description; accept_actual commits what runs as the description.',
    },
    resources: {
      type: 'array',
      items: { type: 'string' },
      description: 'Ids of drifted resources. Default: all. The description is only applied as a whole.',
    },
  },
});

export const driftRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/stacks/:id/drift',
    id: 'getDrift',
    tag: TAG,
    summary: 'How what runs differs from what was deployed',
    description: 'As seen last; POST drift/check looks again.',
    access: 'viewer',
    params: STACK_ID,
    responses: { 200: answers('The drift, field by field.', refer('Drift')) },
    handle: ({ params }, { reconciler }: ApiDeps) => ok(toDrift(reconciler.getDrift(params['id'] ?? ''))),
  }),
  defineRoute({
    method: 'POST',
    path: '/stacks/:id/drift/check',
    id: 'checkDrift',
    tag: TAG,
    summary: 'Look for drift now',
    description: 'Asks the targets and records it as a job; repairs nothing.',
    access: 'deployer',
    params: STACK_ID,
    responses: { 200: answers('The drift, and the recorded check.', refer('DriftCheck')) },
    async handle({ params, identity, signal }, deps: ApiDeps) {
      const { drift, job } = await checkDrift(deps, params['id'] ?? '', identity, signal);
      return ok({ ...toDrift(drift), job_id: job.id });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/stacks/:id/drift/resolve',
    id: 'resolveDrift',
    tag: TAG,
    summary: 'Repair drift, or keep it',
    description:
      'apply_desired answers the queued job, accept_actual the commit, and what has no place in the file.',
    access: 'deployer',
    params: STACK_ID,
    body: { json: resolveBody },
    responses: { 200: answers('What was begun, or written.', refer('DriftResolution')) },
    async handle({ params, body, identity }, deps: ApiDeps) {
      const { action, resources = [] } = body;
      const request = { stack: params['id'] ?? '', action, resources, actor: identity };
      const { job, write, unplaced } = await resolveDrift(deps, request);
      return ok({
        action,
        job: job === null ? null : toJob(job),
        job_id: job?.id ?? null,
        commit: write?.commit ?? null,
        file: write?.file ?? null,
        unplaced,
      });
    },
  }),
];

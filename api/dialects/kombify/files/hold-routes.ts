import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import { answers } from '../answers.ts';
import { refer } from '../schemas.ts';
import { STACK_ID } from '../stack-routes.ts';
import { toStack } from '../stack-view.ts';

const TAG = 'Stacks';

const holdBody = shape<{ readonly reason?: string }>({
  type: 'object',
  additionalProperties: false,
  properties: { reason: { type: 'string', maxLength: 1_000, description: 'Reason, for whoever asks.' } },
});

/** Stacks that are left as they are until somebody releases them. */
export const holdRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'PUT',
    path: '/stacks/:id/hold',
    id: 'holdStack',
    tag: TAG,
    summary: 'Hold a stack as it is',
    description:
      'Nothing is applied to it by itself until it is released, whatever is pushed or drifts; what is being applied ends.',
    access: 'deployer',
    params: STACK_ID,
    body: { json: holdBody },
    responses: { 200: answers('The stack, and who holds it.', refer('Stack')) },
    handle: ({ params, body, identity }, { reconciler }: ApiDeps) =>
      ok(toStack(reconciler.hold(params['id'] ?? '', identity, body.reason))),
  }),
  defineRoute({
    method: 'DELETE',
    path: '/stacks/:id/hold',
    id: 'releaseHold',
    tag: TAG,
    summary: 'Release a stack that is held',
    description: 'It is looked at again at once.',
    access: 'deployer',
    params: STACK_ID,
    responses: { 200: answers('The stack.', refer('Stack')) },
    handle: ({ params }, { reconciler }: ApiDeps) => ok(toStack(reconciler.releaseHold(params['id'] ?? ''))),
  }),
];

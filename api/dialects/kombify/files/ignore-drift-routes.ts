import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import { ignoreDrift } from '../../../operations/files.ts';
import { answers } from '../answers.ts';
import { STACK_ID } from '../stack-routes.ts';
import { toStackWrite } from '../stack-view.ts';
import { MESSAGE, WRITTEN_OR_PREVIEW } from './file-schemas.ts';

interface IgnoreBody {
  readonly resource: string;
  readonly field: string;
  readonly message?: string;
  readonly preview?: boolean;
}

const ignoreBody = shape<IgnoreBody>({
  type: 'object',
  required: ['resource', 'field'],
  additionalProperties: false,
  properties: {
    resource: { type: 'string', minLength: 1, maxLength: 512, description: 'Id, as drift has it.' },
    field: { type: 'string', minLength: 1, maxLength: 512, description: 'Path, as drift has it.' },
    message: MESSAGE,
    preview: { type: 'boolean', description: 'Say what it would do, and write nothing. Default false.' },
  },
});

export const ignoreDriftRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/stacks/:id/drift/ignore',
    id: 'ignoreDrift',
    tag: 'Drift',
    summary: 'Let a field differ from what was deployed',
    description: 'A commit that adds the field to policy.ignoreDrift of the stack.',
    access: 'deployer',
    params: STACK_ID,
    body: { json: ignoreBody },
    responses: {
      200: answers('The stack and the commit; with preview what would differ.', WRITTEN_OR_PREVIEW),
    },
    async handle({ params, body, identity, signal }, deps: ApiDeps) {
      const { preview = false, ...rest } = body;
      const request = { stack: params['id'] ?? '', ...rest };
      if (preview) return ok(await deps.reconciler.previewIgnoreDrift(request, signal));
      const write = await ignoreDrift(deps, request, identity);
      return ok({ ...toStackWrite(write, request.stack, null), files: write.files });
    },
  }),
];

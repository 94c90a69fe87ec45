import type { DeletedStack } from '../../../reconciler/index.ts';
import { HttpProblem } from '../../http/problem.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { deleteStacks } from '../../operations/stacks.ts';
import { answers } from './answers.ts';
import { listOf, record, refer } from './schemas.ts';

interface BatchBody {
  readonly stacks: readonly string[];
  readonly volumes?: boolean;
  readonly override_freeze?: boolean;
}

const batchBody = shape<BatchBody>({
  type: 'object',
  properties: {
    stacks: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      minItems: 1,
      maxItems: 1_000,
      description: 'Their names.',
    },
    volumes: { type: 'boolean', description: 'Delete their volumes, too. Default false.' },
    override_freeze: {
      type: 'boolean',
      description: 'Also while a freeze window of the operator is open; for admins only. Default false.',
    },
  },
  required: ['stacks'],
  additionalProperties: false,
});

const batchQuery = shape<{ readonly wait?: boolean }>({
  type: 'object',
  properties: { wait: { type: 'boolean', description: 'Answer when all were tried. Default false.' } },
});

const TEXT_OR_NULL = { type: ['string', 'null'] };

const REMOVAL = record({
  commit: TEXT_OR_NULL,
  stacks: listOf(
    record({
      id: { type: 'string' },
      name: { type: 'string' },
      status: { enum: ['deleting', 'deleted', 'failed'] },
      job_id: TEXT_OR_NULL,
      error: {
        anyOf: [record({ code: { type: 'string' }, message: { type: 'string' } }), { type: 'null' }],
      },
    }),
  ),
});

export const batchRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/stacks/batch-delete',
    id: 'deleteStacks',
    tag: 'Stacks',
    summary: 'Delete several stacks',
    description:
      'One commit that removes all their files, then their removal from the targets: what depends on others goes first, and what could not be removed keeps what it depends on. 404, with nothing changed, when one of them is not known.',
    access: 'deployer',
    query: batchQuery,
    body: { json: batchBody },
    responses: {
      200: answers('In the order of their removal.', REMOVAL),
      404: answers('One of them is not known.', refer('Error')),
    },
    async handle({ body, query, identity, signal }, deps: ApiDeps) {
      const { stacks, volumes = false, override_freeze: overrideFreeze = false } = body;
      if (overrideFreeze && identity.role !== 'admin')
        throw new HttpProblem('FORBIDDEN', 'override_freeze is for admins only');
      const request = { stacks, volumes, overrideFreeze, actor: identity };
      const { commit, order, done } = await deleteStacks(deps, request);
      if (query.wait !== true) return ok({ commit, stacks: order.map(toDeleting) });
      return ok({ commit, stacks: (await unlessAborted(done, signal)).map(toDeleted) });
    },
  }),
];

function toDeleting(name: string) {
  return { id: name, name, status: 'deleting', job_id: null, error: null };
}

function toDeleted({ stack, job, error }: DeletedStack) {
  const status = error === null ? 'deleted' : 'failed';
  return { id: stack, name: stack, status, job_id: job?.id ?? null, error };
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', stop));
}

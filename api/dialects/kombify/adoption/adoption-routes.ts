import type { AdoptRequest } from '../../../../reconciler/index.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import { newSignal } from '../../../operations/write.ts';
import { answers } from '../answers.ts';
import { listOf, record } from '../schemas.ts';
import { STACK_ID } from '../stack-routes.ts';

const TAG = 'Compose projects';
const TEXT = { type: 'string' };
const MAYBE = { type: ['string', 'null'] };
const OBJECT = { type: 'object' };

type Wish = Pick<AdoptRequest, 'node' | 'stack'>;

const WISH = {
  node: {
    type: ['string', 'null'],
    maxLength: 253,
    description:
      'Node that the project runs on; null: the engine of the daemon. Default: the only one that has a project of the name.',
  },
  stack: {
    ...TEXT,
    maxLength: 63,
    description: 'Name of the stack. Default: that of the project, with hyphens.',
  },
};

const wishQuery = shape<{ readonly node?: string; readonly stack?: string }>({
  type: 'object',
  properties: {
    node: { ...TEXT, maxLength: 253, description: 'Node that the project runs on.' },
    stack: WISH.stack,
  },
});

const wishBody = shape<Wish>({ type: 'object', additionalProperties: false, properties: WISH });

const PROJECT_PARAMS = { project: 'Name of the Compose project.' };

const PROJECT = record({
  name: TEXT,
  node: MAYBE,
  directory: MAYBE,
  files: listOf(TEXT),
  containers: listOf(
    record({ service: TEXT, number: { type: 'integer' }, name: TEXT, image: TEXT, state: TEXT }),
  ),
  stack: MAYBE,
  adoptedBy: MAYBE,
});

const LIST = record({
  projects: listOf(PROJECT),
  unreachable: listOf(record({ node: MAYBE, message: TEXT })),
});

const PREVIEW = record({
  stack: TEXT,
  project: PROJECT,
  files: listOf(TEXT),
  notes: listOf(
    record({ kind: { enum: ['content', 'data', 'secret', 'left out'] }, path: TEXT, message: TEXT }),
  ),
  plan: { type: ['object', 'null'] },
  diagnostics: listOf(OBJECT),
  policy: { ...TEXT, description: "Lines that the operator's configuration lacks." },
});

const WRITTEN = record({ stack: TEXT, commit: TEXT, file: TEXT });

function wishOf(project: string, { node, stack }: Wish): AdoptRequest {
  return { project, ...(node === undefined ? {} : { node }), ...(stack === undefined ? {} : { stack }) };
}

/** Compose projects that become stacks, and stacks that become Compose projects again. */
export const adoptionRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/projects',
    id: 'listProjects',
    tag: TAG,
    summary: 'The Compose projects on all engines',
    description:
      'Asked just now, of the engine of the daemon and of those of all nodes. Stacks are among them: Compose shows them so.',
    access: 'deployer',
    responses: { 200: answers('The projects, and engines that did not answer.', LIST) },
    handle: async ({ signal }, { reconciler }: ApiDeps) => ok(await reconciler.listProjects(signal)),
  }),
  defineRoute({
    method: 'GET',
    path: '/projects/:project/adoption',
    id: 'previewAdoption',
    tag: TAG,
    summary: 'What taking a project over would commit, and change',
    description: 'Reads its files from its host. Writes nothing.',
    access: 'admin',
    params: PROJECT_PARAMS,
    query: wishQuery,
    responses: { 200: answers('The files, the plan, and what the operator would have to allow.', PREVIEW) },
    handle: async ({ params, query, signal }, { reconciler }: ApiDeps) =>
      ok(await reconciler.previewAdoption(wishOf(params['project'] ?? '', query), signal)),
  }),
  defineRoute({
    method: 'POST',
    path: '/projects/:project/adopt',
    id: 'adoptProject',
    tag: TAG,
    summary: 'Take a project over as it runs',
    description: 'One commit with its description. Nothing is restarted that is as described.',
    access: 'admin',
    params: PROJECT_PARAMS,
    body: { json: wishBody },
    responses: { 200: answers('The commit.', WRITTEN) },
    async handle({ params, body, identity }, { reconciler }: ApiDeps) {
      const request = wishOf(params['project'] ?? '', body);
      return ok({ ...(await reconciler.adopt(request, identity, newSignal())) });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/stacks/:id/release',
    id: 'releaseStack',
    tag: TAG,
    summary: 'Give a stack back to Compose',
    description:
      'One commit. What the stack has runs on, and nothing of it is read, changed or removed from then on.',
    access: 'deployer',
    params: STACK_ID,
    responses: { 200: answers('The commit.', WRITTEN) },
    async handle({ params, identity }, { reconciler }: ApiDeps) {
      const stack = params['id'] ?? '';
      return ok({ ...(await reconciler.release(stack, identity, newSignal())), stack });
    },
  }),
];

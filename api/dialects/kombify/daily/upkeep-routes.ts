import type { RemnantView } from '../../../../reconciler/index.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { newSignal } from '../../../operations/write.ts';
import { answers } from '../answers.ts';
import { toJobDetail } from '../job-view.ts';
import { listOf, record, refer } from '../schemas.ts';
import { STACK_ID } from '../stack-routes.ts';

const TAG = 'Upkeep';
const TEXT = { type: 'string' };
const MAYBE = { type: ['string', 'null'] };
const MAYBE_BYTES = { type: ['integer', 'null'], minimum: 0 };

const ADDRESS = record({ service: MAYBE, node: TEXT, kind: { enum: ['route', 'port'] }, address: TEXT });

const REMNANT = record({
  id: TEXT,
  kind: { enum: ['fetched-image', 'built-image', 'build-cache', 'stack'] },
  node: MAYBE,
  names: listOf(TEXT),
  size_bytes: MAYBE_BYTES,
  stack: MAYBE,
});

const pruneBody = shape<{ readonly ids: readonly string[] }>({
  type: 'object',
  required: ['ids'],
  additionalProperties: false,
  properties: {
    ids: {
      type: 'array',
      minItems: 1,
      maxItems: 10_000,
      items: { type: 'string', maxLength: 1_000 },
      description: 'Of GET /prune: nothing goes that was not listed.',
    },
  },
});

const imageUpdatesQuery = shape<{ readonly stacks?: string }>({
  type: 'object',
  properties: {
    stacks: {
      type: 'string',
      minLength: 1,
      maxLength: 10_000,
      description: 'Names with commas between. Default: all.',
    },
  },
});

const IMAGE_UPDATE = record({
  stack: TEXT,
  service: TEXT,
  file: TEXT,
  image: MAYBE,
  policy: { enum: ['semver', 'regex', 'digest'] },
  next: { ...MAYBE, description: 'What the next look writes; null: it stays.' },
  reason: { ...MAYBE, description: 'Why nobody could tell; null: somebody could.' },
});
const IMAGE_SETTINGS = record({ schedule: TEXT, as: { enum: ['commit', 'branch', 'pull'] } });

export const upkeepRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/stacks/:id/addresses',
    id: 'listAddresses',
    tag: TAG,
    summary: 'Addresses of a stack',
    access: 'viewer',
    params: STACK_ID,
    responses: {
      200: answers(
        'As its description says: routes first, then ports.',
        record({ addresses: listOf(ADDRESS) }),
      ),
    },
    handle: ({ params }, { reconciler }: ApiDeps) =>
      ok({ addresses: reconciler.addresses(params['id'] ?? '') }),
  }),
  defineRoute({
    method: 'POST',
    path: '/stacks/:id/pull',
    id: 'pullImages',
    tag: TAG,
    summary: 'Fetch the images of a stack ahead',
    description:
      'Newer ones of tags that have moved as well; nothing that runs is touched. To use them: plan with newest, and apply.',
    access: 'deployer',
    params: STACK_ID,
    responses: { 200: answers('The job; it can be followed.', refer('JobDetail')) },
    handle({ params, identity }, { reconciler }: ApiDeps) {
      const { id } = reconciler.pull({ stack: params['id'] ?? '', actor: identity, trigger: 'api' });
      return ok(toJobDetail(reconciler.getJob(id)));
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/image-updates',
    id: 'listImageUpdates',
    tag: TAG,
    summary: 'Newer images that the next look writes',
    description:
      'Asks registries for the services that have image_update, and writes nothing. It waits where one wants a pause between two questions.',
    access: 'deployer',
    query: imageUpdatesQuery,
    responses: {
      200: answers(
        'By stack and service. settings: null where nothing is written by itself.',
        record({ services: listOf(IMAGE_UPDATE), settings: { ...IMAGE_SETTINGS, type: ['object', 'null'] } }),
      ),
      404: answers('There is no such stack.', refer('Error')),
    },
    async handle({ query, signal }, { reconciler }: ApiDeps) {
      const stacks = query.stacks?.split(',').filter((name) => name !== '');
      return ok(await reconciler.listImageUpdates(stacks, signal));
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/prune',
    id: 'listRemnants',
    tag: TAG,
    summary: 'What nobody uses any more',
    description:
      'Images that were fetched or built for stacks, that no container uses and no description names; build caches; what stacks that left the repository still have. Never volumes.',
    access: 'admin',
    responses: {
      200: answers(
        'With sizes. notes: what is not told of, and why.',
        record({ remnants: listOf(REMNANT), notes: listOf(record({ subject: TEXT, message: TEXT })) }),
      ),
      400: answers('A description has errors: it cannot be told what is left over.', refer('Error')),
    },
    async handle({ signal }, { reconciler }: ApiDeps) {
      const { remnants, notes } = await reconciler.listRemnants(signal);
      return ok({ remnants: remnants.map(toRemnant), notes });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/prune',
    id: 'prune',
    tag: TAG,
    summary: 'Remove some of it',
    description: 'Looks again first: what somebody uses by now stays.',
    access: 'admin',
    body: { json: pruneBody },
    responses: {
      200: answers(
        'Each id, and why it is still there where it is.',
        record({ pruned: listOf(record({ id: TEXT, freed_bytes: MAYBE_BYTES, message: MAYBE })) }),
      ),
    },
    async handle({ body, identity }, { reconciler }: ApiDeps) {
      const pruned = await reconciler.prune({ ids: body.ids, actor: identity, trigger: 'api' }, newSignal());
      return ok({
        pruned: pruned.map(({ id, freedBytes, message }) => ({ id, freed_bytes: freedBytes, message })),
      });
    },
  }),
];

function toRemnant({ sizeBytes, ...view }: RemnantView) {
  const { id, kind, node, names, stack } = view;
  return { id, kind, node, names, size_bytes: sizeBytes, stack };
}

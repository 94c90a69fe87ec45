import type { RegistryType, RegistryView } from '../../../../reconciler/index.ts';
import { errorMessage, isReconcilerError, REGISTRY_TYPES } from '../../../../reconciler/index.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { created, defineRoute, ok } from '../../../http/route.ts';
import type { Reply, Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { newSignal } from '../../../operations/write.ts';
import { answers } from '../answers.ts';
import type { WorkflowDeps } from '../deps.ts';
import type { ListQuery } from '../page.ts';
import { listParameters, pageOf } from '../page.ts';
import { listOf, record, refer, TEXT, withMembers } from '../schemas.ts';
import { NO_TIME } from '../workflow-view.ts';

const TAG = 'Registries';
const LIMIT = 1_000;
const REGISTRY_ID = { id: 'Id of the registry.' };
const ERROR = refer('Error');
const BAD_ID = answers('The id is none, or what is asked for cannot be.', ERROR);
const UNKNOWN = answers('There is no such registry.', ERROR);
const CHANGED = answers('It is committed.', record({ message: TEXT, registry: refer('Registry') }));

const listQuery = shape<ListQuery>({
  type: 'object',
  properties: listParameters({ limit: LIMIT, maxLimit: LIMIT }),
});
const lookupQuery = shape<{ readonly image?: string }>({
  type: 'object',
  properties: { image: { type: 'string', maxLength: 1_000, description: 'Reference of an image.' } },
});

interface RegistryBody {
  readonly name?: string;
  readonly registryType?: string;
  readonly registryUrl?: string;
  readonly credentials?: object;
}

const BODY = {
  name: { type: 'string', maxLength: 100 },
  registryType: { type: 'string', description: REGISTRY_TYPES.join(', ') },
  registryUrl: {
    type: 'string',
    maxLength: 500,
    description: 'Needed where the service has no address of its own.',
  },
  credentials: {
    type: 'object',
    description:
      'dockerhub, ghcr, custom: username, password; ecr: accessKeyId, secretAccessKey, region; gcr: serviceAccountJson; acr: clientId, clientSecret.',
  },
};
const body = { json: shape<RegistryBody>({ type: 'object', properties: BODY }) };

function toRegistry({
  type,
  url,
  createdAt,
  updatedAt,
  lastCheck,
  message: _message,
  ...view
}: RegistryView) {
  return {
    ...view,
    registryType: type,
    registryUrl: url,
    createdAt: createdAt ?? NO_TIME,
    updatedAt: updatedAt ?? NO_TIME,
    ...(lastCheck === null ? {} : { lastCheck }),
  };
}

function readId(params: Readonly<Record<string, string>>): string {
  const id = params['id'] ?? '';
  if (!/^[0-9a-f]{24}$/.test(id)) throw new HttpProblem('BAD_REQUEST', 'Invalid registry ID');
  return id;
}

async function withRegistry<T>(act: () => Promise<T> | T): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isReconcilerError(error, 'UNKNOWN_REGISTRY')) throw error;
    throw new HttpProblem('NOT_FOUND', 'Registry not found', { cause: error });
  }
}

function readType(text: string | undefined): RegistryType {
  const type = REGISTRY_TYPES.find((one) => one === text);
  if (type !== undefined) return type;
  const why =
    text === undefined
      ? 'registryType is required'
      : `registryType must be one of ${REGISTRY_TYPES.join(', ')}`;
  throw new HttpProblem('BAD_REQUEST', `Invalid request body: ${why}`);
}

function readUpdate({ name, registryUrl, credentials }: RegistryBody) {
  const update = {
    ...(name ? { name } : {}),
    ...(registryUrl ? { url: registryUrl } : {}),
    ...(credentials ? { credentials } : {}),
  };
  if (Object.keys(update).length === 0) throw new HttpProblem('BAD_REQUEST', 'No updates provided');
  return update;
}

const readRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/registries',
    id: 'listRegistries',
    tag: TAG,
    summary: 'Registries that kombinator.yaml and the operator name',
    access: 'viewer',
    query: listQuery,
    responses: { 200: answers('As they are listed.', record({ registries: listOf(refer('Registry')) })) },
    handle({ query }, { reconciler }: WorkflowDeps) {
      const { items } = pageOf(
        reconciler.listRegistries().map(toRegistry),
        { ...query, order: query.order ?? 'asc' },
        {
          limit: LIMIT,
          sorts: {
            name: (one) => one.name,
            registryType: (one) => one.registryType,
            status: (one) => one.status,
          },
          texts: (one) => [one.name, one.registryUrl],
        },
      );
      return ok({ registries: items });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/registries/lookup',
    id: 'lookUpRegistry',
    tag: TAG,
    summary: 'The registry that an image is of',
    access: 'viewer',
    query: lookupQuery,
    responses: {
      200: answers('The registry, or the type that there is none of.', {
        type: 'object',
        properties: {
          found: { type: 'boolean' },
          registry: refer('Registry'),
          registryType: TEXT,
          message: TEXT,
        },
        required: ['found'],
      }),
      400: answers('No image is named.', ERROR),
    },
    handle({ query: { image = '' } }, { reconciler }: WorkflowDeps) {
      if (image === '') throw new HttpProblem('BAD_REQUEST', 'Image parameter is required');
      const { type, registry } = reconciler.findRegistryOf(image);
      if (registry !== null) return ok({ found: true, registry: toRegistry(registry) });
      const message = `No ${type} registry configured for this image`;
      return ok({ found: false, registryType: type, message });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/registries/:id',
    id: 'getRegistry',
    tag: TAG,
    summary: 'A registry',
    access: 'viewer',
    params: REGISTRY_ID,
    responses: { 200: answers('Without its credentials.', refer('Registry')), 400: BAD_ID, 404: UNKNOWN },
    handle: async ({ params }, { reconciler }: WorkflowDeps) =>
      ok(toRegistry(await withRegistry(() => reconciler.getRegistry(readId(params))))),
  }),
];

const writeRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/admin/registries',
    id: 'createRegistry',
    tag: TAG,
    summary: 'Adds a registry: a commit of its name and address, with its credentials in the vault',
    access: 'admin',
    body,
    responses: {
      201: CHANGED,
      400: answers('Something is missing, or of another type.', ERROR),
      409: answers('The name is taken, or somebody else has just pushed.', ERROR),
    },
    async handle({ body: given, identity }, { reconciler }: WorkflowDeps) {
      const { name = '', registryType, registryUrl, credentials } = given;
      if (name.trim() === '') throw new HttpProblem('BAD_REQUEST', 'Invalid request body: name is required');
      const type = readType(registryType);
      if (credentials === undefined)
        throw new HttpProblem('BAD_REQUEST', 'Invalid request body: credentials are required');
      const registry = { name, type, credentials, ...(registryUrl ? { url: registryUrl } : {}) };
      const view = await reconciler.addRegistry(registry, identity, newSignal());
      return created({ message: 'Registry created successfully', registry: toRegistry(view) });
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/admin/registries/:id',
    id: 'updateRegistry',
    tag: TAG,
    summary: 'Changes name, address or credentials',
    access: 'admin',
    params: REGISTRY_ID,
    body,
    responses: { 200: CHANGED, 400: BAD_ID, 404: UNKNOWN, 409: answers('The name is taken.', ERROR) },
    async handle({ params, body: given, identity }, { reconciler }: WorkflowDeps) {
      const id = readId(params);
      const update = readUpdate(given);
      const view = await withRegistry(() => reconciler.updateRegistry(id, update, identity, newSignal()));
      return ok({ message: 'Registry updated successfully', registry: toRegistry(view) });
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/admin/registries/:id',
    id: 'deleteRegistry',
    tag: TAG,
    summary: 'Removes a registry with its credentials',
    access: 'admin',
    params: REGISTRY_ID,
    responses: { 200: answers('It is gone.', record({ message: TEXT })), 400: BAD_ID, 404: UNKNOWN },
    async handle({ params, identity }, { reconciler }: WorkflowDeps) {
      const id = readId(params);
      await withRegistry(() => reconciler.removeRegistry(id, identity, newSignal()));
      return ok({ message: 'Registry deleted successfully' });
    },
  }),
];

const stateRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/admin/registries/:id/test',
    id: 'testRegistry',
    tag: TAG,
    summary: 'Asks the registry whether it takes the credentials',
    access: 'admin',
    params: REGISTRY_ID,
    responses: {
      200: answers('It does.', record({ message: TEXT, status: TEXT })),
      400: BAD_ID,
      404: UNKNOWN,
      503: answers(
        'It does not, or does not answer, or nothing can be asked now.',
        withMembers('Error', { status: { const: 'failed' } }, []),
      ),
    },
    async handle({ params, signal }, { reconciler }: WorkflowDeps): Promise<Reply> {
      const id = readId(params);
      try {
        await withRegistry(() => reconciler.testRegistry(id, signal));
        return ok({ message: 'Registry connection successful', status: 'connected' });
      } catch (error) {
        if (error instanceof HttpProblem || signal.aborted || !isReconcilerError(error)) throw error;
        return { kind: 'json', status: 503, body: { error: errorMessage(error), status: 'failed' } };
      }
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/admin/registries/:id/default',
    id: 'chooseRegistry',
    tag: TAG,
    summary: 'Makes it the default one of its type',
    access: 'admin',
    params: REGISTRY_ID,
    responses: { 200: answers('It is.', record({ message: TEXT })), 400: BAD_ID, 404: UNKNOWN },
    async handle({ params, identity }, { reconciler }: WorkflowDeps) {
      const id = readId(params);
      await withRegistry(() => reconciler.chooseRegistry(id, identity, newSignal()));
      return ok({ message: 'Default registry updated successfully' });
    },
  }),
];

/** Registries; fixed paths before those with an id. */
export const registryRoutes: readonly Route<WorkflowDeps>[] = [...readRoutes, ...writeRoutes, ...stateRoutes];

import type { ObjectHistoryEntry, ObjectOrder, ObjectView } from '../../../../reconciler/index.ts';
import { idOf, isReconcilerError, own } from '../../../../reconciler/index.ts';
import { HttpProblem } from '../../../http/problem.ts';
import type { ServerEvent } from '../../../http/route.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { followObject } from '../../../operations/follow/follow-object.ts';
import { findObject, listObjects } from '../../../operations/objects.ts';
import { answers, answersEvents } from '../answers.ts';
import type { WorkflowDeps } from '../deps.ts';
import { ownerOf } from '../owner.ts';
import { ANYTHING, ID, listOf, record, refer, TEXT, TIME } from '../schemas.ts';
import { toStatus } from './resource-status.ts';
import { toResource, toRow, typeOf } from './resource-view.ts';

const TAG = 'Resources';
const LIMIT = 25;
const MAX_LIMIT = 100;
const ERROR = refer('Error');
export const RESOURCE_ID = { id: 'Id of the resource.' };
export const BAD_RESOURCE_ID = answers('The id is none.', ERROR);
export const UNKNOWN_RESOURCE = answers('There is no such resource.', ERROR);
const ROW = {
  id: ID,
  name: TEXT,
  namespace: TEXT,
  type: TEXT,
  clusterName: TEXT,
  status: TEXT,
  createdAt: TIME,
  isFavorite: { type: 'boolean' },
};
const RESOURCE_MEMBERS = {
  ...ROW,
  userId: TEXT,
  clusterId: ID,
  uid: TEXT,
  resourceVersion: TEXT,
  labels: ANYTHING,
  annotations: ANYTHING,
  ownerReferences: listOf(ANYTHING),
  spec: ANYTHING,
  metadata: ANYTHING,
  userTags: listOf(TEXT),
  userNotes: TEXT,
  lastSyncedAt: TIME,
  lastSeenAt: TIME,
  firstDiscoveredAt: TIME,
};
/** Schema of a whole resource; the members that are not required come where there is something to say. */
const RESOURCE = {
  type: 'object',
  properties: {
    ...RESOURCE_MEMBERS,
    message: { ...TEXT, description: 'Reason for its status, as the cluster gives it.' },
    workflowId: ID,
    workflowName: TEXT,
    stack: { ...TEXT, description: 'Name of the stack that it belongs to, where that is no workflow.' },
  },
  required: Object.keys(RESOURCE_MEMBERS),
};
const HISTORY_MEMBERS = {
  id: ID,
  resourceId: ID,
  userId: TEXT,
  action: { enum: ['created', 'updated', 'deleted', 'scaled', 'restarted'] },
  changes: ANYTHING,
  newStatus: TEXT,
  timestamp: TIME,
  message: TEXT,
};
const HISTORY = {
  type: 'object',
  properties: { ...HISTORY_MEMBERS, oldStatus: { ...TEXT, description: 'Where it was there before.' } },
  required: Object.keys(HISTORY_MEMBERS),
};

const SORTS: Readonly<Record<string, ObjectOrder>> = {
  name: 'name',
  type: 'kind',
  namespace: 'namespace',
  cluster: 'node',
  status: 'status',
  created: 'created',
  created_at: 'created',
};

interface ResourceQuery {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly type?: string;
  readonly search?: string;
  readonly hideSystem?: boolean;
  readonly sync?: boolean;
  readonly sort_by?: string;
  readonly sort_order?: string;
  readonly sort?: string;
  readonly order?: string;
  readonly limit?: number;
  readonly offset?: number;
  readonly page?: number;
}

const query = shape<ResourceQuery>({
  type: 'object',
  properties: {
    cluster: { type: 'string', maxLength: 253, description: 'Name of the cluster or node; all: any.' },
    namespace: { type: 'string', maxLength: 253, description: 'all: any.' },
    type: { type: 'string', maxLength: 253, description: 'Kind, such as Pod; all: any.' },
    search: { type: 'string', maxLength: 500, description: 'Occurs in name or namespace.' },
    hideSystem: { type: 'boolean', description: 'Leaves out what belongs to the cluster itself.' },
    sync: { type: 'boolean', description: 'Has everything looked at again, for the next answer.' },
    sort_by: {
      type: 'string',
      maxLength: 100,
      description: 'name, type, namespace, cluster, status, created.',
    },
    sort_order: { type: 'string', maxLength: 10, description: 'asc or desc. Default asc.' },
    sort: { type: 'string', maxLength: 100, description: 'The same as sort_by.' },
    order: { type: 'string', maxLength: 10, description: 'The same as sort_order.' },
    limit: { type: 'integer', minimum: 1, description: `Default ${LIMIT}; ${MAX_LIMIT} at most.` },
    offset: { type: 'integer', minimum: 0 },
    page: { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'From 1, instead of an offset.' },
  },
});

interface NoteBody {
  readonly userTags?: readonly string[] | null;
  readonly userNotes?: string | null;
  readonly isFavorite?: boolean;
}

const noteBody = {
  json: shape<NoteBody>({
    type: 'object',
    properties: {
      userTags: { type: ['array', 'null'], items: { type: 'string' }, maxItems: 1_000 },
      userNotes: { type: ['string', 'null'] },
      isFavorite: { type: 'boolean' },
    },
  }),
};

/** Reads the id of a path. Throws BAD_REQUEST. */
export function readResourceId(params: Readonly<Record<string, string>>): string {
  const id = params['id'] ?? '';
  if (!/^[0-9a-f]{24}$/.test(id)) throw new HttpProblem('BAD_REQUEST', 'Invalid resource ID');
  return id;
}

/** The object behind the id of a path. Throws BAD_REQUEST, NOT_FOUND. */
export async function findResource(
  deps: WorkflowDeps,
  params: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ObjectView> {
  const id = readResourceId(params);
  try {
    return await findObject(deps, id, signal);
  } catch (error) {
    if (!isReconcilerError(error, 'UNKNOWN_OBJECT')) throw error;
    throw new HttpProblem('NOT_FOUND', 'Resource not found', { cause: error });
  }
}

function anyOf(text: string | undefined): string | undefined {
  return text === undefined || text === '' || text === 'all' ? undefined : text;
}

function toHistory({ object, at, action, changes, before, after, message }: ObjectHistoryEntry) {
  const timestamp = new Date(at).toISOString();
  const id = idOf('history', `${object}\0${at}\0${action}\0${message}`);
  const common = { id, resourceId: object, userId: '', action, changes, timestamp, message };
  return { ...common, ...(before === null ? {} : { oldStatus: before }), newStatus: after };
}

async function listPage(deps: WorkflowDeps, asked: ResourceQuery, user: string, signal: AbortSignal) {
  const { cluster, namespace, type, search, hideSystem = false, page } = asked;
  const given = {
    node: anyOf(cluster),
    namespace: anyOf(namespace),
    kind: anyOf(type),
    search: search || undefined,
  };
  const filter = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const order = own(SORTS, asked.sort_by ?? asked.sort ?? 'name') ?? 'name';
  const found = await listObjects(deps, { ...filter, hideSystem, order }, signal);
  const isDescending = (asked.sort_order ?? asked.order) === 'desc';
  const limit = Math.min(asked.limit ?? LIMIT, MAX_LIMIT);
  const offset = asked.offset ?? (page === undefined ? 0 : (page - 1) * limit);
  const notes = deps.reconciler.listObjectNotes(user).filter(({ isFavorite }) => isFavorite);
  const favorites = new Set(notes.map(({ object }) => object));
  const shown = (isDescending ? found.toReversed() : found).slice(offset, offset + limit);
  return {
    resources: shown.map((one) => toRow(one, favorites.has(one.id))),
    total: found.length,
    limit,
    offset,
  };
}

const readRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/resources',
    id: 'listResources',
    tag: TAG,
    summary: 'Objects on clusters and nodes',
    description:
      'Those of stacks, and what was made of them. They are watched from the first time on that somebody asks, so an answer costs no request.',
    access: 'viewer',
    query,
    responses: {
      200: answers(
        'A page of them.',
        record({
          resources: listOf(record({ ...ROW, summary: ANYTHING })),
          total: { type: 'integer' },
          limit: { type: 'integer' },
          offset: { type: 'integer' },
        }),
      ),
    },
    async handle({ query: asked, identity, signal }, deps: WorkflowDeps) {
      const answer = await listPage(deps, asked, ownerOf(identity), signal);
      if (asked.sync === true) deps.reconciler.refreshInventory();
      return ok(answer);
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/resources/sync',
    id: 'syncResources',
    tag: TAG,
    summary: 'Has everything looked at again',
    description: 'In the background, at most once in ten seconds.',
    access: 'viewer',
    responses: { 202: answers('It has begun.', record({ message: TEXT })) },
    handle(_, { reconciler }: WorkflowDeps) {
      reconciler.refreshInventory();
      return { kind: 'json', status: 202, body: { message: 'Resource sync initiated' } };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/resources/:id',
    id: 'getResource',
    tag: TAG,
    summary: 'An object with its events, and what has happened to it',
    access: 'viewer',
    params: RESOURCE_ID,
    responses: {
      200: answers(
        'As it was told of last, with what the caller has noted.',
        record({ resource: RESOURCE, history: listOf(HISTORY) }),
      ),
      400: BAD_RESOURCE_ID,
      404: UNKNOWN_RESOURCE,
    },
    async handle({ params, identity, signal }, deps: WorkflowDeps) {
      const { id } = await findResource(deps, params, signal);
      const { reconciler } = deps;
      const note = reconciler.listObjectNotes(ownerOf(identity)).find(({ object }) => object === id);
      const resource = toResource(deps, reconciler.getObject(id), note);
      return ok({ resource, history: reconciler.objectHistory(id).map(toHistory) });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/resources/:id/pods',
    id: 'listResourcePods',
    tag: TAG,
    summary: 'Pods of a workload, jobs of a schedule',
    access: 'viewer',
    params: RESOURCE_ID,
    responses: {
      200: answers('pods, or jobs where it is a CronJob.', {
        type: 'object',
        properties: {
          parent: RESOURCE,
          pods: listOf(RESOURCE),
          jobs: listOf(RESOURCE),
          count: { type: 'integer' },
        },
        required: ['parent', 'count'],
      }),
      400: answers('The id is none, or it has no pods by its kind.', ERROR),
      404: UNKNOWN_RESOURCE,
    },
    async handle({ params, signal }, deps: WorkflowDeps) {
      const { id, kind } = await findResource(deps, params, signal);
      const { parent, children } = childrenOf(deps, id);
      const list = children.map((object) => toResource(deps, { object, events: [] }));
      const shown = toResource(deps, { object: parent, events: [] });
      return ok({ parent: shown, [kind === 'CronJob' ? 'jobs' : 'pods']: list, count: list.length });
    },
  }),
];

function childrenOf({ reconciler }: WorkflowDeps, id: string) {
  try {
    return reconciler.childrenOfObject(id);
  } catch (error) {
    if (!isReconcilerError(error, 'BAD_OPTIONS')) throw error;
    throw new HttpProblem('BAD_REQUEST', 'Resource type does not have child resources', { cause: error });
  }
}

const changeRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'PATCH',
    path: '/resources/:id',
    id: 'noteResource',
    tag: TAG,
    summary: 'Tags, notes and whether it is a favourite, for the caller alone',
    description: 'All three are overwritten.',
    access: 'viewer',
    params: RESOURCE_ID,
    body: noteBody,
    responses: {
      200: answers('It is noted.', record({ message: TEXT })),
      400: answers('The id is none, or the note too large.', ERROR),
      404: UNKNOWN_RESOURCE,
    },
    async handle({ params, body, identity, signal }, deps: WorkflowDeps) {
      const { id } = await findResource(deps, params, signal);
      const { userTags, userNotes, isFavorite = false } = body;
      const note = { object: id, tags: userTags ?? [], notes: userNotes ?? '', isFavorite };
      deps.reconciler.noteObject(ownerOf(identity), note);
      return ok({ message: 'Resource updated successfully' });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/resources/:id/stream',
    id: 'followResource',
    tag: TAG,
    summary: 'An object as it goes',
    description:
      'Server-sent events: metadata (the object), status_update for each change, complete when it is gone.',
    access: 'viewer',
    params: RESOURCE_ID,
    responses: {
      200: answersEvents('Until the object or the client goes.'),
      400: BAD_RESOURCE_ID,
      404: UNKNOWN_RESOURCE,
    },
    async handle({ params, signal }, deps: WorkflowDeps) {
      const object = await findResource(deps, params, signal);
      return { kind: 'events', events: followResource(deps, object, signal) };
    },
  }),
];

async function* followResource(
  deps: WorkflowDeps,
  { id }: ObjectView,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  let isFirst = true;
  for await (const { object } of followObject(deps, id, signal)) {
    if (object === null) {
      yield { event: 'complete', data: 'Resource was deleted' };
      return;
    }
    const { name, namespace, status, facts } = object;
    const type = typeOf(object);
    // Pages show the status of it until there is news; they have no word for the state that goes with it.
    if (isFirst)
      yield { event: 'metadata', data: { id, name, namespace: namespace ?? '', type, status, spec: facts } };
    else yield { event: 'status_update', data: { resource_id: id, type, status: toStatus(object) } };
    isFirst = false;
  }
}

/** Objects of the inventory; fixed paths before those with an id. */
export const resourceRoutes: readonly Route<WorkflowDeps>[] = [...readRoutes, ...changeRoutes];

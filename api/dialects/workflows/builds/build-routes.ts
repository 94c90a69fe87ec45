import type { BuildRecord, NewBuild } from '../../../../reconciler/index.ts';
import { isReconcilerError } from '../../../../reconciler/index.ts';
import type { Identity } from '../../../auth/identity.ts';
import { HttpProblem } from '../../../http/problem.ts';
import type { Route, ServerEvent } from '../../../http/route.ts';
import { created, defineRoute, ok } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { newSignal } from '../../../operations/write.ts';
import { answers, answersEvents } from '../answers.ts';
import type { WorkflowDeps } from '../deps.ts';
import type { ListQuery } from '../page.ts';
import { listParameters, pageOf } from '../page.ts';
import { listOf, record, refer, TEXT } from '../schemas.ts';
import { findWorkflow } from '../workflow-routes.ts';
import { BUILD } from './build-schemas.ts';
import { ownerOf } from '../owner.ts';
import { imageOf, toBuild, toBuildEvent, workflowIds } from './build-view.ts';

const TAG = 'Builds';
const LIMIT = 20;
/** More builds than are kept. */
const ALL = 1_000;
const BUILD_ID = { id: 'Id of the build.' };
const ERROR = refer('Error');
const BAD_ID = answers('The id is none.', ERROR);
const UNKNOWN = answers('The caller has no such build.', ERROR);

interface StartBody {
  readonly repoUrl?: string;
  readonly registryId?: string;
  readonly imageName?: string;
  readonly branch?: string;
  readonly imageTag?: string;
  readonly workflowId?: string;
  readonly buildContext?: string;
  readonly dockerfile?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly useNixpacks?: boolean;
}

const LINE = { type: 'string', maxLength: 4_096 };
const startBody = shape<StartBody>({
  type: 'object',
  properties: {
    repoUrl: { ...LINE, description: 'Address of the repository; …/tree/BRANCH names the branch as well.' },
    registryId: LINE,
    imageName: { ...LINE, description: 'Behind the host, and the account or path, of the registry.' },
    branch: { ...LINE, description: 'Default: the main one of the repository.' },
    imageTag: { ...LINE, description: 'Default latest.' },
    workflowId: { ...LINE, description: 'Every deployment of this workflow gets the image, by a commit.' },
    buildContext: { ...LINE, description: 'Directory of the repository. Default: all of it.' },
    dockerfile: { ...LINE, description: 'Path below the context. Default Dockerfile.' },
    buildArgs: {
      type: 'object',
      additionalProperties: { type: 'string', maxLength: 32_768 },
      maxProperties: 100,
    },
    useNixpacks: { type: 'boolean' },
  },
});

const listQuery = shape<ListQuery & { readonly offset?: number }>({
  type: 'object',
  properties: {
    ...listParameters({ limit: LIMIT }),
    offset: {
      type: 'integer',
      minimum: 0,
      maximum: 1_000_000,
      description: 'Builds to leave out; page is not asked then.',
    },
  },
});

/** A build of the caller, or of anybody where an admin asks. Throws BAD_REQUEST for what is no id, NOT_FOUND. */
function findBuild(
  { reconciler }: WorkflowDeps,
  id: string,
  identity: Identity,
  unknown: string,
): BuildRecord {
  if (!/^[0-9a-f]{24}$/.test(id)) throw new HttpProblem('BAD_REQUEST', 'Invalid build ID');
  try {
    const build = reconciler.getBuild(id);
    if (build.owner === ownerOf(identity) || identity.role === 'admin') return build;
  } catch (error) {
    if (!isReconcilerError(error, 'UNKNOWN_BUILD')) throw error;
  }
  throw new HttpProblem('NOT_FOUND', unknown);
}

function readStart(deps: WorkflowDeps, body: StartBody, identity: Identity): NewBuild {
  const { repoUrl = '', registryId = '', imageName = '', workflowId = '' } = body;
  for (const [name, value] of Object.entries({ repoUrl, registryId, imageName }))
    if (value.trim() === '') throw new HttpProblem('BAD_REQUEST', `Invalid request: ${name} is required`);
  if (!/^[0-9a-f]{24}$/.test(registryId)) throw new HttpProblem('BAD_REQUEST', 'Invalid registry ID');
  return {
    repository: repoUrl,
    registry: registryId,
    imageName,
    owner: ownerOf(identity),
    ...(workflowId === '' ? {} : { stack: findWorkflow(deps, workflowId).name }),
    ...(body.branch ? { branch: body.branch } : {}),
    ...(body.imageTag ? { tag: body.imageTag } : {}),
    ...(body.buildContext ? { context: body.buildContext } : {}),
    ...(body.dockerfile ? { dockerfile: body.dockerfile } : {}),
    ...(body.buildArgs ? { args: body.buildArgs } : {}),
    ...(body.useNixpacks === undefined ? {} : { generated: body.useNixpacks }),
  };
}

async function startBuild(deps: WorkflowDeps, build: NewBuild, identity: Identity): Promise<BuildRecord> {
  try {
    return await deps.reconciler.startBuild(build, identity, newSignal());
  } catch (error) {
    if (isReconcilerError(error, 'UNKNOWN_REGISTRY'))
      throw new HttpProblem('NOT_FOUND', `Failed to start build: ${error.message}`, { cause: error });
    if (!isReconcilerError(error, 'BAD_OPTIONS')) throw error;
    const [code, text] = error.retryable
      ? (['TOO_MANY_REQUESTS', 'Failed to start build'] as const)
      : (['BAD_REQUEST', 'Invalid request'] as const);
    throw new HttpProblem(code, `${text}: ${error.message}`, { cause: error });
  }
}

const startRoute = defineRoute({
  method: 'POST',
  path: '/builds/start',
  id: 'startBuild',
  tag: TAG,
  summary: 'Queues a build of an image out of a Git repository, which is pushed to a registry',
  access: 'deployer',
  body: { json: startBody },
  responses: {
    201: answers('It waits for its turn.', record({ build: BUILD, message: TEXT })),
    400: answers('Something is missing or wrong, or nothing is built here.', ERROR),
    404: answers('There is no such registry or workflow.', ERROR),
    429: answers('Too many builds wait.', ERROR),
  },
  async handle({ body, identity }, deps: WorkflowDeps) {
    const build = await startBuild(deps, readStart(deps, body, identity), identity);
    return created({ build: toBuild(deps, build), message: 'Build started successfully' });
  },
});

const readRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/builds',
    id: 'listBuilds',
    tag: TAG,
    summary: 'Builds of the caller, the newest first',
    access: 'viewer',
    query: listQuery,
    responses: {
      200: answers(
        'A page of them.',
        record({
          builds: listOf(BUILD),
          total: { type: 'integer' },
          limit: { type: 'integer' },
          offset: { type: 'integer' },
        }),
      ),
    },
    handle({ query, identity }, deps: WorkflowDeps) {
      const { limit = LIMIT, page = 1 } = query;
      const ids = workflowIds(deps);
      const { builds } = deps.reconciler.listBuilds({ owner: ownerOf(identity), limit: ALL });
      const { items, total } = pageOf(
        builds.toReversed().map((build) => toBuild(deps, build, ids)),
        { ...query, page: 1, limit: ALL },
        {
          sorts: {
            created_at: (one) => one.createdAt,
            status: (one) => one.status,
            imageName: (one) => one.imageName,
          },
          texts: (one) => [one.repoUrl, one.imageName, one.imageTag, one.branch],
        },
      );
      const offset = query.offset ?? (page - 1) * limit;
      return ok({ builds: items.slice(offset, offset + limit), total, limit, offset });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/builds/:id',
    id: 'getBuild',
    tag: TAG,
    summary: 'A build',
    access: 'viewer',
    params: BUILD_ID,
    responses: { 200: answers('As it stands.', record({ build: BUILD })), 400: BAD_ID, 404: UNKNOWN },
    handle: ({ params, identity }, deps: WorkflowDeps) =>
      ok({ build: toBuild(deps, findBuild(deps, params['id'] ?? '', identity, 'Build not found')) }),
  }),
  defineRoute({
    method: 'GET',
    path: '/builds/:id/stream',
    id: 'streamBuild',
    tag: TAG,
    summary: 'A build as it goes: its last lines, then what happens, until it has ended',
    access: 'viewer',
    params: BUILD_ID,
    responses: {
      200: answersEvents(
        'Events metadata (the build), log, progress, and at its end complete, failed or cancelled; all but the first in the envelope of the streams.',
      ),
      400: BAD_ID,
      404: UNKNOWN,
    },
    handle({ params, identity, signal }, deps: WorkflowDeps) {
      const build = findBuild(deps, params['id'] ?? '', identity, 'Build not found');
      return { kind: 'events', events: followBuild(deps, build, signal) };
    },
  }),
];

async function* followBuild(
  deps: WorkflowDeps,
  build: BuildRecord,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent, void, undefined> {
  yield { event: 'metadata', data: toBuild(deps, build) };
  const isOver = build.status === 'completed';
  for await (const event of deps.reconciler.followBuild(build.id, signal)) {
    // One that was over before has no envelope.
    if (event.type === 'end' && isOver)
      yield { event: 'complete', data: { status: event.build.status, ...imageOf(event.build) } };
    else yield toBuildEvent(event, build.id);
  }
}

const cancelRoute = defineRoute({
  method: 'POST',
  path: '/builds/:id/cancel',
  id: 'cancelBuild',
  tag: TAG,
  summary: 'Calls a build off; one that is pushed is carried through',
  access: 'deployer',
  params: BUILD_ID,
  responses: {
    200: answers('It has ended.', record({ message: TEXT })),
    400: answers('The id is none, or the build has ended already.', ERROR),
    404: UNKNOWN,
  },
  async handle({ params, identity }, deps: WorkflowDeps) {
    const { id } = findBuild(deps, params['id'] ?? '', identity, 'build not found');
    try {
      await deps.reconciler.cancelBuild(id);
    } catch (error) {
      if (!isReconcilerError(error, 'BUILD_ENDED')) throw error;
      throw new HttpProblem('BAD_REQUEST', error.message, { cause: error });
    }
    return ok({ message: 'Build cancelled successfully' });
  },
});

export const buildRoutes: readonly Route<WorkflowDeps>[] = [startRoute, ...readRoutes, cancelRoute];

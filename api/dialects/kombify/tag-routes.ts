import { readRelease } from '../../../reconciler/index.ts';
import { created, defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import {
  createTag,
  deleteTag,
  deployTag,
  listTags,
  moveTag,
  needView,
  readTagStatus,
} from '../../operations/tags.ts';
import type { PageQuery } from '../../http/page.ts';
import { ALL_OR_PAGE, pageParameters, takePage } from '../../http/page.ts';
import { answers, listSchema } from './answers.ts';
import { listOf, record, refer } from './schemas.ts';

const TAG = 'Tags';
const PER_PAGE = 50;
const NAME = { name: '`<service>-v<X.Y.Z>-<environment>`' };
const TEXT = { type: 'string' };
const TEXT_OR_NULL = { type: ['string', 'null'] };
const COMMIT = { type: 'string', minLength: 1, description: 'A commit, branch or tag.' };

const VIEW = record({
  name: TEXT,
  scheme: { enum: ['deployment', 'release'] },
  subject: TEXT,
  version: TEXT,
  environment: TEXT_OR_NULL,
  commit: TEXT,
  time: { type: 'string', format: 'date-time' },
  message: TEXT,
});

interface TagQuery extends PageQuery {
  readonly scheme?: 'deployment' | 'release';
  readonly subject?: string;
  readonly environment?: string;
}

const listQuery = shape<TagQuery>({
  type: 'object',
  properties: {
    scheme: { enum: ['deployment', 'release'] },
    subject: { type: 'string', minLength: 1, description: 'The stack, or the service of a release.' },
    environment: { type: 'string', minLength: 1 },
    ...pageParameters(1_000),
  },
});

interface TagBody {
  readonly service: string;
  readonly version: string;
  readonly environment: string;
  readonly commit?: string;
  readonly message?: string;
  readonly force?: boolean;
}

const tagBody = shape<TagBody>({
  type: 'object',
  required: ['service', 'version', 'environment'],
  additionalProperties: false,
  properties: {
    service: { type: 'string', minLength: 1, description: 'A stack, or a service that one stack only has.' },
    version: { type: 'string', minLength: 1, description: 'Such as 1.2.3.' },
    environment: { type: 'string', minLength: 1, description: 'dev, staging or prod.' },
    commit: { ...COMMIT, description: 'Default: the newest commit of the branch.' },
    message: { type: 'string', minLength: 1 },
    force: { type: 'boolean', description: 'Move the tag when there is one. Default false.' },
  },
});

const moveBody = shape<{ readonly commit: string }>({
  type: 'object',
  required: ['commit'],
  additionalProperties: false,
  properties: { commit: COMMIT },
});

const conflict = { 409: answers('The tag is there already, or somebody else was faster.', refer('Error')) };

export const tagRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/tags',
    id: 'listTags',
    tag: TAG,
    summary: 'Tags of both schemes',
    description: ALL_OR_PAGE,
    access: 'viewer',
    query: listQuery,
    responses: {
      200: answers('Releases, then deployments; the newest first.', listSchema('tags', VIEW)),
    },
    async handle({ query }, deps: ApiDeps) {
      const { scheme, subject, environment } = query;
      const found = (await listTags(deps)).filter(
        (tag) =>
          (scheme === undefined || tag.scheme === scheme) &&
          (subject === undefined || tag.subject === subject) &&
          (environment === undefined || tag.environment === environment),
      );
      const { items: tags, pagination } = takePage(found, query, PER_PAGE);
      return ok({ tags, pagination });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/tags',
    id: 'createTag',
    tag: TAG,
    summary: 'Put a release tag on a commit',
    description: 'Pushed where the repository is remote. Deploys nothing.',
    access: 'deployer',
    body: { json: tagBody },
    responses: { 201: answers('The tag.', VIEW), ...conflict },
    async handle({ body, identity: actor }, deps: ApiDeps) {
      const { service, version, environment, ...more } = body;
      const release = readRelease({ service, version, environment });
      return created(await createTag(deps, { release, actor, ...more }));
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/tags/:name',
    id: 'getTagStatus',
    tag: TAG,
    summary: 'Whether what a release tag says is deployed',
    access: 'viewer',
    params: NAME,
    responses: {
      200: answers(
        'The tag, and the newest deployment.',
        record({
          tag: VIEW,
          stack: TEXT,
          deployed: { type: 'boolean' },
          deployment: TEXT_OR_NULL,
          differs: listOf(TEXT),
        }),
      ),
    },
    async handle({ params, signal }, deps: ApiDeps) {
      const { tag, deployment, ...status } = await readTagStatus(deps, params['name'] ?? '', signal);
      return ok({ ...status, tag: needView(tag), deployment: deployment?.tag ?? null });
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/tags/:name',
    id: 'deleteTag',
    tag: TAG,
    summary: 'Delete a release tag',
    description: 'What runs stays.',
    access: 'deployer',
    params: NAME,
    responses: { 200: answers('The tag as it was.', VIEW), ...conflict },
    handle: async ({ params }, deps: ApiDeps) => ok(await deleteTag(deps, params['name'] ?? '')),
  }),
  defineRoute({
    method: 'POST',
    path: '/tags/:name/move',
    id: 'moveTag',
    tag: TAG,
    summary: 'Put a release tag on another commit',
    description: 'Deploys nothing.',
    access: 'deployer',
    params: NAME,
    body: { json: moveBody },
    responses: { 200: answers('The tag.', VIEW), ...conflict },
    handle: async ({ params, body }, deps: ApiDeps) =>
      ok(await moveTag(deps, params['name'] ?? '', body.commit)),
  }),
  defineRoute({
    method: 'POST',
    path: '/tags/:name/deploy',
    id: 'deployTag',
    tag: TAG,
    summary: 'Deploy the stack of a release tag as it is at that tag',
    description:
      'A commit that brings the files of the stack to what they are at the tag, deployed like any push; where they are so already, an apply.',
    access: 'deployer',
    params: NAME,
    responses: {
      200: answers(
        'The commit, or the job.',
        record({ tag: TEXT, stack: TEXT, commit: TEXT_OR_NULL, job_id: TEXT_OR_NULL }),
      ),
      ...conflict,
    },
    async handle({ params, identity }, deps: ApiDeps) {
      const { tag, stack, commit, job } = await deployTag(deps, params['name'] ?? '', identity);
      return ok({ tag: tag.name, stack, commit, job_id: job?.id ?? null });
    },
  }),
];

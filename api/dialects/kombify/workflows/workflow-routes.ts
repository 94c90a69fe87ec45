import type { StackSearch, SyncState } from '../../../../reconciler/index.ts';
import { WORKFLOW_RULES } from '../../../../reconciler/index.ts';
import { pageParameters, readPage, toPagination, toRange } from '../../../http/page.ts';
import type { PageQuery } from '../../../http/page.ts';
import { created, defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import { runWorkflow } from '../../../operations/workflow-runs.ts';
import { createWorkflow } from '../../../operations/workflows.ts';
import { answers } from '../answers.ts';
import { toJob } from '../job-view.ts';
import { record, refer } from '../schemas.ts';
import { STACK_ID } from '../stack-routes.ts';
import { STATES, toStack, toStackDetail } from '../stack-view.ts';
import { readWords } from '../live/word-list.ts';
import { MANIFEST_TEMPLATE, toCoreTemplate, toPluginTemplates } from './catalogue-view.ts';
import { findWorkflow } from './find-workflow.ts';
import { toVersion } from './version-routes.ts';
import { CATALOGUE, CHECKED, VERSION, WORKFLOW_LIST } from './workflow-schemas.ts';

const TAG = 'Workflows';
const PER_PAGE = 50;
const MAX_TEXT = 1024 ** 2;
/** The catalogue itself is asked for, not what somebody has switched on. */
const NOBODY = '';

interface ListQuery extends PageQuery {
  readonly q?: string;
  readonly state?: string;
  readonly sort?: NonNullable<StackSearch['order']>;
}

const listQuery = shape<ListQuery>({
  type: 'object',
  properties: {
    ...pageParameters(1000),
    q: { type: 'string', maxLength: 200, description: 'As of GET /stacks.' },
    state: { type: 'string', maxLength: 200, description: 'As of GET /stacks.' },
    sort: { enum: ['name', 'attention', 'deployed'], description: 'As of GET /stacks. Default name.' },
  },
});

const newBody = shape<{ readonly title: string; readonly description?: string; readonly cluster?: string }>({
  type: 'object',
  required: ['title'],
  additionalProperties: false,
  properties: {
    title: { type: 'string', minLength: 1, maxLength: 200, description: 'Name for people.' },
    description: { type: 'string', maxLength: 10_000 },
    cluster: { type: 'string', minLength: 1, maxLength: 253 },
  },
});

const checkBody = shape<{ readonly text: string; readonly name?: string }>({
  type: 'object',
  required: ['text'],
  additionalProperties: false,
  properties: {
    text: { type: 'string', maxLength: MAX_TEXT, description: 'The file of a workflow.' },
    name: { type: 'string', maxLength: 63, pattern: '^[a-z0-9-]+$', description: 'Default workflow.' },
  },
});

type Values = Readonly<Record<string, Readonly<Record<string, string>>>>;

const VALUES = {
  type: 'object',
  additionalProperties: { type: 'object', additionalProperties: { type: 'string', maxLength: 65_536 } },
};

const runBody = shape<{
  readonly cluster?: string;
  readonly namespace?: string;
  readonly secrets?: Values;
  readonly variables?: Values;
}>({
  type: 'object',
  additionalProperties: false,
  properties: {
    cluster: { type: 'string', minLength: 1, maxLength: 253 },
    namespace: { type: 'string', minLength: 1, maxLength: 63 },
    secrets: {
      ...VALUES,
      description: 'Values of secret nodes, by the id of the node and by key. They are kept, encrypted.',
    },
    variables: { ...VALUES, description: 'Values of variables of workloads, likewise.' },
  },
});

const readRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/workflows',
    id: 'listWorkflows',
    tag: TAG,
    summary: 'List workflows',
    description: 'Fifty at a time, unless another page is asked for.',
    access: 'viewer',
    query: listQuery,
    responses: {
      200: answers('Each with how it stands. counts: how many are in which state.', WORKFLOW_LIST),
    },
    handle({ query: { q, state, sort, ...paging } }, { reconciler }: ApiDeps) {
      const page = readPage({ page: 1, ...paging }, PER_PAGE);
      const { stacks, total, counts } = reconciler.findStacks({
        kind: 'workflow',
        ...(q === undefined ? {} : { text: q }),
        ...(state === undefined ? {} : { states: readWords('state', state, STATES) }),
        ...(sort === undefined ? {} : { order: sort }),
        ...(page === null ? {} : toRange(page)),
      });
      const known = new Map(reconciler.listWorkflows().map((one) => [one.name, one]));
      return ok({
        workflows: stacks.map((stack) => toRow(known.get(stack.name), toStack(stack))),
        pagination: toPagination(page, total),
        counts: Object.fromEntries(STATES.map((one: SyncState) => [one, counts.get(one) ?? 0])),
      });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/workflows/catalogue',
    id: 'getCatalogue',
    tag: TAG,
    summary: 'What a workflow can be made of',
    description:
      'Templates of nodes, of Kubernetes itself and of all plugins, each with the JSON Schema of its data; and which types of nodes can be connected: links fill fields in, between two workloads and with open types an edge is an order.',
    access: 'viewer',
    responses: { 200: answers('Templates of Kubernetes first, then plugins by name.', CATALOGUE) },
    handle(_, { reconciler }: ApiDeps) {
      const core = reconciler.listTemplates(NOBODY).map(toCoreTemplate);
      const plugins = reconciler.listPlugins(NOBODY).flatMap(toPluginTemplates);
      return ok({ templates: [...core, MANIFEST_TEMPLATE, ...plugins], ...WORKFLOW_RULES });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/workflows/check',
    id: 'checkWorkflow',
    tag: TAG,
    summary: 'Check the text of a workflow, and say what its edges mean',
    description:
      'Writes nothing, and asks no cluster. The path of a finding leads to the field: nodes[0].data.port.',
    access: 'viewer',
    body: { json: checkBody, maxBytes: 2 * MAX_TEXT },
    responses: { 200: answers('connections: edges that mean something, by their place in edges.', CHECKED) },
    handle({ body: { text, name = 'workflow' }, identity }, { reconciler }: ApiDeps) {
      const alone = identity.role === 'viewer';
      const { diagnostics, connections = [] } = reconciler.validate(text, `workflows/${name}.yaml`, {
        alone,
      });
      return ok({ diagnostics, connections });
    },
  }),
];

type Listed = ReturnType<ApiDeps['reconciler']['listWorkflows']>[number];

function toRow(listed: Listed | undefined, stack: ReturnType<typeof toStack>) {
  return {
    name: stack.name,
    title: listed?.title ?? stack.name,
    description: listed?.description ?? '',
    publication: listed?.status ?? 'draft',
    cluster: listed?.cluster ?? '',
    nodes_count: listed?.nodes ?? 0,
    stack,
  };
}

const writeRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/workflows',
    id: 'createWorkflow',
    tag: TAG,
    summary: 'Commit a new workflow, a draft without nodes',
    description: 'Its name is made from the title. Nothing is applied until it is published.',
    access: 'deployer',
    body: { json: newBody },
    responses: { 201: answers('The stack, with its document.', refer('StackDetail')) },
    handle: async ({ body, identity }, deps: ApiDeps) =>
      created(toStackDetail(await createWorkflow(deps, body, identity))),
  }),
  defineRoute({
    method: 'POST',
    path: '/workflows/:id/runs',
    id: 'startRun',
    tag: TAG,
    summary: 'Apply a published workflow, with values for its secrets and variables',
    description:
      'Marks what the branch says as a version, and applies it as a job. Values are kept, encrypted, and never shown.',
    access: 'deployer',
    params: STACK_ID,
    body: { json: runBody },
    responses: {
      201: answers('The job, queued, and the version.', record({ job: refer('Job'), version: VERSION })),
    },
    async handle({ params, body, identity }, deps: ApiDeps) {
      const view = findWorkflow(deps, params['id'] ?? '');
      const { job, version } = await runWorkflow(deps, view, body, identity);
      return created({ job: toJob(job), version: toVersion(version) });
    },
  }),
];

/** Workflows: listed, checked, made and run. Fixed paths stand before those with a name. */
export const workflowRoutes: readonly Route<ApiDeps>[] = [...readRoutes, ...writeRoutes];

import type { StackView } from '../../../reconciler/index.ts';
import { HttpProblem } from '../../http/problem.ts';
import { created, defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import { deleteStack } from '../../operations/stacks.ts';
import { createWorkflow, editWorkflow, editWorkflowOf, listWorkflows } from '../../operations/workflows.ts';
import { answers } from './answers.ts';
import type { WorkflowDeps } from './deps.ts';
import { keepSentIds, toFileEdge, toFileNode } from './graph.ts';
import type { ListQuery } from './page.ts';
import { listParameters, pageOf } from './page.ts';
import { GRAPH, ID, listOf, record, refer, STATUS, TEXT, withMembers } from './schemas.ts';
import { listedAs, toWorkflow } from './workflow-view.ts';

const TAG = 'Workflows';
/** Answer to an id that is none. */
export const BAD_ID = answers('The id is none.', refer('Error'));
export const WORKFLOW_ID = { id: 'Id of the workflow.' };

const listQuery = shape<ListQuery>({ type: 'object', properties: listParameters() });

const NAME = { type: 'string', minLength: 1, maxLength: 200 };
const DESCRIPTION = { type: 'string', maxLength: 10_000 };

interface Graph {
  readonly nodes?: readonly object[];
  readonly edges?: readonly object[];
}

const createBody = shape<{
  readonly name: string;
  readonly description?: string;
  readonly cluster_id?: string;
}>({
  type: 'object',
  properties: {
    name: NAME,
    description: DESCRIPTION,
    cluster_id: {
      type: 'string',
      maxLength: 253,
      description: 'Name of a cluster. Default: the default one.',
    },
  },
  required: ['name'],
});

interface WorkflowChanges extends Graph {
  readonly name?: string;
  readonly description?: string;
  readonly status?: string;
  readonly cluster_id?: string;
  readonly tags?: readonly string[];
}

const changesBody = shape<WorkflowChanges>({
  type: 'object',
  properties: {
    name: NAME,
    description: DESCRIPTION,
    status: TEXT,
    cluster_id: { type: 'string', maxLength: 253 },
    tags: { type: 'array', items: { type: 'string', maxLength: 100 }, maxItems: 100 },
    ...GRAPH,
  },
});

const saveBody = shape<Graph & { readonly description?: string }>({
  type: 'object',
  properties: { ...GRAPH, description: DESCRIPTION },
});

const cloneBody = shape<{ readonly name: string }>({
  type: 'object',
  properties: { name: NAME },
  required: ['name'],
});

const statusBody = shape<{ readonly status: string }>({
  type: 'object',
  properties: { status: TEXT },
  required: ['status'],
});

/** Throws NOT_FOUND, and BAD_REQUEST for what is no id. */
export function findWorkflow(deps: WorkflowDeps, id: string): StackView {
  if (!/^[0-9a-f]{24}$/.test(id)) throw new HttpProblem('BAD_REQUEST', 'Invalid workflow ID');
  const found = listWorkflows(deps).find((workflow) => workflow.id === id);
  if (found === undefined) throw new HttpProblem('NOT_FOUND', 'Workflow not found');
  return deps.reconciler.getStack(found.name);
}

/** The keys of the file that a request gives. */
function toKeys({
  nodes,
  edges,
  name,
  cluster_id: cluster,
  ...rest
}: WorkflowChanges): Record<string, unknown> {
  return {
    ...rest,
    ...(name === undefined ? {} : { title: name }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(nodes === undefined ? {} : { nodes: nodes.map(toFileNode) }),
    ...(edges === undefined ? {} : { edges: edges.map(toFileEdge) }),
  };
}

function checkStatus(status: string | undefined): void {
  if (status === undefined || STATUS.enum.some((known) => known === status)) return;
  throw new HttpProblem('BAD_REQUEST', 'Invalid status');
}

const listRoute: Route<WorkflowDeps> = defineRoute({
  method: 'GET',
  path: '/workflows',
  id: 'listWorkflows',
  tag: TAG,
  summary: 'Workflows',
  access: 'viewer',
  query: listQuery,
  responses: {
    200: answers(
      'The newest first.',
      record({ workflows: listOf(refer('Workflow')), total: { type: 'integer' } }),
    ),
  },
  handle({ query }, deps: WorkflowDeps) {
    const found = listWorkflows(deps).map((workflow) => ({ stack: workflow.name, ...listedAs(workflow) }));
    const { items, total } = pageOf(found, query, {
      sorts: {
        created_at: (one) => one.created_at,
        updated_at: (one) => one.updated_at,
        name: (one) => one.name,
        status: (one) => one.status,
      },
      texts: ({ name, description }) => [name, description],
    });
    return ok({
      workflows: items.map(({ stack }) => toWorkflow(deps, deps.reconciler.getStack(stack))),
      total,
    });
  },
});

const createRoute: Route<WorkflowDeps> = defineRoute({
  method: 'POST',
  path: '/workflows',
  id: 'createWorkflow',
  tag: TAG,
  summary: 'A new workflow, a draft',
  access: 'deployer',
  body: { json: createBody },
  responses: {
    201: answers(
      'The workflow, as such and inside.',
      withMembers('Workflow', { message: TEXT, workflow: refer('Workflow') }),
    ),
  },
  async handle({ body, identity }, deps: WorkflowDeps) {
    const { name: title, description, cluster_id: cluster } = body;
    const asked = {
      title,
      ...(description === undefined ? {} : { description }),
      ...(cluster === undefined ? {} : { cluster }),
    };
    const workflow = toWorkflow(deps, await createWorkflow(deps, asked, identity));
    return created({ ...workflow, message: 'Workflow created successfully', workflow });
  },
});

const oneRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/workflows/:id',
    id: 'getWorkflow',
    tag: TAG,
    summary: 'A workflow',
    access: 'viewer',
    params: WORKFLOW_ID,
    responses: { 200: answers('As its file says.', refer('Workflow')), 400: BAD_ID },
    handle: ({ params }, deps: WorkflowDeps) => ok(toWorkflow(deps, findWorkflow(deps, params['id'] ?? ''))),
  }),
  defineRoute({
    method: 'PUT',
    path: '/workflows/:id',
    id: 'updateWorkflow',
    tag: TAG,
    summary: 'Change what is given of a workflow',
    access: 'deployer',
    params: WORKFLOW_ID,
    body: { json: changesBody },
    responses: {
      200: answers('The workflow.', refer('Workflow')),
      409: answers('Somebody was faster.', refer('Error')),
    },
    async handle({ params, body, identity, ifMatch: mark }, deps: WorkflowDeps) {
      const workflow = findWorkflow(deps, params['id'] ?? '');
      checkStatus(body.status);
      const keys = toKeys(body);
      if (Object.keys(keys).length === 0) throw new HttpProblem('BAD_REQUEST', 'No valid fields to update');
      const edited = toWorkflow(deps, await editWorkflowOf(deps, workflow, { keys, mark }, identity));
      return ok(keepSentIds(edited, body.nodes));
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/workflows/:id',
    id: 'deleteWorkflow',
    tag: TAG,
    summary: 'Delete a workflow',
    description:
      'A commit that takes its file away. What runs of it is removed as the policy of the stack says.',
    access: 'deployer',
    params: WORKFLOW_ID,
    responses: { 200: answers('It is gone.', record({ message: TEXT })), 400: BAD_ID },
    async handle({ params, identity }, deps: WorkflowDeps) {
      await deleteStack(deps, findWorkflow(deps, params['id'] ?? '').name, identity);
      return ok({ message: 'Workflow deleted successfully' });
    },
  }),
];

const writeRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/workflows/:id/clone',
    id: 'cloneWorkflow',
    tag: TAG,
    summary: 'A copy of a workflow, a draft',
    access: 'deployer',
    params: WORKFLOW_ID,
    body: { json: cloneBody },
    responses: {
      201: answers('The copy.', record({ id: ID, message: TEXT, workflow: refer('Workflow') })),
    },
    async handle({ params, body, identity }, deps: WorkflowDeps) {
      const from = toWorkflow(deps, findWorkflow(deps, params['id'] ?? ''));
      const copy = {
        title: body.name,
        description: `${from.description} (Cloned)`.trim(),
        cluster: from.cluster_id,
        tags: from.tags,
        nodes: from.nodes.map(toFileNode),
        edges: from.edges.map(toFileEdge),
      };
      const workflow = toWorkflow(deps, await createWorkflow(deps, copy, identity));
      return created({ id: workflow.id, message: 'Workflow cloned successfully', workflow });
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/workflows/:id/status',
    id: 'setWorkflowStatus',
    tag: TAG,
    summary: 'Publish, archive or withdraw a workflow',
    description:
      'A published workflow is applied, an archived one removed from its cluster, a draft left as it is.',
    access: 'deployer',
    params: WORKFLOW_ID,
    body: { json: statusBody },
    responses: { 200: answers('It is committed.', record({ message: TEXT })) },
    async handle({ params, body: { status }, identity }, deps: WorkflowDeps) {
      const workflow = findWorkflow(deps, params['id'] ?? '');
      checkStatus(status);
      await editWorkflow(deps, workflow, { status }, identity);
      return ok({ message: 'Workflow status updated successfully' });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/workflows/:id/save',
    id: 'saveWorkflow',
    tag: TAG,
    summary: 'Save the graph of a workflow',
    description:
      'A commit of what differs, node by node. With the header If-Match, the etag of the workflow, only where nobody has changed it since.',
    access: 'deployer',
    params: WORKFLOW_ID,
    body: { json: saveBody },
    responses: {
      200: answers('As it is now.', record({ message: TEXT, workflow: refer('Workflow') })),
      409: answers('Somebody was faster.', refer('Error')),
    },
    async handle({ params, body, identity, ifMatch: mark }, deps: WorkflowDeps) {
      const before = findWorkflow(deps, params['id'] ?? '');
      const edited = await editWorkflowOf(deps, before, { keys: toKeys(body), mark }, identity);
      const workflow = toWorkflow(deps, edited);
      return ok({
        message: 'Workflow saved successfully',
        workflow: keepSentIds(workflow, body.nodes),
      });
    },
  }),
];

export const workflowRoutes: readonly Route<WorkflowDeps>[] = [
  listRoute,
  createRoute,
  ...oneRoutes,
  ...writeRoutes,
];

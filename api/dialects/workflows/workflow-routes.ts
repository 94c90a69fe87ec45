import type { StackView } from '../../../reconciler/index.ts';
import { HttpProblem } from '../../http/problem.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import { answers } from './answers.ts';
import type { WorkflowDeps } from './deps.ts';
import type { ListQuery } from './page.ts';
import { listParameters, pageOf } from './page.ts';
import { listOf, record, refer } from './schemas.ts';
import { toWorkflow, workflowId } from './workflow-view.ts';

const TAG = 'Workflows';
/** Answer to an id that is none. */
export const BAD_ID = answers('The id is none.', refer('Error'));
export const WORKFLOW_ID = { id: 'Id of the workflow.' };

const listQuery = shape<ListQuery>({
  type: 'object',
  properties: listParameters(),
});

/** Throws NOT_FOUND, and BAD_REQUEST for what is no id. */
export function findWorkflow({ reconciler }: WorkflowDeps, id: string): StackView {
  if (!/^[0-9a-f]{24}$/.test(id)) throw new HttpProblem('BAD_REQUEST', 'Invalid workflow ID');
  const found = reconciler.listStacks().find((view) => view.kind === 'workflow' && workflowId(view) === id);
  if (found === undefined) throw new HttpProblem('NOT_FOUND', 'Workflow not found');
  return found;
}

export const workflowRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/workflows',
    id: 'listWorkflows',
    tag: TAG,
    summary: 'Workflows',
    access: 'viewer',
    query: listQuery,
    responses: { 200: answers('The newest first.', record({ workflows: listOf(refer('Workflow')) })) },
    handle({ query }, { reconciler }: WorkflowDeps) {
      const workflows = reconciler.listStacks().filter(({ kind }) => kind === 'workflow');
      const { items } = pageOf(workflows.map(toWorkflow), query, {
        sorts: {
          created_at: (one) => one.created_at,
          updated_at: (one) => one.updated_at,
          name: (one) => one.name,
          status: (one) => one.status,
        },
        texts: (one) => [one.name, one.description],
      });
      return ok({ workflows: items });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/workflows/:id',
    id: 'getWorkflow',
    tag: TAG,
    summary: 'A workflow',
    access: 'viewer',
    params: WORKFLOW_ID,
    responses: { 200: answers('As its file says.', refer('Workflow')), 400: BAD_ID },
    handle: ({ params }, deps: WorkflowDeps) => ok(toWorkflow(findWorkflow(deps, params['id'] ?? ''))),
  }),
];

import type { StackView } from '../../../../reconciler/index.ts';
import { asFields, asList, errorMessage, isReconcilerError } from '../../../../reconciler/index.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Reply, Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { newSignal, readAgain } from '../../../operations/write.ts';
import { answers } from '../answers.ts';
import type { WorkflowDeps } from '../deps.ts';
import { ANYTHING, listOf, record, refer, TEXT, TIME, withMembers } from '../schemas.ts';
import { findWorkflow } from '../workflow-routes.ts';

const TAG = 'Diagnostics';
const ERROR = refer('Error');
const PARAMS = { id: 'Id of the workflow.', nodeId: 'Id of a service node.' };
const BASE = '/workflows/:id/nodes/:nodeId';
/** Longest reason that is answered beside an error. */
const MAX_DETAILS = 200;

const BAD = answers('The id is none, the node is no service, or there is no such fix.', ERROR);
const UNKNOWN = answers('There is no such workflow, or node.', ERROR);

interface FixBody {
  readonly fixType: string;
  readonly yaml: string;
  readonly mode?: 'auto' | 'manual';
}

const fixBody = shape<FixBody>({
  type: 'object',
  properties: {
    fixType: { type: 'string', maxLength: 100 },
    yaml: { type: 'string', maxLength: 65_536, description: 'The template as it was answered.' },
    mode: { enum: ['auto', 'manual'], description: 'Has no effect. Default manual.' },
  },
  required: ['fixType', 'yaml'],
});

function findNode(
  deps: WorkflowDeps,
  params: Readonly<Record<string, string>>,
): { readonly workflow: StackView; readonly node: string } {
  const workflow = findWorkflow(deps, params['id'] ?? '');
  const node = params['nodeId'] ?? '';
  const nodes = asList(asFields(workflow.document)?.['nodes']) ?? [];
  const found = nodes.map(asFields).find((one) => one?.['id'] === node);
  if (found === undefined) throw new HttpProblem('NOT_FOUND', 'Node not found');
  if (found['type'] !== 'service')
    throw new HttpProblem('BAD_REQUEST', 'Diagnostics only supported for service nodes');
  return { workflow, node };
}

export const diagnosticRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: `${BASE}/diagnostics`,
    id: 'diagnoseNode',
    tag: TAG,
    summary: 'Looks for what is wrong with a service',
    description: 'As far as what is watched tells; the cluster is not asked.',
    access: 'viewer',
    params: PARAMS,
    responses: {
      200: answers(
        'The checks, in order.',
        record({
          overallStatus: { enum: ['healthy', 'warning', 'error'] },
          serviceName: TEXT,
          namespace: TEXT,
          checks: listOf({
            type: 'object',
            properties: {
              name: TEXT,
              status: { enum: ['pass', 'warning', 'error'] },
              message: TEXT,
              suggestion: TEXT,
              autoFixable: { type: 'boolean' },
              fixType: TEXT,
            },
            required: ['name', 'status', 'message', 'suggestion', 'autoFixable'],
          }),
          timestamp: TIME,
        }),
      ),
      400: BAD,
      404: UNKNOWN,
    },
    async handle({ params, signal }, deps: WorkflowDeps) {
      const { workflow, node } = findNode(deps, params);
      const { overall, service, namespace, checks } = await diagnose(deps, workflow.name, { node, signal });
      return ok({
        overallStatus: overall,
        serviceName: service,
        namespace,
        checks: checks.map(({ fix, ...check }) => ({
          ...check,
          autoFixable: fix !== null,
          ...(fix === null ? {} : { fixType: fix }),
        })),
        timestamp: new Date().toISOString(),
      });
    },
  }),
  defineRoute({
    method: 'GET',
    path: `${BASE}/fix-template/:fixType`,
    id: 'getFixTemplate',
    tag: TAG,
    summary: 'A repair as YAML',
    access: 'viewer',
    params: { ...PARAMS, fixType: 'selector-fix or port-fix.' },
    responses: {
      200: answers(
        'The service as it will be.',
        record({ name: TEXT, description: TEXT, yaml: TEXT, applyMethod: TEXT, fixType: TEXT }),
      ),
      400: BAD,
      404: UNKNOWN,
    },
    handle({ params }, deps: WorkflowDeps) {
      const { workflow, node } = findNode(deps, params);
      const fix = deps.reconciler.getServiceFix(workflow.name, node, params['fixType'] ?? '');
      const { type: fixType, ...template } = fix;
      return ok({ ...template, applyMethod: 'kubectl-apply', fixType });
    },
  }),
  defineRoute({
    method: 'POST',
    path: `${BASE}/fix`,
    id: 'fixNode',
    tag: TAG,
    summary: 'Commits a repair',
    description:
      'A commit of the workflow, applied like any other. YAML that says something else than the template is refused.',
    access: 'deployer',
    params: PARAMS,
    body: { json: fixBody },
    responses: {
      200: answers(
        'It is committed.',
        record({
          success: { type: 'boolean' },
          message: TEXT,
          result: record({ applied_resources: listOf(ANYTHING), failed: { type: 'boolean' }, commit: TEXT }),
          fixType: TEXT,
          mode: TEXT,
        }),
      ),
      400: answers(
        'It is refused; details say why. Names of the fix stand beside it unless the request itself is wrong.',
        withMembers('Error', { fixType: TEXT, mode: TEXT }, []),
      ),
      404: UNKNOWN,
    },
    async handle({ params, body, identity }, deps: WorkflowDeps): Promise<Reply> {
      const { fixType, yaml, mode = 'manual' } = body;
      const { workflow, node } = findNode(deps, params);
      const asked = { stack: workflow.name, node, type: fixType, yaml };
      try {
        const { commit, fix } = await deps.reconciler.fixService(asked, identity, newSignal());
        await readAgain(deps);
        const isApplied = asFields(workflow.document)?.['status'] === 'published';
        const message = `${fix.description}: committed${isApplied ? ', and applied now' : ''}`;
        return ok({
          success: true,
          message,
          result: { applied_resources: [], failed: false, commit },
          fixType,
          mode,
        });
      } catch (error) {
        if (!isReconcilerError(error, 'BAD_OPTIONS')) throw error;
        const details = errorMessage(error).slice(0, MAX_DETAILS);
        const refused = { error: 'Failed to apply Kubernetes manifest', details, fixType, mode };
        return { kind: 'json', status: 400, body: refused };
      }
    },
  }),
];

async function diagnose(
  { reconciler }: WorkflowDeps,
  stack: string,
  { node, signal }: { readonly node: string; readonly signal: AbortSignal },
) {
  try {
    return await reconciler.diagnoseService(stack, node, signal);
  } catch (error) {
    if (!isReconcilerError(error, 'TARGET_UNREACHABLE') || signal.aborted) throw error;
    throw new HttpProblem('INTERNAL_ERROR', 'Failed to connect to cluster', {
      cause: error,
      details: [{ field: 'cluster', message: errorMessage(error).slice(0, MAX_DETAILS) }],
    });
  }
}

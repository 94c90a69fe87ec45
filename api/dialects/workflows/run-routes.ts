import type { ReconcilerEvent, StackView } from '../../../reconciler/index.ts';
import { HttpProblem } from '../../http/problem.ts';
import type { ServerEvent } from '../../http/route.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import { followEvents } from '../../operations/follow-events.ts';
import { listRuns, runWorkflow } from '../../operations/workflow-runs.ts';
import { workflowId } from '../../operations/workflows.ts';
import { answers } from './answers.ts';
import type { WorkflowDeps } from './deps.ts';
import { createNodeFinder, toRun } from './run-view.ts';
import { listOf, record, refer, TEXT } from './schemas.ts';
import { BAD_ID, findWorkflow, WORKFLOW_ID } from './workflow-routes.ts';
import { toWorkflow } from './workflow-view.ts';

const TAG = 'Runs';
const LIMIT = 10;
const MAX_LIMIT = 100;

type Values = Readonly<Record<string, Readonly<Record<string, string>>>>;

interface RunBody {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly trigger_data?: { readonly secrets?: Values; readonly envVars?: Values };
}

const VALUES = {
  type: 'object',
  additionalProperties: { type: 'object', additionalProperties: { type: 'string', maxLength: 65_536 } },
};

const runBody = shape<RunBody>({
  type: 'object',
  properties: {
    cluster: { type: 'string', minLength: 1, maxLength: 253 },
    namespace: { type: 'string', minLength: 1, maxLength: 63 },
    trigger_data: {
      type: 'object',
      properties: {
        secrets: {
          ...VALUES,
          description: 'Values of secret nodes, by the id of the node and by key. They are kept, encrypted.',
        },
        envVars: {
          ...VALUES,
          description: 'Not taken: values of variables come from configmaps and secrets.',
        },
      },
    },
  },
});

const runsQuery = shape<{ readonly limit?: string }>({
  type: 'object',
  properties: {
    limit: { ...TEXT, description: `1 to ${MAX_LIMIT}. Default ${LIMIT}, also for what is no such number.` },
  },
});

/** Throws BAD_REQUEST where a value was given for a variable: it would be lost. */
function refuseVariables(variables: Values = {}): void {
  const given = Object.entries(variables).flatMap(([node, values]) =>
    Object.entries(values).flatMap(([key, value]) =>
      value === '' ? [] : [{ field: `${node}.${key}`, message: 'is given' }],
    ),
  );
  if (given.length === 0) return;
  const message =
    'values of variables cannot be given with a run: put them into a configmap or a secret node';
  throw new HttpProblem('BAD_REQUEST', message, { details: given });
}

export const runRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/workflows/:id/run',
    id: 'runWorkflow',
    tag: TAG,
    summary: 'Apply a published workflow',
    description:
      'Marks what is saved as a version, and applies it as a job. The answer does not wait for its end.',
    access: 'deployer',
    params: WORKFLOW_ID,
    body: { json: runBody },
    responses: {
      200: answers(
        'The run has begun.',
        record({
          run_id: TEXT,
          status: { enum: ['deploying'] },
          version: { type: 'integer' },
          message: TEXT,
          logs: listOf(TEXT),
        }),
      ),
    },
    async handle({ params, body, identity }, deps: WorkflowDeps) {
      const view = findWorkflow(deps, params['id'] ?? '');
      const { trigger_data: { secrets, envVars } = {}, ...place } = body;
      refuseVariables(envVars);
      const asked = { ...place, ...(secrets === undefined ? {} : { secrets }) };
      const { job, version } = await runWorkflow(deps, view, asked, identity);
      const logs = deps.reconciler
        .getJob(job.id)
        .logs.map(({ time, message }) => `[${time.slice(11, 19)}] ${message}`);
      const message = 'Workflow execution started';
      return ok({ run_id: job.id, status: 'deploying', version: version.number, message, logs });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/workflows/:id/runs',
    id: 'listRuns',
    tag: TAG,
    summary: 'Runs of a workflow',
    description: 'Every apply of it, also those that a push or a repair has set off.',
    access: 'viewer',
    params: WORKFLOW_ID,
    query: runsQuery,
    responses: { 200: answers('The newest first.', record({ runs: listOf(refer('Run')) })) },
    async handle({ params, query }, deps: WorkflowDeps) {
      const view = findWorkflow(deps, params['id'] ?? '');
      const asked = Number(query.limit ?? LIMIT);
      const limit = Number.isInteger(asked) && asked >= 1 && asked <= MAX_LIMIT ? asked : LIMIT;
      const versions = await deps.reconciler.listVersions(view.name);
      const runs = listRuns(deps, view.name, limit).map((detail) =>
        toRun(
          view,
          detail,
          versions.find(({ jobId }) => jobId === detail.job.id),
        ),
      );
      return ok({ runs });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/workflows/:id/status/stream',
    id: 'followWorkflow',
    tag: TAG,
    summary: 'A workflow as it goes',
    description:
      'Server-sent events: metadata (the workflow), then node_update for each node whose health or step has changed, and workflow_sync when a job has ended.',
    access: 'viewer',
    params: WORKFLOW_ID,
    responses: {
      200: { description: 'Until the client goes.', content: { 'text/event-stream': { schema: TEXT } } },
      400: BAD_ID,
    },
    handle({ params, signal }, deps: WorkflowDeps) {
      const view = findWorkflow(deps, params['id'] ?? '');
      return { kind: 'events', events: followWorkflow(deps, view, signal) };
    },
  }),
];

async function* followWorkflow(
  deps: WorkflowDeps,
  view: StackView,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  const nodeOf = createNodeFinder(view);
  const key = `workflow:${workflowId(view)}`;
  yield { event: 'metadata', data: toWorkflow(deps, view) };
  for await (const event of followEvents(deps, signal)) {
    const sent = toStreamEvent(event, { stack: view.name, nodeOf });
    if (sent === null) continue;
    const { type, data } = sent;
    yield {
      event: type,
      data: { type, stream_key: key, event_type: type, timestamp: new Date().toISOString(), data },
    };
  }
}

interface Followed {
  readonly stack: string;
  readonly nodeOf: (resource: string) => string | undefined;
}

const STATE_OF_HEALTH: Readonly<Record<string, string>> = {
  healthy: 'healthy',
  completed: 'healthy',
  starting: 'partial',
  unhealthy: 'error',
  missing: 'error',
};

function toStreamEvent(
  event: ReconcilerEvent,
  { stack, nodeOf }: Followed,
): { readonly type: string; readonly data: object } | null {
  if (event.type === 'health' && event.stack === stack) {
    const id = nodeOf(event.resource);
    if (id === undefined) return null;
    const { status, reason } = event.health;
    const state = STATE_OF_HEALTH[status] ?? 'unknown';
    return {
      type: 'node_update',
      data: { node_id: id, type: kindOf(event.resource), status: { state, message: reason ?? '' } },
    };
  }
  if (event.type === 'job' && event.job.stack === stack && event.job.endedAt !== null)
    return { type: 'workflow_sync', data: { nodes: [], run_id: event.job.id, status: event.job.status } };
  return null;
}

function kindOf(resource: string): string {
  return resource.split('/')[1]?.split('.', 1)[0]?.toLowerCase() ?? '';
}

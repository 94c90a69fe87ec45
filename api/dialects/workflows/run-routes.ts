import type { ReconcilerEvent, StackView } from '../../../reconciler/index.ts';
import { isReconcilerError } from '../../../reconciler/index.ts';
import type { ServerEvent } from '../../http/route.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { Broadcasts } from '../../operations/follow/broadcast.ts';
import { createBroadcasts } from '../../operations/follow/broadcast.ts';
import { followEvents } from '../../operations/follow/follow-events.ts';
import { listRuns, runWorkflow } from '../../operations/workflow-runs.ts';
import { workflowId } from '../../operations/workflows.ts';
import { answers, answersEvents } from './answers.ts';
import type { WorkflowDeps } from './deps.ts';
import { nodeStatuses, statusOfStep } from './node-status.ts';
import { createNodeFinder, toRun } from './run-view.ts';
import { listOf, record, refer, TEXT } from './schemas.ts';
import { BAD_ID, findWorkflow, WORKFLOW_ID } from './workflow-routes.ts';
import { toStatedGraph, toWorkflow } from './workflow-view.ts';

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
          description: 'Values of variables of workloads, likewise; they are kept as secrets are.',
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
      const asked = {
        ...place,
        ...(secrets === undefined ? {} : { secrets }),
        ...(envVars === undefined ? {} : { variables: envVars }),
      };
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
      'Server-sent events: metadata (the workflow), then node_update for each node whose health or step of a run has changed, workflow_sync (nodes with their `_status`) when a job has ended or its state is another, and complete when it is deleted.',
    access: 'viewer',
    params: WORKFLOW_ID,
    responses: {
      200: answersEvents('Until the client or the workflow goes.'),
      400: BAD_ID,
    },
    handle({ params, signal }, deps: WorkflowDeps) {
      const view = findWorkflow(deps, params['id'] ?? '');
      return { kind: 'events', events: followWorkflow(deps, view, signal) };
    },
  }),
];

/** Streams of each daemon, by workflow. */
const streams = new WeakMap<WorkflowDeps['reconciler'], Broadcasts<ServerEvent>>();

/** Ends with the workflow. However many follow it, what happens to it is read and put into words once. */
async function* followWorkflow(
  deps: WorkflowDeps,
  view: StackView,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  const known = streams.get(deps.reconciler) ?? createBroadcasts<ServerEvent>();
  streams.set(deps.reconciler, known);
  // Figures of objects come with it; whoever asks first need not wait for them.
  void deps.reconciler.openInventory(signal).catch(() => undefined);
  yield { event: 'metadata', data: toWorkflow(deps, view) };
  yield* known.follow(workflowId(view), (shared) => tellOfWorkflow(deps, view, shared), signal);
}

async function* tellOfWorkflow(
  deps: WorkflowDeps,
  view: StackView,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  const id = workflowId(view);
  const key = `workflow:${id}`;
  let job = view.lastJob?.id;
  for await (const event of followEvents(deps, signal)) {
    if (event.type === 'job' && event.job.stack === view.name) job = event.job.id;
    if (event.type === 'step' ? event.step.jobId !== job : !concerns(event, view.name)) continue;
    const now = readStack(deps, view.name);
    if (now === null || workflowId(now) !== id)
      return yield { event: 'complete', data: 'The workflow was deleted' };
    const sent = toStreamEvent(deps, event, now);
    if (sent === null) continue;
    const { type, data } = sent;
    yield {
      event: type,
      data: { type, stream_key: key, event_type: type, timestamp: new Date().toISOString(), data },
    };
  }
}

function readStack({ reconciler }: WorkflowDeps, stack: string): StackView | null {
  try {
    return reconciler.getStack(stack);
  } catch (error) {
    if (isReconcilerError(error, 'UNKNOWN_STACK')) return null;
    throw error;
  }
}

/** Tells whether something has happened to the stack; a commit may also have taken it away. */
function concerns(event: ReconcilerEvent, stack: string): boolean {
  if (event.type === 'repository') return true;
  if (event.type === 'job') return event.job.stack === stack && event.job.endedAt !== null;
  return (event.type === 'health' || event.type === 'stack') && event.stack === stack;
}

function toStreamEvent(
  deps: WorkflowDeps,
  event: ReconcilerEvent,
  view: StackView,
): { readonly type: string; readonly data: object } | null {
  if (event.type === 'health' || event.type === 'step') {
    const resource = event.type === 'health' ? event.resource : event.step.name;
    const id = createNodeFinder(view)(resource);
    if (id === undefined) return null;
    const type = kindOf(resource);
    const known = nodeStatuses(deps, view).get(id);
    const status = event.type === 'health' ? known : statusOfStep(event.step, type);
    if (status === undefined || status === null) return null;
    return { type: 'node_update', data: { node_id: id, type, status: { ...known, ...status } } };
  }
  if (event.type === 'repository') return null;
  const nodes = toStatedGraph(deps, view).nodes;
  const run = event.type === 'job' ? { run_id: event.job.id, status: event.job.status } : {};
  return { type: 'workflow_sync', data: { nodes, ...run } };
}

function kindOf(resource: string): string {
  return resource.split('/')[1]?.split('.', 1)[0]?.toLowerCase() ?? '';
}

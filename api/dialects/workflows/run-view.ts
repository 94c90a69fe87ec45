import type { JobDetail, JobStep, StackView, Version } from '../../../reconciler/index.ts';
import { asFields, asList, asString, KIND_OF_TYPE, own } from '../../../reconciler/index.ts';
import { workflowId } from '../../operations/workflows.ts';

/** Ids of nodes by the end of the id of their object: `Deployment/shop/web`, without the namespace `Deployment/web`. */
export function createNodeFinder({
  document,
}: Pick<StackView, 'document'>): (resource: string) => string | undefined {
  const ids = new Map<string, string>();
  for (const item of asList(asFields(document)?.['nodes']) ?? []) {
    const node = asFields(item);
    const data = asFields(node?.['data']);
    const id = asString(node?.['id']);
    const kind = own(KIND_OF_TYPE, asString(node?.['type']) ?? '') ?? asString(data?.['kind']);
    const name = asString(data?.['name']);
    if (id !== undefined && kind !== undefined && name !== undefined) ids.set(`${kind}/${name}`, id);
  }
  return (resource) => {
    const [, kind = '', ...rest] = resource.split('/');
    return ids.get(`${kind.split('.', 1)[0]}/${rest.at(-1)}`);
  };
}

const STATUS_OF_STEP: Readonly<Partial<Record<JobStep['status'], string>>> = {
  completed: 'completed',
  failed: 'failed',
  reverted: 'failed',
  cancelled: 'failed',
};

/** A run in the words of the platform. */
export function toRun(view: StackView, { job, steps, logs }: JobDetail, version: Version | undefined) {
  const nodeOf = createNodeFinder(view);
  const states = steps.flatMap((step) => {
    const node = nodeOf(step.name);
    const status = STATUS_OF_STEP[step.status];
    return node === undefined || status === undefined ? [] : [[node, toNodeState(step, status)] as const];
  });
  const started = job.startedAt ?? job.createdAt;
  return {
    id: job.id,
    workflow_id: workflowId(view),
    version: version?.number ?? 0,
    status: job.status === 'queued' ? 'running' : job.status,
    started_at: started,
    ...(job.endedAt === null
      ? {}
      : { completed_at: job.endedAt, duration: Date.parse(job.endedAt) - Date.parse(started) }),
    node_states: Object.fromEntries(states),
    output: Object.fromEntries(
      steps.flatMap((step) => {
        const node = nodeOf(step.name);
        return node === undefined || step.status !== 'completed' ? [] : [[node, toOutput(step)]];
      }),
    ),
    logs: logs.map(({ time, message }) => `[${time.slice(11, 19)}] ${message}`),
    ...(job.error === null ? {} : { error: job.error.message }),
    triggered_by: job.trigger === 'api' ? 'manual' : job.trigger,
    trigger_data: job.actor === null ? {} : { user: job.actor },
  };
}

function toNodeState({ message, endedAt, startedAt }: JobStep, status: string) {
  const time = endedAt ?? startedAt;
  return {
    status,
    ...(message === null ? {} : status === 'failed' ? { error: message } : { message }),
    timestamp: time === null ? 0 : Math.floor(Date.parse(time) / 1_000),
    connectedFrom: 0,
  };
}

function toOutput({ name, action }: JobStep) {
  const [, kind = '', ...rest] = name.split('/');
  const [namespace, object] = rest.length > 1 ? [rest[0], rest[1]] : [undefined, rest[0]];
  const applied = {
    kind: kind.split('.', 1)[0],
    name: object,
    ...(namespace === undefined ? {} : { namespace }),
    operation: action === 'create' ? 'created' : 'updated',
  };
  return { applied_resources: [applied], failed: 0 };
}

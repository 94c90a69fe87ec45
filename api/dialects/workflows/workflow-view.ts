import type { StackView } from '../../../reconciler/index.ts';
import { asFields, asList, asString } from '../../../reconciler/index.ts';
import type { ListedWorkflow } from '../../operations/workflows.ts';
import { markOf, timeOfId, workflowId } from '../../operations/workflows.ts';
import type { WorkflowDeps } from './deps.ts';
import { toPlatformGraph } from './graph.ts';
import { nodeStatuses } from './node-status.ts';

/** The time that the platform writes where there is none. */
export const NO_TIME = '0001-01-01T00:00:00Z';

/** The part of a workflow that lists are searched and sorted by. */
export function listedAs({
  id,
  title,
  description,
  status,
  deployedAt,
  updatedAt,
}: Pick<ListedWorkflow, 'id' | 'title' | 'description' | 'deployedAt' | 'updatedAt'> & {
  readonly status: string;
}) {
  const created = timeOfId(id, Date.now()) ?? NO_TIME;
  return {
    id,
    name: title,
    description,
    status,
    created_at: created,
    updated_at: updatedAt ?? deployedAt ?? created,
  };
}

/** Its graph, with what is known of each node as `_status`. */
export function toStatedGraph(deps: WorkflowDeps, view: StackView): ReturnType<typeof toPlatformGraph> {
  const statuses = nodeStatuses(deps, view);
  const { nodes, edges } = toPlatformGraph(asFields(view.document) ?? {});
  const stated = nodes.map((node) => {
    const status = statuses.get(node.id);
    return status === undefined ? node : { ...node, data: { ...node.data, _status: status } };
  });
  return { nodes: stated, edges };
}

/** A workflow in the words of the platform. */
export function toWorkflow(deps: WorkflowDeps, view: StackView) {
  const fields = asFields(view.document) ?? {};
  return {
    ...listedAs({
      id: workflowId(view),
      title: asString(fields['title']) ?? asString(fields['name']) ?? view.name,
      description: asString(fields['description']) ?? '',
      status: asString(fields['status']) ?? 'draft',
      deployedAt: view.deployment?.time ?? null,
      updatedAt: view.updatedAt ?? null,
    }),
    etag: markOf(view.document),
    cluster_id: asString(fields['cluster']) ?? '',
    tags: (asList(fields['tags']) ?? []).filter((tag) => typeof tag === 'string'),
    ...toStatedGraph(deps, view),
    versions: [],
    ...countRuns(deps.reconciler, view.name),
  };
}

function countRuns(reconciler: WorkflowDeps['reconciler'], stack: string) {
  const count = (status?: 'completed' | 'failed') =>
    reconciler.listJobs({ stack, type: 'apply', limit: 1, ...(status === undefined ? {} : { status }) });
  const all = count();
  const [last] = all.jobs;
  return {
    run_count: all.total,
    success_count: count('completed').total,
    failure_count: count('failed').total,
    ...(last === undefined ? {} : { last_run_at: last.startedAt ?? last.createdAt }),
  };
}

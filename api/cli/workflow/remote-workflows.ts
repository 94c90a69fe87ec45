import { asFields } from '../../../reconciler/index.ts';
import type { RemoteClient } from '../remote/client.ts';
import { fieldsOf, listAt, textAt, textOrNull } from '../remote/decode.ts';
import { unknownStack } from '../terminal/failure.ts';
import type { VersionRow, WorkflowRow, WorkflowRun, WorkflowSession } from './workflow-session.ts';

const PAGE = 100;
const VERSIONS_PAGE = 50;
/** More workflows than any repository has. */
const MAX_PAGES = 1_000;

/** @param client speaks the words of the workflow platform */
export function createRemoteWorkflows(client: RemoteClient): WorkflowSession {
  const get = async (path: string, query: Readonly<Record<string, number>>, signal: AbortSignal) =>
    fieldsOf(await client.get(path, { query, signal }), 'answer');
  const list = async (signal: AbortSignal): Promise<readonly WorkflowRow[]> =>
    pages(PAGE, async (page) =>
      listAt(await get('/workflows', { page, limit: PAGE }, signal), 'workflows', toRow),
    );
  const pathOf = async (workflow: string, signal: AbortSignal): Promise<string> => {
    const all = await list(signal);
    const found = all.find(({ id, name }) => id === workflow || name === workflow);
    if (found !== undefined) return `/workflows/${found.id}`;
    throw unknownStack(
      workflow,
      all.map(({ name }) => name),
      'workflow',
    );
  };
  return {
    listWorkflows: list,
    async runWorkflow(workflow, place, signal) {
      const path = `${await pathOf(workflow, signal)}/run`;
      const answer = fieldsOf(await client.post(path, { body: place, signal }), 'run');
      return { jobId: textAt(answer, 'run_id'), version: Number(answer['version']) };
    },
    async workflowRuns(workflow, limit, signal) {
      const path = `${await pathOf(workflow, signal)}/runs`;
      return listAt(await get(path, { limit: Math.min(limit, PAGE) }, signal), 'runs', toRun);
    },
    async workflowVersions(workflow, signal) {
      const path = `${await pathOf(workflow, signal)}/versions`;
      return pages(VERSIONS_PAGE, async (page) =>
        listAt(await get(path, { page, limit: VERSIONS_PAGE }, signal), 'versions', toVersion),
      );
    },
    async compareVersions(workflow, [v1, v2], signal) {
      const path = `${await pathOf(workflow, signal)}/versions/compare`;
      const answer = await get(path, { v1, v2 }, signal);
      return {
        addedNodes: listAt(answer, 'added_nodes', toNode),
        removedNodes: listAt(answer, 'removed_nodes', toNode),
        modifiedNodes: listAt(answer, 'modified_nodes', toNode),
        addedEdges: listAt(answer, 'added_edges', toEdge),
        removedEdges: listAt(answer, 'removed_edges', toEdge),
      };
    },
  };
}

/** Everything of a list that comes in pages, from 1. */
async function pages<T>(size: number, read: (page: number) => Promise<readonly T[]>): Promise<readonly T[]> {
  const all: T[] = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const found = await read(page);
    all.push(...found);
    if (found.length < size) break;
  }
  return all;
}

function toRow(value: unknown): WorkflowRow {
  const fields = fieldsOf(value, 'workflow');
  return {
    id: textAt(fields, 'id'),
    name: textAt(fields, 'name'),
    status: textAt(fields, 'status'),
    cluster: textAt(fields, 'cluster_id'),
  };
}

function toRun(value: unknown): WorkflowRun {
  const fields = fieldsOf(value, 'run');
  const version = Number(fields['version']);
  return {
    id: textAt(fields, 'id'),
    version: version === 0 ? null : version,
    status: textAt(fields, 'status'),
    trigger: textAt(fields, 'triggered_by'),
    startedAt: textAt(fields, 'started_at'),
    endedAt: textOrNull(fields, 'completed_at'),
    error: textOrNull(fields, 'error'),
  };
}

function toVersion(value: unknown): VersionRow {
  const fields = fieldsOf(value, 'version');
  const { restored_from: restoredFrom } = fields;
  return {
    number: Number(fields['version']),
    name: textOrNull(fields, 'name') ?? '',
    label: textOrNull(fields, 'tag') ?? '',
    description: textAt(fields, 'description'),
    author: textAt(fields, 'created_by'),
    time: textAt(fields, 'created_at'),
    isAutomatic: fields['is_automatic'] === true,
    jobId: textOrNull(fields, 'run_id'),
    restoredFrom: typeof restoredFrom === 'number' ? restoredFrom : null,
  };
}

function toNode(value: unknown) {
  const fields = asFields(value) ?? {};
  return { id: textAt(fields, 'node_id'), type: textAt(fields, 'type') };
}

function toEdge(value: unknown) {
  const fields = asFields(value) ?? {};
  return { source: textAt(fields, 'source'), target: textAt(fields, 'target') };
}

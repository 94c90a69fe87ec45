import type { StackView, Version, VersionNotes } from '../../../reconciler/index.ts';
import { asFields, idOf, isReconcilerError } from '../../../reconciler/index.ts';
import { HttpProblem } from '../../http/problem.ts';
import { created, defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { GraphEdge, GraphNode } from '../../operations/compare-graphs.ts';
import { compareGraphs } from '../../operations/compare-graphs.ts';
import { editWorkflow, workflowId } from '../../operations/workflows.ts';
import { newSignal } from '../../operations/write.ts';
import { answers } from './answers.ts';
import type { WorkflowDeps } from './deps.ts';
import { toFileEdge, toFileNode, toPlatformGraph } from './graph.ts';
import { listOf, record, refer, TEXT } from './schemas.ts';
import { BAD_ID, findWorkflow } from './workflow-routes.ts';
import { toWorkflow } from './workflow-view.ts';

const TAG = 'Versions';
const PARAMS = { id: 'Id of the workflow.', version: 'Number of the version.' };
const BASE = '/workflows/:id/versions';
const LIMIT = 10;

interface VersionBody {
  readonly name?: string;
  readonly tag?: string;
  readonly description?: string;
}

const versionBody = shape<VersionBody>({
  type: 'object',
  properties: {
    name: { type: 'string', maxLength: 200 },
    tag: { type: 'string', maxLength: 100, description: 'A short mark, such as v1.2.' },
    description: { type: 'string', maxLength: 10_000 },
  },
});

const pageQuery = shape<{ readonly page?: number; readonly limit?: number }>({
  type: 'object',
  properties: {
    page: { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'From 1. Default 1.' },
    limit: { type: 'integer', minimum: 1, maximum: 50, description: `Default ${LIMIT}.` },
  },
});

const compareQuery = shape<{ readonly v1?: string; readonly v2?: string }>({
  type: 'object',
  properties: { v1: TEXT, v2: TEXT },
});

function toNotes({ name, tag, description }: VersionBody): VersionNotes {
  return {
    ...(name === undefined ? {} : { name }),
    ...(tag === undefined ? {} : { label: tag }),
    ...(description === undefined ? {} : { description }),
  };
}

function numberOf(text: string | undefined, message: string): number {
  if (text !== undefined && /^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new HttpProblem('BAD_REQUEST', message);
}

async function findVersion({ reconciler }: WorkflowDeps, stack: string, number: number): Promise<Version> {
  const found = (await reconciler.listVersions(stack)).find((one) => one.number === number);
  if (found === undefined) throw new HttpProblem('NOT_FOUND', 'Version not found');
  return found;
}

/** The workflow and the version that a path names. */
async function readPath(
  deps: WorkflowDeps,
  params: Readonly<Record<string, string>>,
): Promise<{ readonly view: StackView; readonly version: Version }> {
  const view = findWorkflow(deps, params['id'] ?? '');
  const number = numberOf(params['version'], 'Invalid version number');
  return { view, version: await findVersion(deps, view.name, number) };
}

async function graphOf({ reconciler }: WorkflowDeps, stack: string, { number }: Version) {
  return toPlatformGraph(asFields(await reconciler.readVersion(stack, number, newSignal())) ?? {});
}

/** A version in the words of the platform, with the graph that it marks. */
async function toVersion(deps: WorkflowDeps, view: StackView, version: Version) {
  const { number, name, label, description, author, time, isAutomatic, jobId, restoredFrom } = version;
  return {
    id: idOf('version', `${view.file} ${number}`),
    workflow_id: workflowId(view),
    version: number,
    ...(await graphOf(deps, view.name, version)),
    ...(name === '' ? {} : { name }),
    ...(label === '' ? {} : { tag: label }),
    description,
    created_at: time,
    created_by: author,
    is_automatic: isAutomatic,
    ...(restoredFrom === null ? {} : { restored_from: restoredFrom }),
    ...(jobId === null ? {} : { run_id: jobId, ...runStatus(deps, jobId) }),
  };
}

/** Left out when nobody remembers the run. */
function runStatus({ reconciler }: WorkflowDeps, jobId: string): { readonly run_status?: string } {
  try {
    const { status } = reconciler.getJob(jobId).job;
    return { run_status: status === 'queued' ? 'running' : status };
  } catch (error) {
    if (isReconcilerError(error, 'UNKNOWN_JOB')) return {};
    throw error;
  }
}

const VERSION_ANSWER = record({ message: TEXT, version: refer('Version') });

const readRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: BASE,
    id: 'listVersions',
    tag: TAG,
    summary: 'Versions of a workflow',
    access: 'viewer',
    params: PARAMS,
    query: pageQuery,
    responses: {
      200: answers(
        'The newest first.',
        record({
          versions: listOf(refer('Version')),
          total: { type: 'integer' },
          page: { type: 'integer' },
          limit: { type: 'integer' },
        }),
      ),
    },
    async handle({ params, query: { page = 1, limit = LIMIT } }, deps: WorkflowDeps) {
      const view = findWorkflow(deps, params['id'] ?? '');
      const all = await deps.reconciler.listVersions(view.name);
      const shown = all.slice((page - 1) * limit, page * limit);
      const versions = await Promise.all(shown.map((version) => toVersion(deps, view, version)));
      return ok({ versions, total: all.length, page, limit });
    },
  }),
  // Before the one with a number: the first that fits is taken.
  defineRoute({
    method: 'GET',
    path: `${BASE}/compare`,
    id: 'compareVersions',
    tag: TAG,
    summary: 'What differs between two versions',
    description: 'Nodes are matched by their ids; one that was moved counts as modified.',
    access: 'viewer',
    params: PARAMS,
    query: compareQuery,
    responses: { 200: answers('By node and edge.', refer('VersionDifference')) },
    async handle({ params, query }, deps: WorkflowDeps) {
      const { name } = findWorkflow(deps, params['id'] ?? '');
      const from = numberOf(query.v1, 'Invalid or missing version number v1');
      const to = numberOf(query.v2, 'Invalid or missing version number v2');
      const known = await deps.reconciler.listVersions(name);
      const [before, after] = [from, to].map((number) => known.find((one) => one.number === number));
      if (before === undefined || after === undefined)
        throw new HttpProblem('NOT_FOUND', 'One or both versions not found');
      const [left, right] = [await graphOf(deps, name, before), await graphOf(deps, name, after)];
      const found = compareGraphs(left, right);
      return ok({
        from_version: from,
        to_version: to,
        added_nodes: found.addedNodes.map((node) => ({ ...nodeOf(node), new_data: node.data })),
        removed_nodes: found.removedNodes.map((node) => ({ ...nodeOf(node), old_data: node.data })),
        modified_nodes: found.modifiedNodes.map((node) => ({
          ...nodeOf(node.after),
          old_data: node.before.data,
          new_data: node.after.data,
        })),
        added_edges: found.addedEdges.map(edgeOf),
        removed_edges: found.removedEdges.map(edgeOf),
      });
    },
  }),
  defineRoute({
    method: 'GET',
    path: `${BASE}/:version`,
    id: 'getVersion',
    tag: TAG,
    summary: 'A version of a workflow',
    access: 'viewer',
    params: PARAMS,
    responses: { 200: answers('With its graph.', refer('Version')), 400: BAD_ID },
    async handle({ params }, deps: WorkflowDeps) {
      const { view, version } = await readPath(deps, params);
      return ok(await toVersion(deps, view, version));
    },
  }),
];

function nodeOf({ id, type }: GraphNode) {
  return { node_id: id, type };
}

function edgeOf({ id, source, target }: GraphEdge) {
  return { edge_id: id, source, target };
}

const writeRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'POST',
    path: BASE,
    id: 'createVersion',
    tag: TAG,
    summary: 'Mark what is saved now as a version',
    access: 'deployer',
    params: PARAMS,
    body: { json: versionBody },
    responses: { 201: answers('The version.', VERSION_ANSWER) },
    async handle({ params, body, identity: actor }, deps: WorkflowDeps) {
      const view = findWorkflow(deps, params['id'] ?? '');
      const asked = { stack: view.name, actor, ...toNotes(body) };
      const version = await deps.reconciler.createVersion(asked, newSignal());
      return created({
        message: 'Version created successfully',
        version: await toVersion(deps, view, version),
      });
    },
  }),
  defineRoute({
    method: 'PUT',
    path: `${BASE}/:version`,
    id: 'updateVersion',
    tag: TAG,
    summary: 'Change what is said of a version',
    access: 'deployer',
    params: PARAMS,
    body: { json: versionBody },
    responses: { 200: answers('The version.', VERSION_ANSWER) },
    async handle({ params, body }, deps: WorkflowDeps) {
      const { view, version } = await readPath(deps, params);
      const edited = await deps.reconciler.editVersion(view.name, version.number, toNotes(body), newSignal());
      return ok({ message: 'Version updated successfully', version: await toVersion(deps, view, edited) });
    },
  }),
  defineRoute({
    method: 'POST',
    path: `${BASE}/:version/restore`,
    id: 'restoreVersion',
    tag: TAG,
    summary: 'Save the graph of a version again',
    description: 'A commit, and a new version of it. A published workflow is applied as after any commit.',
    access: 'deployer',
    params: PARAMS,
    responses: {
      200: answers('The new version.', {
        ...record({ message: TEXT, version: refer('Version'), workflow: refer('Workflow') }),
      }),
      400: BAD_ID,
    },
    async handle({ params, identity: actor }, deps: WorkflowDeps) {
      const { view, version } = await readPath(deps, params);
      const graph = await graphOf(deps, view.name, version);
      const keys = { nodes: graph.nodes.map(toFileNode), edges: graph.edges.map(toFileEdge) };
      const restored = await editWorkflow(deps, view, keys, actor);
      const { number: restoredFrom } = version;
      const description = `Restored from version ${restoredFrom}`;
      const made = await deps.reconciler.createVersion(
        { stack: view.name, actor, description, restoredFrom },
        newSignal(),
      );
      return ok({
        message: 'Version restored successfully',
        version: await toVersion(deps, restored, made),
        workflow: toWorkflow(deps, restored),
      });
    },
  }),
];

export const versionRoutes: readonly Route<WorkflowDeps>[] = [...readRoutes, ...writeRoutes];

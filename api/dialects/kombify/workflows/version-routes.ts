import type { Version } from '../../../../reconciler/index.ts';
import { asFields, asList, asString, ReconcilerError } from '../../../../reconciler/index.ts';
import { created, defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import type { Graph } from '../../../operations/compare-graphs.ts';
import { compareGraphs } from '../../../operations/compare-graphs.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import { newSignal } from '../../../operations/write.ts';
import { answers } from '../answers.ts';
import { listOf, record } from '../schemas.ts';
import { STACK_ID } from '../stack-routes.ts';
import { findWorkflow } from './find-workflow.ts';
import { GRAPH_DIFFERENCE, VERSION } from './workflow-schemas.ts';

const TAG = 'Workflows';
const BASE = '/workflows/:id/versions';
const NUMBER = { type: 'integer', minimum: 1, maximum: 1_000_000_000 };

const versionBody = shape<{ readonly name?: string; readonly label?: string; readonly description?: string }>(
  {
    type: 'object',
    additionalProperties: false,
    properties: {
      name: { type: 'string', maxLength: 200 },
      label: { type: 'string', maxLength: 100, description: 'A short mark, such as v1.2.' },
      description: { type: 'string', maxLength: 10_000 },
    },
  },
);

const compareQuery = shape<{ readonly from: number; readonly to?: number }>({
  type: 'object',
  required: ['from'],
  properties: {
    from: { ...NUMBER, description: 'Number of a version.' },
    to: { ...NUMBER, description: 'Default: what the branch says now.' },
  },
});

export const versionRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: BASE,
    id: 'listVersions',
    tag: TAG,
    summary: 'Versions of a workflow',
    description: 'Each run makes one; others are made by hand.',
    access: 'viewer',
    params: STACK_ID,
    responses: { 200: answers('The newest first.', record({ versions: listOf(VERSION) })) },
    async handle({ params }, deps: ApiDeps) {
      const { name } = findWorkflow(deps, params['id'] ?? '');
      return ok({ versions: (await deps.reconciler.listVersions(name)).map(toVersion) });
    },
  }),
  defineRoute({
    method: 'POST',
    path: BASE,
    id: 'createVersion',
    tag: TAG,
    summary: 'Mark what the branch says now as a version',
    access: 'deployer',
    params: STACK_ID,
    body: { json: versionBody },
    responses: { 201: answers('The version.', VERSION) },
    async handle({ params, body, identity: actor }, deps: ApiDeps) {
      const { name: stack } = findWorkflow(deps, params['id'] ?? '');
      const version = await deps.reconciler.createVersion({ ...body, stack, actor }, newSignal());
      return created(toVersion(version));
    },
  }),
  // Before the one with a number: the first that fits is taken.
  defineRoute({
    method: 'GET',
    path: `${BASE}/compare`,
    id: 'compareVersions',
    tag: TAG,
    summary: 'What differs between the graphs of two versions',
    description: 'Nodes are matched by their ids; one that an editor has only moved is the same.',
    access: 'viewer',
    params: STACK_ID,
    query: compareQuery,
    responses: { 200: answers('By node and edge; to is null for what the branch says.', GRAPH_DIFFERENCE) },
    async handle({ params, query: { from, to } }, deps: ApiDeps) {
      const view = findWorkflow(deps, params['id'] ?? '');
      const read = (number: number) => deps.reconciler.readVersion(view.name, number, newSignal());
      const before = toGraph(await read(from));
      const after = toGraph(to === undefined ? view.document : await read(to));
      const found = compareGraphs(before, after);
      return ok({
        from,
        to: to ?? null,
        added_nodes: found.addedNodes,
        removed_nodes: found.removedNodes,
        modified_nodes: found.modifiedNodes,
        added_edges: found.addedEdges.map(toEnds),
        removed_edges: found.removedEdges.map(toEnds),
      });
    },
  }),
  defineRoute({
    method: 'GET',
    path: `${BASE}/:number`,
    id: 'getVersion',
    tag: TAG,
    summary: 'A version of a workflow, with its document',
    access: 'viewer',
    params: { ...STACK_ID, number: 'Number of the version.' },
    responses: { 200: answers('As it was.', record({ version: VERSION, document: { type: 'object' } })) },
    async handle({ params }, { reconciler, ...deps }: ApiDeps) {
      const { name } = findWorkflow({ ...deps, reconciler }, params['id'] ?? '');
      const number = Number(params['number']);
      const version = (await reconciler.listVersions(name)).find((one) => one.number === number);
      if (version === undefined)
        throw new ReconcilerError('UNKNOWN_TAG', `${name} has no version ${params['number']}`);
      const document = await reconciler.readVersion(name, number, newSignal());
      return ok({ version: toVersion(version), document });
    },
  }),
];

export function toVersion({ isAutomatic, jobId, restoredFrom: _from, file: _file, ...version }: Version) {
  return { ...version, automatic: isAutomatic, job_id: jobId };
}

function toEnds({ source, target }: { readonly source: string; readonly target: string }) {
  return { source, target };
}

/** The graph of a document without the places at which editors draw nodes. */
function toGraph(document: unknown): Graph {
  const fields = asFields(document);
  const nodes = (asList(fields?.['nodes']) ?? []).map((item) => {
    const { id, type, data } = asFields(item) ?? {};
    return { id: asString(id) ?? '', type: asString(type) ?? '', data: asFields(data) ?? {} };
  });
  const edges = (asList(fields?.['edges']) ?? []).map((item) => {
    const { source, target } = asFields(item) ?? {};
    return { id: '', source: asString(source) ?? '', target: asString(target) ?? '' };
  });
  return { nodes, edges };
}

import type { Row } from './row.ts';
import { NO_ID } from './row.ts';

const CONF = {
  id: 'n1',
  type: 'configmap',
  position: { x: 1, y: 2 },
  data: { name: 'conf', data: { A: 'b' } },
};
const WEB = {
  id: 'n2',
  type: 'deployment',
  position: { x: 3, y: 4 },
  data: { name: 'web', image: 'nginx:1.29' },
};
const EDGE = { id: 'e1', source: 'n1', target: 'n2' };
const WORKFLOW = [
  'id',
  'name',
  'description',
  'status',
  'nodes',
  'edges',
  'created_at',
  'updated_at',
  'cluster_id',
  'tags',
  'run_count',
  'success_count',
  'failure_count',
];
const VERSION = [
  'id',
  'workflow_id',
  'version',
  'nodes',
  'edges',
  'description',
  'created_at',
  'created_by',
  'is_automatic',
];
const within = (place: string, members: readonly string[]) => members.map((member) => `${place}.${member}`);

/** Answers of an endpoint of one workflow to an id that is none, to one that nothing has, and to nobody. */
function lost(of: string, body?: unknown): readonly Row[] {
  const path = (id: string) =>
    of.replace(/^\w+ /, '').replace(':id', id).replace(':version', '1').replace(':nodeId', 'n1');
  const common = { of, ...(body === undefined ? {} : { body }) };
  return [
    { ...common, path: path('nope'), status: 400, error: 'Invalid workflow ID' },
    { ...common, path: path(NO_ID), status: 404, error: 'Workflow not found' },
    { ...common, path: path(NO_ID), as: 'nobody', status: 401, error: /^Authorization token is required/ },
  ];
}

const writing: readonly Row[] = [
  {
    of: 'POST /workflows',
    body: { name: 'My App', description: 'Web application stack' },
    status: 201,
    has: [...WORKFLOW, 'message', ...within('workflow', WORKFLOW)],
    like: { name: 'My App', description: 'Web application stack', status: 'draft', nodes: [], edges: [] },
    keep: { id: 'id' },
  },
  { of: 'POST /workflows', body: {}, status: 400, error: 'Invalid request data' },
  { of: 'POST /workflows', as: 'viewer', body: { name: 'x' }, status: 403, error: /deployer/ },
  {
    of: 'GET /workflows',
    path: '/workflows?page=1&limit=20&sort=created_at&order=desc&search=app',
    as: 'viewer',
    status: 200,
    has: within('workflows.0', WORKFLOW),
  },
  { of: 'GET /workflows', path: '/workflows?limit=0', status: 400 },
  { of: 'GET /workflows/:id', as: 'viewer', status: 200, has: WORKFLOW },
  {
    of: 'POST /workflows/:id/save',
    body: { nodes: [CONF, WEB], edges: [EDGE] },
    status: 200,
    has: ['message', ...within('workflow', WORKFLOW)],
    like: {
      workflow: { nodes: [{ id: 'n1' }, { id: 'n2' }], edges: [{ id: 'e1', source: 'n1', target: 'n2' }] },
    },
  },
  { of: 'POST /workflows/:id/save', body: { nodes: 5 }, status: 400, error: 'Invalid request data' },
  {
    of: 'PUT /workflows/:id',
    body: { description: 'Changed', cluster_id: 'production' },
    status: 200,
    like: { description: 'Changed', cluster_id: 'production' },
  },
  { of: 'PUT /workflows/:id', body: {}, status: 400, error: 'No valid fields to update' },
  { of: 'PUT /workflows/:id', body: { status: 'nope' }, status: 400, error: 'Invalid status' },
  {
    of: 'POST /workflows/:id/clone',
    body: { name: 'Copy' },
    status: 201,
    has: ['id', 'message', ...within('workflow', WORKFLOW)],
    like: { workflow: { name: 'Copy', description: 'Changed (Cloned)', status: 'draft' } },
    keep: { copy: 'id' },
  },
  { of: 'POST /workflows/:id/clone', body: {}, status: 400, error: 'Invalid request data' },
  { of: 'POST /workflows/:id/run', body: {}, status: 400, error: 'Workflow must be published to run' },
  { of: 'PUT /workflows/:id/status', body: { status: 'published' }, status: 200, has: ['message'] },
  { of: 'PUT /workflows/:id/status', body: { status: 'nope' }, status: 400, error: 'Invalid status' },
];

const running: readonly Row[] = [
  {
    of: 'POST /workflows/:id/run',
    body: { cluster: 'production', namespace: 'default' },
    status: 200,
    has: ['run_id', 'version', 'message', 'logs'],
    like: { status: 'deploying', version: 1 },
  },
  { of: 'POST /workflows/:id/run', status: 200, has: ['run_id'] },
  {
    of: 'POST /workflows/:id/run',
    body: { trigger_data: { secrets: { nope: { A: 'b' } } } },
    status: 400,
    error: 'nope is no secret of this workflow, so it takes no values',
  },
  {
    of: 'GET /workflows/:id/runs',
    path: '/workflows/{id}/runs?limit=5',
    as: 'viewer',
    status: 200,
    has: within('runs.0', [
      'id',
      'workflow_id',
      'version',
      'status',
      'started_at',
      'node_states',
      'output',
      'logs',
      'triggered_by',
      'trigger_data',
    ]),
  },
  { of: 'GET /workflows/:id/status/stream', as: 'viewer', status: 200, event: ['metadata', ...WORKFLOW] },
  {
    of: 'GET /dashboard/recent-workflows',
    path: '/dashboard/recent-workflows?limit=1',
    as: 'viewer',
    status: 200,
    has: within('workflows.0', ['id', 'name', 'status', 'updated_at', 'current_version']),
    like: { workflows: [{ nodes: null, edges: null }] },
  },
  {
    of: 'GET /dashboard/stats',
    as: 'viewer',
    status: 200,
    has: ['total_workflows', 'published_workflows', 'total_runs', 'success_rate'].flatMap((figure) =>
      within(figure, ['value', 'change', 'trend']),
    ),
  },
];

const versions: readonly Row[] = [
  {
    of: 'POST /workflows/:id/versions',
    body: { name: 'Before the sale', tag: 'v1', description: 'x' },
    status: 201,
    has: ['message', ...within('version', VERSION)],
    like: { version: { name: 'Before the sale', tag: 'v1', is_automatic: false } },
    keep: { version: 'version.version' },
  },
  {
    of: 'GET /workflows/:id/versions',
    path: '/workflows/{id}/versions?page=1&limit=2',
    as: 'viewer',
    status: 200,
    has: [...within('versions.0', VERSION), 'total', 'page', 'limit'],
  },
  { of: 'GET /workflows/:id/versions/:version', as: 'viewer', status: 200, has: VERSION },
  {
    of: 'GET /workflows/:id/versions/:version',
    path: '/workflows/{id}/versions/1',
    status: 200,
    has: [...VERSION, 'run_id', 'run_status'],
    like: { is_automatic: true },
  },
  {
    of: 'GET /workflows/:id/versions/:version',
    path: '/workflows/{id}/versions/nope',
    status: 400,
    error: 'Invalid version number',
  },
  {
    of: 'GET /workflows/:id/versions/:version',
    path: '/workflows/{id}/versions/99',
    status: 404,
    error: 'Version not found',
  },
  {
    of: 'PUT /workflows/:id/versions/:version',
    body: { description: 'y' },
    status: 200,
    like: { version: { description: 'y' } },
  },
  {
    of: 'PUT /workflows/:id/versions/:version',
    path: '/workflows/{id}/versions/99',
    body: {},
    status: 404,
    error: 'Version not found',
  },
  {
    of: 'POST /workflows/:id/versions/:version/restore',
    path: '/workflows/{id}/versions/1/restore',
    status: 200,
    has: ['message', ...within('workflow', WORKFLOW)],
    like: { version: { restored_from: 1, description: 'Restored from version 1' } },
  },
  {
    of: 'POST /workflows/:id/versions/:version/restore',
    path: '/workflows/{id}/versions/99/restore',
    status: 404,
    error: 'Version not found',
  },
  {
    of: 'GET /workflows/:id/versions/compare',
    path: '/workflows/{id}/versions/compare?v1=1&v2={version}',
    as: 'viewer',
    status: 200,
    has: [
      'from_version',
      'to_version',
      'added_nodes',
      'removed_nodes',
      'modified_nodes',
      'added_edges',
      'removed_edges',
    ],
  },
  {
    of: 'GET /workflows/:id/versions/compare',
    path: '/workflows/{id}/versions/compare?v2=1',
    status: 400,
    error: 'Invalid or missing version number v1',
  },
  {
    of: 'GET /workflows/:id/versions/compare',
    path: '/workflows/{id}/versions/compare?v1=1&v2=99',
    status: 404,
    error: 'One or both versions not found',
  },
];

const ending: readonly Row[] = [
  ...lost('GET /workflows/:id'),
  ...lost('PUT /workflows/:id', { name: 'x' }),
  ...lost('DELETE /workflows/:id'),
  ...lost('POST /workflows/:id/clone', { name: 'x' }),
  ...lost('PUT /workflows/:id/status', { status: 'draft' }),
  ...lost('POST /workflows/:id/save', {}),
  ...lost('POST /workflows/:id/run', {}),
  ...lost('GET /workflows/:id/runs'),
  ...lost('GET /workflows/:id/status/stream'),
  ...lost('GET /workflows/:id/versions'),
  ...lost('POST /workflows/:id/versions', {}),
  ...lost('GET /workflows/:id/versions/:version'),
  ...lost('PUT /workflows/:id/versions/:version', {}),
  ...lost('POST /workflows/:id/versions/:version/restore'),
  { of: 'DELETE /workflows/:id', path: '/workflows/{copy}', as: 'viewer', status: 403, error: /deployer/ },
  { of: 'DELETE /workflows/:id', path: '/workflows/{copy}', status: 200, has: ['message'] },
  { of: 'GET /workflows/:id', path: '/workflows/{copy}', status: 404, error: 'Workflow not found' },
];

export const workflowRows: readonly Row[] = [...writing, ...running, ...versions, ...ending];

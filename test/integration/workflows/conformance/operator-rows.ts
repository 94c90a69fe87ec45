import type { Row } from './row.ts';
import { NO_ID } from './row.ts';

const SERVER = 'https://k8s-api.example.com:6443';
const CLUSTER = [
  'id',
  'name',
  'displayName',
  'description',
  'server',
  'authType',
  'status',
  'default',
  'singleNode',
  'metadata.version',
  'metadata.nodeCount',
  'metadata.namespaces',
  'metadata.lastUpdated',
];
const within = (place: string, members: readonly string[]) => members.map((member) => `${place}.${member}`);
const TEST = {
  name: 'test',
  displayName: 'Test',
  server: `${SERVER}/test`,
  authType: 'token',
  credentials: { token: 'correct-horse' },
};

const clusters: readonly Row[] = [
  { of: 'GET /clusters/default', as: 'viewer', status: 404, error: 'No default cluster set' },
  {
    of: 'POST /clusters',
    body: { name: 'production', server: SERVER, auth_type: 'bearer_token', token: 'eyJhbGciOi...' },
    status: 201,
    has: [...CLUSTER, 'version', 'message', ...within('cluster', CLUSTER)],
    like: { name: 'production', server: SERVER, status: 'connected' },
  },
  {
    of: 'POST /clusters',
    body: TEST,
    status: 201,
    like: { message: 'Cluster added successfully', cluster: { displayName: 'Test' } },
  },
  { of: 'POST /clusters', body: TEST, status: 409, error: /there is a cluster test already/ },
  { of: 'POST /clusters', body: { name: 'x' }, status: 400, error: 'Invalid request body' },
  { of: 'POST /clusters', as: 'deployer', body: TEST, status: 403, error: 'Admin access required' },
  { of: 'GET /clusters', as: 'viewer', status: 200, has: [...within('clusters.0', CLUSTER), 'default'] },
  { of: 'GET /clusters/:name', path: '/clusters/production', as: 'viewer', status: 200, has: CLUSTER },
  {
    of: 'PUT /clusters/:name/default',
    path: '/clusters/production/default',
    status: 200,
    has: ['message'],
    like: { cluster: { default: true } },
  },
  { of: 'GET /clusters/default', as: 'viewer', status: 200, like: { name: 'production' } },
  {
    of: 'PUT /clusters/:name',
    path: '/clusters/production',
    body: { description: 'The shop' },
    status: 200,
    has: ['message'],
    like: { cluster: { description: 'The shop' } },
  },
  {
    of: 'PUT /clusters/:name',
    path: '/clusters/production',
    body: {},
    status: 400,
    error: 'there is nothing to change',
  },
  {
    of: 'POST /clusters/:name/test',
    path: '/clusters/production/test',
    as: 'deployer',
    status: 200,
    has: ['version', 'nodes', 'message'],
    like: { status: 'healthy', cluster: 'production' },
  },
  {
    of: 'POST /clusters/:name/refresh',
    path: '/clusters/production/refresh',
    as: 'deployer',
    status: 200,
    has: ['message', 'metadata.version'],
  },
  {
    of: 'GET /clusters/:name/status',
    path: '/clusters/production/status',
    as: 'viewer',
    status: 200,
    has: ['cluster', 'lastCheck'],
    like: { status: 'connected', isStale: false, isOnline: true },
  },
  {
    of: 'GET /clusters/:name/logs',
    path: '/clusters/production/logs?limit=1',
    as: 'viewer',
    status: 200,
    has: ['cluster', ...within('logs.0', ['id', 'clusterId', 'action', 'success', 'timestamp'])],
  },
  {
    of: 'PUT /clusters/:name/credentials',
    path: '/clusters/production/credentials',
    body: { credentials: { token: 'other' } },
    status: 200,
    has: ['message', ...within('cluster', CLUSTER)],
  },
  {
    of: 'PUT /clusters/:name/credentials',
    path: '/clusters/production/credentials',
    body: {},
    status: 400,
    error: 'Invalid request body',
  },
  {
    of: 'DELETE /clusters/:name',
    path: '/clusters/test',
    status: 200,
    has: ['message'],
    like: { cluster: 'test' },
  },
  ...[
    'GET /clusters/:name',
    'PUT /clusters/:name',
    'DELETE /clusters/:name',
    'PUT /clusters/:name/default',
    'POST /clusters/:name/test',
    'POST /clusters/:name/refresh',
    'GET /clusters/:name/status',
    'GET /clusters/:name/logs',
    'PUT /clusters/:name/credentials',
  ].map((of): Row => ({
    of,
    path: of.replace(/^\w+ /, '').replace(':name', 'nope'),
    ...(of.startsWith('PUT') ? { body: { description: 'x', credentials: { token: 'x' } } } : {}),
    status: 404,
    error: 'Cluster not found',
  })),
];

const REGISTRY = [
  'id',
  'name',
  'registryType',
  'registryUrl',
  'status',
  'isDefault',
  'createdAt',
  'updatedAt',
];
const HUB = {
  name: 'hub',
  registryType: 'dockerhub',
  credentials: { username: 'ada', password: 'correct-horse' },
};

const registries: readonly Row[] = [
  {
    of: 'POST /admin/registries',
    body: HUB,
    status: 201,
    has: ['message', ...within('registry', REGISTRY)],
    keep: { registry: 'registry.id' },
  },
  { of: 'POST /admin/registries', body: HUB, status: 409, error: /hub/ },
  {
    of: 'POST /admin/registries',
    body: { name: 'x' },
    status: 400,
    error: 'Invalid request body: registryType is required',
  },
  { of: 'POST /admin/registries', as: 'deployer', body: HUB, status: 403, error: 'Admin access required' },
  { of: 'GET /registries', as: 'viewer', status: 200, has: within('registries.0', REGISTRY) },
  {
    of: 'GET /registries/lookup',
    path: '/registries/lookup?image=nginx',
    as: 'viewer',
    status: 200,
    like: { found: true, registry: { name: 'hub' } },
  },
  {
    of: 'GET /registries/lookup',
    path: '/registries/lookup?image=ghcr.io/a/b',
    as: 'viewer',
    status: 200,
    has: ['message'],
    like: { found: false, registryType: 'ghcr' },
  },
  { of: 'GET /registries/lookup', status: 400, error: 'Image parameter is required' },
  { of: 'GET /registries/:id', path: '/registries/{registry}', as: 'viewer', status: 200, has: REGISTRY },
  {
    of: 'PUT /admin/registries/:id',
    path: '/admin/registries/{registry}',
    body: { name: 'docker' },
    status: 200,
    has: ['message'],
    like: { registry: { name: 'docker' } },
  },
  {
    of: 'PUT /admin/registries/:id',
    path: '/admin/registries/{registry}',
    body: {},
    status: 400,
    error: 'No updates provided',
  },
  {
    of: 'PUT /admin/registries/:id/default',
    path: '/admin/registries/{registry}/default',
    status: 200,
    has: ['message'],
  },
  {
    of: 'POST /admin/registries/:id/test',
    path: '/admin/registries/{registry}/test',
    status: 200,
    has: ['message'],
    like: { status: 'connected' },
  },
  {
    of: 'PUT /admin/registries/:id',
    path: '/admin/registries/{registry}',
    body: { credentials: { username: 'ada', password: 'wrong' } },
    status: 200,
  },
  {
    of: 'POST /admin/registries/:id/test',
    path: '/admin/registries/{registry}/test',
    status: 503,
    has: ['error'],
    like: { status: 'failed' },
  },
  { of: 'DELETE /admin/registries/:id', path: '/admin/registries/{registry}', status: 200, has: ['message'] },
  ...[
    'GET /registries/:id',
    'PUT /admin/registries/:id',
    'DELETE /admin/registries/:id',
    'POST /admin/registries/:id/test',
    'PUT /admin/registries/:id/default',
  ].flatMap((of): readonly Row[] => {
    const path = (id: string) => of.replace(/^\w+ /, '').replace(':id', id);
    const body = of.startsWith('PUT') && !of.endsWith('default') ? { body: { name: 'x' } } : {};
    return [
      { of, path: path('nope'), ...body, status: 400, error: 'Invalid registry ID' },
      { of, path: path(NO_ID), ...body, status: 404, error: 'Registry not found' },
    ];
  }),
];

export const operatorRows: readonly Row[] = [...clusters, ...registries];

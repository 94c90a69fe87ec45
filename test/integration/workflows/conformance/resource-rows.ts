import type { Row } from './row.ts';

const RESOURCE = [
  'id',
  'name',
  'namespace',
  'type',
  'clusterName',
  'status',
  'spec',
  'metadata',
  'createdAt',
];
const NOTE = { isFavorite: true, userNotes: 'ours', userTags: ['shop'] };

/** One object of the workflow that has been run, and who may use its cluster; after the rows that have done so. */
export const resourceRows: readonly Row[] = [
  {
    of: 'GET /resources',
    path: '/resources?type=Deployment&cluster=production',
    as: 'viewer',
    status: 200,
    has: ['id', 'name', 'type', 'clusterName', 'status', 'isFavorite', 'summary'].map(
      (member) => `resources.0.${member}`,
    ),
    keep: { object: 'resources.0.id' },
  },
  {
    of: 'GET /resources/:id',
    path: '/resources/{object}',
    as: 'viewer',
    status: 200,
    has: ['history', ...RESOURCE.map((member) => `resource.${member}`)],
    like: { resource: { type: 'Deployment', workflowName: 'My App' } },
  },
  {
    of: 'PATCH /resources/:id',
    path: '/resources/{object}',
    as: 'viewer',
    body: NOTE,
    status: 200,
    has: ['message'],
  },
  {
    of: 'GET /resources/:id',
    path: '/resources/{object}',
    as: 'viewer',
    status: 200,
    like: { resource: NOTE },
  },
  {
    of: 'GET /resources/:id/stream',
    path: '/resources/{object}/stream',
    as: 'viewer',
    status: 200,
    event: ['metadata', 'id', 'name', 'namespace', 'type', 'status', 'spec'],
  },
  {
    of: 'GET /resources/:id/pods',
    path: '/resources/{object}/pods',
    as: 'viewer',
    status: 200,
    has: ['parent.id', 'pods'],
    like: { count: 0 },
  },
  {
    of: 'POST /clusters/:name/share',
    path: '/clusters/production/share',
    body: { targetUserId: '{user}', role: 'viewer' },
    status: 200,
    has: ['message', 'cluster.name'],
  },
];

import type { Row } from './row.ts';
import { NO_ID, refusals } from './row.ts';

const USER = '0'.repeat(24);
const metric = (name: string) =>
  ['used', 'capacity', 'percentage'].map((member) => `resources.${name}.${member}`);

/** Refusals of what is asked of one resource; `rest` follows its id. */
function ofOne(of: string, rest: string, body?: unknown): readonly Row[] {
  const more = body === undefined ? {} : { body };
  return refusals(of, [
    { path: `/resources/${NO_ID}${rest}`, status: 404, error: 'Resource not found', ...more },
    { path: `/resources/nope${rest}`, status: 400, error: 'Invalid resource ID', ...more },
  ]);
}

/** Resources, search, and the load and sharing of clusters; after the rows that have added the cluster production. */
export const inventoryRows: readonly Row[] = [
  {
    of: 'GET /resources',
    path: '/resources?cluster=all&type=all&hideSystem=true&sync=true&sort_by=name&sort_order=asc&limit=25&offset=0',
    as: 'viewer',
    status: 200,
    has: ['resources', 'total'],
    like: { limit: 25, offset: 0 },
  },
  { of: 'GET /resources', path: '/resources?limit=x', as: 'viewer', status: 400, error: /limit/ },
  { of: 'GET /resources', as: 'nobody', status: 401, error: /Authorization token is required/ },
  { of: 'POST /resources/sync', as: 'viewer', status: 202, has: ['message'] },
  ...ofOne('GET /resources/:id', ''),
  ...ofOne('PATCH /resources/:id', '', { isFavorite: true }),
  ...ofOne('GET /resources/:id/stream', '/stream'),
  ...ofOne('GET /resources/:id/pods', '/pods'),
  {
    of: 'GET /search',
    path: '/search?q=PROD',
    as: 'viewer',
    status: 200,
    has: ['workflows', 'resources'],
    like: { clusters: [{ name: 'production', status: 'connected' }] },
  },
  {
    of: 'GET /search',
    path: '/search?q=pr',
    as: 'viewer',
    status: 200,
    like: { workflows: [], resources: [], clusters: [] },
  },
  {
    of: 'GET /clusters/:name/metrics',
    path: '/clusters/production/metrics',
    as: 'viewer',
    status: 200,
    has: ['health', ...metric('cpu'), ...metric('memory'), ...metric('storage'), 'lastUpdated'],
    like: { clusterName: 'production', nodeCount: 1, podCount: 1 },
  },
  {
    of: 'GET /clusters/:name/metrics',
    path: '/clusters/nope/metrics',
    as: 'viewer',
    status: 404,
    error: 'Cluster not found',
  },
  ...refusals('POST /clusters/:name/share', [
    {
      path: '/clusters/production/share',
      body: { targetUserId: 'nope', role: 'viewer' },
      status: 400,
      error: 'Invalid target user ID',
    },
    {
      path: '/clusters/production/share',
      body: { targetUserId: USER, role: 'viewer' },
      status: 404,
      error: 'User not found',
    },
    {
      path: '/clusters/nope/share',
      body: { targetUserId: USER, role: 'viewer' },
      status: 404,
      error: 'Cluster not found',
    },
  ]),
];

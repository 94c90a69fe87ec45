import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ApiServer } from '../../support/api/api-server.ts';
import { startApiServer } from '../../support/api/api-server.ts';

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(() => server[Symbol.asyncDispose]());

type Body = Readonly<Record<string, readonly { readonly id: string; readonly enabledAt?: string }[]>>;

async function get(path: string, role: 'viewer' | 'deployer' = 'viewer'): Promise<Body> {
  const response = await server.request(`/v1/api${path}`, { role });
  expect(response.status).toBe(200);
  return (await response.json()) as Body;
}

async function post(path: string) {
  const response = await server.request(`/v1/api${path}`, { method: 'POST', role: 'viewer' });
  return [response.status, await response.json()];
}

it('offers the templates of Kubernetes, and of what the caller has switched on', async () => {
  expect((await get('/templates'))['templates']).toHaveLength(12);
  await post('/plugins/kafka/enable');
  const { templates = [] } = await get('/templates');
  expect(templates.slice(12)).toMatchObject([
    { id: 'kafka-cluster', isPlugin: true, pluginId: 'kafka', tags: ['plugin', 'messaging', 'kafka'] },
    { id: 'kafka-node-pool' },
    { id: 'kafka-topic' },
  ]);
  expect((await get('/templates', 'deployer'))['templates']).toHaveLength(12);
  expect((await get('/templates?search=secret'))['templates']?.map(({ id }) => id)).toContain('core/secret');
  expect((await get('/templates?limit=5&page=3'))['templates']).toHaveLength(5);
});

it('lists all plugins by their names for people, and what is on', async () => {
  const { plugins = [] } = await get('/plugins');
  expect(plugins).toHaveLength(57);
  expect(plugins.slice(0, 2)).toMatchObject([
    { id: 'argocd', enabled: false, enabledAt: '0001-01-01T00:00:00Z' },
    { id: 'argoworkflows' },
  ]);
  expect((await get('/plugins?search=cloudnativepg'))['plugins']?.map(({ id }) => id)).toEqual([
    'postgresql',
  ]);
  expect((await get('/plugins?order=desc&limit=1'))['plugins']?.map(({ id }) => id)).toEqual(['vitess']);
  expect((await get('/plugins/categories'))['categories']).toHaveLength(13);
});

it('switches a plugin on and off, for the caller alone', async () => {
  expect(await post('/plugins/redis/enable')).toEqual([200, { message: 'Plugin enabled successfully' }]);
  const on = (await get('/plugins/enabled'))['plugins'];
  expect(on).toMatchObject([{ id: 'redis', enabled: true }]);
  expect(on?.[0]?.enabledAt).not.toBe('0001-01-01T00:00:00Z');
  expect((await get('/plugins/enabled', 'deployer'))['plugins']).toEqual([]);
  expect(await get('/plugins/redis')).toMatchObject({
    enabled: true,
    plugin: { id: 'redis', crdGroup: 'databases.spotahome.com', crdKinds: ['RedisFailover'] },
  });
  expect(await post('/plugins/redis/enable')).toEqual([200, { message: 'Plugin enabled successfully' }]);
  expect((await get('/plugins/enabled'))['plugins']?.[0]?.enabledAt).toBe(on?.[0]?.enabledAt);
  expect(await post('/plugins/redis/disable')).toEqual([200, { message: 'Plugin disabled successfully' }]);
  expect(await post('/plugins/redis/disable')).toEqual([400, { error: 'plugin not enabled for this user' }]);
});

it.each([
  ['GET', '/plugins/nope'],
  ['GET', '/plugins/__proto__'],
  ['POST', '/plugins/nope/enable'],
  ['POST', '/plugins/constructor/disable'],
])('finds no plugin for %s %s', async (method, path) => {
  const response = await server.request(`/v1/api${path}`, { method, role: 'viewer' });
  expect([response.status, await response.json()]).toEqual([404, { error: 'Plugin not found' }]);
});

it.each(['/templates', '/plugins', '/plugins/enabled', '/plugins/categories', '/plugins/kafka'])(
  'wants a token for %s',
  async (path) => {
    expect((await server.request(`/v1/api${path}`, { role: null })).status).toBe(401);
  },
);

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildWorkflowsOpenApi } from '../../../api/dialects/workflows/workflows.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { KEYS, startApiServer } from '../../support/api/api-server.ts';

const ACTOR = { name: 'Ada', email: 'ada@example.org' };
const NEVER = new AbortController().signal;

function workflow(name: string) {
  const web = { id: 'web', type: 'deployment', data: { name: 'web', image: 'nginx:1.29' } };
  return { name, description: `The ${name}.`, cluster: 'prod', status: 'published', nodes: [web], edges: [] };
}

interface Listed {
  readonly workflows: readonly { readonly id: string; readonly name: string }[];
}

describe('the dialect of the workflow platform', () => {
  let server: ApiServer;
  beforeEach(async () => {
    server = await startApiServer();
    for (const name of ['shop', 'blog'])
      await server.reconciler.createStack(name, workflow(name), ACTOR, NEVER);
    const kombination = { version: '1.0', meta: { name: 'core' }, services: { web: {} } };
    await server.reconciler.createStack('core', kombination, ACTOR, NEVER);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const list = async (query = '') =>
    (await (await server.request(`/v1/api/workflows${query}`, { role: 'viewer' })).json()) as Listed;

  it('says hello, and describes itself, to everybody', async () => {
    const hello = await server.request('/v1', { role: null });
    expect(await hello.json()).toMatchObject({ status: 'success' });
    const document = await server.request('/v1/api/openapi.json', { role: null });
    expect(await document.json()).toEqual(buildWorkflowsOpenApi('1.2.3'));
  });

  it('lists workflows alone, page by page, sorted and searched', async () => {
    const names = (listed: Listed) => listed.workflows.map(({ name }) => name);
    expect(names(await list('?sort=name&order=asc'))).toEqual(['blog', 'shop']);
    expect(names(await list('?sort=name&order=asc&limit=1&page=2'))).toEqual(['shop']);
    expect(names(await list('?search=THE+SHOP'))).toEqual(['shop']);
    expect(names(await list('?search=nothing'))).toEqual([]);
  });

  it('shows one by its id', async () => {
    const { workflows } = await list();
    for (const { id, name } of workflows) {
      const response = await server.request(`/v1/api/workflows/${id}`, { role: 'viewer' });
      expect(await response.json()).toMatchObject({
        id,
        name,
        description: `The ${name}.`,
        cluster_id: 'prod',
      });
    }
  });

  it.each([
    ['GET', '/v1/api/workflows/nope', 400, 'Invalid workflow ID'],
    ['GET', `/v1/api/workflows/${'0'.repeat(24)}`, 404, 'Workflow not found'],
    ['GET', '/v1/api/nothing', 404, 'nothing is served at /v1/api/nothing'],
    ['PATCH', '/v1/api/workflows', 405, '/v1/api/workflows does not know this method'],
  ])('answers %s %s with %i', async (method, path, status, error) => {
    const response = await server.request(path, { method });
    expect([response.status, await response.json()]).toEqual([status, { error }]);
  });

  it('takes a token from the header or from the query, and says which is missing', async () => {
    const url = '/v1/api/workflows';
    const none = await server.request(url, { role: null });
    expect([none.status, await none.json()]).toEqual([
      401,
      { error: 'Authorization token is required (header or query param)' },
    ]);
    const wrong = await server.request(`${url}?token=a.b.c`, { role: null });
    expect([wrong.status, await wrong.json()]).toEqual([401, { error: 'Invalid or expired token' }]);
    const good = await server.request(`${url}?token=${KEYS.viewer}`, { role: null });
    expect(good.status).toBe(200);
    // Elsewhere a token in an address is none.
    expect((await server.request(`/api/v1/stacks?token=${KEYS.viewer}`, { role: null })).status).toBe(401);
  });

  it('lets pages of its own origin in, with what the browser keeps for them, and no others', async () => {
    const ask = async (origin: string) => {
      const headers = { Origin: origin, 'Access-Control-Request-Method': 'PATCH' };
      const response = await fetch(`${server.url}/v1/api/workflows`, { method: 'OPTIONS', headers });
      return [response.status, response.headers.get('Access-Control-Allow-Origin')];
    };
    expect(await ask('http://localhost:3001')).toEqual([204, 'http://localhost:3001']);
    expect(await ask('https://evil.example')).toEqual([204, null]);
  });

  it('refuses an address that asks too often, in this dialect alone', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => server.request('/v1', { role: null })),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(20);
    expect(refused[0]?.headers.get('Retry-After')).toBe('1');
    expect(await refused[0]?.json()).toEqual({ error: 'rate limit exceeded, please try again later' });
    expect((await server.request('/api/v1/stacks')).status).toBe(200);
    // Written in another case it is no way around that: there is nothing.
    expect((await server.request('/V1/api/workflows')).status).toBe(404);
  });

  it('counts a network of version 6 as one address', async () => {
    await using other = await startApiServer({ proxies: ['127.0.0.1'] });
    const from = (address: string) =>
      other.request('/v1', { role: null, headers: { 'X-Forwarded-For': address } });
    const own = Array.from({ length: 200 }, (_, index) => from(`2001:db8:1:2::${index.toString(16)}`));
    expect((await Promise.all(own)).some(({ status }) => status === 429)).toBe(true);
    expect((await from('2001:db8:1:3::1')).status).toBe(200);
  });
});

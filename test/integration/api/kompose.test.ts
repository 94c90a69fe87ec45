import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, KEYS, startApiServer } from '../../support/api/api-server.ts';

const ACTOR = { name: 'Ada', email: 'ada@example.org' };
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

describe('the Kompose dialect', () => {
  let server: ApiServer;
  beforeEach(async () => {
    server = await startApiServer();
    const services = {
      web: { image: 'nginx:1.29' },
      db: { image: 'docker.io/library/postgres:16@sha256:1' },
    };
    const document = { version: '1.0', meta: { name: 'core' }, services };
    await server.reconciler.createStack('core', document, ACTOR, new AbortController().signal);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const body = async (response: Response) => [response.status, await response.json()];

  it.each([
    { ask: 'GET /api/stacks/nope', code: 404, message: 'Stack not found: nope' },
    { ask: 'POST /api/stacks/nope/start', code: 404, message: 'Stack not found: nope' },
    { ask: 'POST /api/stacks/nope/stop', code: 404, message: 'Stack not found: nope' },
    { ask: 'GET /api/stacks/nope/logs', code: 404, message: 'Stack not found: nope' },
    { ask: 'GET /api/stacks/core/start', code: 405, message: 'Method not allowed. Use POST for start' },
    { ask: 'PUT /api/stacks/core/stop', code: 405, message: 'Method not allowed. Use POST for stop' },
    {
      ask: 'DELETE /api/stacks/core/restart',
      code: 405,
      message: 'Method not allowed. Use POST for restart',
    },
    { ask: 'POST /api/stacks', code: 405, message: '/api/stacks does not know this method' },
    {
      ask: 'POST /api/stacks/core/up',
      code: 400,
      message: 'Unknown action: up. Valid actions: start, stop, restart, logs',
    },
    {
      ask: 'GET /api/db/reset',
      code: 400,
      message: 'Unknown database action: reset. Valid actions: status, list',
    },
    { ask: 'GET /api/tag/create', code: 400, message: 'Unknown tag action: create. Valid actions: list' },
    { ask: 'GET /api/nothing', code: 404, message: 'Endpoint not found: /api/nothing' },
    {
      ask: 'GET /api/stacks/core/logs/all',
      code: 404,
      message: 'Endpoint not found: /api/stacks/core/logs/all',
    },
  ])('answers $code to $ask', async ({ ask, code, message }) => {
    const [method = '', path = ''] = ask.split(' ');

    const response = await server.request(path, { method });

    const known = { status: 'error', message, code, timestamp: expect.stringMatching(TIME) };
    expect(await body(response)).toEqual([code, known]);
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
  });

  it.each(['POST /api/stacks/core/logs', 'PUT /api/db/status', 'DELETE /api/db/list', 'POST /api/tag/list'])(
    'answers %s as GET',
    async (ask) => {
      const [method = '', path = ''] = ask.split(' ');
      const get = await body(await server.request(path));
      const other = await body(await server.request(path, { method }));
      expect(other).toEqual([
        200,
        expect.objectContaining({ message: (get[1] as { message: string }).message }),
      ]);
    },
  );

  it('tells a failed control as the reference does, with what went wrong', async () => {
    server.reconciler.failControl({ code: 'TARGET_ERROR', message: 'web: device busy', retryable: false });

    const response = await server.request('/api/stacks/core/stop', { method: 'POST' });

    expect(await body(response)).toEqual([
      500,
      expect.objectContaining({
        status: 'error',
        code: 500,
        message: 'Failed to stop stack: web: device busy',
      }),
    ]);
    expect(server.entries.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('is asked for in the other dialect as well', async () => {
    const ask = async (path: string) =>
      (await server.request(`/api/v1/stacks/core/${path}`, { method: 'POST' })).json();
    expect(await ask('stop?wait=true')).toMatchObject({
      type: 'stop',
      status: 'completed',
      stack_id: 'core',
    });
    expect(await (await server.request('/api/stacks/core')).json()).toMatchObject({
      data: { state: 'stopped' },
    });
    expect(await ask('start')).toMatchObject({ type: 'start', stack_id: 'core' });
    expect((await server.request('/api/v1/stacks/nope/restart', { method: 'POST' })).status).toBe(404);
  });

  it('lists what its clients know, and members of ours when they are asked for', async () => {
    const known = {
      name: 'core',
      description: 'Custom stack',
      path: '/api/stacks/core',
      url: '/api/stacks/core',
      status: 'running',
    };
    const list = async (query: string) =>
      (await (await server.request(`/api/stacks${query}`)).json()) as object;
    expect(await list('')).toMatchObject({ data: [known] });
    expect(Object.keys(((await list('')) as { data: object[] }).data[0] ?? {})).toEqual(Object.keys(known));
    const ours = { state: 'pending', running: 2, total: 2 };
    expect(await list('?extended=1')).toMatchObject({ data: [{ ...known, ...ours }] });
    expect(await list('?extended=0')).toEqual({
      ...(await list('')),
      timestamp: expect.anything() as string,
    });
    expect(await list('?extended=yes')).toMatchObject({ status: 'error', code: 400 });
  });

  it('shows the same in the other dialect', async () => {
    await server.request('/api/stacks/core/stop', { method: 'POST' });

    const stack = await (await server.request('/api/v1/stacks/core')).json();
    const jobs = await (await server.request('/api/v1/jobs?type=stop')).json();

    expect(stack).toMatchObject({
      status: 'stopped',
      services: [{ status: 'stopped' }, { status: 'stopped' }],
    });
    expect(jobs).toMatchObject({ jobs: [{ type: 'stop', actor: 'admin key', stack_id: 'core' }] });
  });

  it('prints an aligned table without colours, and the same as data', async () => {
    const response = await server.request('/api/stacks/core');
    expect(await response.json()).toMatchObject({
      data: {
        output: [
          'Stack core: pending',
          'SERVICE  NODE   IMAGE       STATUS   PORTS        MESSAGE',
          'web      local  web:latest  healthy  8080:80/tcp',
          'db       local  db:latest   healthy  8080:80/tcp',
          '',
        ].join('\n'),
        services: [{ name: 'web', status: 'healthy' }, { name: 'db' }],
      },
    });
  });

  it.each([
    { query: '', logs: 'web  | web is up\ndb   | db is up\nweb  | a warning\ndb   | a warning\n' },
    { query: '?lines=1', logs: 'db  | a warning\n' },
    { query: '?tail=0', logs: '' },
    { query: '?service=db', logs: 'db  | db is up\ndb  | a warning\n' },
  ])('gives logs of all services in their order: $query', async ({ query, logs }) => {
    const response = await server.request(`/api/stacks/core/logs${query}`);
    expect(await response.json()).toMatchObject({ message: 'Logs retrieved', data: { stack: 'core', logs } });
  });

  it.each([
    { query: '?service=nope', code: 400, message: 'core has no service nope; it has: web, db' },
    { query: '?lines=many', code: 400, message: 'the query is not valid: lines: must be integer' },
  ])('refuses logs with $query', async ({ query, code, message }) => {
    const response = await server.request(`/api/stacks/core/logs${query}`);
    expect(await body(response)).toEqual([code, expect.objectContaining({ status: 'error', code, message })]);
  });

  it('lists backups as a table, and as data', async () => {
    const made = await server.request('/api/v1/stacks/core/backup?wait=true', { method: 'POST' });
    expect(made.status).toBe(200);
    const response = await server.request('/api/db/list');
    const { data } = (await response.json()) as { data: { backups: string; files: object[] } };
    expect(data.backups.split('\n').slice(0, 2)).toEqual([
      'STACK  SERVICE  FILE                       SIZE     TIME',
      expect.stringMatching(/^core {3}db {7}db_20260101-000000\.sql\.gz {2}1\.5 KiB {2}\d{4}-/),
    ]);
    expect(data.files).toEqual([
      expect.objectContaining({ stack: 'core', service: 'db', size_bytes: 1_536, before_restore: false }),
    ]);
  });

  it('restores over the other dialect after a yes, for those who may', async () => {
    const restore = (body: object, role: 'viewer' | 'deployer' = 'deployer') =>
      server.request('/api/v1/stacks/core/restore?wait=true', { ...json('POST', body), role });
    expect((await restore({ confirm: true }, 'viewer')).status).toBe(403);
    const unsure = await restore({});
    expect([unsure.status, await unsure.json()]).toEqual([
      409,
      { error: expect.objectContaining({ reason: 'CONFIRMATION_REQUIRED' }) },
    ]);
    await server.request('/api/v1/stacks/core/backup?wait=true', { method: 'POST' });
    const done = await restore({ confirm: true, service: 'db' });
    expect(await done.json()).toMatchObject({ type: 'restore', status: 'completed', stack_id: 'core' });
    expect((await server.request('/api/v1/backups?stack=nope')).status).toBe(200);
    expect(await (await server.request('/api/v1/databases?stack=core')).json()).toMatchObject({
      databases: [{ stack: 'core', service: 'db', databases: [{ name: 'app', size_bytes: 7_864_320 }] }],
    });
  });

  it('lists tags of both schemes, releases by version', async () => {
    for (const name of ['deploy/core/2', 'deploy/core/10', 'v1.0', 'web-v1.9.0-prod', 'web-v1.10.0-prod'])
      server.reconciler.addTag(name, `About ${name}\n\nmore`);

    const response = await server.request('/api/tag/list');

    const { data } = (await response.json()) as { data: { tags: string; items: { name: string }[] } };
    expect(data.items.map(({ name }) => name)).toEqual([
      'web-v1.10.0-prod',
      'web-v1.9.0-prod',
      'deploy/core/10',
      'deploy/core/2',
    ]);
    expect(data.tags.split('\n')[1]).toMatch(/^web-v1\.10\.0-prod  f{10}  \S+  About web-v1\.10\.0-prod$/);
  });

  it.each([
    { ask: 'GET /api/health', viewer: 200, none: 200 },
    { ask: 'GET /api', viewer: 200, none: 200 },
    { ask: 'GET /api/stacks', viewer: 200, none: 401 },
    { ask: 'GET /api/db/status', viewer: 200, none: 401 },
    { ask: 'POST /api/stacks/core/stop', viewer: 403, none: 401 },
    { ask: 'GET /api/stacks/core/stop', viewer: 405, none: 401 },
  ])('lets in who may: $ask', async ({ ask, viewer, none }) => {
    const [method = '', path = ''] = ask.split(' ');
    expect((await server.request(path, { method, role: 'viewer' })).status).toBe(viewer);
    expect((await server.request(path, { method, role: null })).status).toBe(none);
    const byQuery = await fetch(`${server.url}${path}?api_key=${KEYS.viewer}`, { method });
    expect(byQuery.status).toBe(viewer);
  });

  it('answers preflight requests of any origin where a key is wanted', async () => {
    const response = await fetch(`${server.url}/api/stacks/core/start`, {
      method: 'OPTIONS',
      headers: { Origin: 'https://front.example.org', 'Access-Control-Request-Method': 'POST' },
    });
    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
      'access-control-allow-headers': 'Content-Type, Authorization, If-Match, X-API-KEY',
    });
  });

  it('lets no page but those of this machine read a server without authentication', async () => {
    await using open = await startApiServer({ auth: { mode: 'off', listenHost: '127.0.0.1' } });
    const allowed = async (origin: string) =>
      (await fetch(`${open.url}/api/stacks`, { headers: { Origin: origin } })).headers.get(
        'Access-Control-Allow-Origin',
      );
    expect(await allowed('https://evil.example.org')).toBeNull();
    expect(await allowed('http://localhost:3000')).toBe('http://localhost:3000');
    expect(await allowed('null')).toBeNull();
  });

  it('leaves the other dialect without such headers', async () => {
    const response = await server.request('/api/v1/stacks');
    expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull();
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, startApiServer } from '../../support/api/api-server.ts';
import { startWorkflowServer } from '../../support/api/workflow-server.ts';
import { checkSchema, createFixedSecrets } from '../../support/desired-fixtures.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { readPolicy } from '../../support/operator-policy.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';

const BASE = '/v1/api';
const SERVER = 'https://k8s-api.example.com:6443';
const FLAT = { name: 'production', server: SERVER, auth_type: 'bearer_token', token: 'correct-horse' };
const OURS = {
  name: 'test',
  displayName: 'Test',
  server: `${SERVER}/test`,
  authType: 'token',
  credentials: { token: 'correct-horse' },
};
const ONE = '/clusters/production';

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(() => server[Symbol.asyncDispose]());

async function ask(method: string, path: string, body?: object) {
  const response = await server.request(
    `${BASE}${path}`,
    body === undefined ? { method } : json(method, body),
  );
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
}

const text = (part: string) => expect.stringContaining(part) as string;

describe('clusters', () => {
  it('are added as the reference and as its pages say it, and never show their credentials', async () => {
    const flat = await ask('POST', '/clusters', FLAT);
    expect(flat).toMatchObject({
      status: 201,
      body: { name: 'production', server: SERVER, status: 'connected', version: 'v1.33.1' },
    });
    const nested = await ask('POST', '/clusters', OURS);
    const shown = { name: 'test', displayName: 'Test', authType: 'token' };
    expect(nested).toMatchObject({
      status: 201,
      body: { message: 'Cluster added successfully', cluster: shown },
    });
    const listed = await ask('GET', '/clusters');
    const metadata = { nodeCount: 3, storageClasses: ['standard'] };
    expect(listed.body).toMatchObject({ clusters: [{ name: 'production', metadata }, shown], default: '' });
    expect(JSON.stringify([flat, nested, listed])).not.toContain('correct-horse');
    expect(server.reconciler.writes[0]).toBe('Add cluster production by admin key');
  });

  it('have a default one', async () => {
    expect(await ask('GET', '/clusters/default')).toEqual({
      status: 404,
      body: { error: 'No default cluster set' },
    });
    await ask('POST', '/clusters', FLAT);
    await ask('POST', '/clusters', OURS);
    for (const name of ['production', 'test']) {
      const chosen = await ask('PUT', `/clusters/${name}/default`);
      expect(chosen).toMatchObject({ status: 200, body: { cluster: { name, default: true } } });
      expect((await ask('GET', '/clusters/default')).body).toMatchObject({ name });
    }
    const { clusters } = (await ask('GET', '/clusters')).body as { clusters: { default: boolean }[] };
    expect(clusters.filter((one) => one.default)).toHaveLength(1);
  });

  it('are tested, refreshed, and tell how they were', async () => {
    await ask('POST', '/clusters', FLAT);
    const healthy = { status: 'healthy', version: 'v1.33.1', nodes: 3, cluster: 'production' };
    expect(await ask('POST', `${ONE}/test`)).toMatchObject({ status: 200, body: healthy });
    expect((await ask('POST', `${ONE}/refresh`)).body).toMatchObject({
      metadata: { platform: 'linux/amd64' },
    });
    const online = { cluster: 'production', status: 'connected', isOnline: true };
    expect((await ask('GET', `${ONE}/status`)).body).toMatchObject(online);
    const { logs } = (await ask('GET', `${ONE}/logs?limit=2`)).body as { logs: object[] };
    expect(logs).toMatchObject([{ action: 'connection_test', success: true }, { success: true }]);

    const away = { ...FLAT, name: 'away', server: 'https://away.example.com' };
    expect(await ask('POST', '/clusters', away)).toMatchObject({
      status: 201,
      body: { status: 'disconnected' },
    });
    expect(await ask('POST', '/clusters/away/test')).toEqual({
      status: 503,
      body: { error: 'no answer', cluster: 'away', status: 'failed' },
    });
    expect((await ask('POST', '/clusters/away/refresh')).status).toBe(503);
    const failed = { success: false, error: 'no answer' };
    expect((await ask('GET', '/clusters/away/logs')).body).toMatchObject({ logs: [failed, failed, failed] });
  });

  it('are changed, and take only new credentials that were tried', async () => {
    await ask('POST', '/clusters', FLAT);
    const cluster = { displayName: 'Shop', labels: { team: 'a' } };
    const message = 'Cluster updated successfully';
    expect(await ask('PUT', ONE, cluster)).toMatchObject({ status: 200, body: { message, cluster } });
    expect((await ask('PUT', `${ONE}/credentials`, { credentials: { token: 'wrong' } })).status).toBe(503);
    expect((await ask('POST', `${ONE}/test`)).status).toBe(200);
    expect((await ask('PUT', `${ONE}/credentials`, { credentials: { token: 'other' } })).status).toBe(200);
    const moved = await ask('PUT', ONE, { server: 'https://evil.example.com' });
    expect(moved).toMatchObject({ status: 400, body: { error: text('needs credentials') } });
    expect(await ask('DELETE', ONE)).toEqual({
      status: 200,
      body: { message: 'Cluster removed successfully', cluster: 'production' },
    });
    expect((await ask('GET', ONE)).status).toBe(404);
  });
});

describe('requests about clusters that cannot be', () => {
  it.each([
    ['GET', '', undefined],
    ['GET', '/status', undefined],
    ['GET', '/logs', undefined],
    ['PUT', '', { displayName: 'x' }],
    ['DELETE', '', undefined],
    ['PUT', '/default', undefined],
    ['PUT', '/credentials', { credentials: { token: 'x' } }],
    ['POST', '/test', undefined],
    ['POST', '/refresh', undefined],
  ])('%s /clusters/nope%s finds none', async (method, path, body) => {
    expect(await ask(method, `/clusters/nope${path}`, body)).toEqual({
      status: 404,
      body: { error: 'Cluster not found' },
    });
  });

  it.each([
    [{}, 'Invalid request body'],
    [{ ...OURS, credentials: undefined }, 'Invalid request body'],
    [{ ...OURS, name: 'Not A Name' }, 'name must be'],
    [{ ...OURS, authType: 'basic' }, 'authType must be one of'],
    [{ ...OURS, authType: 'oidc' }, 'authType oidc is not taken'],
    [{ ...OURS, insecure: true }, 'insecure is not taken'],
    [{ ...OURS, singleNode: true }, 'singleNode is not taken'],
    [{ ...OURS, credentials: {} }, 'needs token'],
    [{ ...OURS, credentials: { token: 'x', insecure: true } }, 'insecure is not taken'],
  ])('POST /clusters with %j is refused', async (body, says) => {
    expect(await ask('POST', '/clusters', body)).toMatchObject({ status: 400, body: { error: text(says) } });
  });

  it("changes none of the operator's configuration", async () => {
    const source = createMemorySource();
    const policy = readPolicy('clusters: { prod: { kubeconfig: /etc/kombinator/prod.yaml } }\n');
    const secrets = createFixedSecrets();
    const desired = createDesiredState({ source, secrets, checkSchema, policy });
    await using workflows = await startWorkflowServer({}, { source, desired });
    const error = "prod is of the operator's configuration, and changed there";
    for (const [method, path] of [
      ['DELETE', '/clusters/prod'],
      ['PUT', '/clusters/prod/default'],
    ] as const)
      expect(await workflows.ask(method, path, undefined, 'admin')).toEqual({ status: 400, body: { error } });
  });

  it('takes no name twice', async () => {
    await ask('POST', '/clusters', FLAT);
    expect((await ask('POST', '/clusters', FLAT)).status).toBe(409);
  });

  it.each([
    ['POST', '/clusters', 403],
    ['PUT', '/clusters/a', 403],
    ['DELETE', '/clusters/a', 403],
    ['PUT', '/clusters/a/default', 403],
    ['PUT', '/clusters/a/credentials', 403],
    ['POST', '/clusters/a/test', 404],
  ])('lets a deployer %s %s with %i, and a viewer not at all', async (method, path, status) => {
    const init = method === 'DELETE' ? { method } : json(method, FLAT);
    for (const [role, wanted] of [
      ['deployer', status],
      ['viewer', 403],
      [null, 401],
    ] as const)
      expect((await server.request(`${BASE}${path}`, { ...init, role })).status).toBe(wanted);
  });
});

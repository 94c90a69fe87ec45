import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccountsRig } from '../../support/accounts/accounts-rig.ts';
import { createAccountsRig } from '../../support/accounts/accounts-rig.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, startApiServer } from '../../support/api/api-server.ts';
import { buildUser } from '../../support/records.ts';

let rig: AccountsRig;
let server: ApiServer;
beforeEach(async () => {
  rig = createAccountsRig();
  server = await startApiServer({ accounts: rig.accounts });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  rig[Symbol.dispose]();
});

async function ask(
  method: string,
  path: string,
  body?: object,
  role: 'viewer' | 'deployer' | 'admin' = 'admin',
) {
  const init = body === undefined ? { method } : json(method, body);
  const response = await server.request(`/v1/api${path}`, { ...init, role });
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
}

async function addCluster(name = 'prod'): Promise<void> {
  const given = { name, server: `https://${name}.example.com`, auth_type: 'bearer_token', token: 'abcdefgh' };
  expect((await ask('POST', '/clusters', given)).status).toBe(201);
}

describe('metrics of a cluster', () => {
  it('tell its load and its parts', async () => {
    await addCluster();
    expect(await ask('GET', '/clusters/prod/metrics', undefined, 'viewer')).toMatchObject({
      status: 200,
      body: {
        clusterName: 'prod',
        health: [
          { name: 'API Server', status: 'healthy' },
          { name: 'etcd', status: 'unhealthy', message: 'no leader' },
        ],
        resources: {
          cpu: { used: 500, capacity: 8_000, percentage: 6.25 },
          memory: { used: 1, capacity: 3, percentage: 33.33 },
          storage: { used: 0, capacity: 0, percentage: 0 },
        },
        nodeCount: 3,
        podCount: 7,
      },
    });
    const { body } = await ask('GET', '/clusters/prod/metrics');
    expect((await ask('GET', '/clusters/prod/metrics')).body['lastUpdated']).toBe(body['lastUpdated']);
  });

  it('are none of a cluster that is away, or not there', async () => {
    await addCluster('away');
    expect((await ask('GET', '/clusters/away/metrics')).status).toBe(503);
    expect(await ask('GET', '/clusters/nope/metrics')).toEqual({
      status: 404,
      body: { error: 'Cluster not found' },
    });
  });
});

describe('sharing a cluster', () => {
  it('says what the role of a user amounts to', async () => {
    await addCluster();
    const users = (['viewer', 'deployer', 'admin'] as const).map((role, index) =>
      rig.store.addUser(buildUser(index + 1, { role, email: `${role}@example.org` })),
    );
    const share = (index: number, role: string, more: object = {}) =>
      ask('POST', '/clusters/prod/share', { targetUserId: users[index]?.id, role, ...more });
    const statuses = await Promise.all(
      [0, 1, 2].map(async (index) => {
        const all = await Promise.all(['viewer', 'editor', 'admin'].map((role) => share(index, role)));
        return all.map(({ status }) => status);
      }),
    );
    expect(statuses).toEqual([
      [200, 400, 400],
      [200, 200, 400],
      [200, 200, 200],
    ]);
    expect((await share(1, 'viewer')).body).toMatchObject({
      message: 'Cluster shared successfully',
      cluster: { name: 'prod' },
    });
    expect((await share(0, 'admin')).body['error']).toContain('has the role viewer');
    expect((await share(1, 'viewer', { namespaces: ['shop'] })).body['error']).toContain('namespaces');
  });

  it.each([
    [{ targetUserId: 'nope', role: 'viewer' }, 400, 'Invalid target user ID'],
    [{ targetUserId: '0'.repeat(24), role: 'viewer' }, 404, 'User not found'],
    [{ targetUserId: '0'.repeat(24), role: 'owner' }, 400, 'Invalid request data'],
  ])('with %j is refused', async (body, status, error) => {
    await addCluster();
    expect(await ask('POST', '/clusters/prod/share', body)).toMatchObject({ status, body: { error } });
  });

  it('is for admins', async () => {
    const body = { targetUserId: '0'.repeat(24), role: 'viewer' };
    expect((await ask('POST', '/clusters/prod/share', body, 'deployer')).status).toBe(403);
    expect((await ask('POST', '/clusters/prod/share', body)).body).toEqual({ error: 'Cluster not found' });
  });
});

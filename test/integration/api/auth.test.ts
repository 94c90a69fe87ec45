import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { KOMBIFY_PREFIX, kombifyRoutes } from '../../../api/dialects/kombify/kombify.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import type { Role } from '../../../reconciler/index.ts';
import { json, KEYS, startApiServer } from '../../support/api/api-server.ts';

const SECRET = 'a secret of at least thirty-two bytes';
const LESSER: Readonly<Record<Role, Role | null>> = { viewer: null, deployer: 'viewer', admin: 'deployer' };

describe('who may do what', () => {
  it.each([
    {
      access: 'open',
      ids: [
        'beginProviderSignIn',
        'finishProviderSignIn',
        'getHealth',
        'getLiveness',
        'getOpenApi',
        'getReadiness',
        'getSession',
        'runProgram',
        'signIn',
        'signOut',
      ],
    },
    {
      access: 'viewer',
      ids: [
        'checkWorkflow',
        'compareDeployments',
        'compareVersions',
        'createSessionLink',
        'endSession',
        'followEvents',
        'generate',
        'getCatalogue',
        'getDrift',
        'getInstanceLogs',
        'getJob',
        'getPlan',
        'getRepository',
        'getServiceLogs',
        'getStack',
        'getStackLogs',
        'getStackResources',
        'getStackStats',
        'getTagStatus',
        'getVersion',
        'getWorker',
        'listAddresses',
        'listBackups',
        'listChannels',
        'listClusters',
        'listDatabases',
        'listDeployments',
        'listFiles',
        'listFindings',
        'listInstances',
        'listJobs',
        'listKits',
        'listResources',
        'listSessions',
        'listSources',
        'listStacks',
        'listTags',
        'listVersions',
        'listWorkers',
        'listWorkflows',
        'validate',
        'waitForSync',
      ],
    },
    {
      access: 'deployer',
      ids: [
        'applyStack',
        'backUpStack',
        'cancelJob',
        'checkDrift',
        'commitDraft',
        'createExecTicket',
        'createStack',
        'createTag',
        'createVersion',
        'createWorkflow',
        'deleteInstance',
        'deleteStack',
        'deleteStacks',
        'deleteTag',
        'deployTag',
        'holdStack',
        'ignoreDrift',
        'listImageUpdates',
        'listProjects',
        'lookAtRestore',
        'moveTag',
        'planStack',
        'previewDraft',
        'previewFiles',
        'pullImages',
        'releaseHold',
        'releaseStack',
        'resolveDrift',
        'restartStack',
        'restoreStack',
        'rollbackStack',
        'startRun',
        'startStack',
        'stopStack',
        'sync',
        'testChannel',
        'testCluster',
        'updateStack',
        'verifyBackup',
        'writeFiles',
      ],
    },
    {
      access: 'admin',
      ids: [
        'adoptProject',
        'changeUser',
        'createKey',
        'createUser',
        'deleteKey',
        'deleteUser',
        'listAccesses',
        'listAudit',
        'listKeys',
        'listRemnants',
        'listUsers',
        'previewAdoption',
        'prune',
        'registerWorker',
        'unregisterWorker',
      ],
    },
  ])('gives $access exactly $ids', ({ access, ids }) => {
    const found = kombifyRoutes.filter((route) => route.access === access).map(({ id }) => id);

    expect(found.sort()).toEqual(ids);
  });

  it('refuses every route that is not open to nobody, to a wrong key and to a lesser role', async () => {
    await using server = await startApiServer();
    for (const { method, path, access } of kombifyRoutes) {
      if (access === 'open') continue;
      const url = `${KOMBIFY_PREFIX}${path.replaceAll(/:\w+/g, 'x')}`;
      const none = await server.request(url, { method, role: null });
      const wrong = await server.request(url, { method, role: null, headers: { 'X-API-KEY': 'kbn_wrong' } });
      const lesser =
        LESSER[access] === null ? null : await server.request(url, { method, role: LESSER[access] });

      expect([url, none.status, wrong.status, lesser?.status ?? 403]).toEqual([url, 401, 401, 403]);
    }
    expect(server.reconciler.writes).toEqual([]);
  });

  it('lets admins alone override a freeze', async () => {
    await using server = await startApiServer();
    await server.request('/api/v1/stacks', json('POST', { name: 'homelab', services: ['web'] }));
    const apply = (role: Role) =>
      server.request('/api/v1/stacks/homelab/apply', { ...json('POST', { override_freeze: true }), role });
    expect((await apply('deployer')).status).toBe(403);
    expect((await apply('admin')).status).toBe(200);
  });

  it.each<[string, string, Record<string, string>]>([
    ['X-API-KEY', '', { 'X-API-KEY': KEYS.viewer }],
    ['a bearer', '', { Authorization: `Bearer ${KEYS.viewer}` }],
    ['bearer in other letters', '', { Authorization: `bearer ${KEYS.viewer}` }],
    ['api_key', `?api_key=${KEYS.viewer}`, {}],
  ])('takes a key as %s', async (_, query, headers) => {
    await using server = await startApiServer();

    expect((await server.request(`/api/v1/stacks${query}`, { role: null, headers })).status).toBe(200);
  });

  it('answers 401 to the letter, and tells the scheme', async () => {
    await using server = await startApiServer();

    const response = await server.request('/api/v1/stacks', { role: null });

    expect(response.headers.get('WWW-Authenticate')).toBe('Bearer realm="kombinator"');
    expect(await response.json()).toEqual({
      error: {
        code: 'UNAUTHORIZED',
        message: 'an API key or a token is needed: X-API-KEY, Authorization: Bearer, or api_key',
        details: [],
      },
    });
  });

  it('writes no key to the log, however its parameter is escaped', async () => {
    await using server = await startApiServer();

    await server.request(`/api/v1/stacks?page=1&api_key=${KEYS.admin}`, { role: null });
    await server.request(`/api/v1/stacks?api%5Fkey=${KEYS.admin}&page=1`, { role: null });
    await expect.poll(() => server.entries.length).toBe(2);

    expect(JSON.stringify(server.entries)).not.toContain(KEYS.admin);
    expect(server.entries[0]).toMatchObject({
      level: 'info',
      message: 'Request',
      data: { method: 'GET', url: '/api/v1/stacks?page=1&api_key=***', status: 200, caller: 'admin key' },
    });
  });

  it('answers 503 when the keys cannot be read', async () => {
    const listKeys = () => {
      throw new ReconcilerError('STORE_UNAVAILABLE', 'locked', { retryable: true });
    };
    await using server = await startApiServer({ auth: { mode: 'keys', keys: { listKeys } } });

    expect((await server.request('/api/v1/stacks')).status).toBe(503);
    expect((await server.request('/api/v1/health')).status).toBe(200);
  });

  it('takes a token, and makes its owner the author of commits', async () => {
    const tokens = [{ type: 'secret', secret: SECRET, issuer: 'me', audience: 'kombinator' }] as const;
    await using server = await startApiServer({
      auth: { mode: 'keys', keys: { listKeys: () => [] }, tokens },
    });
    const token = await new SignJWT({ roles: ['deployer'], name: 'Ada <L>', email: 'ada@example.org' })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('me')
      .setAudience('kombinator')
      .setExpirationTime('5m')
      .sign(new TextEncoder().encode(SECRET));

    const response = await server.request('/api/v1/stacks', {
      method: 'POST',
      role: null,
      body: '{"name":"homelab","services":["web"]}',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    });

    expect(response.status).toBe(201);
    expect(server.reconciler.writes).toEqual(['createStack by Ada  L <ada@example.org> homelab']);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, startApiServer } from '../../support/api/api-server.ts';

const BASE = '/v1/api';
const LOGIN = { username: 'ada', password: 'correct-horse' };
const HUB = { name: 'hub', registryType: 'dockerhub', credentials: LOGIN };
const TEAM = {
  name: 'team',
  registryType: 'custom',
  registryUrl: 'hub.example.com:5000',
  credentials: LOGIN,
};
const NONE = '0'.repeat(24);

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(() => server[Symbol.asyncDispose]());

async function ask(method: string, path: string, body?: object, role: 'viewer' | 'admin' = 'admin') {
  const init = body === undefined ? { method } : json(method, body);
  const response = await server.request(`${BASE}${path}`, { ...init, role });
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
}

interface Shown {
  readonly id: string;
}

async function add(registry: object): Promise<string> {
  const { status, body } = await ask('POST', '/admin/registries', registry);
  expect(status).toBe(201);
  return (body['registry'] as Shown).id;
}

describe('registries', () => {
  it('are added, listed and shown, never with what they are opened with', async () => {
    const { status, body } = await ask('POST', '/admin/registries', HUB);
    expect(status).toBe(201);
    const shown = {
      name: 'hub',
      registryType: 'dockerhub',
      registryUrl: 'docker.io',
      previewUrl: 'docker.io/ada',
      status: 'unknown',
      isDefault: false,
    };
    expect(body).toMatchObject({ message: 'Registry created successfully', registry: shown });
    const { id } = body['registry'] as Shown;
    expect(id).toMatch(/^[0-9a-f]{24}$/);
    await add(TEAM);
    const listed = await ask('GET', '/registries', undefined, 'viewer');
    expect(listed.body).toMatchObject({
      registries: [
        { id, ...shown },
        { name: 'team', previewUrl: 'hub.example.com:5000' },
      ],
    });
    expect((await ask('GET', `/registries/${id}`, undefined, 'viewer')).body).toMatchObject({ id, ...shown });
    expect(JSON.stringify([body, listed.body])).not.toContain('correct-horse');
    expect(server.reconciler.writes[0]).toMatch(/^Add registry hub by admin key </);
  });

  it('are found for images: the default one of the type, else the first', async () => {
    await add(HUB);
    const second = await add({ ...HUB, name: 'hub2' });
    await add(TEAM);
    const find = async (image: string) =>
      (await ask('GET', `/registries/lookup?image=${image}`, undefined, 'viewer')).body;
    expect(await find('nginx:1.29')).toMatchObject({ found: true, registry: { name: 'hub' } });
    expect((await ask('PUT', `/admin/registries/${second}/default`)).status).toBe(200);
    expect(await find('ada/web')).toMatchObject({ found: true, registry: { name: 'hub2', isDefault: true } });
    expect(await find('hub.example.com:5000/ada/web')).toMatchObject({ registry: { name: 'team' } });
    expect(await find('ghcr.io/ada/web')).toEqual({
      found: false,
      registryType: 'ghcr',
      message: 'No ghcr registry configured for this image',
    });
    expect(await find('other.example.com/web')).toMatchObject({ found: false, registryType: 'custom' });
  });

  it('are tested, and keep the result', async () => {
    const good = await add(HUB);
    expect(await ask('POST', `/admin/registries/${good}/test`)).toEqual({
      status: 200,
      body: { message: 'Registry connection successful', status: 'connected' },
    });
    expect((await ask('GET', `/registries/${good}`)).body).toMatchObject({ status: 'connected' });
    const wrong = await add({ ...TEAM, credentials: { ...LOGIN, password: 'wrong' } });
    const away = await add({ ...TEAM, name: 'away', registryUrl: 'away.example.com' });
    for (const [id, status] of [
      [wrong, 'error'],
      [away, 'disconnected'],
    ] as const) {
      const answer = await ask('POST', `/admin/registries/${id}/test`);
      expect([answer.status, answer.body['status']]).toEqual([503, 'failed']);
      expect((await ask('GET', `/registries/${id}`)).body).toMatchObject({ status });
    }
  });

  it('are changed and removed, and keep their id when they get another name', async () => {
    const id = await add(TEAM);
    const renamed = await ask('PUT', `/admin/registries/${id}`, {
      name: 'people',
      registryUrl: 'hub2.example.com',
    });
    expect(renamed.body).toMatchObject({
      message: 'Registry updated successfully',
      registry: { id, name: 'people', registryUrl: 'hub2.example.com' },
    });
    await ask('PUT', `/admin/registries/${id}`, { credentials: { ...LOGIN, password: 'wrong' } });
    expect((await ask('POST', `/admin/registries/${id}/test`)).status).toBe(503);
    expect(await ask('DELETE', `/admin/registries/${id}`)).toEqual({
      status: 200,
      body: { message: 'Registry deleted successfully' },
    });
    expect((await ask('GET', `/registries/${id}`)).status).toBe(404);
    expect(server.reconciler.writes.at(-1)).toMatch(/^Remove registry people by/);
  });

  it.each([
    {
      type: 'ecr',
      url: '1.dkr.ecr.eu-west-1.amazonaws.com',
      credentials: { accessKeyId: 'A', secretAccessKey: 'correct-horse', region: 'eu-west-1' },
    },
    {
      type: 'gcr',
      url: undefined,
      credentials: { serviceAccountJson: '{"client_email":"a","private_key":"b"}' },
    },
    { type: 'acr', url: 'team.azurecr.io', credentials: { clientId: 'a', clientSecret: 'correct-horse' } },
    { type: 'ghcr', url: undefined, credentials: LOGIN },
  ])('of the type $type have credentials of their own kind', async ({ type, url, credentials }) => {
    const id = await add({
      name: type,
      registryType: type,
      credentials,
      ...(url === undefined ? {} : { registryUrl: url }),
    });
    const tested = await ask('POST', `/admin/registries/${id}/test`);
    expect(tested.status).toBe(type === 'gcr' ? 503 : 200);
    const { status, body } = await ask('POST', '/admin/registries', {
      name: 'x',
      registryType: type,
      registryUrl: url,
      credentials: {},
    });
    expect([status, body['error']]).toEqual([
      400,
      expect.stringMatching(/^a registry of the type \w+ needs /),
    ]);
  });
});

describe('requests about registries that cannot be', () => {
  it.each([
    ['GET', '/registries/nope', undefined, 400, 'Invalid registry ID'],
    ['GET', `/registries/${NONE}`, undefined, 404, 'Registry not found'],
    ['GET', '/registries/lookup', undefined, 400, 'Image parameter is required'],
    ['PUT', `/admin/registries/${NONE}`, { name: 'x' }, 404, 'Registry not found'],
    ['PUT', `/admin/registries/${NONE}`, {}, 400, 'No updates provided'],
    ['PUT', '/admin/registries/nope', { name: 'x' }, 400, 'Invalid registry ID'],
    ['DELETE', `/admin/registries/${NONE}`, undefined, 404, 'Registry not found'],
    ['POST', `/admin/registries/${NONE}/test`, undefined, 404, 'Registry not found'],
    ['PUT', `/admin/registries/${NONE}/default`, undefined, 404, 'Registry not found'],
    ['POST', '/admin/registries', {}, 400, 'Invalid request body: name is required'],
    ['POST', '/admin/registries', { name: 'a' }, 400, 'Invalid request body: registryType is required'],
    [
      'POST',
      '/admin/registries',
      { ...HUB, credentials: undefined },
      400,
      'Invalid request body: credentials are required',
    ],
    [
      'POST',
      '/admin/registries',
      { ...TEAM, registryUrl: '' },
      400,
      'a registry of the type custom needs its address',
    ],
    [
      'POST',
      '/admin/registries',
      { ...HUB, credentials: { username: 'ada' } },
      400,
      'a registry of the type dockerhub needs password',
    ],
  ])('%s %s with %j is answered', async (method, path, body, ...[status, error]) => {
    expect(await ask(method, path, body)).toEqual({ status, body: { error } });
  });

  it('says which types there are', async () => {
    const { status, body } = await ask('POST', '/admin/registries', { ...HUB, registryType: 'quay' });
    expect([status, body['error']]).toEqual([400, expect.stringContaining('one of dockerhub, ghcr')]);
  });

  it('takes no name twice', async () => {
    await add(HUB);
    const again = await ask('POST', '/admin/registries', HUB);
    expect(again).toEqual({ status: 409, body: { error: "registry with name 'hub' already exists" } });
    const id = await add(TEAM);
    expect((await ask('PUT', `/admin/registries/${id}`, { name: 'hub' })).status).toBe(409);
  });

  it.each([
    ['POST', '/admin/registries'],
    ['PUT', `/admin/registries/${NONE}`],
    ['DELETE', `/admin/registries/${NONE}`],
    ['POST', `/admin/registries/${NONE}/test`],
    ['PUT', `/admin/registries/${NONE}/default`],
  ])('lets nobody but an admin %s %s', async (method, path) => {
    for (const [role, status] of [
      ['deployer', 403],
      [null, 401],
    ] as const) {
      const response = await server.request(`${BASE}${path}`, { ...json(method, HUB), role });
      expect(response.status).toBe(status);
    }
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Role } from '../../../reconciler/index.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, startApiServer } from '../../support/api/api-server.ts';
import { createFakeReconciler } from '../../support/fakes/fake-reconciler.ts';
import type { FakeInventory } from '../../support/fakes/fake-inventory.ts';
import { buildObject, createFakeInventory } from '../../support/fakes/fake-inventory.ts';

const BASE = '/v1/api';
const WEB = buildObject({
  kind: 'Deployment',
  name: 'web',
  apiVersion: 'apps/v1',
  facts: { replicas: 2, readyReplicas: 1, availableReplicas: 1 },
});
const { apiVersion, kind, uid } = WEB;
const POD = buildObject({
  owners: [{ apiVersion, kind, name: 'web', uid, controller: true }],
  facts: {
    containers: [{ name: 'web', restartCount: 3 }],
    nodeName: 'n1',
    podIP: '10.0.0.7',
    phase: 'Running',
  },
  labels: { app: 'web' },
});
const OTHERS = [
  buildObject({
    kind: 'Node',
    name: 'n1',
    namespace: null,
    facts: { nodeCapacity: { cpu: '4', memory: '8Gi' } },
  }),
  buildObject({ name: 'coredns', namespace: 'kube-system' }),
  buildObject({ kind: 'Service', name: 'kubernetes', namespace: 'default' }),
  buildObject({ kind: 'ConfigMap', name: 'kube-root-ca.crt', namespace: 'shop' }),
];

let fake: FakeInventory;
let server: ApiServer;
beforeEach(async () => {
  fake = createFakeInventory();
  const reconciler = { ...createFakeReconciler(), ...fake.operations };
  server = await startApiServer({ reconciler });
  fake.tell('prod', [WEB, POD, ...OTHERS]);
  fake.tell('test', [buildObject({ name: 'batch', namespace: 'jobs', status: 'failed', createdAt: null })]);
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await fake.inventory[Symbol.asyncDispose]();
});

interface Row {
  readonly id: string;
  readonly name: string;
  readonly isFavorite: boolean;
}

async function ask(method: string, path: string, body?: object, role: Role = 'viewer') {
  const init = body === undefined ? { method } : json(method, body);
  const response = await server.request(`${BASE}${path}`, { ...init, role });
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
}

async function list(query = ''): Promise<readonly Row[]> {
  return (await ask('GET', `/resources${query}`)).body['resources'] as readonly Row[];
}
const namesOf = async (query: string) => (await list(query)).map(({ name }) => name);
const idOf = async (name: string) =>
  (await list(`?search=${name}`)).find((one) => one.name === name)?.id ?? '';

describe('GET /resources', () => {
  it('lists rows with a summary of their kind', async () => {
    const { status, body } = await ask('GET', '/resources?cluster=prod&namespace=shop&hideSystem=true');
    expect(status).toBe(200);
    const common = { namespace: 'shop', clusterName: 'prod', status: 'running', isFavorite: false };
    expect(body).toMatchObject({
      resources: [
        { ...common, name: 'web', type: 'Deployment', summary: { replicas: '1/2', available: 1 } },
        {
          ...common,
          name: 'web-1',
          type: 'Pod',
          summary: { containers: 1, restarts: 3, nodeName: 'n1', podIP: '10.0.0.7' },
        },
      ],
      total: 2,
      limit: 25,
      offset: 0,
    });
    const [node] = await list('?type=Node');
    expect(node).toMatchObject({ name: 'n1', namespace: '', summary: { cpu: '4', memory: '8Gi' } });
  });

  it.each([
    ['?hideSystem=true', ['batch', 'web', 'web-1']],
    [
      '?cluster=all&type=all&namespace=all',
      ['batch', 'coredns', 'kube-root-ca.crt', 'kubernetes', 'n1', 'web', 'web-1'],
    ],
    ['?type=pod', ['batch', 'coredns', 'web-1']],
    ['?search=SYSTEM', ['coredns']],
    ['?search=eb-1', ['web-1']],
    ['?hideSystem=true&sort_by=cluster&sort_order=desc', ['batch', 'web-1', 'web']],
    ['?hideSystem=true&sort_by=status', ['batch', 'web', 'web-1']],
    ['?hideSystem=true&sort=created_at&order=desc', ['web-1', 'web', 'batch']],
    ['?hideSystem=true&sort_by=constructor', ['batch', 'web', 'web-1']],
    ['?hideSystem=true&limit=1&offset=1', ['web']],
    ['?hideSystem=true&limit=1&page=3', ['web-1']],
    ['?cluster=nowhere', []],
  ])('%s gives %j', async (query, names) => {
    expect(await namesOf(query)).toEqual(names);
  });

  it('gives a hundred at most, and refuses what is no number', async () => {
    expect((await ask('GET', '/resources?limit=5000')).body).toMatchObject({ limit: 100, total: 7 });
    expect((await ask('GET', '/resources?limit=0')).status).toBe(400);
    expect((await ask('GET', '/resources?offset=-1')).status).toBe(400);
  });
});

describe('a resource', () => {
  it('is shown with its events, its history and what one has noted', async () => {
    const event = {
      type: 'Warning',
      reason: 'BackOff',
      message: 'x',
      count: 2,
      firstSeen: '',
      lastSeen: '',
      source: 'k',
    };
    fake.events.set(POD.uid, [event]);
    const id = await idOf('web-1');
    fake.tell('prod', [WEB, { ...POD, status: 'failed', message: 'it crashed' }, ...OTHERS]);
    const note = { userTags: ['mine'], userNotes: 'look here', isFavorite: true };
    expect(await ask('PATCH', `/resources/${id}`, note)).toEqual({
      status: 200,
      body: { message: 'Resource updated successfully' },
    });

    const { status, body } = await ask('GET', `/resources/${id}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      resource: {
        id,
        type: 'Pod',
        uid: POD.uid,
        clusterName: 'prod',
        status: 'failed',
        labels: { app: 'web' },
        ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true }],
        spec: { nodeName: 'n1', nodeCapacity: {}, nodeAllocated: {} },
        metadata: { events: [event] },
        ...note,
      },
      history: [{ resourceId: id, action: 'updated', oldStatus: 'running', newStatus: 'failed' }],
    });
    expect((await list('?search=web-1'))[0]?.isFavorite).toBe(true);
    const other = await server.request(`${BASE}/resources/${id}`, { role: 'admin' });
    expect(await other.json()).toMatchObject({ resource: { userNotes: '', isFavorite: false } });
  });

  it('has pods by its owners, and what has none says so', async () => {
    const pods = await ask('GET', `/resources/${await idOf('web')}/pods`);
    expect(pods).toMatchObject({
      status: 200,
      body: { parent: { name: 'web' }, pods: [{ name: 'web-1' }], count: 1 },
    });
    expect(await ask('GET', `/resources/${await idOf('web-1')}/pods`)).toEqual({
      status: 400,
      body: { error: 'Resource type does not have child resources' },
    });
    const schedule = buildObject({ kind: 'CronJob', name: 'nightly' });
    fake.tell('prod', [schedule]);
    const jobs = await ask('GET', `/resources/${await idOf('nightly')}/pods`);
    expect(jobs.body).toMatchObject({ jobs: [], count: 0 });
  });

  it('tells its changes until it is gone', async () => {
    const id = await idOf('web');
    const response = await server.request(`${BASE}/resources/${id}/stream`, { role: 'viewer' });
    expect(response.headers.get('Content-Type')).toContain('text/event-stream');
    const reading = response.text();
    const facts = { replicas: 2, readyReplicas: 2 };
    // The reader has to be there first.
    await new Promise((resolve) => setTimeout(resolve, 50));
    fake.tell('prod', [{ ...WEB, facts }]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    fake.tell('prod', []);
    const text = await reading;
    const events = [...text.matchAll(/event: (\w+)\ndata: (.*)\n/g)].map(([, name, data]) => [
      name,
      JSON.parse(data ?? '') as unknown,
    ]);
    const status = (readyReplicas: number) => ({ state: 'healthy', message: '', replicas: 2, readyReplicas });
    expect(events).toEqual([
      [
        'metadata',
        { id, name: 'web', namespace: 'shop', type: 'Deployment', status: 'running', spec: WEB.facts },
      ],
      ['status_update', { resource_id: id, type: 'Deployment', status: status(2) }],
      ['complete', 'Resource was deleted'],
    ]);
  });
});

describe('requests about resources that cannot be', () => {
  const ID = '0'.repeat(24);
  it.each([
    ['GET', ''],
    ['PATCH', ''],
    ['GET', '/stream'],
    ['GET', '/pods'],
  ])('%s /resources/:id%s', async (method, path) => {
    const body = method === 'PATCH' ? {} : undefined;
    expect(await ask(method, `/resources/${ID}${path}`, body)).toEqual({
      status: 404,
      body: { error: 'Resource not found' },
    });
    for (const bad of ['nope', `${ID}0`, ID.toUpperCase().replace(/0/g, 'G')])
      expect(await ask(method, `/resources/${bad}${path}`, body)).toEqual({
        status: 400,
        body: { error: 'Invalid resource ID' },
      });
    const open = await server.request(`${BASE}/resources/${ID}${path}`, { method, role: null });
    expect(open.status).toBe(401);
  });

  it.each([
    [{ userTags: 'x' }],
    [{ isFavorite: 'yes' }],
    [{ userNotes: 'x'.repeat(10_001) }],
    [{ userTags: Array.from({ length: 51 }, String) }],
  ])('PATCH with %j is refused', async (body) => {
    expect((await ask('PATCH', `/resources/${await idOf('web')}`, body)).status).toBe(400);
  });
});

it('POST /resources/sync asks each target again, at most once in a while', async () => {
  await list();
  const before = fake.asked.length;
  const synced = { status: 202, body: { message: 'Resource sync initiated' } };
  expect(await ask('POST', '/resources/sync')).toEqual(synced);
  expect(await ask('POST', '/resources/sync')).toEqual(synced);
  await list('?sync=true');
  await expect.poll(() => fake.asked.length).toBe(before + 2);
});

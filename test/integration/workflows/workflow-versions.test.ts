import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkflowServer } from '../../support/api/workflow-server.ts';
import { startWorkflowServer } from '../../support/api/workflow-server.ts';

const node = (id: string, name: string) => ({
  id,
  type: 'configmap',
  position: { x: 1, y: 2 },
  data: { name, data: { A: 'b' } },
});
const edge = (id: string, source: string, target: string) => ({ id, source, target });
const WEB = { ...node('web', 'web'), type: 'deployment', data: { name: 'web', image: 'nginx' } };

describe('versions of a workflow', () => {
  let platform: WorkflowServer;
  let id: string;
  beforeEach(async () => {
    platform = await startWorkflowServer();
    ({ id } = await platform.create('shop'));
  });
  afterEach(() => platform[Symbol.asyncDispose]());

  const ask = (method: string, path: string, body?: unknown) =>
    platform.ask(method, `/workflows/${id}${path}`, body);
  const save = (nodes: readonly object[], edges: readonly object[] = []) =>
    ask('POST', '/save', { nodes, edges });

  it('are numbered tags of what is saved, with what people say of them', async () => {
    await save([node('a', 'one')]);
    const first = await ask('POST', '/versions', {
      name: 'Before the sale',
      tag: 'v1',
      description: 'Two\n\nparts',
    });
    expect(first).toMatchObject({
      status: 201,
      body: {
        version: { version: 1, workflow_id: id, name: 'Before the sale', tag: 'v1', nodes: [{ id: 'a' }] },
      },
    });
    await save([node('b', 'two')]);
    expect((await ask('POST', '/versions', {})).body).toMatchObject({
      version: { version: 2, nodes: [{ id: 'b' }] },
    });
    expect((await ask('GET', '/versions')).body).toMatchObject({
      total: 2,
      page: 1,
      limit: 10,
      versions: [
        { version: 2, description: '', is_automatic: false, created_by: 'deployer key' },
        { version: 1, description: 'Two\n\nparts' },
      ],
    });
    expect((await ask('GET', '/versions?page=2&limit=1')).body).toMatchObject({ versions: [{ version: 1 }] });
    expect((await ask('GET', '/versions/1')).body).toMatchObject({ version: 1, nodes: [{ id: 'a' }] });
    const tags = await platform.rig.source.tags('version/shop/');
    expect(tags.map(({ name }) => name)).toEqual(['version/shop/1', 'version/shop/2']);
  });

  it('have a number of their own each when several are made at once', async () => {
    await save([node('a', 'one')]);
    const made = await Promise.all(['x', 'y', 'z'].map((name) => ask('POST', '/versions', { name })));
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201]);
    const numbers = made.map(({ body }) => (body['version'] as { readonly version: number }).version);
    expect(numbers.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
  });

  it('outlive the store, and another title', async () => {
    await save([node('a', 'one')]);
    await ask('POST', '/versions', { name: 'kept' });
    await platform.ask('PUT', `/workflows/${id}`, { name: 'Another title' });
    const restarted = await platform.rig.restart();
    expect(await restarted.reconciler.listVersions('shop')).toMatchObject([{ number: 1, name: 'kept' }]);
    await restarted[Symbol.asyncDispose]();
  });

  it('are renamed without being moved', async () => {
    await save([node('a', 'one')]);
    await ask('POST', '/versions', { name: 'first', tag: 'v1' });
    await save([node('b', 'two')]);
    const renamed = await ask('PUT', '/versions/1', { name: 'very first' });
    expect(renamed.body).toMatchObject({ version: { name: 'very first', tag: 'v1', nodes: [{ id: 'a' }] } });
  });

  it('are restored as a commit and a further version', async () => {
    await save([node('a', 'one'), WEB], [edge('e', 'a', 'web')]);
    await ask('POST', '/versions', {});
    await save([node('b', 'two')]);
    const restored = await ask('POST', '/versions/1/restore');
    expect(restored.body).toMatchObject({
      version: { version: 2, restored_from: 1, description: 'Restored from version 1' },
      workflow: { id, nodes: [{ id: 'a' }, { id: 'web' }], edges: [{ id: 'e' }] },
    });
    expect(await platform.read('workflows/shop.yaml')).toContain('image: nginx');
  });

  it('are compared by the ids of nodes and edges', async () => {
    await save([node('a', 'one'), node('b', 'two'), WEB], [edge('e', 'a', 'web'), edge('f', 'b', 'web')]);
    await ask('POST', '/versions', {});
    await save([node('a', 'other'), node('c', 'three'), WEB], [edge('e', 'a', 'web'), edge('g', 'c', 'web')]);
    await ask('POST', '/versions', {});
    expect((await ask('GET', '/versions/compare?v1=1&v2=2')).body).toEqual({
      from_version: 1,
      to_version: 2,
      added_nodes: [expect.objectContaining({ node_id: 'c', type: 'configmap' })],
      removed_nodes: [expect.objectContaining({ node_id: 'b', type: 'configmap' })],
      modified_nodes: [
        expect.objectContaining({
          node_id: 'a',
          old_data: expect.objectContaining({ name: 'one' }) as object,
          new_data: expect.objectContaining({ name: 'other' }) as object,
        }),
      ],
      added_edges: [{ edge_id: 'g', source: 'c', target: 'web' }],
      removed_edges: [{ edge_id: 'f', source: 'b', target: 'web' }],
    });
  });

  it.each([
    ['GET /versions/x', 400, 'Invalid version number'],
    ['GET /versions/0', 400, 'Invalid version number'],
    ['GET /versions/7', 404, 'Version not found'],
    ['PUT /versions/7', 404, 'Version not found'],
    ['POST /versions/7/restore', 404, 'Version not found'],
    ['GET /versions/compare', 400, 'Invalid or missing version number v1'],
    ['GET /versions/compare?v1=1', 400, 'Invalid or missing version number v2'],
    ['GET /versions/compare?v1=1&v2=2', 404, 'One or both versions not found'],
  ])('%s is %i', async (request, status, error) => {
    const [method = '', path = ''] = request.split(' ');
    const answer = await ask(method, path, method === 'PUT' ? { name: 'x' } : undefined);
    expect([answer.status, answer.body['error']]).toEqual([status, error]);
  });
});

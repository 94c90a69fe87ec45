import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Workflow, WorkflowServer } from '../../support/api/workflow-server.ts';
import { startWorkflowServer } from '../../support/api/workflow-server.ts';

const WEB = {
  id: 'n1',
  type: 'deployment',
  position: { x: 700, y: 100 },
  width: 200,
  data: { id: 'n1', name: 'web', image: 'nginx:1.29', templateId: 'core/deployment', _status: {} },
};
const CONF = {
  id: 'n2',
  type: 'configmap',
  position: { x: 100, y: 100 },
  data: { id: 'n2', name: 'conf', data: { LEVEL: 'debug' } },
};
const EDGE = { id: 'e1', source: 'n2', target: 'n1', sourceHandle: null, targetHandle: null, animated: true };

describe('workflows as files', () => {
  let platform: WorkflowServer;
  beforeEach(async () => {
    platform = await startWorkflowServer();
  });
  afterEach(() => platform[Symbol.asyncDispose]());

  const ask: WorkflowServer['ask'] = (...request) => platform.ask(...request);
  const create: WorkflowServer['create'] = (...request) => platform.create(...request);
  const read = (path: string) => platform.read(path);
  const paths = () => platform.paths();

  it('begin as a draft with an id that tells when, flat and inside of the answer', async () => {
    const made = await create('My App', { description: 'Web application stack' });
    expect(made).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{24}$/) as string,
      name: 'My App',
      description: 'Web application stack',
      status: 'draft',
      nodes: [],
      edges: [],
      message: 'Workflow created successfully',
      workflow: { name: 'My App' },
    });
    expect(parse(await read('workflows/my-app.yaml'))).toEqual({
      name: 'my-app',
      id: made.id,
      title: 'My App',
      description: 'Web application stack',
      status: 'draft',
      nodes: [],
      edges: [],
    });
    const shown = await ask('GET', `/workflows/${made.id}`);
    expect(Date.now() - Date.parse(String(shown.body['created_at']))).toBeLessThan(60_000);
  });

  it('are not saved over what somebody has changed meanwhile, where the editor says what it began with', async () => {
    const { id, etag } = (await create('shop')) as Workflow & { readonly etag: string };
    const save = async (description: string, headers: Record<string, string>) => {
      const body = JSON.stringify({ description });
      const sent = { 'Content-Type': 'application/json', ...headers };
      const path = `/v1/api/workflows/${id}/save`;
      return (await platform.server.request(path, { method: 'POST', body, headers: sent })).status;
    };
    expect(await save('one', { 'If-Match': `"${etag}"` })).toBe(200);
    expect(await save('two', { 'If-Match': `"${etag}"` })).toBe(409);
    expect((await ask('GET', `/workflows/${id}`)).body).toMatchObject({ description: 'one' });
    expect(await save('three', {})).toBe(200);
    const now = (await ask('GET', `/workflows/${id}`)).body;
    await platform.push({
      'workflows/shop.yaml': (await read('workflows/shop.yaml')).replace('three', 'four'),
    });
    expect(await save('five', { 'If-Match': String(now['etag']) })).toBe(409);
    expect((await ask('PUT', `/workflows/${id}`, { description: 'six' })).status).toBe(200);
  });

  it('have a name of their own each, whatever they are called', async () => {
    const names = ['Shop', 'shop', '¡Shop!', '…', 'Über uns'];
    for (const name of names) await create(name);
    const files = (await paths()).filter((path) => path.startsWith('workflows/'));
    expect(files).toEqual([
      'workflows/shop-2.yaml',
      'workflows/shop-3.yaml',
      'workflows/shop.yaml',
      'workflows/uber-uns.yaml',
      'workflows/workflow.yaml',
    ]);
    const { body } = await ask('GET', '/workflows?sort=name&order=asc');
    expect((body['workflows'] as readonly Workflow[]).map(({ name }) => name)).toEqual(names.toSorted());
  });

  it('are saved node by node, without the state of the editor, with the comments of the rest', async () => {
    const { id } = await create('shop');
    const saved = await ask('POST', `/workflows/${id}/save`, { nodes: [WEB, CONF], edges: [EDGE] });
    expect(saved.body).toMatchObject({ message: 'Workflow saved successfully', workflow: { id } });
    const path = 'workflows/shop.yaml';
    const text = (await read(path)).replace(
      '    type: deployment\n',
      '    # The front\n    type: deployment\n',
    );
    await platform.push({ [path]: text });
    const { nodes, edges } = (await ask('GET', `/workflows/${id}`)).body as unknown as Workflow;
    const moved = nodes.map((node) => (node.id === 'n2' ? { ...node, position: { x: 5, y: 6 } } : node));
    await ask('POST', `/workflows/${id}/save`, { nodes: moved, edges });
    expect(await read(path)).toBe(
      text.replace('x: 100\n', 'x: 5\n').replace(/(x: 5\n\s+)y: 100\n/, '$1y: 6\n'),
    );
    expect(parse(text)).toMatchObject({
      nodes: [
        { id: 'n1', type: 'deployment', data: { name: 'web', image: 'nginx:1.29' } },
        { id: 'n2', type: 'configmap', data: { name: 'conf', data: { LEVEL: 'debug' } } },
      ],
      edges: [{ id: 'e1', source: 'n2', target: 'n1' }],
    });
    expect(text).not.toMatch(/_status|width|animated|templateId/);
  });

  it('are renamed without losing their id, described, published and archived', async () => {
    const { id } = await create('shop');
    const renamed = await ask('PUT', `/workflows/${id}`, { name: 'The shop', description: 'Sells.' });
    expect(renamed.body).toMatchObject({ id, name: 'The shop', description: 'Sells.' });
    expect(await ask('PUT', `/workflows/${id}/status`, { status: 'archived' })).toEqual({
      status: 200,
      body: { message: 'Workflow status updated successfully' },
    });
    expect(parse(await read('workflows/shop.yaml'))).toMatchObject({ title: 'The shop', status: 'archived' });
    const back = await ask('PUT', `/workflows/${id}`, { name: 'shop' });
    expect(back.body).toMatchObject({ id, name: 'shop' });
    expect(parse(await read('workflows/shop.yaml'))).not.toHaveProperty('title');
  });

  it('are cloned as drafts, and deleted', async () => {
    const { id } = await create('shop', { description: 'Sells.' });
    await ask('POST', `/workflows/${id}/save`, { nodes: [WEB, CONF], edges: [EDGE] });
    const clone = await ask('POST', `/workflows/${id}/clone`, { name: 'Shop two' });
    expect(clone.status).toBe(201);
    expect(clone.body).toMatchObject({
      workflow: { name: 'Shop two', description: 'Sells. (Cloned)', status: 'draft', edges: [{ id: 'e1' }] },
    });
    expect(clone.body['id']).not.toBe(id);
    expect((await ask('DELETE', `/workflows/${id}`)).status).toBe(200);
    expect((await ask('GET', `/workflows/${id}`)).status).toBe(404);
    expect(await paths()).toContain('workflows/shop-two.yaml');
    expect(await paths()).not.toContain('workflows/shop.yaml');
  });

  it.each([
    ['POST /workflows', {}, 400, 'Invalid request data'],
    ['POST /workflows', { name: '' }, 400, 'Invalid request data'],
    ['PUT /workflows/ID', {}, 400, 'No valid fields to update'],
    ['PUT /workflows/ID', { status: 'gone' }, 400, 'Invalid status'],
    ['PUT /workflows/ID/status', { status: 'gone' }, 400, 'Invalid status'],
    ['PUT /workflows/ID/status', {}, 400, 'Invalid request data'],
    ['POST /workflows/ID/clone', {}, 400, 'Invalid request data'],
    ['POST /workflows/ID/save', { nodes: [{}] }, 400, 'Invalid request data'],
    ['POST /workflows/ID/save', { nodes: 5 }, 400, 'Invalid request data'],
    [`POST /workflows/${'f'.repeat(24)}/clone`, { name: 'x' }, 404, 'Workflow not found'],
    ['POST /workflows/nope/save', { nodes: [] }, 400, 'Invalid workflow ID'],
    [`DELETE /workflows/${'f'.repeat(24)}`, undefined, 404, 'Workflow not found'],
  ] as const)('%s %o is %i', async (request, body, status, error) => {
    const [method = '', path = ''] = request.split(' ');
    const { id } = await create('shop');
    const answer = await ask(method, path.replace('ID', id), body);
    expect([answer.status, answer.body['error']]).toEqual([status, error]);
  });

  it('are drawn unfinished, and refused with what is missing when they are published', async () => {
    const { id } = await create('shop');
    const nodes = [
      { ...WEB, data: { name: 'web' } },
      { ...WEB, id: 'n3', type: 'nonsense' },
      { ...CONF, data: { name: '<b>no</b>' } },
    ];
    const edges = [EDGE, { ...EDGE, id: 'e2', source: 'nobody' }];
    expect((await ask('POST', `/workflows/${id}/save`, { nodes, edges })).status).toBe(200);
    const refused = await ask('PUT', `/workflows/${id}/status`, { status: 'published' });
    expect(refused.status).toBe(400);
    const places = (refused.body['details'] as readonly { readonly field: string }[]).map(
      ({ field }) => field,
    );
    expect(places).toEqual(
      expect.arrayContaining([
        'cluster',
        'edges[1].source',
        'nodes[0].data.image',
        'nodes[1].type',
        'nodes[2].data.name',
      ]),
    );
  });

  it('are for deployers to write, and for viewers to read', async () => {
    const { id } = await create('shop');
    expect((await ask('GET', `/workflows/${id}`, undefined, 'viewer')).status).toBe(200);
    expect((await ask('POST', `/workflows/${id}/save`, { nodes: [] }, 'viewer')).status).toBe(403);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkflowServer } from '../../support/api/workflow-server.ts';
import { startWorkflowServer } from '../../support/api/workflow-server.ts';
import { createFakeForeign } from '../../support/fakes/fake-foreign.ts';
import { FAKE_REPOSITORIES } from '../../support/fakes/fake-imports.ts';
import { eventually } from '../../support/eventually.ts';

const COMPOSE =
  'services:\n  web:\n    image: nginx:1.29\n    ports: ["8080:80"]\n    cap_add: [NET_ADMIN]\n';
const SHOP = 'https://github.com/acme/shop';
const NONE = '0'.repeat(24);

// One for each test: an address may not ask that often.
let platform: WorkflowServer;
beforeEach(async () => {
  platform = await startWorkflowServer({}, { importFrom: createFakeForeign(FAKE_REPOSITORIES) });
});
afterEach(() => platform[Symbol.asyncDispose]());

const ask: WorkflowServer['ask'] = (...request) => platform.ask(...request);

interface Analysis {
  readonly suggestedNodes: readonly { readonly id: string; readonly data: object }[];
  readonly suggestedEdges: readonly { readonly id: string }[];
  readonly layoutPositions: object;
  readonly warnings: readonly string[];
}

async function analyze(text: string): Promise<Analysis> {
  const fileContent = Buffer.from(text).toString('base64');
  const { status, body } = await ask('POST', '/import/analyze', { source: 'file', fileContent });
  expect(status, JSON.stringify(body)).toBe(200);
  return body['analysis'] as Analysis;
}

async function upload(
  name: string,
  content: string | Uint8Array<ArrayBuffer>,
  more: Readonly<Record<string, string>> = {},
) {
  const form = new FormData();
  for (const [field, value] of Object.entries(more)) form.set(field, value);
  form.set('file', new Blob([content]), name);
  const response = await platform.server.request('/v1/api/import/upload', {
    method: 'POST',
    body: form,
    role: 'deployer',
  });
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
}

async function begin(request: object): Promise<string> {
  const { status, body } = await ask('POST', '/import/analyze', request);
  expect(body).toMatchObject({ async: true, message: 'Cloning repository...' });
  expect(status).toBe(200);
  return String(body['sessionId']);
}

async function ended(id: string) {
  const look = async () => (await ask('GET', `/import/${id}`)).body['session'] as Record<string, unknown>;
  return eventually(look, (session) => session['completedAt'] !== undefined, 4_000);
}

describe('a Compose file', () => {
  it('is read as a workflow, and nothing is written', async () => {
    const before = await platform.paths();
    const analysis = await analyze(COMPOSE);
    expect(analysis).toMatchObject({
      detectedType: 'docker-compose',
      needsBuild: false,
      errors: [],
      services: [
        {
          name: 'web',
          image: 'nginx:1.29',
          ports: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
        },
      ],
      suggestedNodes: [
        {
          id: 'deployment-web',
          type: 'deployment',
          position: { x: 700, y: 100 },
          data: { templateId: 'core/deployment', name: 'web' },
        },
        { id: 'service-web', type: 'service' },
      ],
      suggestedEdges: [{ source: 'service-web', target: 'deployment-web' }],
      layoutPositions: { 'deployment-web': { x: 700, y: 100 } },
    });
    expect(analysis.warnings).toEqual([expect.stringMatching(/^services\.web\.cap_add: /)]);
    expect(await platform.paths()).toEqual(before);
  });

  it('is uploaded as a form', async () => {
    const { status, body } = await upload('docker-compose.yml', COMPOSE, { namespace: 'blue' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ fileName: 'docker-compose.yml', fileSize: COMPOSE.length });
    expect(Buffer.from(String(body['fileContent']), 'base64').toString()).toBe(COMPOSE);
    const [node] = (body['analysis'] as Analysis).suggestedNodes;
    expect(node?.data).toMatchObject({ namespace: 'blue' });
  });

  it.each([
    ['a.txt', COMPOSE, 'Invalid file type. Only .yml and .yaml files are allowed'],
    ['..\\..\\a.yml', COMPOSE, 'Invalid file name: it must be that of a file, without a path'],
    ['a.yml', new Uint8Array(1_048_577), 'File too large. Maximum size is 1MB'],
    ['a.yml', new Uint8Array([0xff, 0xfe]), 'a.yml is not UTF-8 text'],
    ['a.yml', 'a: [', expect.stringContaining('compose.yaml:1')],
    ['a.yml', 'x: y', expect.stringContaining('write a map with services:')],
  ])('%s that cannot be read is refused', async (name, content, error) => {
    const { status, body } = await upload(name, content);
    expect(body).toMatchObject({ error });
    expect(status).toBe(400);
  });

  it('of exactly a megabyte is read', async () => {
    const text = `${COMPOSE}# ${'x'.repeat(1_048_576 - COMPOSE.length - 2)}`;
    expect((await upload('a.yml', text)).status).toBe(200);
    expect((await analyze(text)).suggestedNodes).toHaveLength(2);
  });

  it('has to be there', async () => {
    const { status, body } = await ask('POST', '/import/upload', {});
    expect(status).toBe(400);
    expect(body['error']).toMatch(/^No file uploaded: /);
  });

  it.each([
    [{ source: 'file' }, 'Invalid request body: fileContent is required'],
    [{ source: 'file', fileContent: '???' }, 'Invalid request body: fileContent is not base64'],
    [
      { source: 'file', fileContent: 'YTog', fileName: 'a.exe' },
      'Invalid file type. Only .yml and .yaml files are allowed',
    ],
    [{ source: 'ftp' }, 'Invalid request body: source must be file, github, gitlab or git_url'],
    [{ source: 'github' }, 'Invalid request body: url is required'],
    [{ source: 'git_url', url: 'file:///etc' }, expect.stringContaining('https:// address')],
    [
      { source: 'git_url', url: 'https://u:p@h.example/a' },
      expect.stringContaining('leave the credentials out'),
    ],
  ])('%j is refused', async (request, error) => {
    const { status, body } = await ask('POST', '/import/analyze', request);
    expect(body).toMatchObject({ error });
    expect(status).toBe(400);
  });

  it('is for deployers', async () => {
    const fileContent = Buffer.from(COMPOSE).toString('base64');
    for (const path of ['/import/analyze', '/import/upload', '/import/apply', '/import/create-workflow'])
      expect((await ask('POST', path, { source: 'file', fileContent }, 'viewer')).status).toBe(403);
  });
});

describe('a workflow', () => {
  it('is made of an analysis, as a draft of one commit', async () => {
    const analysis = await analyze(COMPOSE);
    const { status, body } = await ask('POST', '/import/create-workflow', {
      name: 'My Shop',
      clusterId: 'main',
      analysis,
    });
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body).toMatchObject({
      workflow: {
        name: 'My Shop',
        status: 'draft',
        cluster_id: 'main',
        tags: ['imported', 'docker-compose'],
        description: 'Imported from docker-compose',
      },
    });
    const text = await platform.read('workflows/my-shop.yaml');
    expect(text).toContain('image: nginx:1.29');
    expect(text).not.toContain('templateId');
  });

  it('gets further nodes behind its own, with ids of their own', async () => {
    const { id } = await platform.create('Grows', { cluster_id: 'main' });
    const { suggestedNodes, suggestedEdges } = await analyze(COMPOSE);
    const nodes = suggestedNodes.map((node) => ({ ...node, data: { ...node.data, namespace: 'one' } }));
    const first = { workflowId: id, nodes, edges: suggestedEdges };
    expect((await ask('POST', '/import/apply', first)).status).toBe(200);
    const again = nodes.map((node) => ({ ...node, data: { ...node.data, namespace: 'two' } }));
    const positions = { 'deployment-web': { x: 1, y: 2 } };
    const { status, body } = await ask('POST', '/import/apply', { ...first, nodes: again, positions });
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body).toMatchObject({
      workflow: {
        nodes: [
          { id: 'deployment-web', position: { x: 700, y: 100 } },
          { id: 'service-web' },
          { id: 'deployment-web-2', position: { x: 1, y: 2 } },
          { id: 'service-web-2' },
        ],
        edges: [
          { source: 'service-web', target: 'deployment-web' },
          { source: 'service-web-2', target: 'deployment-web-2' },
        ],
      },
    });
  });

  it('keeps what somebody has pushed meanwhile, and its comments', async () => {
    const { id } = await platform.create('Shared', { cluster_id: 'main' });
    const path = 'workflows/shared.yaml';
    const pushed = (await platform.read(path)).replace(
      'nodes: []',
      'nodes:\n  # of somebody else\n  - { id: conf, type: configmap, data: { name: conf } }',
    );
    platform.rig.source.push({ [path]: pushed });
    const { suggestedNodes: nodes } = await analyze(COMPOSE);
    expect((await ask('POST', '/import/apply', { workflowId: id, nodes })).status).toBe(200);
    const text = await platform.read(path);
    expect(text).toContain('# of somebody else\n  - { id: conf');
    expect(text).toContain('id: deployment-web');
  });

  it.each([
    [{ workflowId: 'x', nodes: [] }, 400, 'Invalid workflow ID'],
    [{ workflowId: NONE, nodes: [] }, 404, 'Workflow not found'],
    [{ nodes: [] }, 400, 'Invalid request data'],
  ])('%j is refused', async (request, status, error) => {
    const answer = await ask('POST', '/import/apply', request);
    expect(answer.body).toMatchObject({ error });
    expect(answer.status).toBe(status);
  });

  it('is refused as a whole with two nodes of one id, and not published with one object twice', async () => {
    const { id } = await platform.create('Same', { cluster_id: 'main' });
    const { suggestedNodes: nodes } = await analyze(COMPOSE);
    const twice = await ask('POST', '/import/apply', { workflowId: id, nodes: [...nodes, ...nodes] });
    expect(twice).toMatchObject({
      status: 400,
      body: { error: 'two of the nodes have the id deployment-web' },
    });
    for (let count = 0; count < 2; count += 1)
      expect((await ask('POST', '/import/apply', { workflowId: id, nodes })).status).toBe(200);
    const published = await ask('PUT', `/workflows/${id}/status`, { status: 'published' });
    expect(published.status).toBe(400);
    expect(published.body['error']).toContain('Deployment default/web is also described by deployment-web');
  });
});

describe('a repository', () => {
  it('is read in a session, from the branch that the address names', async () => {
    const id = await begin({ source: 'github', url: `${SHOP}/tree/next`, branch: 'main' });
    expect(id).toMatch(/^[0-9a-f]{24}$/);
    expect(await ended(id)).toMatchObject({
      id,
      source: 'github',
      url: SHOP,
      branch: 'next',
      fileName: 'docker-compose.yml',
      status: 'completed',
      progress: 100,
      analysis: { suggestedNodes: [{ id: 'deployment-web' }, { id: 'service-web' }] },
    });
  });

  it.each([
    [{ source: 'github', url: 'acme/empty' }, 'analyze', /has no Compose file at its root/],
    [{ source: 'git_url', url: 'https://10.0.0.1/a/b' }, 'clone', /not below a place/],
  ])('%j fails with the reason', async (request, stage, message) => {
    const session = await ended(await begin(request));
    expect(session).toMatchObject({ status: 'failed', errorStage: stage });
    expect(session['errorMessage']).toMatch(message);
  });

  it('is seen by whoever asked alone', async () => {
    const id = await begin({ source: 'github', url: 'acme/shop' });
    for (const path of [
      `/import/${id}`,
      `/import/${id}/stream`,
      `/import/${NONE}`,
      `/import/${NONE}/stream`,
    ]) {
      const { status, body } = await ask('GET', path, undefined, 'admin');
      expect(body).toEqual({ error: 'Import session not found' });
      expect(status).toBe(404);
    }
    expect(await ask('GET', '/import/nothing')).toMatchObject({
      status: 400,
      body: { error: 'Invalid session ID' },
    });
  });

  it('is followed to its end', async () => {
    const read = async (id: string) => {
      const response = await platform.server.request(`/v1/api/import/${id}/stream`, { role: 'deployer' });
      const events = (await response.text()).split('\n\n').flatMap((block) => {
        const [, type, data] = /^event: (.+)\ndata: (.+)$/.exec(block) ?? [];
        return type === undefined ? [] : [{ type, data: JSON.parse(data ?? '') as unknown }];
      });
      return events;
    };
    const id = await begin({ source: 'gitlab', url: SHOP });
    const events = await read(id);
    expect(events[0]).toMatchObject({ type: 'metadata', data: { id } });
    expect(events.at(-1)?.type).toBe('complete');
    const over = await read(id);
    expect(over.map(({ type }) => type)).toEqual(['metadata', 'complete']);
    expect(over[1]?.data).toMatchObject({ suggestedNodes: [{ id: 'deployment-web' }, {}] });
    const failed = await begin({ source: 'github', url: 'acme/empty' });
    await ended(failed);
    expect((await read(failed)).at(-1)).toMatchObject({
      type: 'failed',
      data: { error: expect.stringContaining('no Compose file') },
    });
  });

  it('is one of few at a time', async () => {
    const slow = { source: 'github', url: 'acme/slow' };
    const answers = [];
    for (let at = 0; at < 5; at += 1) answers.push(await ask('POST', '/import/analyze', slow));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 503]);
    expect(answers[4]?.body['error']).toContain('too many imports are under way');
  });
});

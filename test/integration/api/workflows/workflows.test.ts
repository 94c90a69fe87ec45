import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json } from '../../../support/api/api-server.ts';
import type { Json } from '../../../support/main-job.ts';
import type { WorkflowServer } from '../../../support/api/workflow-server.ts';
import { startWorkflowServer } from '../../../support/api/workflow-server.ts';

/* Workflows in this dialect, on a real reconciler whose repository is in memory. */

const EXAMPLE = join(
  import.meta.dirname,
  '../../../../examples/kombinations/shop-on-cluster/workflows/shop.yaml',
);

const DRAWN = `name: shop
title: Der Laden
cluster: prod
status: published
nodes:
  - { id: keys, type: secret, data: { name: keys, keys: [{ name: TOKEN }] } }
  - { id: web, type: deployment, data: { name: web, image: "nginx:1.29", port: 8000, envKeys: [TOKEN] } }
  - { id: front, type: service, data: { name: web } }
edges:
  - { source: keys, target: web }
  - { source: web, target: front }
`;

let platform: WorkflowServer;
beforeEach(async () => {
  platform = await startWorkflowServer();
  await platform.push({
    'clusters/prod.yaml': 'kubeconfig: /etc/kube/config\n',
    'workflows/shop.yaml': DRAWN,
  });
});
afterEach(() => platform[Symbol.asyncDispose]());

async function ask(method: string, path: string, body?: object, role: 'viewer' | 'deployer' = 'deployer') {
  const init = body === undefined ? { method } : json(method, body);
  const answer = await platform.server.request(`/api/v1${path}`, { ...init, role });
  return { status: answer.status, body: (await answer.json()) as Record<string, Json> };
}

describe('workflows', () => {
  it('are listed with how they stand, and found', async () => {
    const { body } = await ask('GET', '/workflows', undefined, 'viewer');
    expect(body).toMatchObject({
      workflows: [
        {
          name: 'shop',
          title: 'Der Laden',
          publication: 'published',
          cluster: 'prod',
          nodes_count: 3,
          stack: { name: 'shop', kind: 'workflow' },
        },
      ],
      pagination: { total: 1, page: 1 },
    });
    expect((await ask('GET', '/workflows?q=nothing')).body['workflows']).toEqual([]);
    expect((await ask('GET', '/workflows?state=nonsense')).status).toBe(400);
  });

  it('are made as drafts', async () => {
    const made = await ask('POST', '/workflows', { title: 'Größere Wohnung', cluster: 'prod' });
    expect(made).toMatchObject({ status: 201, body: { name: 'grossere-wohnung', kind: 'workflow' } });
    expect(await platform.read('workflows/grossere-wohnung.yaml')).toContain('status: draft');
    expect((await ask('POST', '/workflows', { title: 'x' }, 'viewer')).status).toBe(403);
    expect((await ask('POST', '/workflows', {})).status).toBe(400);
  });

  it('are told apart from other stacks', async () => {
    expect((await ask('GET', '/workflows/other/versions')).status).toBe(404);
    expect((await ask('POST', '/workflows/nope/runs', {})).status).toBe(404);
  });
});

describe('the catalogue', () => {
  it('has a schema for every type of node, and the types that can be connected', async () => {
    const { body } = await ask('GET', '/workflows/catalogue', undefined, 'viewer');
    const { templates, definitions, links } = body;
    for (const { type, plugin_id: plugin, schema } of templates) {
      if (plugin === null) expect(definitions[schema.$ref.replace('#/$defs/', '')], type).toBeDefined();
      else expect(schema.properties).toMatchObject({ pluginId: { const: plugin } });
    }
    const types = templates.map(({ type }: { readonly type: string }) => type);
    expect(types).toEqual(expect.arrayContaining(['deployment', 'manifest', 'plugin']));
    expect(links).toContainEqual(
      expect.objectContaining({ kind: 'hpa', provider: ['deployment', 'statefulset'], dependent: ['hpa'] }),
    );
  });
});

describe('a check', () => {
  it('says what connections fill in', async () => {
    const text = await readFile(EXAMPLE, 'utf8');
    const { body } = await ask('POST', '/workflows/check', { text, name: 'shop' }, 'viewer');
    expect(body['connections']).toHaveLength(6);
    expect(body['connections']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          source: 'settings',
          link: 'mount',
          first: 'settings',
          second: 'web',
          fills: [
            { node: 'web', field: 'volumeMounts', value: '/etc/config', kind: 'mount' },
            { node: 'web', field: 'LOG_LEVEL', value: 'shop-settings', kind: 'variable' },
          ],
        }),
        expect.objectContaining({
          link: 'service',
          fills: [
            { node: 'front', field: 'targetApp', value: 'shop', kind: 'field' },
            { node: 'front', field: 'targetPort', value: 8000, kind: 'field' },
          ],
        }),
      ]),
    );
  });

  it('leaves out what is written, fills paths in, and knows orders', async () => {
    const text = `name: a
cluster: prod
nodes:
  - { id: db, type: statefulset, data: { name: db } }
  - { id: s, type: service, data: { name: s, targetApp: db } }
  - { id: in, type: ingress, data: { name: in, paths: [{ path: / }] } }
  - { id: job, type: job, data: { name: job, image: x } }
edges:
  - { source: s, target: db }
  - { source: s, target: in }
  - { source: db, target: job }
`;
    const { body } = await ask('POST', '/workflows/check', { text });
    const [service, ingress, order] = body['connections'];
    expect(service.fills.map(({ node, field }: Record<string, string>) => `${node} ${field}`)).toEqual([
      's targetPort',
      'db serviceName',
    ]);
    expect(ingress.fills).toEqual([
      {
        node: 'in',
        field: 'paths',
        value: [{ path: '/', serviceName: 's', servicePort: 80 }],
        kind: 'field',
      },
    ]);
    expect(order).toMatchObject({ link: null, first: 'db', second: 'job', fills: [] });
  });

  it('finds what is wrong at its field, and explains nothing of a text that is none', async () => {
    const text = DRAWN.replace('port: 8000', 'port: many');
    const { body } = await ask('POST', '/workflows/check', { text, name: 'shop' });
    expect(body['diagnostics']).toContainEqual(
      expect.objectContaining({ severity: 'error', path: 'nodes[1].data.port' }),
    );
    const broken = await ask('POST', '/workflows/check', { text: '{' });
    expect(broken.body).toMatchObject({ connections: [], diagnostics: [{ severity: 'error' }] });
    expect((await ask('POST', '/workflows/check', {})).status).toBe(400);
  });
});

describe('runs and versions', () => {
  const TOKEN = { secrets: { keys: { TOKEN: 'correct-horse' } } };

  it('begin with values that never come back, and are compared', async () => {
    const run = await ask('POST', '/workflows/shop/runs', TOKEN);
    expect(run).toMatchObject({
      status: 201,
      body: { job: { stack_id: 'shop' }, version: { number: 1, automatic: true } },
    });
    expect(JSON.stringify(run.body)).not.toContain('correct-horse');
    const { id } = run.body['job'];
    await platform.rig.reconciler.waitForJob(id, AbortSignal.timeout(10_000));
    const ended = await ask('GET', `/jobs/${id}`, undefined, 'viewer');
    expect(ended).toMatchObject({ status: 200, body: { status: 'completed', stack_id: 'shop' } });
    await platform.push({
      'workflows/shop.yaml': DRAWN.replace('port: 8000', 'port: 80')
        .replace('{ id: front, type', '{ id: address, type')
        .replace('target: front', 'target: address'),
    });
    const compared = await ask('GET', '/workflows/shop/versions/compare?from=1', undefined, 'viewer');
    const answers = [ended, compared];
    for (const path of ['/versions', '/versions/1', '/versions/compare?from=1&to=1'])
      answers.push(await ask('GET', `/workflows/shop${path}`, undefined, 'viewer'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(JSON.stringify(answers)).not.toContain('correct-horse');
    expect(compared.body).toMatchObject({
      from: 1,
      to: null,
      added_nodes: [{ id: 'address' }],
      removed_nodes: [{ id: 'front' }],
      modified_nodes: [{ before: { data: { port: 8000 } }, after: { data: { port: 80 } } }],
      added_edges: [{ source: 'web', target: 'address' }],
      removed_edges: [{ source: 'web', target: 'front' }],
    });
  });

  it('are refused with why', async () => {
    const wrong = await ask('POST', '/workflows/shop/runs', { secrets: { web: { TOKEN: 'x' } } });
    expect(wrong).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('web') } },
    });
    await platform.push({ 'workflows/shop.yaml': DRAWN.replace('published', 'draft') });
    expect((await ask('POST', '/workflows/shop/runs', TOKEN)).body['error'].message).toContain('published');
    expect((await ask('POST', '/workflows/shop/runs', TOKEN, 'viewer')).status).toBe(403);
  });

  it('can be marked by hand, and read', async () => {
    const made = await ask('POST', '/workflows/shop/versions', { name: 'Before the sale', label: 'v1' });
    expect(made).toMatchObject({ status: 201, body: { number: 1, label: 'v1', automatic: false } });
    expect((await ask('GET', '/workflows/shop/versions')).body['versions']).toHaveLength(1);
    expect((await ask('GET', '/workflows/shop/versions/1')).body).toMatchObject({
      version: { name: 'Before the sale' },
      document: { title: 'Der Laden' },
    });
    expect((await ask('GET', '/workflows/shop/versions/2')).status).toBe(404);
    expect((await ask('GET', '/workflows/shop/versions/compare?from=9')).status).toBe(404);
  });

  it('follow a save that lacks the value of a secret: it may come with the run', async () => {
    const { body } = await ask('GET', '/stacks/shop/files');
    const text = DRAWN.replace('{ name: TOKEN }', '{ name: TOKEN }, { name: OTHER }');
    const edit = { base: body['revision'], files: [{ path: 'workflows/shop.yaml', text }], message: 'More' };
    expect((await ask('PUT', '/stacks/shop/files', edit)).status).toBe(200);
    const values = { secrets: { keys: { TOKEN: 'a', OTHER: 'b' } } };
    expect((await ask('POST', '/workflows/shop/runs', values)).status).toBe(201);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../../reconciler/index.ts';
import type { Graph, WorkflowServer } from '../../../support/api/workflow-server.ts';
import { startWorkflowServer } from '../../../support/api/workflow-server.ts';
import { eventually } from '../../../support/eventually.ts';
import type { MemorySource } from '../../../support/memory/memory-source.ts';
import { createMemorySource } from '../../../support/memory/memory-source.ts';
import type { MemoryTarget } from '../../../support/memory/memory-target.ts';

/*
 * The platform with graphs that nobody should draw, with two people at one workflow, and with a cluster that does not do its part.
 */

const CLUSTER = { 'clusters/prod.yaml': 'kubeconfig: /etc/kube/config\n' };
const conf = (id: string, value: string) => ({
  id,
  type: 'configmap',
  position: { x: 1, y: 2 },
  data: { name: id, data: { A: value } },
});
const web = (id: string) => ({ id, type: 'deployment', data: { name: id, image: 'nginx:1.29' } });

let platform: WorkflowServer;
let engines: Map<string, MemoryTarget>;
let source: MemorySource;
beforeEach(async () => {
  engines = new Map();
  source = createMemorySource();
  platform = await startWorkflowServer({}, { engines, source });
  await platform.push(CLUSTER);
});
afterEach(() => platform[Symbol.asyncDispose]());

const ask: WorkflowServer['ask'] = (...request) => platform.ask(...request);
const begin = async (name = 'shop') => (await platform.create(name, { cluster_id: 'prod' })).id;
const save = (id: string, nodes: readonly object[], edges: readonly object[] = []) =>
  ask('POST', `/workflows/${id}/save`, { nodes, edges });
const publish = (id: string) => ask('PUT', `/workflows/${id}/status`, { status: 'published' });

describe('a graph', () => {
  it.each([
    {
      what: 'with a cycle',
      nodes: ['a', 'b', 'c'].map(web),
      edges: [
        ['a', 'b'],
        ['b', 'c'],
        ['c', 'a'],
      ],
      place: 'edges[2]',
      says: /circle|cycle|depend/i,
    },
    {
      what: 'with a node that leads to itself',
      nodes: [web('a')],
      edges: [['a', 'a']],
      place: 'edges[0]',
      says: /itself|edge/i,
    },
    {
      what: 'with a type that nobody knows',
      nodes: [{ ...web('a'), type: 'teapot' }],
      edges: [],
      place: 'nodes[0].type',
      says: /type must be "deployment"/,
    },
    {
      what: 'with two nodes of one id',
      nodes: [conf('a', '1'), conf('a', '2')],
      edges: [],
      place: 'nodes[1].id',
      says: /a/,
    },
  ])('$what may be drawn, and is not published: the answer says where', async ({ nodes, edges, ...want }) => {
    const id = await begin();
    const drawn = edges.map(([from, to], index) => ({ id: `e${index}`, source: from, target: to }));
    expect((await save(id, nodes, drawn)).status).toBe(200);
    const shown = (await ask('GET', `/workflows/${id}`)).body as unknown as Graph;
    expect(shown.nodes).toHaveLength(nodes.length);
    const refused = await publish(id);
    expect(refused.status).toBe(400);
    const details = refused.body['details'] as readonly {
      readonly field: string;
      readonly message: string;
    }[];
    const found = details.find(({ field }) => field === want.place);
    expect(found, JSON.stringify(details)).toBeDefined();
    expect(found?.message).toMatch(want.says);
    expect((await ask('GET', `/workflows/${id}`)).body['status']).toBe('draft');
  });

  it('with HTML in its names is text everywhere', async () => {
    const html = '<img src=x onerror="alert(1)">';
    const made = await platform.create(html, { cluster_id: 'prod', description: html });
    const node = { ...conf('a', html), data: { name: html, data: { [html]: html } } };
    expect((await save(made.id, [node])).status).toBe(200);
    const response = await platform.server.request(`/v1/api/workflows/${made.id}`);
    expect(response.headers.get('Content-Type')).toMatch(/^application\/json/);
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(await response.json()).toMatchObject({
      name: html,
      description: html,
      nodes: [{ data: { name: html } }],
    });
    expect((await platform.paths()).filter((path) => path.startsWith('workflows/'))).toEqual([
      'workflows/img-src-x-onerror-alert-1.yaml',
    ]);
    const refused = await publish(made.id);
    expect(refused.status).toBe(400);
    expect(refused.body['details']).toMatchObject([{ field: expect.stringMatching(/^nodes\[0\]\.data/) }]);
  });

  it('of six hundred nodes is saved, listed and compared, and what differs is all that is told', async () => {
    const id = await begin();
    const nodes = Array.from({ length: 600 }, (_, index) => conf(`n${index}`, 'x'));
    const edges = nodes
      .slice(1, 21)
      .map((node, index) => ({ id: `e${index}`, source: 'n0', target: node.id }));
    expect((await save(id, nodes, edges)).status).toBe(200);
    await ask('POST', `/workflows/${id}/versions`, {});
    const changed = nodes.with(7, conf('n7', 'y')).toSpliced(9, 1);
    expect((await save(id, changed, edges.slice(0, 5))).status).toBe(200);
    await ask('POST', `/workflows/${id}/versions`, {});
    const { body } = await ask('GET', '/workflows?limit=100');
    expect((body['workflows'] as readonly Graph[])[0]?.nodes).toHaveLength(599);
    const compared = await ask('GET', `/workflows/${id}/versions/compare?v1=1&v2=2`);
    expect(compared).toMatchObject({
      status: 200,
      body: { added_nodes: [], removed_nodes: [{ node_id: 'n9' }] },
    });
    const { modified_nodes: modified, removed_edges: removed } = compared.body;
    expect([modified, removed].map((list) => (list as readonly unknown[]).length)).toEqual([1, 15]);
    // A node that somebody moves is a change of a line or two, whatever the size of the file.
    const before = new Set((await platform.read('workflows/shop.yaml')).split('\n'));
    await save(id, changed.with(0, { ...conf('n0', 'x'), position: { x: 5, y: 6 } }), edges.slice(0, 5));
    const after = (await platform.read('workflows/shop.yaml')).split('\n');
    expect(after.filter((line) => !before.has(line)).length).toBeLessThan(4);
  });

  it('of two thousand nodes is more than a file may say: nothing is written, and the answer says so', async () => {
    const id = await begin();
    expect((await save(id, [conf('a', '1')])).status).toBe(200);
    const before = await platform.read('workflows/shop.yaml');
    const nodes = Array.from({ length: 2_000 }, (_, index) => conf(`n${index}`, 'x'));
    const refused = await save(id, nodes);
    expect(refused).toMatchObject({
      status: 400,
      body: { details: [{ message: expect.stringMatching(/^says too much: .* split it$/) as string }] },
    });
    expect(await platform.read('workflows/shop.yaml')).toBe(before);
    expect((await save(id, [conf('a', '2')])).status).toBe(200);
  });
});

describe('a save while somebody pushes', () => {
  it.each([true, false])('loses nothing of either, or is refused (with If-Match: %s)', async (sayBase) => {
    const id = await begin();
    await save(id, [conf('a', '1'), conf('b', '1')]);
    const { etag } = (await ask('GET', `/workflows/${id}`)).body;
    const path = 'workflows/shop.yaml';
    const before = await platform.read(path);
    const commit = source.commit.bind(source);
    let pushes = 0;
    // Somebody is faster, each time between the reading and the writing.
    Object.assign(source, {
      commit(...request: Parameters<typeof commit>) {
        if ((pushes += 1) === 1) source.push({ [path]: `${before}# a note of somebody else\n` });
        return commit(...request);
      },
    });
    const response = await platform.server.request(`/v1/api/workflows/${id}/save`, {
      method: 'POST',
      role: 'deployer',
      body: JSON.stringify({ nodes: [conf('a', 'mine'), conf('b', '1')], edges: [] }),
      headers: { 'Content-Type': 'application/json', ...(sayBase ? { 'If-Match': String(etag) } : {}) },
    });
    expect(pushes).toBeGreaterThan(0);
    const after = await platform.read(path);
    expect(after).toContain('# a note of somebody else');
    expect([response.status, after.includes('mine')]).toEqual(
      response.status === 409 ? [409, false] : [200, true],
    );
    if (sayBase) expect(response.status).toBe(409);
    // Once more, it is there with the other's.
    expect((await save(id, [conf('a', 'mine'), conf('b', '1')])).status).toBe(200);
    expect(await platform.read(path)).toMatch(/mine[^]*# a note of somebody else/);
  });

  it('of twenty at once is twenty saves, or as many refusals', async () => {
    const id = await begin();
    const nodes = Array.from({ length: 20 }, (_, index) => conf(`n${index}`, '0'));
    await save(id, nodes);
    const ways = nodes.map((_, index) => save(id, nodes.with(index, conf(`n${index}`, `of-${index}`))));
    const statuses = (await Promise.all(ways)).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 200 && status !== 409)).toEqual([]);
    expect(statuses).toContain(200);
    const shown = (await ask('GET', `/workflows/${id}`)).body as unknown as Graph;
    expect(shown.nodes.map((node) => node.id)).toEqual(nodes.map((node) => node.id));
  });
});

describe('a cluster', () => {
  let id: string;
  let cluster: MemoryTarget;
  beforeEach(async () => {
    await platform.rig.reconciler.start();
    id = await begin();
    await save(id, [conf('a', '1'), web('b')]);
    await publish(id);
    await run();
    cluster = [...engines].find(([key]) => key.startsWith('kubernetes'))?.[1] as MemoryTarget;
    expect(cluster).toBeDefined();
    await platform.rig.reaches('shop', 'in_sync');
  });
  const run = async () => (await ask('POST', `/workflows/${id}/run`, {})).status;
  const newestRun = async () => {
    const { body } = await ask('GET', `/workflows/${id}/runs?limit=1`);
    return (body['runs'] as readonly { readonly status: string; readonly error?: string }[])[0];
  };

  it('that is away fails the run with why; all else answers, and it runs when the cluster is back', async () => {
    cluster.control.outage(
      new ReconcilerError('TARGET_UNREACHABLE', 'prod does not answer', { retryable: true }),
    );
    await save(id, [conf('a', '2'), web('b')]);
    await run();
    const failed = await eventually(newestRun, (one) => one?.status === 'failed', 4_000);
    expect(failed).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('prod does not answer') as string,
    });
    for (const path of ['/workflows', `/workflows/${id}`, `/workflows/${id}/versions`, '/dashboard/stats'])
      expect((await ask('GET', path)).status, path).toBe(200);
    expect((await save(id, [conf('a', '3'), web('b')])).status).toBe(200);
    cluster.control.outage(null);
    await run();
    await platform.rig.reaches('shop', 'in_sync');
    expect(await eventually(newestRun, (one) => one?.status === 'completed', 4_000)).toMatchObject({
      status: 'completed',
    });
  });

  it('that is slow keeps nobody waiting but the run itself', async () => {
    cluster.control.delayMs = 100;
    const { calls } = cluster.control;
    await save(id, [conf('a', '2'), web('b')]);
    expect(await run()).toBe(200);
    expect(await newestRun()).toMatchObject({ status: 'running' });
    expect((await ask('GET', `/workflows/${id}`)).status).toBe(200);
    expect((await save(id, [conf('a', '3'), web('b')])).status).toBe(200);
    expect(await newestRun()).toMatchObject({ status: 'running' });
    cluster.control.delayMs = 0;
    await platform.rig.reaches('shop', 'in_sync');
    expect(cluster.control.calls).toBeGreaterThan(calls);
  });
});

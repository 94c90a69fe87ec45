import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/index.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, KEYS, startApiServer } from '../../support/api/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import type { InstancesRig } from '../../support/instances-rig.ts';
import { createInstancesRig, podOf } from '../../support/instances-rig.ts';

const PORT = [{ container_port: 80, protocol: 'TCP' }];
const CREATE = { pod_spec: podOf(), target_port: PORT };
const away = () => new ReconcilerError('TARGET_UNREACHABLE', 'away', { retryable: true });

/** An answer whose shape the OpenAPI document has passed. */
type Body = ReturnType<typeof JSON.parse>;

describe('the API of the provisioner', () => {
  let rig: InstancesRig;
  let server: ApiServer;
  beforeEach(async () => {
    rig = createInstancesRig({
      settings: {
        nodePorts: { min: 31_001, max: 31_003 },
        quota: { cpuMilli: 1_000 },
        schedulingTimeoutMs: 200,
      },
    });
    server = await startApiServer({ instances: rig.instances });
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await rig[Symbol.asyncDispose]();
  });
  async function ask(path: string, init?: Parameters<ApiServer['request']>[1]) {
    const response = await server.request(path, init);
    return [response.status, (await response.json()) as Body] as const;
  }
  const send = (path: string, body: string) => ask(path, { method: 'POST', body });
  const create = (more: object = {}) => ask('/stacks', json('POST', { ...CREATE, ...more }));

  it.each([
    ['no body', ''],
    ['no JSON', '{"pod_spec": '],
    ['a list', '[]'],
    ['a pod_spec that is no text', '{"pod_spec": 5}'],
    ['a target_port that is no list', '{"target_port": {}}'],
    ['a port that is text', '{"target_port": [{"container_port": "80"}]}'],
    ['more than it reads', JSON.stringify({ pod_spec: 'x'.repeat(1_100_000) })],
    ['no UTF-8', '\ud800'],
  ])('tells that a body is not valid: %s', async (_, text) => {
    const body = text === '\ud800' ? Buffer.from([0x22, 0xff, 0x22]) : text;
    for (const path of ['/stacks', '/stacks/batch-delete']) {
      if (path !== '/stacks' && /pod_spec|target_port/.test(text)) continue;
      expect(await ask(path, { method: 'POST', body })).toEqual([400, { error: 'invalid json body' }]);
    }
  });

  it.each([
    [
      'a blank pod_spec, whatever the ports',
      { pod_spec: ' ', target_port: null },
      'invalid pod spec: pod_spec is required',
    ],
    ['nothing at all', { pod_spec: null }, 'invalid pod spec: pod_spec is required'],
    [
      'no ports, whatever the pod',
      { pod_spec: 'x', target_port: [] },
      'invalid input: target_port is required',
    ],
    [
      'an empty port',
      { target_port: [null] },
      'invalid input: target_port container_port must be between 1 and 65535',
    ],
    [
      'a port without protocol',
      { target_port: [{ container_port: 80 }] },
      'invalid input: target_port protocol must be TCP or UDP',
    ],
    ['another kind', { pod_spec: 'kind: Job' }, 'invalid pod spec: kind must be Pod'],
    [
      'what this engine cannot do',
      { pod_spec: podOf('      livenessProbe: { tcpSocket: { port: 80 } }\n') },
      'invalid pod spec: container app: livenessProbe is not supported on a Docker Engine',
    ],
  ])('tells what is wrong with %s', async (_, body, error) => {
    expect(await create(body)).toEqual([400, { error }]);
  });

  it('tells that there is no room, and why', async () => {
    const [, large] = await create({ pod_spec: podOf().replaceAll('100m', '1100m') });
    expect(large.error).toMatch(/^cluster saturated: pods "stack-.*" is forbidden: exceeded quota: stacks, /);
    for (let count = 0; count < 3; count += 1) expect((await create())[0]).toBe(201);
    expect(await create()).toEqual([503, { error: 'no available nodeport' }]);
  });

  it('tells no more of the inside than that something went wrong there', async () => {
    rig.store[Symbol.dispose]();
    expect(await create()).toEqual([500, { error: 'internal server error' }]);
  });

  it('waits for a node as long as is set, and tells that there is none', async () => {
    await rig[Symbol.asyncDispose]();
    rig.engine.faults.set('*', away);
    const next = createInstancesRig({ engine: rig.engine, settings: { schedulingTimeoutMs: 200 } });
    await using alone = await startApiServer({ instances: next.instances });
    const response = await alone.request('/stacks', json('POST', CREATE));
    expect([response.status, await response.json()]).toEqual([503, { error: 'cluster saturated' }]);
    await next[Symbol.asyncDispose]();
  });

  it.each([
    ['GET', '/stacks/stack-none'],
    ['GET', '/stacks/stack-none/status'],
    ['DELETE', '/stacks/stack-none'],
    ['GET', '/stacks/batch-delete'],
    ['GET', '/stacks/batch-delete/job-none'],
  ])('knows no %s %s', async (method, path) => {
    expect(await ask(path, { method })).toEqual([404, { error: 'stack not found' }]);
  });

  it('deletes once', async () => {
    const [, { stack_id: id }] = await create();
    expect(await ask(`/stacks/${id}`, { method: 'DELETE' })).toEqual([200, { deleted: true, stack_id: id }]);
    expect(await ask(`/stacks/${id}`, { method: 'DELETE' })).toEqual([404, { error: 'stack not found' }]);
  });

  it.each(['{}', '{"stack_ids": []}', '{"stack_ids": null}', '{"stack_ids": ["a", " "]}', 'null'])(
    'takes no list of ids such as %s',
    async (body) => {
      expect(await send('/stacks/batch-delete', body)).toEqual([400, { error: 'invalid stack_ids' }]);
    },
  );

  it('takes each id of a batch once, without the spaces around it', async () => {
    const [, { stack_id: id }] = await create();
    const [, { job_id: job }] = await send(
      '/stacks/batch-delete',
      JSON.stringify({ stack_ids: [id, ` ${id} `, 'b'] }),
    );
    await expect
      .poll(async () => (await ask(`/stacks/batch-delete/${job}`))[1])
      .toMatchObject({
        status: 'completed',
        total: 2,
        deleted: 1,
        not_found: 1,
      });
  });

  it('lists by creation, and in pages only when asked to', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) ids.push((await create())[1].stack_id);
    const [, all] = await ask('/stacks');
    expect(Object.keys(all)).toEqual(['stacks']);
    expect(all.stacks.map(({ stack_id: id }: { stack_id: string }) => id)).toEqual(ids);
    const [, page] = await ask('/stacks?page=2&per_page=2');
    expect(page.stacks.map(({ stack_id: id }: { stack_id: string }) => id)).toEqual(ids.slice(2));
    expect(page.pagination).toEqual({ page: 2, per_page: 2, total: 3, total_pages: 2 });
    expect((await ask('/stacks?per_page=0'))[0]).toBe(400);
  });

  it('says why an instance is not there yet, and what it wrote, to those who ask for more', async () => {
    rig.engine.faults.set('startContainer', away);
    const [, { stack_id: id }] = await create();
    await eventually(
      () => rig.instances.get(id),
      (instance) => instance.message !== null,
    );
    const message = 'away';
    const [, one] = await ask(`/stacks/${id}?extended=1`);
    expect(one).toMatchObject({ status: 'creating', message, urls: [] });
    expect((await ask(`/stacks/${id}/status?extended=1`))[1]).toMatchObject({ message });
    expect((await ask('/stacks?extended=1'))[1].stacks).toEqual([expect.objectContaining({ message })]);
    expect((await ask(`/stacks/${id}`))[1]).not.toHaveProperty('message');
    rig.engine.faults.clear();
    await rig.reaches(id, 'running');
    expect((await ask(`/stacks/${id}?extended=1`))[1]).toMatchObject({ status: 'running', message: null });
    const [, log] = await ask(`/stacks/${id}/logs?lines=5`);
    expect(log).toMatchObject({ stack_id: id, logs: expect.stringMatching(/^app {2}\| .* is up\n$/) });
    expect(await ask('/stacks/stack-none/logs')).toEqual([404, { error: 'stack not found' }]);
  });

  it('wants a key everywhere, in the header or in the query, and never logs it', async () => {
    for (const path of ['/healthz', '/stats', '/stacks', '/stacks/stack-none']) {
      expect(await ask(path, { role: null })).toEqual([401, { error: 'invalid api key' }]);
      const wrong = await fetch(`${server.url}${path}?api_key=kbn_wrong`);
      expect([wrong.status, await wrong.json()]).toEqual([401, { error: 'invalid api key' }]);
      const right = await fetch(`${server.url}${path}?%61pi_key=${KEYS.viewer}`);
      expect([200, 404]).toContain(right.status);
      await right.arrayBuffer();
    }
    expect(JSON.stringify(server.entries)).not.toContain('kbn_');
  });

  it('lets viewers read, and deployers write', async () => {
    const as = (role: 'viewer' | 'deployer') => ({ ...json('POST', CREATE), role });
    expect((await ask('/stacks', as('viewer')))[0]).toBe(403);
    expect((await ask('/stacks', { role: 'viewer' }))[0]).toBe(200);
    expect((await ask('/stacks', as('deployer')))[0]).toBe(201);
  });

  it('says so when no key could be right', async () => {
    const auth = { mode: 'keys', keys: { listKeys: () => [] } } as const;
    await using bare = await startApiServer({ instances: rig.instances, auth });
    const response = await bare.request('/healthz');
    expect([response.status, await response.json()]).toEqual([500, { error: 'api key is not configured' }]);
  });

  it('leaves the rest of the root to others', async () => {
    const metrics = { contentType: 'text/plain', text: () => Promise.resolve('up 1\n') };
    await using whole = await startApiServer({ instances: rig.instances, metrics });
    expect((await whole.request('/metrics')).status).toBe(200);
    expect((await whole.request('/api/v1/health')).status).toBe(200);
    expect((await whole.request('/api/health')).status).toBe(200);
    const nothing = await whole.request('/elsewhere');
    expect([nothing.status, await nothing.json()]).toMatchObject([404, { error: { code: 'NOT_FOUND' } }]);
    const method = await whole.request('/stacks', { method: 'PUT' });
    expect([method.status, Object.keys((await method.json()) as Body)]).toEqual([405, ['error']]);
    const document = await (await fetch(`${whole.url}/openapi.json`)).json();
    expect(Object.keys((document as { paths: object }).paths)).toContain('/stacks/batch-delete/{job}');
  });

  it('is not there when it is turned off', async () => {
    await using without = await startApiServer();
    const headers = { 'X-API-KEY': KEYS.viewer };
    expect((await fetch(`${without.url}/healthz`, { headers })).status).toBe(404);
  });
});

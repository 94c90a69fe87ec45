import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../../support/api/api-server.ts';
import { startApiServer } from '../../../support/api/api-server.ts';
import type { InstancesRig } from '../../../support/instances-rig.ts';
import { createInstancesRig } from '../../../support/instances-rig.ts';

type Body = ReturnType<typeof JSON.parse>;

const LINES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];

/** A line as an engine sends it: the stream, the length, and the line with its time. */
function toFrame(line: string): Buffer {
  const text = Buffer.from(`2026-02-10T02:06:33.16Z ${line}\n`);
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(text.length, 4);
  return Buffer.concat([head, text]);
}

describe('instances below /api/v1', () => {
  let rig: InstancesRig;
  let server: ApiServer;
  beforeEach(async () => {
    rig = createInstancesRig();
    server = await startApiServer({ instances: rig.instances });
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await rig[Symbol.asyncDispose]();
  });
  async function ask(path: string, init?: Parameters<ApiServer['request']>[1]) {
    const response = await server.request(`/api/v1${path}`, init);
    return [response.status, (await response.json()) as Body] as const;
  }

  it('lists them, the newest first, with what runs and where it answers, and not with the pod', async () => {
    const first = await rig.create();
    rig.clock.skip(1_000);
    const second = await rig.create();
    await rig.reaches(second.id, 'running');

    const [status, body] = await ask('/instances');

    expect(status).toBe(200);
    expect(body.enabled).toBe(true);
    expect(body.instances.map(({ id }: Body) => id)).toEqual([second.id, first.id]);
    expect(body.instances[0]).toMatchObject({
      status: 'running',
      images: ['nginx:stable'],
      ports: [{ container_port: 80, protocol: 'TCP', node_port: second.ports[0]?.nodePort }],
      cpu_millis: 100,
    });
    expect(JSON.stringify(body)).not.toContain('apiVersion');
  });

  it('lists a page of them', async () => {
    for (let index = 0; index < 3; index += 1) await rig.create();

    const [, body] = await ask('/instances?page=2&per_page=2');

    expect(body.instances).toHaveLength(1);
    expect(body.pagination).toEqual({ page: 2, per_page: 2, total: 3, total_pages: 2 });
  });

  it('tells the last lines of one', async () => {
    rig.engine.containerLogs = async () => Readable.from(LINES.map(toFrame));
    const { id } = await rig.create();
    await rig.reaches(id, 'running');

    const [status, body] = await ask(`/instances/${id}/logs?lines=5`);

    expect(status).toBe(200);
    expect(body.lines.map(({ text }: Body) => text)).toEqual(LINES.slice(2));
    const [, all] = await ask(`/instances/${id}/logs`);
    expect(all.lines.map(({ text }: Body) => text)).toEqual(LINES);
  });

  it('deletes one for deployers, and knows it no more', async () => {
    const { id } = await rig.create();

    const [forbidden] = await ask(`/instances/${id}`, { method: 'DELETE', role: 'viewer' });
    const [status, body] = await ask(`/instances/${id}`, { method: 'DELETE' });
    const [again, problem] = await ask(`/instances/${id}`, { method: 'DELETE' });

    expect([forbidden, status, body.id, again]).toEqual([403, 200, id, 404]);
    expect(problem.error.code).toBe('NOT_FOUND');
  });
});

describe('a server without instances', () => {
  it('says so', async () => {
    await using server = await startApiServer({});

    const list = await server.request('/api/v1/instances');
    const deletion = await server.request('/api/v1/instances/stack-1', { method: 'DELETE' });

    expect(await list.json()).toMatchObject({ enabled: false, instances: [] });
    expect(deletion.status).toBe(503);
  });
});

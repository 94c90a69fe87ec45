import { describe, expect, it } from 'vitest';
import type { ApiServer } from '../../../support/api/api-server.ts';
import { json, startApiServer } from '../../../support/api/api-server.ts';
import { openEvents } from '../../../support/api/read-events.ts';

async function startWith(...names: readonly string[]): Promise<ApiServer> {
  const server = await startApiServer();
  for (const name of names) await server.request('/api/v1/stacks', json('POST', { name, services: ['web'] }));
  return server;
}

async function applied(server: ApiServer, stack: string): Promise<string> {
  const response = await server.request(`/api/v1/stacks/${stack}/apply`, { method: 'POST' });
  const { id } = (await response.json()) as { id: string };
  return id;
}

describe('the events of everything', () => {
  it('begin with where they begin, and tell stacks as they are listed', async () => {
    await using server = await startWith('homelab');
    const events = await openEvents(server, '/api/v1/events');
    const [hello] = await events.take(1);
    expect(hello).toMatchObject({ event: 'hello', data: { revision: 'f'.repeat(40), sequence: 0 } });
    expect(hello?.id).toBe(`${String(hello?.data['epoch'])}-0`);

    server.reconciler.emit({ type: 'stack', stack: 'homelab', state: 'in_sync' });

    const listed = (await (await server.request('/api/v1/stacks')).json()) as { stacks: object[] };
    const row = await events.until('stack');
    expect(row.data).toEqual(listed.stacks[0]);
    expect(row.id).toBe(`${String(hello?.data['epoch'])}-1`);
    expect(events.response.headers.get('Content-Type')).toMatch(/^text\/event-stream/);
  });

  it('tell of the repository, nodes, health, jobs, and stacks that are gone', async () => {
    await using server = await startWith('homelab');
    const events = await openEvents(server, '/api/v1/events');
    await events.take(1);
    const { reconciler } = server;
    const id = await applied(server, 'homelab');
    reconciler.emit({ type: 'repository', revision: 'a'.repeat(40), error: null });
    reconciler.emit({ type: 'node', node: 'attic', address: 'local', reachable: false, message: 'off' });
    const resource = 'local/container/web';
    reconciler.emit({ type: 'health', stack: 'homelab', resource, health: { status: 'unhealthy' } });
    reconciler.step(id, resource, 'running');
    reconciler.log(id, 'not asked for');
    reconciler.finish(id);
    reconciler.emit({ type: 'gone', stack: 'attic' });

    const told = await events.take(6);

    expect(
      told.map(({ event, data }) => [event, data['name'] ?? data['status'] ?? data['revision']]),
    ).toEqual([
      ['repository', 'a'.repeat(40)],
      ['node', 'attic'],
      ['health', 'unhealthy'],
      ['stack', 'homelab'],
      ['job', 'completed'],
      ['gone', 'attic'],
    ]);
  });

  it('tell the steps and lines of the job that is asked for, and of no other', async () => {
    await using server = await startWith('homelab', 'attic');
    const [one, other] = [await applied(server, 'homelab'), await applied(server, 'attic')];
    const events = await openEvents(server, `/api/v1/events?job=${one}`);
    await events.take(1);
    for (const id of [other, one]) {
      server.reconciler.step(id, 'local/container/web', 'running');
      server.reconciler.log(id, 'pulling');
      server.reconciler.finish(id);
    }

    const told = (await events.take(5)).filter(({ event }) => event !== 'stack');

    expect(told.map(({ event, data }) => [event, data['job_id'], data['stack_id']])).toEqual([
      ['step', one, 'homelab'],
      ['log', one, 'homelab'],
      ['job', one, 'homelab'],
    ]);
  });

  it('tell of one stack alone, by the types that are asked for', async () => {
    await using server = await startWith('homelab', 'attic');
    const events = await openEvents(server, '/api/v1/events?stack=attic&types=stack,log');
    await events.take(1);
    for (const stack of ['homelab', 'attic']) {
      server.reconciler.emit({ type: 'stack', stack, state: 'in_sync' });
      server.reconciler.log(await applied(server, stack), `for ${stack}`);
    }

    const told = await events.take(2);

    expect(told.map(({ event, data }) => [event, data['name'] ?? data['msg']])).toEqual([
      ['stack', 'attic'],
      ['log', 'for attic'],
    ]);
  });

  it('go on after the event that was seen last', async () => {
    await using server = await startWith('homelab', 'attic');
    const events = await openEvents(server, '/api/v1/events?types=stack');
    await events.take(1);
    server.reconciler.emit({ type: 'stack', stack: 'homelab', state: 'in_sync' });
    const [seen] = await events.take(1);
    events.leave();
    server.reconciler.emit({ type: 'stack', stack: 'attic', state: 'in_sync' });

    for (const [query, headers] of [
      ['', { 'Last-Event-ID': seen?.id ?? '' }],
      [`&after=${seen?.id}`, {}],
      [`&after=x-1`, { 'Last-Event-ID': seen?.id ?? '' }],
    ] as const) {
      const again = await openEvents(server, `/api/v1/events?types=stack${query}`, { ...headers });
      const [hello, next] = await again.take(2);
      expect([hello?.event, hello?.id, next?.event, next?.data['name']]).toEqual([
        'hello',
        seen?.id,
        'stack',
        'attic',
      ]);
    }
  });

  it.each(['another-1', 'nonsense', 'x-99999999999999999999'])(
    'say that something is missing after %s, and go on',
    async (after) => {
      await using server = await startWith('homelab');
      const events = await openEvents(server, '/api/v1/events', { 'Last-Event-ID': after });
      expect((await events.take(2)).map(({ event }) => event)).toEqual(['hello', 'reset']);
      server.reconciler.emit({ type: 'stack', stack: 'homelab', state: 'in_sync' });
      expect((await events.take(1))[0]?.event).toBe('stack');
    },
  );

  it('say that something is missing to a reader who does not keep up', async () => {
    await using server = await startWith('homelab');
    const events = await openEvents(server, '/api/v1/events');
    await events.take(1);
    // All within one turn: nothing is sent between them.
    for (let index = 0; index <= 5_000; index += 1)
      server.reconciler.emit({ type: 'repository', revision: String(index), error: null });
    const [reset] = await events.take(1);
    expect(reset).toMatchObject({ event: 'reset', data: { sequence: 5_001 } });
    server.reconciler.emit({ type: 'repository', revision: 'new', error: null });
    expect((await events.take(1))[0]?.data).toEqual({ revision: 'new', error: null });
  });

  it('are refused with everything that is wrong', async () => {
    await using server = await startWith('homelab');
    const unknown = await server.request('/api/v1/events?types=stack,stcak,jbo');
    expect(unknown.status).toBe(400);
    expect(await unknown.json()).toMatchObject({
      error: { code: 'VALIDATION_ERROR', details: [{ field: 'types' }, { field: 'types' }] },
    });
    expect((await server.request('/api/v1/events?stack=nobody')).status).toBe(404);
    expect((await server.request('/api/v1/events?job=job_none')).status).toBe(404);
    expect((await server.request('/api/v1/events', { role: null })).status).toBe(401);
  });

  it('are remembered once, however many read them', async () => {
    await using server = await startWith('homelab');
    const readers = await Promise.all([1, 2, 3].map(() => openEvents(server, '/api/v1/events')));
    for (const reader of readers) await reader.take(1);
    expect(server.reconciler.listeners()).toBe(1);
    server.reconciler.emit({ type: 'stack', stack: 'homelab', state: 'in_sync' });
    const ids = await Promise.all(readers.map(async (reader) => (await reader.take(1))[0]?.id));
    expect(new Set(ids).size).toBe(1);
  });
});

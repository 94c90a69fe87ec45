import { describe, expect, it } from 'vitest';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, startApiServer } from '../../support/api/api-server.ts';

interface Received {
  readonly event: string;
  readonly id?: string;
  readonly data: Record<string, unknown>;
}

async function startWithJob(heartbeatMs = 60_000, stopping?: AbortSignal) {
  const server = await startApiServer({ heartbeatMs, ...(stopping === undefined ? {} : { stopping }) });
  await server.request('/api/v1/stacks', json('POST', { name: 'homelab', services: ['web'] }));
  await server.request('/api/v1/stacks/homelab/apply', { method: 'POST' });
  return { server, id: server.reconciler.listJobs({}).jobs[0]?.id ?? '' };
}

async function open(server: ApiServer, path: string, headers: Record<string, string> = {}) {
  const client = new AbortController();
  const response = await server.request(path, { headers, signal: client.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) throw new Error('no body');
  return { response, reader, client };
}

async function readAll(
  reader: ReadableStreamDefaultReader<string>,
): Promise<{ text: string; events: Received[] }> {
  let text = '';
  for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
  return { text, events: text.split('\n\n').flatMap(parseEvent) };
}

function parseEvent(block: string): Received[] {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const event = fields.get('event');
  if (event === undefined) return [];
  const id = fields.get('id');
  return [{ event, ...(id === undefined ? {} : { id }), data: JSON.parse(fields.get('data') ?? 'null') }];
}

describe('following a job', () => {
  it.each<[string, string, Record<string, string>]>([
    ['follow=true', '?follow=true', {}],
    ['Accept', '', { Accept: 'text/event-stream' }],
  ])('tells what was, what happens, and the end (%s)', async (_, query, headers) => {
    const { server, id } = await startWithJob();
    await using _server = server;
    const { reconciler } = server;
    reconciler.step(id, 'local/image/web', 'completed');
    reconciler.log(id, 'pulling');
    const { response, reader } = await open(server, `/api/v1/jobs/${id}${query}`, headers);
    await expect.poll(() => reconciler.listeners()).toBe(1);

    reconciler.step(id, 'local/container/web', 'running');
    reconciler.log(id, 'starting\nin two lines');
    reconciler.finish(id);
    const { events } = await readAll(reader);

    expect(response.headers.get('Content-Type')).toMatch(/^text\/event-stream/);
    expect(
      events.map(({ event, id: eventId, data }) => [
        event,
        eventId,
        data['name'] ?? data['msg'] ?? data['status'],
      ]),
    ).toEqual([
      ['step', undefined, 'local/image/web'],
      ['log', '1', 'pulling'],
      ['step', undefined, 'local/container/web'],
      ['log', '2', 'starting\nin two lines'],
      ['complete', undefined, 'completed'],
    ]);
    await expect.poll(() => reconciler.listeners()).toBe(0);
  });

  it('ends at once for a job that has ended, and resumes after the line that was seen last', async () => {
    const { server, id } = await startWithJob();
    await using _server = server;
    for (const message of ['one', 'two', 'three']) server.reconciler.log(id, message);
    server.reconciler.finish(id, 'failed');

    const { reader } = await open(server, `/api/v1/jobs/${id}?follow=true`, { 'Last-Event-ID': '2' });
    const { events } = await readAll(reader);

    expect(events.map(({ event, data }) => [event, data['msg'] ?? data['job_id']])).toEqual([
      ['log', 'three'],
      ['complete', id],
    ]);
  });

  it('sends heartbeats while nothing happens', async () => {
    const { server, id } = await startWithJob(5);
    await using _server = server;
    const { reader } = await open(server, `/api/v1/jobs/${id}?follow=true`);

    let text = '';
    while (!text.includes(': heartbeat')) text += (await reader.read()).value;
    server.reconciler.finish(id);

    expect((await readAll(reader)).events.map(({ event }) => event)).toEqual(['complete']);
  });

  it('stops listening when the client goes away', async () => {
    const { server, id } = await startWithJob();
    await using _server = server;
    const { client } = await open(server, `/api/v1/jobs/${id}?follow=true`);
    await expect.poll(() => server.reconciler.listeners()).toBe(1);

    client.abort();

    await expect.poll(() => server.reconciler.listeners()).toBe(0);
  });

  it('stops listening when the answer has no body', async () => {
    const { server, id } = await startWithJob();
    await using _server = server;

    await server.request(`/api/v1/jobs/${id}?follow=true`, { method: 'HEAD' });

    await expect.poll(() => server.reconciler.listeners()).toBe(0);
  });

  it('has room for a number of streams of each caller', async () => {
    const { server, id } = await startWithJob();
    await using _server = server;
    const path = `/api/v1/jobs/${id}?follow=true`;
    const streams = await Promise.all(Array.from({ length: 64 }, () => open(server, path)));

    const refused = await server.request(path);
    expect(refused.status).toBe(503);
    expect(await refused.text()).toContain('has 64 event streams open');
    const other = new AbortController();
    expect((await server.request(path, { role: 'viewer', signal: other.signal })).status).toBe(200);

    streams[0]?.client.abort();
    await expect.poll(() => server.reconciler.listeners()).toBe(64);
    expect((await open(server, path)).response.status).toBe(200);
  });

  it('tells a reader who did not keep up what is in the store', async () => {
    const { server, id } = await startWithJob();
    await using _server = server;
    const { reader } = await open(server, `/api/v1/jobs/${id}?follow=true`);
    await expect.poll(() => server.reconciler.listeners()).toBe(1);

    // All within one turn: nothing is sent between them.
    for (let index = 1; index <= 2_500; index += 1) server.reconciler.log(id, `line ${index}`);
    server.reconciler.finish(id);

    const { events } = await readAll(reader);
    const ids = events.flatMap((event) => (event.event === 'log' ? [Number(event.id)] : []));
    expect(ids).toEqual(Array.from({ length: 2_500 }, (_, index) => index + 1));
    expect(events.at(-1)?.event).toBe('complete');
  });

  it('ends when the server stops', async () => {
    const stopping = new AbortController();
    const { server, id } = await startWithJob(60_000, stopping.signal);
    await using _server = server;
    const { reader } = await open(server, `/api/v1/jobs/${id}?follow=true`);
    const waiting = server.request('/api/v1/stacks/homelab/apply?wait=true', { method: 'POST' });
    await expect.poll(() => server.reconciler.listeners()).toBe(2);

    stopping.abort();

    expect((await readAll(reader)).events).toEqual([]);
    expect((await waiting).status).toBe(503);
  });

  it('follows what a service prints', async () => {
    const { server } = await startWithJob();
    await using _server = server;
    const { reader } = await open(server, '/api/v1/stacks/homelab/services/web/logs?follow=true');

    expect((await readAll(reader)).events.map(({ data }) => data['msg'])).toEqual(['web is up', 'a warning']);
  });
});

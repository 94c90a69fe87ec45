import { getEventListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { EngineRequest } from '../../../reconciler/adapters/docker/engine/transport.ts';
import { readLogLines } from '../../../reconciler/adapters/docker/logs.ts';
import { createTransport } from '../../../reconciler/adapters/docker/engine/transport.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A transport to an engine that is made up of one function. */
async function engineThat(answer: Answer) {
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-transport-'));
  const path = join(directory, 'engine.sock');
  const server = createServer((request, response) => {
    if (request.url?.endsWith('/version')) response.end(JSON.stringify({ ApiVersion: '1.41' }));
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const transport = createTransport({
    address: `unix://${path}`,
    local: true,
    maxStreams: 8,
    dial: () => Promise.resolve(connect(path)),
    close: () => undefined,
  });
  return {
    transport,
    async [Symbol.asyncDispose]() {
      transport.close();
      server.closeAllConnections();
      server.close();
      await rm(directory, { recursive: true });
    },
  };
}

const creating = (signal: AbortSignal): EngineRequest => ({
  method: 'POST',
  path: '/networks/create',
  body: {},
  doing: 'create network',
  signal,
});
const listing = (signal: AbortSignal): EngineRequest => ({
  method: 'GET',
  path: '/networks',
  doing: 'list networks',
  signal,
});

it('awaits the answer to a change that was sent, whatever the signal says meanwhile', async () => {
  const controller = new AbortController();
  await using engine = await engineThat((_, response) => {
    controller.abort(new Error('a newer revision'));
    void delay(20).then(() => response.end('{"Id":"made"}'));
  });
  const answer = engine.transport.json(creating(controller.signal));
  expect(await answer).toEqual({ Id: 'made' });
});

it('sends no change once the signal has aborted', async () => {
  let asked = 0;
  await using engine = await engineThat((_, response) => {
    asked += 1;
    response.end('{}');
  });
  await expect(engine.transport.json(creating(AbortSignal.abort()))).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  expect(asked).toBe(0);
});

it('gives up on a change only after its time', async () => {
  await using engine = await engineThat(() => undefined);
  const request = { ...creating(new AbortController().signal), timeoutMs: 50 };
  await expect(engine.transport.json(request)).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' });
});

it('ends a look at once', async () => {
  await using engine = await engineThat(() => undefined);
  const controller = new AbortController();
  const answer = engine.transport.json(listing(controller.signal));
  controller.abort(new Error('enough'));
  await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' });
});

it('leaves nothing on a signal that lives on: looks, changes, failures and streams', async () => {
  await using engine = await engineThat((request, response) => {
    if (request.url?.includes('fail')) response.statusCode = 500;
    response.end('{"Id":"made"}');
  });
  const { signal } = new AbortController();
  for (let round = 0; round < 5; round += 1) {
    await engine.transport.json(listing(signal));
    await engine.transport.json(creating(signal));
    await engine.transport.json({ ...listing(signal), path: '/fail' }).catch(() => undefined);
    const stream = await engine.transport.stream({ ...listing(signal), path: '/events' });
    stream.resume();
    await new Promise((resolve) => stream.once('close', resolve));
  }
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('follows no redirect, and takes one for a refusal', async () => {
  let asked = 0;
  const elsewhere = createServer((_, response) => {
    asked += 1;
    response.end('{}');
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  const { port } = elsewhere.address() as AddressInfo;
  await using engine = await engineThat((_, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${port}/inside` }).end();
  });
  const { signal } = new AbortController();
  const refused = { code: 'TARGET_ERROR', message: 'list networks: it answers 302' };
  await expect(engine.transport.json(listing(signal))).rejects.toMatchObject(refused);
  await expect(engine.transport.stream(listing(signal))).rejects.toMatchObject(refused);
  expect(asked).toBe(0);
  elsewhere.close();
});

it('reads an answer up to a bound, and a refusal no further than its beginning', async () => {
  const block = Buffer.from(`"${'a'.repeat(1024 ** 2)}",`);
  let sent = 0;
  await using engine = await engineThat((request, response) => {
    if (request.method === 'POST') response.statusCode = 500;
    function* endless() {
      for (;;) {
        sent += block.length;
        yield block;
      }
    }
    pipeline(Readable.from(endless()), response, () => undefined);
  });
  const { signal } = new AbortController();
  await expect(engine.transport.json(listing(signal))).rejects.toMatchObject({
    code: 'TARGET_UNREACHABLE',
    message: expect.stringContaining('its answer is longer than 16 MiB') as string,
  });
  expect(sent).toBeLessThan(32 * 1024 ** 2);
  const refusal = await engine.transport.json(creating(signal)).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: 'TARGET_ERROR' });
  expect(String(refusal).length).toBeLessThan(3_000);
});

it('gives up on an answer that comes in drops', async () => {
  await using engine = await engineThat((_, response) => {
    const drip = setInterval(() => response.write(' '), 5);
    response.once('close', () => clearInterval(drip));
  });
  const request = { ...listing(new AbortController().signal), timeoutMs: 60 };
  await expect(engine.transport.json(request)).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' });
});

it('keeps nothing of a frame but what has come of it', async () => {
  const head = Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  async function* frames() {
    yield head.subarray(0, 3);
    yield Buffer.concat([head.subarray(3), Buffer.from('2026-11-29T20:00:00Z a')]);
    for (let i = 0; i < 100; i += 1) yield Buffer.alloc(1024, 'b');
    yield Buffer.from('\n');
  }
  const lines = [];
  for await (const { text } of readLogLines(frames())) lines.push(text.length);
  expect(lines[0]).toBeLessThan(80 * 1024);
  expect(lines.length).toBe(2);
});

it('parses no answer that is nested without end', async () => {
  await using engine = await engineThat((_, response) => response.end('['.repeat(100_000)));
  await expect(engine.transport.json(listing(new AbortController().signal))).rejects.toMatchObject({
    message: expect.stringContaining('nested too deeply') as string,
  });
});

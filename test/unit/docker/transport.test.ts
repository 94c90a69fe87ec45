import { getEventListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { EngineRequest } from '../../../reconciler/adapters/docker/engine/transport.ts';
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

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../../reconciler/adapters/kubernetes/api/client.ts';
import { createApiClient } from '../../../reconciler/adapters/kubernetes/api/client.ts';

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

const READY: Answer = { status: 200, body: '{"kind":"ConfigMap"}' };
const BUSY = 'Too many requests, please try again later.';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});

/** A server that gives the answers one after the other, and the last one for ever. */
async function serve(answers: readonly Answer[], timeoutMs?: number) {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    const { status, headers, body } = answers[Math.min(asked.length, answers.length - 1)]!;
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    response.writeHead(status, headers).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const config = new KubeConfig();
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  config.loadFromClusterAndUser({ name: 'one', server: url, skipTLSVerify: true }, { name: 'nobody' });
  const client = createApiClient({
    loadConfig: async () => config,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  open.push({
    async [Symbol.asyncDispose]() {
      client.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
  return { client, asked };
}

const patch = (client: ApiClient, signal: AbortSignal = new AbortController().signal) =>
  client.request({ method: 'PATCH', path: '/api/v1/namespaces/shop/configmaps/web', body: {}, signal });

describe('requests to an API server', () => {
  it.each([429, 503])('are sent again when it is busy and says when to come back (%i)', async (status) => {
    const busy = { status, headers: { 'retry-after': '0' }, body: BUSY };
    const { client, asked } = await serve([busy, busy, READY]);
    const { body } = await patch(client);
    expect(body).toEqual({ kind: 'ConfigMap' });
    expect(asked).toHaveLength(3);
  });

  it.each([
    { what: 'an answer that says no time', answer: { status: 503, body: BUSY } },
    {
      what: 'a failure that came on the way',
      answer: { status: 500, headers: { 'retry-after': '0' }, body: BUSY },
    },
    {
      what: 'a time that is too far away',
      answer: { status: 429, headers: { 'retry-after': '60' }, body: BUSY },
    },
  ])('are not sent again after $what', async ({ answer }) => {
    const { client, asked } = await serve([answer, READY]);
    await expect(patch(client)).rejects.toThrow(BUSY);
    expect(asked).toHaveLength(1);
  });

  it('tell the last refusal when the server stays busy', async () => {
    // The second request is far from either end of the time, whatever else the machine does.
    const { client, asked } = await serve(
      [{ status: 429, headers: { 'retry-after': '1' }, body: BUSY }],
      1_500,
    );
    await expect(patch(client)).rejects.toThrow(BUSY);
    expect(asked).toHaveLength(2);
  });

  it('end while they wait when their caller gives up', async () => {
    const { client, asked } = await serve([{ status: 429, headers: { 'retry-after': '20' }, body: BUSY }]);
    const caller = new AbortController();
    const ended = patch(client, caller.signal);
    setTimeout(() => caller.abort(new Error('enough')), 100);
    await expect(ended).rejects.toThrow('enough');
    expect(asked).toHaveLength(1);
  });
});

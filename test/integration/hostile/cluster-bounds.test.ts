import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { KubeConfig } from '@kubernetes/client-node';
import { expect, it } from 'vitest';
import { createApiClient } from '../../../reconciler/adapters/kubernetes/api/client.ts';

async function clusterThat(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const config = new KubeConfig();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  config.loadFromClusterAndUser({ name: 'c', server: url, skipTLSVerify: true }, { name: 'u' });
  const client = createApiClient({ loadConfig: () => Promise.resolve(config), timeoutMs: 20_000 });
  return {
    client,
    impatient: createApiClient({ loadConfig: () => Promise.resolve(config), timeoutMs: 100 }),
    [Symbol.dispose]() {
      client.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

const { signal } = new AbortController();

it('reads an answer, a refusal and a line up to a bound', async () => {
  const block = Buffer.alloc(1024 ** 2, 'a');
  using cluster = await clusterThat((request, response) => {
    function* endless() {
      for (;;) yield block;
    }
    if (request.url === '/refused') response.statusCode = 500;
    pipeline(Readable.from(endless()), response, () => undefined);
  });
  const get = (path: string) => cluster.client.request({ method: 'GET', path, signal });
  await expect(get('/list')).rejects.toThrow('longer than 32 MiB');
  const refusal = await get('/refused').then(() => '', String);
  expect(refusal).toContain('aaa');
  expect(refusal.length).toBeLessThan(5_000);
  const lines = await cluster.client.lines({ path: '/watch', signal });
  const reading = (async () => {
    for await (const _ of lines) continue;
  })();
  await expect(reading).rejects.toThrow('longer than 8 MiB');
});

it('parses no answer that is nested without end, and waits for none that does not begin', async () => {
  using cluster = await clusterThat((request, response) => {
    if (request.url === '/deep') response.end('['.repeat(100_000));
  });
  const deep = cluster.client.request({ method: 'GET', path: '/deep', signal });
  await expect(deep).rejects.toThrow('nested too deeply');
  await expect(cluster.impatient.lines({ path: '/silent', signal })).rejects.toThrow();
});

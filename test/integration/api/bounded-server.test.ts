import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createBoundedServer } from '../../../api/http/bounded-server.ts';
import type { ServerLimits } from '../../../api/http/bounded-server.ts';

/* A server holds little for somebody without a key. */

const LIMITS: ServerLimits = {
  maxConnections: 2,
  headersTimeout: 100,
  requestTimeout: 200,
  connectionsCheckingInterval: 20,
};
const servers: ReturnType<typeof createBoundedServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function start(limits: Partial<ServerLimits> = {}): Promise<number> {
  const server = createBoundedServer(
    (request, response) => request.on('end', () => response.end()).resume(),
    {
      ...LIMITS,
      ...limits,
    },
  );
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function send(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  const { promise, resolve } = Promise.withResolvers<void>();
  const parts: string[] = [];
  socket.on('data', (part: string) => void parts.push(part));
  // A connection that is cut is one that is closed.
  socket.on('error', () => undefined).on('close', () => resolve());
  socket.write(text);
  await promise;
  return parts.join('');
}

it.each([
  ['a head', 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '],
  ['a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n'],
])('waits for %s that does not come to its end for a time only', async (_, text) => {
  expect(await send(await start(), text)).toContain('408 Request Timeout');
});

it('closes connections beyond its number', async () => {
  const port = await start({ headersTimeout: 60_000, requestTimeout: 60_000 });
  const held = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  expect(await send(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
  for (const socket of held) socket.destroy();
});

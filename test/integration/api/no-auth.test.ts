import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../../api/app.ts';
import type { LoopbackHost } from '../../../api/http/loopback.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { startApiServer } from '../../support/api/api-server.ts';
import { createFakeReconciler } from '../../support/fakes/fake-reconciler.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';

describe('a server without authentication', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer({ auth: { mode: 'off', listenHost: '127.0.0.1' } });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** `fetch` does not let a caller choose Host and Origin; a browser's attacker can. */
  async function send(method: string, headers: Record<string, string>): Promise<number | undefined> {
    const outgoing = request(`${server.url}/api/v1/${method === 'GET' ? 'stacks' : 'sync'}`, {
      method,
      headers,
    });
    const answered = once(outgoing, 'response');
    outgoing.end();
    const [response] = await answered;
    response.resume();
    return response.statusCode;
  }
  const host = () => new URL(server.url).host;

  it('lets its own machine in as admin', async () => {
    expect((await server.request('/api/v1/stacks', { role: null })).status).toBe(200);
    expect(await send('GET', { Host: 'localhost:5260' })).toBe(200);
    expect(await send('GET', { Host: '[::1]:5260' })).toBe(200);
    expect(await send('POST', { 'Sec-Fetch-Site': 'same-origin', Origin: `http://${host()}` })).toBe(200);
    expect(await send('POST', { 'Sec-Fetch-Site': 'none' })).toBe(200);
  });

  it.each<[string, string, Record<string, string>]>([
    ['a rebound name', 'GET', { Host: 'attacker.example' }],
    ['a rebound name that looks local', 'GET', { Host: 'localhost.attacker.example:5260' }],
    ['an address that is not loopback', 'GET', { Host: '192.0.2.1:5260' }],
    ['a page of another site', 'POST', { 'Sec-Fetch-Site': 'cross-site' }],
    ['a page of another port', 'POST', { 'Sec-Fetch-Site': 'same-site' }],
    ['another origin', 'POST', { Origin: 'http://attacker.example' }],
    ['an opaque origin', 'POST', { Origin: 'null' }],
  ])('refuses %s', async (_, method, headers) => {
    const before = server.reconciler.syncRequests();

    expect(await send(method, headers)).toBe(403);
    expect(server.reconciler.syncRequests()).toBe(before);
  });

  it('cannot be made for a host that others reach', () => {
    const options = {
      reconciler: createFakeReconciler(),
      logger: createQuietLogger(),
      version: '1',
      startedAt: 0,
      auth: { mode: 'off', listenHost: '0.0.0.0' as LoopbackHost },
    } as const;

    expect(() => createApp(options)).toThrow(expect.objectContaining({ code: 'BAD_OPTIONS' }));
  });
});

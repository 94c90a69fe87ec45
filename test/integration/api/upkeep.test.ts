import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRemoteSession } from '../../../api/cli/remote/remote-session.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, KEYS, startApiServer } from '../../support/api/api-server.ts';

/* The daily commands over REST, and what the command line makes of their answers. */

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
  await server.request('/api/v1/stacks', json('POST', { name: 'shop', services: ['web'] }));
});
afterEach(() => server[Symbol.asyncDispose]());

const signal = new AbortController().signal;
const connect = () => createRemoteSession({ url: server.url, apiKey: KEYS.admin });

it('answers what a stack uses, and where it is', async () => {
  await using session = connect();
  const { stats, failures } = await session.runStats('shop', signal);
  expect([stats, failures]).toEqual([
    [
      {
        id: 'edge/container/web',
        service: 'web',
        node: 'edge',
        name: 'shop_web',
        cpuMillis: 125,
        memoryBytes: 5_242_880,
        memoryLimitBytes: 10_485_760,
        network: { receivedBytes: 1_024, sentBytes: 2_048 },
      },
    ],
    { far: 'it does not answer' },
  ]);
  expect(await session.addresses('shop', signal)).toEqual([
    { service: 'web', node: 'edge', kind: 'port', address: 'http://localhost:8080' },
  ]);
  await expect(session.runStats('nope', signal)).rejects.toMatchObject({ code: 'UNKNOWN_STACK' });
});

it('begins to fetch images, for deployers', async () => {
  await using session = connect();
  expect(await session.pull('shop', signal)).toMatchObject({ type: 'pull', stack: 'shop' });
  const path = '/api/v1/stacks/shop/pull';
  expect((await server.request(path, { method: 'POST', role: 'viewer' })).status).toBe(403);
});

it('lists newer images, for deployers', async () => {
  await using session = connect();
  expect(await session.listImageUpdates(['shop'], signal)).toEqual({
    services: [
      {
        stack: 'shop',
        service: 'web',
        file: 'kombinations/shop/kombination.yaml',
        image: 'nginx:1.28',
        policy: 'semver',
        next: 'nginx:1.29',
        reason: null,
      },
    ],
    settings: { schedule: '0 6 * * *', as: 'commit' },
  });
  await expect(session.listImageUpdates(['nope'], signal)).rejects.toMatchObject({ code: 'UNKNOWN_STACK' });
  expect((await server.request('/api/v1/image-updates', { role: 'viewer' })).status).toBe(403);
});

it('prunes what was listed, for admins', async () => {
  await using session = connect();
  const { remnants, notes } = await session.listRemnants(signal);
  expect(remnants).toMatchObject([{ id: 'edge/sha256:1', kind: 'fetched-image', sizeBytes: 1_048_576 }]);
  expect(notes).toEqual([{ subject: 'c1', message: 'prune is not for clusters' }]);
  for (const role of ['viewer', 'deployer'] as const) {
    expect((await server.request('/api/v1/prune', { role })).status).toBe(403);
    const body = json('POST', { ids: ['edge/sha256:1'] });
    expect((await server.request('/api/v1/prune', { ...body, role })).status).toBe(403);
  }
  expect(await session.prune(['edge/sha256:1', 'x'], signal)).toEqual([
    { id: 'edge/sha256:1', freedBytes: 1_048_576, message: null },
    { id: 'x', freedBytes: null, message: 'it is not left over any more' },
  ]);
  expect((await server.request('/api/v1/prune', json('POST', { ids: [] }))).status).toBe(400);
});

it('answers the logs of all services, and follows them', async () => {
  await using session = connect();
  const events = [];
  const options = { stack: 'shop', services: [], signal };
  for await (const event of session.stackLogs(options)) events.push(event);
  expect(events).toMatchObject([
    { type: 'line', line: { service: 'web', text: 'web is up' } },
    { type: 'line', line: { service: 'web', text: 'a warning', stream: 'stderr' } },
  ]);
  const ending = new AbortController();
  for await (const event of session.stackLogs({ ...options, follow: true, signal: ending.signal })) {
    expect(event).toMatchObject({ type: 'line', line: { service: 'web', text: 'web is up' } });
    break;
  }
  ending.abort();
  const both = await server.request('/api/v1/stacks/shop/logs?follow=true&previous=true');
  expect(both.status).toBe(400);
  expect((await server.request('/api/v1/stacks/shop/logs?services=web,db')).status).toBe(404);
});

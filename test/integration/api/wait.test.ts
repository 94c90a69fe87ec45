import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createRemoteSession } from '../../../api/cli/remote/remote-session.ts';
import type { SyncReport } from '../../../api/operations/daily/wait-for-sync.ts';
import type { StackView } from '../../../reconciler/index.ts';
import { json, KEYS, startApiServer } from '../../support/api/api-server.ts';
import { createFakeReconciler } from '../../support/fakes/fake-reconciler.ts';

/* Waiting over REST: nothing but stacks that are in sync looks like it. */

async function start(state: StackView['state']) {
  const fake = createFakeReconciler();
  const world = { state };
  const reconciler = {
    ...fake,
    getStack: (name: string) => ({
      ...fake.getStack(name),
      state: world.state,
      message: `is ${world.state}`,
    }),
  };
  const server = await startApiServer({ reconciler });
  await server.request('/api/v1/stacks', json('POST', { name: 'web', services: ['a'] }));
  return { server, fake, world };
}

it('answers an error unless all are in sync', async () => {
  const { server, world } = await start('in_sync');
  await using _ = server;
  const good = await server.request('/api/v1/wait?stacks=web', { role: 'viewer' });
  expect([good.status, await good.json()]).toMatchObject([200, { outcome: 'in_sync', reached: true }]);

  world.state = 'blocked';
  const bad = await server.request('/api/v1/wait', { role: 'viewer' });
  expect([bad.status, await bad.json()]).toMatchObject([
    503,
    { error: { reason: 'NOT_IN_SYNC', details: [{ field: 'web', message: 'blocked: is blocked' }] } },
  ]);

  world.state = 'pending';
  const late = await server.request('/api/v1/wait?timeout=0', { role: 'viewer' });
  expect([late.status, await late.json()]).toMatchObject([409, { error: { reason: 'TIMED_OUT' } }]);
  expect((await server.request('/api/v1/wait?revision=HEAD', { role: 'viewer' })).status).toBe(400);
  expect((await server.request('/api/v1/wait?stacks=nope', { role: 'viewer' })).status).toBe(404);
});

it('is followed by a command', async () => {
  const { server, fake, world } = await start('pending');
  await using _ = server;
  await using session = createRemoteSession({ url: server.url, apiKey: KEYS.viewer });
  const seen: SyncReport[] = [];
  const { job } = await fake.plan(
    { stack: 'web', actor: null, trigger: 'api' },
    new AbortController().signal,
  );
  const request = { stacks: ['web'], revision: null, timeoutMs: 20_000 };
  for await (const report of session.waitForSync(request, new AbortController().signal)) {
    seen.push(report);
    world.state = 'in_sync';
    // Anything that happens has it look again.
    await pause(1);
    fake.log(job.id, 'x');
  }
  expect(seen.map(({ outcome }) => outcome)).toEqual([null, 'in_sync']);

  const unknown = session.waitForSync({ ...request, stacks: ['nope'] }, new AbortController().signal);
  await expect(unknown[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'UNKNOWN_STACK' });
});

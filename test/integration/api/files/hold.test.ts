import { expect, it } from 'vitest';
import type { ApiServer } from '../../../support/api/api-server.ts';
import { json, startApiServer } from '../../../support/api/api-server.ts';
import type { Rig } from '../../../support/reconciler-rig.ts';
import { container, createRig, file, stack } from '../../../support/reconciler-rig.ts';

/* Stacks that somebody holds, over REST on a real reconciler in memory. */

const web = (version: string) => ({ [file('shop')]: stack('shop', { web: `image: "nginx:${version}"` }) });
const imageOf = (rig: Rig) => rig.engine().control.find('shop', container('web'))?.spec['image'];

async function send(server: ApiServer, method: string, path: string, body: object = {}) {
  const answer = await server.request(`/api/v1/stacks/${path}`, { ...json(method, body), role: 'deployer' });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

it('applies nothing by itself until it is released, through a restart as well', async () => {
  await using first = createRig();
  first.source.push(web('1.28'));
  await first.reconciler.start();
  await first.reaches('shop', 'in_sync');
  await using server = await startApiServer({ reconciler: first.reconciler });
  const held = await send(server, 'PUT', 'shop/hold', { reason: 'moving house' });
  expect([held.status, held.body]).toMatchObject([
    200,
    {
      state: 'in_sync',
      hold: { by: 'deployer key', reason: 'moving house' },
      waits: { reason: 'on-hold', message: expect.stringMatching(/^Held by deployer key: moving house/) },
    },
  ]);
  first.source.push(web('1.29'));
  first.reconciler.requestSync();
  const waiting = await first.reaches('shop', 'pending');
  await expect
    .poll(() => first.reconciler.getStack('shop').message)
    .toContain('held by deployer key: moving house');
  expect([first.reconciler.countHolds().get('on-hold'), waiting.onHold?.by]).toEqual([1, 'deployer key']);
  await server[Symbol.asyncDispose]();

  await using second = await first.restart({ store: first.store });
  await second.reconciler.start();
  await expect.poll(() => second.reconciler.getStack('shop').message).toContain('held by');
  expect(imageOf(second)).toBe('nginx:1.28');
  await using again = await startApiServer({ reconciler: second.reconciler });
  const released = await send(again, 'DELETE', 'shop/hold');
  expect([released.status, released.body['hold']]).toEqual([200, null]);
  await second.reaches('shop', 'in_sync');
  expect(imageOf(second)).toBe('nginx:1.29');
});

it('repairs no drift, and is applied where somebody says so', async () => {
  await using rig = createRig();
  rig.source.push(web('1.28'));
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  await using server = await startApiServer({ reconciler: rig.reconciler });
  await send(server, 'PUT', 'shop/hold');
  rig.engine().control.remove('shop', container('web'));
  await expect.poll(() => rig.reconciler.getStack('shop').message).toContain('held by deployer key;');
  const refused = await send(server, 'POST', 'shop/apply');
  expect([refused.status, refused.body]).toMatchObject([
    409,
    { error: { code: 'CONFLICT', reason: 'HELD' } },
  ]);
  const applied = await send(server, 'POST', 'shop/apply?wait=true', { override_hold: true });
  expect([applied.status, applied.body]).toMatchObject([200, { status: 'completed' }]);
  expect(imageOf(rig)).toBe('nginx:1.28');
  expect(rig.reconciler.getStack('shop').onHold?.reason).toBeNull();
});

it('is for deployers, and for stacks that there are', async () => {
  await using rig = createRig();
  rig.source.push(web('1.28'));
  await rig.reconciler.refresh(new AbortController().signal);
  await using server = await startApiServer({ reconciler: rig.reconciler });
  const viewer = { ...json('PUT', {}), role: 'viewer' } as const;
  expect((await server.request('/api/v1/stacks/shop/hold', viewer)).status).toBe(403);
  expect((await send(server, 'PUT', 'nope/hold')).status).toBe(404);
  expect((await send(server, 'DELETE', 'nope/hold')).status).toBe(404);
});

it('is told to everybody who follows, when nothing else about the stack changes', async () => {
  await using rig = createRig();
  rig.source.push(web('1.28'));
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  const told: string[] = [];
  using following = rig.reconciler.subscribe((event) => {
    if (event.type === 'stack') told.push(`${event.stack} ${event.state}`);
  });
  void following;

  rig.reconciler.hold('shop', { name: 'Ada', email: 'ada@example.org' });
  rig.reconciler.releaseHold('shop');

  expect(told).toEqual(['shop in_sync', 'shop in_sync']);
});

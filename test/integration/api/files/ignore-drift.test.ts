import { expect, it } from 'vitest';
import { json, startApiServer } from '../../../support/api/api-server.ts';
import type { Rig } from '../../../support/reconciler-rig.ts';
import { container, createRig, file, stack } from '../../../support/reconciler-rig.ts';

/* Fields that may differ, over REST on a real reconciler in memory. */

const WEB = { web: 'image: "nginx:1.28", restart: always, environment: { LEVEL: info } # kept' };
const TEXT = stack('shop', WEB, 'policy: { drift: alert }\n').replace(' # kept }', ' } # kept');

async function drifted() {
  const rig = createRig();
  rig.source.push({ [file('shop')]: TEXT });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  rig.engine().control.drift('shop', container('web'), { env: { LEVEL: 'debug' } });
  await rig.reaches('shop', 'drifted');
  const server = await startApiServer({ reconciler: rig.reconciler });
  const send = async (body: object, role: 'viewer' | 'deployer' = 'deployer') => {
    const answer = await server.request('/api/v1/stacks/shop/drift/ignore', { ...json('POST', body), role });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const field = rig.reconciler.getDrift('shop').changes[0]?.field ?? '';
  const dispose = async () => {
    await server[Symbol.asyncDispose]();
    await rig[Symbol.asyncDispose]();
  };
  return { rig, send, field, [Symbol.asyncDispose]: dispose };
}

async function textOf(rig: Rig): Promise<string | null | undefined> {
  const { signal } = new AbortController();
  return (await rig.reconciler.listFiles('shop', { masked: false }, signal)).files[0]?.text;
}

it('commits that a field may differ, and it is no drift from then on', async () => {
  await using world = await drifted();
  const { rig, send, field } = world;
  const request = { resource: container('web'), field };
  const preview = await send({ ...request, preview: true });
  expect([preview.status, preview.body]).toMatchObject([
    200,
    {
      diff: [{ path: file('shop'), diff: expect.stringContaining('ignoreDrift') }],
      plan: { summary: { noop: 3 } },
    },
  ]);
  expect(rig.reconciler.getStack('shop').state).toBe('drifted');

  const { status, body } = await send({ ...request, message: 'Ann debugs' });
  expect([status, body]).toMatchObject([200, { files: [file('shop')] }]);
  expect(rig.reconciler.repository().revision?.subject).toBe('Ann debugs');
  await rig.reaches('shop', 'in_sync');
  expect(rig.engine().control.find('shop', container('web'))?.spec).toMatchObject({
    env: { LEVEL: 'debug' },
  });

  // A new description is applied whole.
  const text = (await textOf(rig)) ?? '';
  expect(text).toContain('# kept');
  rig.source.push({ [file('shop')]: text.replace('LEVEL: info', 'LEVEL: warn') });
  const level = () => JSON.stringify(rig.engine().control.find('shop', container('web'))?.spec['env']);
  await expect.poll(level, { timeout: 8_000 }).toContain('warn');
});

it('leaves what is updated in place to a new description, too', async () => {
  await using world = await drifted();
  const { rig, send } = world;
  expect((await send({ resource: container('web'), field: 'restart' })).status).toBe(200);
  const text = (await textOf(rig)) ?? '';
  expect(text).toContain('ignoreDrift');
  const restart = () => rig.engine().control.find('shop', container('web'))?.spec['restart'];
  rig.source.push({ [file('shop')]: text.replace('restart: always', 'restart: "no"') });
  await expect.poll(restart, { timeout: 8_000 }).toMatchObject({ policy: 'no' });
});

it('refuses what is none of the stack, what is there already, and who may not', async () => {
  await using world = await drifted();
  const { send, field } = world;
  expect((await send({ resource: 'local/container/db', field })).status).toBe(400);
  expect((await send({ resource: container('web') })).status).toBe(400);
  expect((await send({ resource: container('web'), field }, 'viewer')).status).toBe(403);
  expect((await send({ resource: container('web'), field })).status).toBe(200);
  expect((await send({ resource: container('web'), field })).status).toBe(400);
  expect((await send({ resource: container('web'), field: 'restart' })).status).toBe(200);
});

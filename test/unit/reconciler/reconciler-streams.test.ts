import { expect, it } from 'vitest';
import type { ReconcilerEvent } from '../../../reconciler/public/reconciler.ts';
import { eventually } from '../../support/eventually.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const WEB = container('web');
const SHOP = { [file('shop')]: stack('shop', { web: 'image: "nginx:1.29"' }) };

it('tells how what runs is as soon as an engine tells of it, and once', async () => {
  await using rig = createRig();
  const told: string[] = [];
  using _listening = rig.reconciler.subscribe((event: ReconcilerEvent) => {
    if (event.type === 'health') told.push(`${event.stack} ${event.resource} ${event.health.status}`);
  });
  rig.source.push(SHOP);
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  await rig.reconciler.observe('shop', AbortSignal.timeout(5_000));
  rig.engine().control.setHealth('shop', WEB, { status: 'unhealthy', reason: 'check failed' });
  rig.engine().control.emit('shop');
  const unhealthy = `shop ${WEB} unhealthy`;
  await eventually(
    () => told,
    (list) => list.includes(unhealthy),
    4_000,
  );
  rig.engine().control.emit('shop');
  await rig.reconciler.observe('shop', AbortSignal.timeout(5_000));
  expect(told.filter((one) => one === unhealthy)).toEqual([unhealthy]);
});

it('runs a program with somebody at the other end in a service, and names those that there are', async () => {
  await using rig = createRig();
  rig.source.push(SHOP);
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  const { signal } = new AbortController();
  await using session = await rig.reconciler.openSession('shop', 'web', { argv: ['cat'], signal });
  session.write(Buffer.from('hello'));
  session.end();
  const parts: Uint8Array[] = [];
  for await (const { bytes } of session.output) parts.push(bytes);
  expect(Buffer.concat(parts).toString()).toBe('hello');
  expect(await session.exitCode).toBe(0);
  await expect(rig.reconciler.openSession('shop', 'db', { argv: ['cat'], signal })).rejects.toMatchObject({
    code: 'BAD_OPTIONS',
    message: 'shop has no service db; it has: web',
  });
  rig.engine().control.stop('shop', WEB);
  await expect(rig.reconciler.openSession('shop', 'web', { argv: ['cat'], signal })).rejects.toMatchObject({
    code: 'TARGET_ERROR',
  });
});

it('shows what a service wrote without the secrets that it was given', async () => {
  const secrets = {
    'secret://file/one': 'hushhush',
    'secret://file/two': 'innerword',
    'secret://file/pin': '123',
  };
  await using rig = createRig({ secrets });
  const web = [
    'image: "nginx:1.29"',
    'command: ["sh", "-c", "echo hushhush; echo innerword; echo http; echo Xhushhush1; echo 123"]',
    'env: { A: "secret://file/one", B: "http://me:${secret:file/two}@host", C: "secret://file/pin" }',
  ];
  rig.source.push({ [file('shop')]: stack('shop', { web: web.join(', ') }) });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  const texts: string[] = [];
  const { signal } = new AbortController();
  for await (const { text } of rig.reconciler.logs('shop', 'web', { signal })) texts.push(text);
  // A text as short as a number would be found everywhere.
  expect(texts).toEqual(['***', '***', 'http', 'X***1', '123']);
});

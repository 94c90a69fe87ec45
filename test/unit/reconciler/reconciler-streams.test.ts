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
  const request = requestFor(['cat']);
  await using session = await rig.reconciler.openSession('shop', 'web', request);
  session.write(Buffer.from('hello'));
  session.end();
  const parts: Uint8Array[] = [];
  for await (const { bytes } of session.output) parts.push(bytes);
  expect(Buffer.concat(parts).toString()).toBe('hello');
  expect(await session.exitCode).toBe(0);
  await expect(rig.reconciler.openSession('shop', 'db', request)).rejects.toMatchObject({
    code: 'BAD_OPTIONS',
    message: 'shop has no service db; it has: web',
  });
  rig.engine().control.stop('shop', WEB);
  await expect(rig.reconciler.openSession('shop', 'web', request)).rejects.toMatchObject({
    code: 'TARGET_ERROR',
  });
});

it('reaches one of several containers by its name, and records who was there', async () => {
  await using rig = createRig();
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.29", deploy: { replicas: 2 }' }) });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  const open = (more: object) =>
    rig.reconciler.openSession('shop', 'web', { ...requestFor(['echo', 'password']), ...more });
  for (const container of ['web#2', 'shop-web-2']) {
    await using session = await open({ container });
    expect(await session.exitCode).toBe(0);
  }
  expect(rig.engine().control.log.filter((line) => line.startsWith('session'))).toEqual([
    'session local/container/web#2',
    'session local/container/web#2',
  ]);
  await expect(open({ container: 'db' })).rejects.toMatchObject({
    code: 'BAD_OPTIONS',
    message: 'web has no container db; it has: web, web#2',
  });
  await expect(open({ pod: 'web-1' })).rejects.toMatchObject({
    message: 'web runs on docker:local, which has no pods',
  });
  await expect(open({ argv: [] })).rejects.toMatchObject({ code: 'BAD_OPTIONS' });
  const place = { place: 'docker:local', node: 'local', namespace: null, name: 'shop-web-1', stack: 'shop' };
  // `cat` goes on until its input ends.
  await using _session = await rig.reconciler.openSessionAt(place, { ...requestFor(['cat']), tty: true });
  const foreign = rig.reconciler.openSessionAt({ ...place, stack: null }, requestFor(['sh']));
  await expect(foreign).rejects.toMatchObject({ code: 'BAD_OPTIONS' });
  expect(rig.reconciler.listAccesses(2)).toMatchObject([
    { subject: 'container/local/shop-web-1', program: 'cat', isTerminal: true, endedAt: null, outcome: null },
    {
      subject: 'stack/shop/web',
      container: 'shop-web-2',
      actor: 'ada@example.org',
      address: '192.0.2.1',
      program: 'echo',
      isTerminal: false,
      outcome: 'exit 0',
    },
  ]);
  // Arguments are nobody's business.
  expect(JSON.stringify(rig.reconciler.listAccesses(10))).not.toContain('password');
});

function requestFor(argv: readonly string[]) {
  const { signal } = new AbortController();
  const actor = { name: 'Ada', email: 'ada@example.org' };
  return { argv, actor, via: 'api', address: '192.0.2.1', signal } as const;
}

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

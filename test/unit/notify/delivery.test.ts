import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createWebhookNotifier } from '../../../reconciler/adapters/notifiers/webhook.ts';
import type { Notification, Notifier } from '../../../reconciler/ports/notifier.ts';
import { Delivery } from '../../../reconciler/run/notify/delivery.ts';
import { createFakeClock } from '../../support/fakes/fake-clock.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';
import { eventually } from '../../support/eventually.ts';

const at = (index: number): Notification => ({
  type: 'failed',
  stack: `s${index}`,
  subject: `stack/s${index}`,
  cause: 'c',
  code: 'UNHEALTHY',
  revision: null,
  message: 'broken',
  job: null,
  time: '2026-01-01T00:00:00Z',
});

it('is held up by no notifier: it tries five times, says so, and goes on with the next', async () => {
  const logger = createQuietLogger();
  let asked = 0;
  const told: string[] = [];
  const notifier: Notifier = {
    name: 'moody',
    async notify({ stack: name }) {
      asked += 1;
      if (name === 's0') throw new Error('away');
      told.push(name);
    },
  };
  await using delivery = new Delivery({ notifier, clock: createFastClock(), logger });
  delivery.add(at(0));
  delivery.add(at(1));
  await eventually(
    () => told,
    (found) => found.length > 0,
  );
  expect([asked, told]).toEqual([6, ['s1']]);
  expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
});

it('keeps the newest for one that hangs, gives it its time, and lets go of it when closed', async () => {
  const logger = createQuietLogger();
  const told: string[] = [];
  let hangs = true;
  const notifier: Notifier = {
    name: 'stuck',
    async notify({ stack: name }) {
      // It heeds no signal.
      if (hangs) await new Promise(() => undefined);
      told.push(name);
    },
  };
  const options = { notifier, clock: createFastClock(), logger, capacity: 2, timeoutMs: 20 };
  await using delivery = new Delivery(options);
  delivery.add(at(0));
  await eventually(
    () => logger.lines,
    (lines) => lines.some(({ level }) => level === 'error'),
  );
  for (let index = 1; index < 5; index++) delivery.add(at(index));
  hangs = false;
  await eventually(
    () => told,
    (found) => found.includes('s4'),
  );
  expect(told).toEqual(['s3', 's4']);
  hangs = true;
  const last = new Delivery({ ...options, timeoutMs: 600_000, clock: createFakeClock() });
  last.add(at(5));
  await last[Symbol.asyncDispose]();
  last.add(at(6));
  expect(told).toEqual(['s3', 's4']);
});

it('posts to a webhook, and takes any answer but a good one for a failure', async () => {
  const bodies: string[] = [];
  let status = 204;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      bodies.push(`${request.method} ${request.headers['authorization']} ${body}`);
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const notifier = createWebhookNotifier({
    url: `http://127.0.0.1:${port}/hook?token=hunter2`,
    headers: { authorization: 'Bearer x' },
  });
  const { signal } = new AbortController();
  await notifier.notify(at(1), signal);
  expect(bodies).toEqual([`POST Bearer x ${JSON.stringify(at(1))}`]);
  for (status of [302, 500]) {
    const failure = await notifier.notify(at(1), signal).catch(String);
    expect(failure).toBe(`ReconcilerError: 127.0.0.1:${port} answered ${status}`);
  }
  expect(notifier.name).not.toContain('hunter2');
  expect(() => createWebhookNotifier({ url: 'file:///etc/passwd' })).toThrow(TypeError);
  server.close();
});

it('sends the credentials of a URL in a header, follows no redirect, and repeats neither', async () => {
  const heard: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    heard.push(`${request.url} ${request.headers.authorization}`);
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const webhook = createWebhookNotifier({ url: `http://me:ses%40me@127.0.0.1:${port}/hook` });
  const failure = await webhook.notify(at(1), new AbortController().signal).catch(String);
  expect(heard).toEqual([`/hook Basic ${Buffer.from('me:ses@me').toString('base64')}`]);
  expect(failure).toBe(`ReconcilerError: 127.0.0.1:${port} answered 302`);
  const bare = createWebhookNotifier({ url: `http://me:50%@127.0.0.1:${port}/hook` });
  await bare.notify(at(1), new AbortController().signal).catch(String);
  expect(heard[1]).toBe(`/hook Basic ${Buffer.from('me:50%').toString('base64')}`);
  server.close();
});

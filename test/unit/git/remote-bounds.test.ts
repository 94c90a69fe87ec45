import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { withDeadline } from '../../../reconciler/adapters/git/remote/deadline.ts';
import { createHttpClient } from '../../../reconciler/adapters/git/remote/http-client.ts';

const { signal } = new AbortController();

it('reads a list of refs up to a bound, and lets go of who goes on sending', async () => {
  const block = Buffer.alloc(1024 ** 2, '0');
  const ended = Promise.withResolvers<void>();
  const server = createServer((_, response) => {
    function* endless() {
      for (;;) yield block;
    }
    pipeline(Readable.from(endless()), response, () => ended.resolve());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/info/refs`;
  const reading = withDeadline({ location: url, timeoutMs: 60_000, signal }, async (deadline) => {
    const { body } = await createHttpClient(undefined)(deadline).request({ url, method: 'GET' });
    for await (const _ of body ?? []) continue;
  });
  await expect(reading).rejects.toMatchObject({
    code: 'GIT_ERROR',
    message: expect.stringContaining('more than 64 MiB') as string,
  });
  await ended.promise;
  server.close();
});

it('waits no longer for a remote that only says that it is there', async () => {
  const dripping = withDeadline({ location: 'remote', timeoutMs: 100, signal }, async (deadline) => {
    while (!deadline.signal.aborted) {
      await delay(1);
      deadline.touch(1);
    }
  });
  await expect(dripping).rejects.toMatchObject({ code: 'REPOSITORY_UNREACHABLE' });
});

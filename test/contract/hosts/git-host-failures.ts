import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { HEAD } from '../../support/hosts/host-world.ts';
import type { DoubleAnswer } from '../../support/hosts/host-double.ts';
import type { GitHostHarness } from './git-host-harness.ts';

const SIGNAL = new AbortController().signal;
const STATUS = { context: 'kombinator/plan', state: 'success', description: 'ok', address: null } as const;

/** Holds an adapter against a host that fails. */
export function describeFailingHost({ start, open }: GitHostHarness): void {
  it.each<{
    readonly answer: DoubleAnswer;
    readonly code: string;
    readonly retryable: boolean;
    readonly after?: number;
  }>([
    { answer: { status: 401 }, code: 'HOST_UNAUTHORIZED', retryable: false },
    { answer: { status: 403 }, code: 'HOST_REFUSED', retryable: false },
    { answer: { status: 404 }, code: 'HOST_REFUSED', retryable: false },
    { answer: { status: 422 }, code: 'HOST_REFUSED', retryable: false },
    { answer: { status: 500 }, code: 'HOST_UNREACHABLE', retryable: true },
    { answer: { status: 502 }, code: 'HOST_UNREACHABLE', retryable: true },
    {
      answer: { status: 503, headers: { 'retry-after': '7' } },
      code: 'HOST_UNREACHABLE',
      retryable: true,
      after: 7_000,
    },
    {
      answer: { status: 429, headers: { 'retry-after': '60' } },
      code: 'HOST_UNREACHABLE',
      retryable: true,
      after: 60_000,
    },
    {
      answer: { status: 403, headers: { 'retry-after': '30' } },
      code: 'HOST_UNREACHABLE',
      retryable: true,
      after: 30_000,
    },
  ])('says $code for the answer $answer.status', async ({ answer, code, retryable, after }) => {
    await using double = await start();
    const host = open(double);
    const body = { message: `no: ${double.world.token}` };
    double.fail({ body, ...answer }, 5);
    const error: unknown = await host.setStatus(HEAD, STATUS, SIGNAL).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, retryable });
    const details = (error as { details?: { retryAfterMs?: number } }).details;
    expect(Math.round((details?.retryAfterMs ?? 0) / 1_000)).toBe((after ?? 0) / 1_000);
    expect(String(error)).not.toContain(double.world.token);
  });

  it('asks nothing more of a host that has had enough, until the time that it says', async () => {
    await using double = await start();
    const host = open(double);
    double.fail({ status: 429, headers: { 'retry-after': '60' }, body: {} });
    await expect(host.setStatus(HEAD, STATUS, SIGNAL)).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
    const asked = double.requests.length;
    await expect(host.setStatus(HEAD, STATUS, SIGNAL)).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
    expect(double.requests.length).toBe(asked);
  });

  it('leaves a host alone that has had enough and does not say for how long', async () => {
    await using double = await start();
    const host = open(double);
    double.fail({ status: 429, body: {} });
    await expect(host.setStatus(HEAD, STATUS, SIGNAL)).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
    const asked = double.requests.length;
    await expect(host.setStatus(HEAD, STATUS, SIGNAL)).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
    expect(double.requests.length).toBe(asked);
  });

  it.each([
    { when: 'it is cut off', answer: 'cut' as const },
    { when: 'it answers no JSON', answer: { status: 200, body: '<html>' } },
    { when: 'it answers something else', answer: { status: 200, body: { nothing: true } } },
  ])('can be tried again when $when', async ({ answer }) => {
    await using double = await start();
    double.world.addPull();
    // The library of GitHub tries none of it again either.
    double.fail(answer, 3);
    await expect(open(double).getPull(1, SIGNAL)).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      retryable: true,
    });
  });

  it('waits no longer than it may for a host that says nothing, and no longer than its caller', async () => {
    await using double = await start();
    double.fail('hang', 2);
    await expect(open(double, { timeoutMs: 50 }).getPull(1, SIGNAL)).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      retryable: true,
    });
    const controller = new AbortController();
    const asked = open(double).getPull(1, controller.signal);
    controller.abort(new Error('called off'));
    await expect(asked).rejects.toThrow('called off');
  });

  it('reads no more than it may of an answer', async () => {
    await using double = await start();
    double.fail({ status: 200, body: { text: 'x'.repeat(17 * 1_024 ** 2) } });
    await expect(open(double).getPull(1, SIGNAL)).rejects.toMatchObject({ code: 'HOST_REFUSED' });
  });

  it('follows a redirect on the host itself, and none to another with the token', async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end('{}');
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      await using double = await start();
      const host = open(double);
      double.world.addPull();
      double.fail({ status: 307, headers: { location: `http://127.0.0.1:${port}/elsewhere` }, body: {} });
      await expect(host.getPull(1, SIGNAL)).rejects.toMatchObject({ code: 'HOST_REFUSED' });
      expect(seen).toEqual([]);
      double.fail({ status: 301, headers: { location: `${double.origin}/moved` }, body: {} });
      await expect(host.getPull(1, SIGNAL)).rejects.toMatchObject({ code: 'HOST_REFUSED' });
      expect(double.requests.length).toBeGreaterThanOrEqual(3);
    } finally {
      other.close();
      await once(other, 'close');
    }
  });

  it('says that its token is wrong, and that it has none', async () => {
    await using double = await start();
    double.world.addPull();
    await expect(open(double, { token: 'wrong-token-1234' }).getPull(1, SIGNAL)).rejects.toMatchObject({
      code: 'HOST_UNAUTHORIZED',
    });
    await expect(open(double, { token: '' }).getPull(1, SIGNAL)).rejects.toMatchObject({
      code: 'HOST_UNAUTHORIZED',
    });
  });
}

import { PassThrough } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createDeliveries } from '../../../api/hooks/deliveries.ts';
import { createHookBodies } from '../../../api/hooks/hook-bodies.ts';

const LIMITS = { maxBytes: 100, maxTotal: 200, maxOfOne: 120, maxOpen: 4, maxOpenOfOne: 2 };

function request(length?: number): IncomingMessage & PassThrough {
  const headers = length === undefined ? {} : { 'content-length': `${length}` };
  return Object.assign(new PassThrough(), { headers }) as unknown as IncomingMessage & PassThrough;
}

const sizeOf = async (body: Buffer) => body.length;
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'read',
    (error: unknown) => (error as { code: string }).code,
  );

describe('bodies of hooks', () => {
  it('are read whole, and refused when they are too large, as they say or as they come', async () => {
    const withBody = createHookBodies(LIMITS);
    const right = request();
    right.end(Buffer.alloc(100));
    expect(await withBody(right, '203.0.113.1', sizeOf)).toBe(100);
    expect(await codeOf(withBody(request(101), '203.0.113.1', sizeOf))).toBe('PAYLOAD_TOO_LARGE');
    const growing = request();
    growing.write(Buffer.alloc(101));
    expect(await codeOf(withBody(growing, '203.0.113.1', sizeOf))).toBe('PAYLOAD_TOO_LARGE');
  });

  it('of one address cannot take the memory or the places of all', async () => {
    const withBody = createHookBodies(LIMITS);
    const slow = [request(), request()];
    const waiting = slow.map((one) => withBody(one, '203.0.113.1', sizeOf));
    expect(await codeOf(withBody(request(), '203.0.113.1', sizeOf))).toBe('TOO_MANY_REQUESTS');
    slow[0]?.write(Buffer.alloc(90));
    slow[1]?.write(Buffer.alloc(60));
    expect(await codeOf(Promise.race(waiting))).toBe('TOO_MANY_REQUESTS');
    const right = request();
    right.end(Buffer.alloc(80));
    expect(await withBody(right, '203.0.113.2', sizeOf)).toBe(80);
    for (const one of slow) one.end();
    await Promise.allSettled(waiting);
    const later = request();
    later.end(Buffer.alloc(100));
    expect(await withBody(later, '203.0.113.1', sizeOf)).toBe(100);
  });

  it('that break off give back what they took', async () => {
    const withBody = createHookBodies(LIMITS);
    for (let count = 0; count < 20; count += 1) {
      const cut = request();
      const reading = codeOf(withBody(cut, '203.0.113.1', sizeOf));
      cut.write(Buffer.alloc(90));
      setImmediate(() => cut.destroy(new Error('aborted')));
      expect(await reading).toBe('BAD_REQUEST');
    }
  });
});

describe('deliveries', () => {
  it('count once, by their id and by their body', () => {
    const deliveries = createDeliveries();
    expect(deliveries.take('1', Buffer.from('a'))).toBe(true);
    expect(deliveries.take('1', Buffer.from('b'))).toBe(false);
    expect(deliveries.take('2', Buffer.from('a'))).toBe(false);
    expect(deliveries.take('', Buffer.from('c'))).toBe(true);
    expect(deliveries.take('', Buffer.from('d'))).toBe(true);
    expect(deliveries.take('', Buffer.from('c'))).toBe(false);
  });

  it('are forgotten when ten thousand others have come', () => {
    const deliveries = createDeliveries();
    for (let number = 0; number <= 10_000; number += 1)
      deliveries.take(`${number}`, Buffer.from(`${number}`));
    expect(deliveries.take('10000', Buffer.from('new'))).toBe(false);
    expect(deliveries.take('0', Buffer.from('newer'))).toBe(true);
  });
});

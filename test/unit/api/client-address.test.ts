import { expect, it } from 'vitest';
import { createClientAddress } from '../../../api/http/client-address.ts';

const PROXIES = ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'];

it.each([
  { from: '192.0.2.1', named: '203.0.113.9', is: '192.0.2.1', why: 'it is no proxy' },
  { from: '127.0.0.1', named: '203.0.113.9', is: '203.0.113.9', why: 'a proxy names it' },
  { from: '::ffff:127.0.0.1', named: '203.0.113.9', is: '203.0.113.9', why: 'a proxy of version 4 names it' },
  { from: 'fd00::1', named: '2001:db8::1', is: '2001:db8::1', why: 'a proxy of version 6 names it' },
  { from: '127.0.0.1', named: undefined, is: '127.0.0.1', why: 'a proxy names nobody' },
  { from: '127.0.0.1', named: 'unknown', is: '127.0.0.1', why: 'a proxy names no address' },
  {
    from: '127.0.0.1',
    named: '1.1.1.1, 203.0.113.9',
    is: '203.0.113.9',
    why: 'the caller has put one before it',
  },
  { from: '127.0.0.1', named: '203.0.113.9, 10.1.2.3', is: '203.0.113.9', why: 'a second proxy names it' },
  {
    from: '127.0.0.1',
    named: '10.9.9.9, 10.1.2.3',
    is: '10.9.9.9',
    why: 'a caller is in the network of proxies',
  },
  { from: '127.0.0.1', named: '203.0.113.9:4711', is: '203.0.113.9', why: 'a proxy writes the port' },
  {
    from: '127.0.0.1',
    named: '[2001:db8::1]:4711',
    is: '2001:db8::1',
    why: 'a proxy writes the port of version 6',
  },
  { from: undefined, named: '203.0.113.9', is: '', why: 'the connection is gone' },
])('a request from $from for $named is from $is: $why', ({ from, named, is }) => {
  const request = { headers: { 'x-forwarded-for': named }, socket: { remoteAddress: from } };
  expect(createClientAddress(PROXIES)(request as never)).toBe(is);
});

it('reads nothing of what a request says without proxies', () => {
  const request = { headers: { 'x-forwarded-for': '203.0.113.9' }, socket: { remoteAddress: '127.0.0.1' } };
  expect(createClientAddress([])(request as never)).toBe('127.0.0.1');
});

it('looks through ten proxies in a row, however many are named', () => {
  const named = `203.0.113.9, ${Array.from({ length: 5_000 }, (_, index) => `10.0.0.${index % 250}`).join(', ')}`;
  const request = { headers: { 'x-forwarded-for': named }, socket: { remoteAddress: '127.0.0.1' } };
  expect(createClientAddress(PROXIES)(request as never)).toBe('10.0.0.240');
});

it.each(['proxy.example.org', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0.0/x', ''])(
  'refuses "%s" as a proxy',
  (proxy) => {
    expect(() => createClientAddress([proxy])).toThrow(/is no address and no network/);
  },
);

import { describe, expect, it } from 'vitest';
import { formatUptime } from '../../../api/dialects/kombify/system-routes.ts';
import { isLoopbackHost } from '../../../api/http/loopback.ts';
import { withoutKey } from '../../../api/http/request-log.ts';

describe('formatUptime', () => {
  it.each([
    [0, '0h0m0s'],
    [59_999, '0h0m59s'],
    [260_130_000, '72h15m30s'],
  ])('%i → %s', (milliseconds, text) => {
    expect(formatUptime(milliseconds)).toBe(text);
  });
});

describe('isLoopbackHost', () => {
  it.each([
    ['127.0.0.1', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['localhost.example.org', false],
    ['', false],
  ])('%s: %s', (host, expected) => {
    expect(isLoopbackHost(host)).toBe(expected);
  });
});

describe('withoutKey', () => {
  it.each([
    ['/a', '/a'],
    ['/a?b=1', '/a?b=1'],
    ['/a?api_key=s&b=1', '/a?api_key=***&b=1'],
    ['/a?b=1&api%5fkey=s', '/a?b=1&api%5fkey=***'],
    ['/a?api_key=s&api_key=t', '/a?api_key=***&api_key=***'],
    ['/a?API_KEY=s&apiKey=t&x-api-key=u', '/a?API_KEY=***&apiKey=***&x-api-key=***'],
    ['/a?access_token=s&Token=t&keyword=u', '/a?access_token=***&Token=***&keyword=u'],
  ])('%s → %s', (url, safe) => {
    expect(withoutKey(url)).toBe(safe);
  });
});

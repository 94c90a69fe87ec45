import { expect, it } from 'vitest';
import { createBrowser, startSessionServer } from '../../../support/accounts/browser.ts';
import { json, KEYS } from '../../../support/api/api-server.ts';
import { openSocket } from '../../../support/api/socket-client.ts';

/* A browser sends a cookie along with whatever any page asks for: only pages of this server may write with it. */

const STACK = { name: 'homelab', services: ['web'] };

it.each<[string, Readonly<Record<string, string>>, number]>([
  ['a page of another host', { Origin: 'https://evil.example.org' }, 403],
  ['another port of the same host', { Origin: 'http://127.0.0.1:1' }, 403],
  ['a page that may not say where it is from', { Origin: 'null' }, 403],
  ['what only looks like an address', { Origin: 'http://127.0.0.1@evil.example.org' }, 403],
  ['something that says nothing', { Origin: '' }, 403],
  ['another site that leaves the origin out', { Origin: '', 'Sec-Fetch-Site': 'cross-site' }, 403],
  ['a sibling that leaves the origin out', { Origin: '', 'Sec-Fetch-Site': 'same-site' }, 403],
  ['nobody but the address bar', { Origin: '', 'Sec-Fetch-Site': 'none' }, 403],
  ['a page of this host over another scheme', { 'Sec-Fetch-Site': 'cross-site' }, 403],
  [
    'this server by what a stranger forwards',
    { Origin: 'https://a.example', 'X-Forwarded-Host': 'a.example' },
    403,
  ],
  ['a page of this server', {}, 201],
  [
    'a page of this server whose browser says so otherwise',
    { Origin: '', 'Sec-Fetch-Site': 'same-origin' },
    201,
  ],
])('takes a write with a cookie from %s with the right status', async (_, headers, status) => {
  await using world = await startSessionServer();
  const browser = createBrowser(world);
  await browser.ask('POST', '/session', { key: KEYS.admin });
  const page = createBrowser(world, headers, browser.cookie());
  const reader = createBrowser(world, headers, browser.cookie());
  // Answers to what reads are kept from other pages by the browser.
  expect((await reader.ask('GET', '/stacks')).status).toBe(200);
  expect((await reader.ask('GET', '/session')).body.signed_in).toBe(true);

  expect((await page.ask('POST', '/stacks', STACK)).status).toBe(status);
  expect((await page.ask('POST', '/session/links', {})).status).toBe(status);
  expect(world.server.reconciler.writes).toHaveLength(status === 201 ? 1 : 0);
  expect((await page.ask('DELETE', '/session')).status).toBe(status === 201 ? 200 : 403);
  const after = await reader.ask('GET', '/session');
  expect([after.status, after.body.signed_in]).toEqual([200, status === 403]);
});

it.each<[string, Readonly<Record<string, string>>, number]>([
  ['a page of another host', { Origin: 'https://evil.example.org' }, 403],
  ['another site', { Origin: '', 'Sec-Fetch-Site': 'cross-site' }, 403],
  ['a program', { Origin: '' }, 201],
])('signs nobody in for %s who may not', async (_, headers, status) => {
  await using world = await startSessionServer();

  const answer = await createBrowser(world, headers).ask('POST', '/session', { key: KEYS.viewer });

  expect([answer.status, answer.setCookie === null]).toEqual([status, status === 403]);
});

it('takes a form for nothing', async () => {
  await using world = await startSessionServer();
  const request = { method: 'POST', role: null, body: JSON.stringify({ key: KEYS.admin }) } as const;

  const form = await world.server.request('/api/v1/session', {
    ...request,
    headers: { 'Content-Type': 'text/plain' },
  });

  expect(form.status).toBe(415);
});

it('knows its own address where the operator has named it', async () => {
  await using world = await startSessionServer({ publicUrl: 'https://kombinator.example.org/base' });
  const browser = createBrowser(world, { Origin: 'https://kombinator.example.org' });
  await browser.ask('POST', '/session', { key: KEYS.admin });

  expect((await browser.ask('POST', '/stacks', STACK)).status).toBe(201);
});

it('asks for no page where a key or a token comes along', async () => {
  await using world = await startSessionServer();
  const browser = createBrowser(world);
  await browser.ask('POST', '/session', { key: KEYS.viewer });
  const headers = { Origin: 'https://elsewhere.example.org', 'X-API-KEY': KEYS.admin };

  expect((await createBrowser(world, headers, browser.cookie()).ask('POST', '/stacks', STACK)).status).toBe(
    201,
  );
});

it('takes no value that it has not given out, and gives out a new one each time', async () => {
  await using world = await startSessionServer();
  const chosen = `kombinator_session=${'a'.repeat(43)}`;
  const victim = createBrowser(world, {}, chosen);
  await victim.ask('POST', '/session', { key: KEYS.admin });
  expect(victim.cookie()).not.toBe(chosen);
  expect((await createBrowser(world, {}, chosen).ask('GET', '/stacks')).status).toBe(401);

  // The session that was there before, of whomever, ends.
  const before = victim.cookie();
  await victim.ask('POST', '/session', { key: KEYS.viewer });
  expect((await createBrowser(world, {}, before).ask('GET', '/stacks')).status).toBe(401);

  // Two that differ: one of them was put there by another host of the site.
  const both = createBrowser(world, {}, `${chosen}; ${victim.cookie()}`);
  expect((await both.ask('GET', '/stacks')).status).toBe(401);
  for (const value of ['', 'x', `${'a'.repeat(43)}\u00e9`, "' OR 1=1 --"])
    expect((await createBrowser(world, {}, `kombinator_session=${value}`).ask('GET', '/stacks')).status).toBe(
      401,
    );
});

it('counts below /api/v1 alone, and for no web socket', async () => {
  await using world = await startSessionServer();
  const browser = createBrowser(world);
  await browser.ask('POST', '/session', { key: KEYS.admin });
  const headers = { Cookie: browser.cookie() ?? '' };
  const statusOf = async (path: string, init: RequestInit = {}) =>
    (await world.server.request(path, { ...init, role: null, headers })).status;

  expect(await statusOf('/api/v1/stacks')).toBe(200);
  expect(await statusOf('/api/stacks')).toBe(401);
  expect(await statusOf('/v1/api/workflows')).toBe(401);
  expect(await statusOf('/v1/api/profile')).toBe(401);
  expect(await statusOf('/api/stacks/homelab/stop', { method: 'POST' })).toBe(401);
  const socket = openSocket(`${world.server.url}/api/v1/exec?ticket=x`, headers);
  await expect(socket).rejects.toThrow(/^401 /);
});

it('slows down who guesses, in one place, and writes down nothing', async () => {
  await using world = await startSessionServer();
  const stranger = createBrowser(world);
  const statuses: number[] = [];
  for (let number = 0; number < 22; number += 1) {
    const guess = number % 2 === 0 ? { key: `kbn_guess${number}` } : { link: 'x'.repeat(43) };
    statuses.push((await stranger.ask('POST', '/session', guess)).status);
  }

  expect(statuses).toEqual([...Array<number>(20).fill(401), 429, 429]);
  const response = await world.server.request('/api/v1/session', {
    ...json('POST', { key: KEYS.admin }),
    role: null,
  });
  expect([response.status, response.headers.get('Retry-After')]).toEqual([429, '1']);
  world.pass(1_000);
  expect((await stranger.ask('POST', '/session', { key: KEYS.admin })).status).toBe(201);
  expect(JSON.stringify(world.server.entries)).not.toContain('kbn_guess');
});

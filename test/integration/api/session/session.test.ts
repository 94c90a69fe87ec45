import { describe, expect, it } from 'vitest';
import type { SessionView } from '../../../support/accounts/browser.ts';
import { createBrowser, startSessionServer } from '../../../support/accounts/browser.ts';
import { PASSWORD, signUpOf } from '../../../support/accounts/accounts-rig.ts';
import { KEYS } from '../../../support/api/api-server.ts';

const DAY = 24 * 3_600_000;
const STACK = { name: 'homelab', services: ['web'] };

describe('signing in', () => {
  it('tells nobody that they are nobody, and how to sign in', async () => {
    await using world = await startSessionServer();
    const { status, body } = await createBrowser(world).ask('GET', '/session');

    expect(status).toBe(200);
    expect(body).toEqual({
      signed_in: false,
      name: null,
      email: null,
      role: null,
      via: null,
      expires_at: null,
      auth: 'on',
      methods: { key: true, password: false, providers: [] },
      version: '1.2.3',
    });
  });

  it('takes a key, and its cookie from then on', async () => {
    await using world = await startSessionServer();
    const browser = createBrowser(world);
    const signedIn = await browser.ask('POST', '/session', { key: KEYS.deployer });

    expect([signedIn.status, signedIn.body]).toMatchObject([
      201,
      { signed_in: true, name: 'deployer key', role: 'deployer', via: 'session' },
    ]);
    expect(signedIn.setCookie).toMatch(
      /^kombinator_session=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
    );
    expect((await browser.ask('GET', '/stacks')).status).toBe(200);
    expect((await browser.ask('POST', '/stacks', STACK)).status).toBe(201);
    // It is what the key may, and no more.
    expect((await browser.ask('GET', '/accesses')).status).toBe(403);
    const again = await browser.ask('GET', '/session');
    expect(again.body).toEqual(signedIn.body);
    const { hash, ...login } = world.store.listLogins()[0]!;
    expect(login).toMatchObject({ kind: 'key', subject: 'key_deployer', address: '127.0.0.1' });
    expect(hash).not.toBe(browser.cookie()?.split('=')[1]);
  });

  it('takes an address and a password where there are users', async () => {
    await using world = await startSessionServer();
    await world.accounts.signUp(signUpOf('ada'));
    const browser = createBrowser(world);

    expect((await browser.ask('GET', '/session')).body).toMatchObject({ methods: { password: true } });
    const wrong = await browser.ask('POST', '/session', { email: 'ada@example.org', password: 'wrong one' });
    expect([wrong.status, wrong.setCookie]).toEqual([401, null]);
    const right = await browser.ask('POST', '/session', { email: 'ada@example.org', password: PASSWORD });
    expect([right.status, right.body]).toMatchObject([201, { email: 'ada@example.org', role: 'admin' }]);
  });

  it.each<[string, unknown, string]>([
    ['nothing', {}, 'exactly one of key, email with password, and link is needed'],
    ['two ways', { key: KEYS.admin, link: 'x' }, 'exactly one of'],
    ['half of one', { email: 'ada@example.org' }, 'exactly one of'],
    ['what is not known', { key: KEYS.admin, admin: true }, 'admin'],
  ])('refuses %s', async (_, body, message) => {
    await using world = await startSessionServer();
    const refused = await createBrowser(world).ask('POST', '/session', body);

    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toContain(message);
    expect(JSON.stringify(refused.body)).not.toContain(KEYS.admin);
  });

  it('goes over https alone where a trusted proxy says that the browser does', async () => {
    await using world = await startSessionServer({ proxies: ['127.0.0.1'] });
    const https = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'kombinator.example.org' };
    const browser = createBrowser(world, { ...https, Origin: 'https://kombinator.example.org' });
    const { setCookie } = await browser.ask('POST', '/session', { key: KEYS.admin });

    expect(setCookie).toMatch(/^__Host-kombinator_session=[^;]+; Path=\/;.*; Secure$/);
    expect((await browser.ask('POST', '/stacks', STACK)).status).toBe(201);
    // A cookie that came without https could be from anybody on the way.
    const plain = createBrowser(world, https, browser.cookie()?.replace('__Host-', ''));
    expect((await plain.ask('GET', '/stacks')).status).toBe(401);

    await using bare = await startSessionServer();
    const untrusted = await createBrowser(bare, { 'X-Forwarded-Proto': 'https' }).ask('POST', '/session', {
      key: KEYS.admin,
    });
    expect(untrusted.setCookie).not.toContain('Secure');
  });

  it('signs out, on this browser only', async () => {
    await using world = await startSessionServer();
    const [one, other] = [createBrowser(world), createBrowser(world)];
    for (const browser of [one, other]) await browser.ask('POST', '/session', { key: KEYS.viewer });
    const kept = one.cookie();
    const out = await one.ask('DELETE', '/session');

    expect([out.status, out.body]).toMatchObject([200, { signed_in: false }]);
    expect(out.setCookie).toMatch(/^kombinator_session=; Path=\/; Max-Age=0; HttpOnly/);
    expect((await createBrowser(world, {}, kept).ask('GET', '/stacks')).status).toBe(401);
    expect((await other.ask('GET', '/stacks')).status).toBe(200);
    expect((await createBrowser(world).ask('DELETE', '/session')).status).toBe(200);
  });

  it('has everybody signed in where authentication is off', async () => {
    await using world = await startSessionServer({ auth: { mode: 'off', listenHost: '127.0.0.1' } });
    const browser = createBrowser(world);

    expect((await browser.ask('GET', '/session')).body).toMatchObject({
      signed_in: true,
      role: 'admin',
      via: 'open',
      auth: 'off',
    });
    expect((await browser.ask('POST', '/session', { key: KEYS.admin })).status).toBe(409);
    expect((await browser.ask('POST', '/session/links', {})).body).toEqual({
      path: '/ui/',
      expires_at: null,
    });
  });
});

describe('the end of a session', () => {
  it('comes with its key, another key of that id, and time', async () => {
    await using world = await startSessionServer();
    const browser = createBrowser(world);
    const signIn = () => browser.ask('POST', '/session', { key: KEYS.deployer });
    const status = async () => (await browser.ask('GET', '/stacks')).status;
    await signIn();
    const key = world.store.listKeys().find(({ role }) => role === 'deployer')!;
    world.store.saveKey({ ...key, role: 'viewer' });
    expect((await browser.ask('POST', '/stacks', STACK)).status).toBe(403);
    world.store.saveKey({ ...key, hash: 'f'.repeat(64) });
    expect(await status()).toBe(401);
    world.store.saveKey(key);
    // One that has ended does not come back.
    expect(await status()).toBe(401);

    await signIn();
    world.store.deleteKey(key.id);
    expect(await status()).toBe(401);
    world.store.saveKey(key);

    await signIn();
    world.pass(7 * DAY - 1);
    expect(await status()).toBe(200);
    world.pass(7 * DAY);
    expect(await status()).toBe(401);

    await signIn();
    for (let day = 0; day < 5; day += 1) {
      expect(await status()).toBe(200);
      world.pass(6 * DAY);
    }
    expect(await status()).toBe(401);
  });

  it('comes with its user, and with a new generation of their tokens; rights are those of now', async () => {
    await using world = await startSessionServer();
    const { user } = await world.accounts.signUp(signUpOf('ada'));
    const browser = createBrowser(world);
    const signIn = () => browser.ask('POST', '/session', { email: user.email, password: PASSWORD });
    await signIn();
    world.store.saveUser({ ...user, role: 'viewer' });
    expect((await browser.ask('GET', '/accesses')).status).toBe(403);
    expect((await browser.ask('GET', '/session')).body).toMatchObject({ role: 'viewer' });
    world.store.saveUser({ ...user, tokenGeneration: 2 });
    expect((await browser.ask('GET', '/stacks')).status).toBe(401);
    await signIn();
    world.store.deleteUser(user.id);
    expect((await browser.ask('GET', '/stacks')).status).toBe(401);
    expect((await browser.ask('GET', '/session')).status).toBe(200);
  });

  it('outlives the process, as what is in the store does', async () => {
    await using world = await startSessionServer();
    const browser = createBrowser(world);
    await browser.ask('POST', '/session', { key: KEYS.viewer });
    await using restarted = await world.restart();

    expect((await createBrowser(restarted, {}, browser.cookie()).ask('GET', '/stacks')).status).toBe(200);
  });

  it('is not more than a hundred of one key', async () => {
    await using world = await startSessionServer();
    const first = createBrowser(world);
    await first.ask('POST', '/session', { key: KEYS.viewer });
    world.pass(1);
    for (let number = 0; number < 100; number += 1)
      await createBrowser(world).ask('POST', '/session', { key: KEYS.viewer });

    expect(world.store.listLogins()).toHaveLength(100);
    expect((await first.ask('GET', '/stacks')).status).toBe(401);
  });
});

describe('a link', () => {
  const linkOf = (path: unknown) => /^\/ui\/#link=([A-Za-z0-9_-]{43})$/.exec(String(path))?.[1] ?? '';
  const make = async (world: Awaited<ReturnType<typeof startSessionServer>>, key: string) => {
    const answer = await createBrowser(world, { 'X-API-KEY': key }).ask('POST', '/session/links', {});
    expect(answer.status).toBe(201);
    return linkOf((answer.body as unknown as { readonly path: string }).path);
  };

  it('signs in as whoever made it, once', async () => {
    await using world = await startSessionServer();
    const link = await make(world, KEYS.viewer);
    const [first, second] = [createBrowser(world), createBrowser(world)];

    const signedIn = await first.ask('POST', '/session', { link });
    expect([signedIn.status, signedIn.body]).toMatchObject([201, { name: 'viewer key', role: 'viewer' }]);
    expect((await second.ask('POST', '/session', { link })).status).toBe(401);
    expect(world.store.listLogins()).toMatchObject([{ method: 'link', subject: 'key_viewer' }]);
  });

  it('made in a session ends with it, and begins none that lasts longer', async () => {
    await using world = await startSessionServer();
    const browser = createBrowser(world);
    await browser.ask('POST', '/session', { key: KEYS.viewer });
    const makeIn = async () => {
      const { body } = await browser.ask('POST', '/session/links', {});
      return linkOf((body as unknown as { readonly path: string }).path);
    };
    world.pass(24 * 3_600_000);
    const [first, second] = [await makeIn(), await makeIn()];

    expect((await createBrowser(world).ask('POST', '/session', { link: first })).status).toBe(201);
    const [child, parent] = world.store.listLogins();
    expect(child?.endsAt).toBe(parent?.endsAt);
    await browser.ask('DELETE', '/session');
    expect((await createBrowser(world).ask('POST', '/session', { link: second })).status).toBe(401);
  });

  it('is worth nothing after ten minutes, and without its key', async () => {
    await using world = await startSessionServer();
    const late = await make(world, KEYS.viewer);
    world.pass(10 * 60_000);
    expect((await createBrowser(world).ask('POST', '/session', { link: late })).status).toBe(401);

    const orphan = await make(world, KEYS.viewer);
    world.store.deleteKey('key_viewer');
    expect((await createBrowser(world).ask('POST', '/session', { link: orphan })).status).toBe(401);
    expect(world.store.listLogins()).toEqual([]);
  });

  it('is for keys and users, and the sessions of these', async () => {
    await using world = await startSessionServer();
    const { user, token } = await world.accounts.signUp(signUpOf('ada'));
    const byToken = await createBrowser(world, { Authorization: `Bearer ${token}` }).ask(
      'POST',
      '/session/links',
      {},
    );
    const browser = createBrowser(world);
    const link = linkOf((byToken.body as unknown as { readonly path: string }).path);
    expect((await browser.ask('POST', '/session', { link })).body).toMatchObject({ email: user.email });
    const bySession = await browser.ask('POST', '/session/links', {});
    expect(bySession.status).toBe(201);
    expect((await createBrowser(world).ask('POST', '/session/links', {})).status).toBe(401);
  });
});

it('says who a key or a token is, which count before the cookie', async () => {
  await using world = await startSessionServer();
  const browser = createBrowser(world);
  await browser.ask('POST', '/session', { key: KEYS.viewer });
  const as = async (headers: Record<string, string>): Promise<Partial<SessionView>> =>
    (await createBrowser(world, headers, browser.cookie()).ask('GET', '/session')).body;

  expect(await as({ 'X-API-KEY': KEYS.admin })).toMatchObject({ name: 'admin key', via: 'key' });
  expect(await as({ 'X-API-KEY': 'kbn_wrong' })).toMatchObject({ signed_in: false });
});

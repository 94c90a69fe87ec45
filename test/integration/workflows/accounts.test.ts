import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPasswords } from '../../../api/accounts/password.ts';
import type { AccountsRig } from '../../support/accounts/accounts-rig.ts';
import { createAccountsRig, OPEN_SIGN_UP, PASSWORD } from '../../support/accounts/accounts-rig.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, startApiServer } from '../../support/api/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { buildUser } from '../../support/records.ts';
import type { UsersConfig } from '../../../reconciler/index.ts';

const ADA = { email: 'ada@example.org', password: PASSWORD, name: 'Ada Lovelace' };
const BEN = { email: 'ben@example.org', password: PASSWORD, name: 'Ben' };

interface Answer {
  readonly token: string;
  readonly user: { readonly avatarUrl: string };
  readonly inviteCode: string;
}

interface SignedIn {
  readonly token: string;
  readonly user: { readonly id: string; readonly role: string };
}

/** The log once it has a text: a request is written down after its answer. */
async function logged({ entries }: ApiServer, text: string): Promise<string> {
  const all = await eventually(
    () => JSON.stringify(entries),
    (said) => said.includes(text),
  );
  expect(all).toContain(text);
  return all;
}

describe('users of the workflow platform', () => {
  let rig: AccountsRig;
  let server: ApiServer;

  async function start(config?: Partial<UsersConfig>): Promise<void> {
    rig = createAccountsRig(config);
    server = await startApiServer({ accounts: rig.accounts });
  }
  beforeEach(() => start());
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    rig[Symbol.dispose]();
  });

  /** Status and body of a request without a key, with a token where one is given. */
  async function ask(method: string, path: string, body?: object | null, token?: string) {
    const sent = body === undefined || body === null ? { method } : json(method, body);
    const headers = {
      ...Object(sent.headers),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    };
    const response = await server.request(`/v1/api${path}`, { ...sent, headers, role: null });
    const answer = (await response.json()) as Answer;
    return { status: response.status, headers: response.headers, body: answer };
  }
  const register = async (user: object) =>
    (await ask('POST', '/auth/register', user)).body as unknown as SignedIn;
  const refused = (error: string) => ({ error });

  it('sign up and in as the reference shows', async () => {
    const registered = await ask('POST', '/auth/register', ADA);
    expect(registered).toMatchObject({
      status: 201,
      body: { user: { email: ADA.email, name: ADA.name, role: 'admin', authProvider: '' } },
    });
    const { inviteCode } = rig.store.getUserSettings();
    const second = await ask('POST', '/auth/register', { ...BEN, inviteCode });
    expect(second).toMatchObject({ status: 201, body: { user: { role: 'user' } } });
    const { email, password } = BEN;
    const login = await ask('POST', '/auth/login', { email, password });
    expect(login).toMatchObject({ status: 200, body: { user: second.body.user } });
    const profile = await ask('GET', '/profile', null, login.body.token);
    expect(profile).toMatchObject({ status: 200, body: { user: second.body.user } });
    expect(profile.body.user.avatarUrl).toMatch(/^https:\/\/www\.gravatar\.com\/avatar\/[0-9a-f]{64}/);
    expect(JSON.stringify([registered, second, login, profile, server.entries])).not.toMatch(
      /scrypt|correct horse/,
    );
  });

  it.each<[string, string, object | null, number, string]>([
    ['POST', '/auth/register', { ...ADA, email: 'ada' }, 400, 'Invalid request data'],
    ['POST', '/auth/register', { ...ADA, email: 'ada\u202e@example.org' }, 400, 'Invalid request data'],
    // An address of a key's: its notes would be theirs.
    ['POST', '/auth/register', { ...ADA, email: 'admin@Kombinator.Local' }, 400, 'Invalid request data'],
    ['POST', '/auth/register', { ...ADA, password: 'short' }, 400, 'Invalid request data'],
    ['POST', '/auth/register', { ...ADA, password: 'x'.repeat(1_025) }, 400, 'Invalid request data'],
    ['POST', '/auth/register', { ...ADA, name: ' ' }, 400, 'Invalid request data'],
    ['POST', '/auth/register', null, 400, 'Invalid request data'],
    ['POST', '/auth/register', ADA, 403, 'Valid invite code required'],
    ['POST', '/auth/register', { ...ADA, inviteCode: '12' }, 403, 'Valid invite code required'],
    [
      'POST',
      '/auth/register',
      { ...ADA, email: 'ZOE@example.org', inviteCode: '123456' },
      409,
      'User already exists',
    ],
    ['POST', '/auth/login', { email: ADA.email }, 400, 'Invalid request data'],
    ['POST', '/auth/login', { email: ADA.email, password: 'wrong horse' }, 401, 'Invalid email or password'],
    [
      'POST',
      '/auth/login',
      { email: 'zoe@example.org', password: 'wrong horse' },
      401,
      'Invalid email or password',
    ],
    ['POST', '/auth/refresh', null, 401, 'Authorization header is required'],
    ['GET', '/profile', null, 401, 'Authorization token is required (header or query param)'],
    ['GET', '/settings/invite-code', null, 401, 'Authorization token is required (header or query param)'],
    ['GET', '/auth/oauth/google/authorize', null, 404, 'Unknown or disabled provider'],
    ['GET', '/auth/oauth/google/callback?state=x', null, 404, 'Unknown or disabled provider'],
    ['POST', '/auth/oauth/exchange', {}, 400, 'Code is required'],
    ['POST', '/auth/oauth/exchange', { code: 7 }, 400, 'Code is required'],
    ['POST', '/auth/oauth/exchange', { code: 'x' }, 401, 'Invalid or expired code'],
  ])('answers %s %s %j with %i %s', async (...row) => {
    const [method, path, body, status, error] = row;
    rig.store.addUser(buildUser(9, { email: 'zoe@example.org', role: 'admin' }));
    rig.store.saveUserSettings({ inviteCode: '123456', regenerateAfterSignup: true });

    expect(await ask(method, path, body)).toMatchObject({ status, body: refused(error) });
  });

  it.each<[string, Partial<UsersConfig>, string, object, string]>([
    [
      'sign-up is off',
      { signUp: { ...OPEN_SIGN_UP, enabled: false } },
      '/auth/register',
      ADA,
      'Registration is disabled',
    ],
    [
      'the domain is another',
      { signUp: { ...OPEN_SIGN_UP, domains: ['corp.example'] } },
      '/auth/register',
      ADA,
      'Your email domain is not authorized to register',
    ],
    ['passwords are off', { passwordLogin: false }, '/auth/login', ADA, 'Password login is disabled'],
  ])('answers 403 when %s', async (...row) => {
    const [, config, path, body, error] = row;
    await server[Symbol.asyncDispose]();
    await start(config);
    const { email, password, name } = { ...ADA, ...body };
    const sent = path === '/auth/login' ? { email, password } : { email, password, name };

    expect(await ask('POST', path, sent)).toMatchObject({ status: 403, body: refused(error) });
  });

  it('tell a page of the platform why a login failed in both of the places where it looks', async () => {
    const answer = await ask('POST', '/auth/login', { email: ADA.email, password: 'wrong horse' });
    expect(answer.body).toEqual({ error: 'Invalid email or password', message: 'Invalid email or password' });
  });

  it('refresh their tokens for seven days, and not when they are revoked', async () => {
    const { token, user } = await register(ADA);
    rig.pass(7 * 24 * 3_600_000);
    expect(await ask('GET', '/profile', null, token)).toMatchObject({
      status: 401,
      body: refused('Invalid or expired token'),
    });
    const refreshed = await ask('POST', '/auth/refresh', null, token);
    expect(refreshed).toMatchObject({ status: 200, body: { user: { id: user.id } } });
    expect((await ask('GET', '/profile', null, refreshed.body.token)).status).toBe(200);

    const stored = rig.store.getUser(user.id)!;
    rig.store.saveUser({ ...stored, tokenGeneration: 2 });
    const invalid = { status: 401, body: refused('Invalid token') };
    expect(await ask('POST', '/auth/refresh', null, refreshed.body.token)).toMatchObject(invalid);
    expect(await ask('POST', '/auth/refresh', null, 'a.b.c')).toMatchObject(invalid);
    rig.store.deleteUser(user.id);
    expect(await ask('POST', '/auth/refresh', null, refreshed.body.token)).toMatchObject({
      status: 404,
      body: refused('User not found'),
    });
    const basic = await server.request('/v1/api/auth/refresh', {
      method: 'POST',
      role: null,
      headers: { Authorization: 'Basic eDp5' },
    });
    expect([basic.status, await basic.json()]).toEqual([
      401,
      refused("Authorization header must start with 'Bearer '"),
    ]);
  });

  it('say how one can sign in', async () => {
    expect((await ask('GET', '/auth/methods')).body).toEqual({
      builtin: { enabled: true, signupEnabled: true },
      providers: [],
    });
  });

  it('are asked for nothing on a server that has none', async () => {
    await using keysOnly = await startApiServer();
    const methods = await keysOnly.request('/v1/api/auth/methods', { role: null });
    expect(await methods.json()).toEqual({
      builtin: { enabled: false, signupEnabled: false },
      providers: [],
    });
    const { email, password } = ADA;
    for (const [method, path, body, status] of [
      ['POST', '/auth/register', ADA, 403],
      ['POST', '/auth/login', { email, password }, 403],
      ['GET', '/auth/oauth/x/authorize', null, 404],
      ['GET', '/auth/oauth/x/callback', null, 404],
      ['POST', '/auth/oauth/exchange', { code: 'x' }, 401],
      ['GET', '/profile', null, 404],
      ['GET', '/settings/invite-code', null, 404],
    ] as const) {
      const init = body === null ? { method } : json(method, body);
      expect((await keysOnly.request(`/v1/api${path}`, init)).status).toBe(status);
    }
  });

  it('change their name and password', async () => {
    const { token } = await register(ADA);
    expect(await ask('PUT', '/profile', { name: ' Ada L. ' }, token)).toMatchObject({
      status: 200,
      body: { user: { name: 'Ada L.' } },
    });
    for (const body of [{}, { name: '' }, { name: 7 }, { name: 'x'.repeat(201) }])
      expect(await ask('PUT', '/profile', body, token)).toMatchObject({
        status: 400,
        body: refused('Name is required'),
      });
    const change = { currentPassword: PASSWORD, newPassword: 'battery staple' };
    expect(
      await ask('PUT', '/profile/password', { ...change, currentPassword: 'wrong' }, token),
    ).toMatchObject({
      status: 400,
      body: refused('Current password is incorrect'),
    });
    expect((await ask('PUT', '/profile/password', { ...change, newPassword: 'short' }, token)).status).toBe(
      400,
    );
    const changed = await ask('PUT', '/profile/password', change, token);
    expect(changed).toMatchObject({ status: 200, body: { message: 'Password updated successfully' } });
    expect((await ask('GET', '/profile', null, token)).status).toBe(401);
    expect((await ask('GET', '/profile', null, changed.body.token)).status).toBe(200);
    expect((await ask('POST', '/auth/login', { email: ADA.email, password: 'battery staple' })).status).toBe(
      200,
    );
  });

  it('are none where a key asks for its profile', async () => {
    for (const [method, body] of [['GET'], ['PUT', { name: 'x' }]] as const) {
      const init = body === undefined ? { method } : json(method, body);
      const response = await server.request('/v1/api/profile', init);
      expect([response.status, await response.json()]).toEqual([404, refused('User not found')]);
    }
  });

  it('say that the store does not answer in the words of the platform', async () => {
    const { token } = await register(ADA);
    rig.store.saveUser = () => {
      throw new Error('disk');
    };
    rig.store.addUser = rig.store.saveUser as never;
    expect(await ask('PUT', '/profile', { name: 'x' }, token)).toMatchObject({
      status: 500,
      body: refused('Failed to update profile'),
    });
    const { inviteCode } = rig.store.getUserSettings();
    expect(await ask('POST', '/auth/register', { ...BEN, inviteCode })).toMatchObject({
      status: 500,
      body: refused('Registration failed'),
    });
  });

  it('have invite codes of their admins', async () => {
    const admin = await register(ADA);
    const { inviteCode } = rig.store.getUserSettings();
    const user = await register({ ...BEN, inviteCode });
    const code = (await ask('GET', '/settings/invite-code', null, admin.token)).body;
    expect(code).toEqual({ inviteCode: rig.store.getUserSettings().inviteCode });
    const next = (await ask('POST', '/settings/generate-invite-code', null, admin.token)).body;
    expect(next.inviteCode).not.toBe(code.inviteCode);
    expect((await ask('GET', '/settings/regenerate-setting', null, admin.token)).body).toEqual({
      regenerateAfterSignup: true,
      ...next,
    });
    const setting = { regenerateAfterSignup: false };
    expect((await ask('PUT', '/settings/regenerate-setting', setting, admin.token)).body).toEqual(setting);
    expect(await ask('PUT', '/settings/regenerate-setting', {}, admin.token)).toMatchObject({
      status: 400,
      body: refused('Invalid request data'),
    });
    for (const [method, path, body] of [
      ['GET', '/settings/invite-code'],
      ['POST', '/settings/generate-invite-code'],
      ['GET', '/settings/regenerate-setting'],
      ['PUT', '/settings/regenerate-setting', setting],
    ] as const)
      expect(await ask(method, path, body, user.token)).toMatchObject({
        status: 403,
        body: refused('Admin access required'),
      });
  });

  it('make an invite code when an admin asks and there is none', async () => {
    const response = await server.request('/v1/api/settings/invite-code');
    expect(await response.json()).toEqual({ inviteCode: expect.stringMatching(/^\d{6}$/) });
  });

  it('are the same in all dialects, and the authors of what they write', async () => {
    const admin = await register(ADA);
    const { inviteCode } = rig.store.getUserSettings();
    const user = await register({ ...BEN, inviteCode });
    const headers = { Authorization: `Bearer ${user.token}` };
    const list = (path: string) => server.request(path, { headers, role: null });
    expect((await list('/api/v1/stacks')).status).toBe(200);
    expect((await list('/api/stacks')).status).toBe(200);

    const document = { version: '1.0', meta: { name: 'shop' }, services: { web: { image: 'nginx:1.29' } } };
    const created = await server.request('/api/v1/stacks', {
      ...json('POST', { name: 'shop', config: document }),
      headers: { ...headers, 'Content-Type': 'application/json' },
      role: null,
    });
    expect(created.status).toBeLessThan(300);
    expect(server.reconciler.writes.at(-1)).toBe('createStack by Ben <ben@example.org> shop');

    rig.store.saveUser({ ...rig.store.getUser(user.user.id)!, role: 'viewer' });
    const forbidden = await server.request('/api/v1/stacks', {
      ...json('POST', { name: 'blog', config: document }),
      headers: { ...headers, 'Content-Type': 'application/json' },
      role: null,
    });
    expect(forbidden.status).toBe(403);
    expect((await ask('GET', '/profile', null, admin.token)).status).toBe(200);
  });

  it('are told apart by their address in the log, whatever they call themselves', async () => {
    const { token } = await register({ ...ADA, name: 'admin key' });
    await ask('GET', '/profile', null, token);
    const told = await logged(server, '"caller":"ada@example.org"');
    expect(told).not.toContain('"caller":"admin key"');
  });

  it('are told to wait when somebody guesses', async () => {
    await register(ADA);
    for (let attempt = 0; attempt < 5; attempt += 1)
      await ask('POST', '/auth/login', { email: BEN.email, password: `guess ${attempt}` });

    const answer = await ask('POST', '/auth/login', { email: BEN.email, password: 'guess 5' });

    expect(answer).toMatchObject({ status: 429, body: refused('Too many attempts, please try again later') });
    expect(answer.headers.get('Retry-After')).toBe('1');
  });
});

it('is slowed down by the address that a proxy of the operator names', async () => {
  using rig = createAccountsRig();
  await using server = await startApiServer({ accounts: rig.accounts, proxies: ['127.0.0.1'] });
  const guess = async (from: string) => {
    const init = json('POST', { email: ADA.email, password: 'wrong horse' });
    const headers = { ...Object(init.headers), 'X-Forwarded-For': from };
    return (await server.request('/v1/api/auth/login', { ...init, headers, role: null })).status;
  };
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 6; attempt += 1)
    statuses.push(await guess(`1.1.1.${attempt}, 198.51.100.7`));
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  expect(await guess('203.0.113.9')).toBe(401);
  expect(await logged(server, '"address":"203.0.113.9"')).not.toContain('"address":"127.0.0.1"');
});

it('hashes a password with 32 MiB and three rounds where nothing else is said', async () => {
  const passwords = createPasswords();
  const hash = await passwords.hash(PASSWORD);

  expect(hash).toMatch(/^scrypt\$ln=15,r=8,p=3\$/);
  expect(await passwords.verify(PASSWORD, hash)).toBe(true);
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OAuthProvider, OidcProvider, SignInProvider } from '../../../reconciler/index.ts';
import type { AccountsRig } from '../../support/accounts/accounts-rig.ts';
import { createAccountsRig, OPEN_SIGN_UP, PASSWORD, signUpOf } from '../../support/accounts/accounts-rig.ts';
import type { IdentityProvider, ProviderWorld } from '../../support/accounts/identity-provider.ts';
import { CLIENT, startIdentityProvider } from '../../support/accounts/identity-provider.ts';
import { createJourneys } from '../../support/accounts/journeys.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { startApiServer } from '../../support/api/api-server.ts';
import { buildUser } from '../../support/records.ts';

const PAGE = 'https://ui.example.org/app';
const COMMON = {
  displayName: 'Corp',
  icon: 'key',
  clientId: CLIENT.id,
  clientSecret: 'secret://env/CORP',
  domains: [],
  newUsers: true,
  trustEmails: false,
} as const;

let provider: IdentityProvider;
let rig: AccountsRig;
let server: ApiServer;
/** Entries of the log about accounts. */
let logged: object[];

beforeEach(async () => void (provider = await startIdentityProvider()));
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  rig[Symbol.dispose]();
  await provider[Symbol.asyncDispose]();
});

const oidc = (changes: Partial<OidcProvider> = {}): OidcProvider => ({
  ...COMMON,
  type: 'oidc',
  name: 'corp',
  issuer: provider.url,
  scopes: ['openid', 'profile', 'email'],
  claims: { subject: 'sub', email: 'email', name: 'name' },
  ...changes,
});

const hub = (changes: Partial<OAuthProvider> = {}): OAuthProvider => ({
  ...COMMON,
  type: 'oauth2',
  name: 'hub',
  authorizeUrl: `${provider.url}/oauth/authorize`,
  tokenUrl: `${provider.url}/oauth/token`,
  userUrl: `${provider.url}/user`,
  emailsUrl: `${provider.url}/user/emails`,
  scopes: ['email'],
  claims: { subject: 'id', email: 'email', name: 'name' },
  ...changes,
});

async function start(...providers: readonly SignInProvider[]): Promise<void> {
  const addresses = { frontendUrl: PAGE, publicUrl: 'https://api.example.org' };
  const config = { ...addresses, providers, signUp: OPEN_SIGN_UP };
  logged = [];
  const log = (data: object, message: string) => void logged.push({ data, message });
  const logger = { debug: log, info: log, warn: log, error: log };
  rig = createAccountsRig(config, { resolveSecret: () => CLIENT.secret, logger });
  server = await startApiServer({ accounts: rig.accounts });
}

const { begin, comeBack, signIn, exchange } = createJourneys(PAGE, () => ({ server, provider }));
const errorOf = (page: URL) => (page.pathname === '/app/login' ? page.searchParams.get('error') : page.href);

describe('signing in at an OpenID Connect provider', () => {
  it('makes an account, and ends at the page with a code for a token', async () => {
    await start(oidc());
    const methods = await server.request('/v1/api/auth/methods', { role: null });
    expect(await methods.json()).toMatchObject({
      providers: [{ name: 'corp', displayName: 'Corp', icon: 'key' }],
    });

    const { location, cookie } = await begin();
    const { origin, searchParams } = new URL(location);
    expect(origin).toBe(provider.url);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      scope: 'openid profile email',
      redirect_uri: 'https://api.example.org/v1/api/auth/oauth/corp/callback',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    });
    const page = await comeBack(await provider.visit(location), cookie);
    expect(page.pathname).toBe('/app/auth/callback');
    const signedIn = await exchange(page);

    expect(signedIn).toMatchObject({
      status: 200,
      body: { user: { email: 'ada@example.org', name: 'Ada', role: 'admin', authProvider: 'corp' } },
    });
    const headers = { Authorization: `Bearer ${signedIn.body.token}` };
    expect((await server.request('/v1/api/profile', { headers, role: null })).status).toBe(200);
    const said = JSON.stringify([server.entries, logged]);
    for (const secret of [page.searchParams.get('code'), signedIn.body.token, CLIENT.secret])
      expect(said).not.toContain(secret);
  });

  it('finds the account again by the identity there, whatever the address is now', async () => {
    await start(oidc());
    await signIn();
    provider.world.claims = { sub: '42', email: 'lovelace@example.org', email_verified: false, name: 'L' };

    expect((await exchange(await signIn())).body.user).toMatchObject({ email: 'ada@example.org' });
    expect(rig.store.listUsers()).toHaveLength(1);
  });

  it('asks for the address where the token has none', async () => {
    await start(oidc());
    provider.world.claims = { sub: '42' };
    provider.world.userInfo = { sub: '42', email: 'ada@example.org', email_verified: true };

    expect((await exchange(await signIn())).body.user).toMatchObject({ email: 'ada@example.org' });
  });

  it('takes a code for a token once, and within 30 s', async () => {
    await start(oidc());
    const page = await signIn();
    expect((await exchange(page)).status).toBe(200);
    expect(await exchange(page)).toMatchObject({ status: 401, body: { error: 'Invalid or expired code' } });
    const late = await signIn();
    rig.pass(30_000);
    expect((await exchange(late)).status).toBe(401);
  });

  it('takes an answer once, within ten minutes, from the browser that asked, for its provider', async () => {
    await start(oidc(), oidc({ name: 'other' }));
    const invalid = 'Invalid or expired authentication state';
    const first = await begin();
    const back = await provider.visit(first.location);
    expect(errorOf(await comeBack(back, 'kombinator_sign_in=somebody-elses'))).toBe(invalid);
    // A look from another browser ends it, too.
    expect(errorOf(await comeBack(back, first.cookie))).toBe(invalid);

    const replayed = await begin();
    const answer = await provider.visit(replayed.location);
    expect((await comeBack(answer, replayed.cookie)).pathname).toBe('/app/auth/callback');
    expect(errorOf(await comeBack(answer, replayed.cookie))).toBe(invalid);

    const late = await begin();
    const lateAnswer = await provider.visit(late.location);
    rig.pass(600_000);
    expect(errorOf(await comeBack(lateAnswer, late.cookie))).toBe(invalid);

    const mixed = await begin();
    const mixedAnswer = await provider.visit(mixed.location);
    mixedAnswer.pathname = mixedAnswer.pathname.replace('corp', 'other');
    expect(errorOf(await comeBack(mixedAnswer, mixed.cookie))).toBe(invalid);

    const forged = await begin();
    const forgedAnswer = await provider.visit(forged.location);
    forgedAnswer.searchParams.set('state', 'x'.repeat(43));
    expect(errorOf(await comeBack(forgedAnswer, forged.cookie))).toBe(invalid);
  });

  it('goes on in two windows of one browser', async () => {
    await start(oidc());
    const first = await begin();
    const second = await begin('corp', first.cookie);

    expect(second.cookie).toBe(first.cookie);
    expect((await comeBack(await provider.visit(first.location), second.cookie)).pathname).toBe(
      '/app/auth/callback',
    );
  });

  it.each<[string, Partial<ProviderWorld>, string]>([
    ['it denies', { deny: true }, 'Authentication denied by provider'],
    ['its token is signed with another key', { sign: 'wrong' }, 'Authentication failed'],
    ['its token is not signed', { sign: 'none' }, 'Authentication failed'],
    [
      'its token is of another issuer',
      { claims: { sub: '42', iss: 'https://evil.example' } },
      'Authentication failed',
    ],
    ['its token is for somebody else', { claims: { sub: '42', aud: 'other' } }, 'Authentication failed'],
    ['its token has another nonce', { claims: { sub: '42', nonce: 'other' } }, 'Authentication failed'],
    ['its token has ended', { claims: { sub: '42', exp: 1_000 } }, 'Authentication failed'],
    [
      'it says no address',
      { claims: { sub: '42' }, userInfo: { sub: '42' } },
      'Failed to retrieve user information',
    ],
    [
      'it tells of somebody else',
      { claims: { sub: '42' }, userInfo: { sub: '43', email: 'ada@example.org' } },
      'Failed to retrieve user information',
    ],
    [
      'its address is none',
      { claims: { sub: '42', email: 'Ada <ada@example.org>' } },
      'Failed to retrieve user information',
    ],
    [
      'its address is not verified',
      { claims: { sub: '42', email: 'ada@example.org', email_verified: false } },
      'Failed to create user account',
    ],
    [
      'it says nothing of verifying',
      { claims: { sub: '42', email: 'ada@example.org' } },
      'Failed to create user account',
    ],
  ])('fails when %s', async (_, world, error) => {
    await start(oidc());
    Object.assign(provider.world, world);

    expect(errorOf(await signIn())).toBe(error);
    expect(rig.store.listUsers()).toEqual([]);
  });

  it('fails with a reason for each part that is missing', async () => {
    await start(oidc());
    const { location, cookie } = await begin();
    const back = await provider.visit(location);
    const without = (name: string) => {
      const changed = new URL(back);
      changed.searchParams.delete(name);
      return changed;
    };
    expect(errorOf(await comeBack(without('state'), cookie))).toBe('Missing state parameter');
    expect(errorOf(await comeBack(without('code'), cookie))).toBe('No authorization code received');
    const unknown = new URL(back.href.replace('/corp/', '/nobody/'));
    expect(errorOf(await comeBack(unknown, cookie))).toBe('Provider not found');
  });

  it('fails when a code was used by somebody else, or a part of the answer is not the provider’s', async () => {
    await start(oidc());
    const changes: readonly (readonly [string, string])[] = [
      ['code', 'used'],
      ['iss', 'https://evil.example'],
    ];
    for (const [name, value] of changes) {
      const { location, cookie } = await begin();
      const back = await provider.visit(location);
      back.searchParams.set(name, value);
      expect(errorOf(await comeBack(back, cookie))).toBe('Authentication failed');
    }
  });

  it('is for allowed domains, which an address that is not verified is not of', async () => {
    await start(oidc({ domains: ['example.org'] }), oidc({ name: 'strict', domains: ['corp.example'] }));
    const error = 'Your email domain is not authorized to access this application';

    expect(errorOf(await signIn('strict'))).toBe(error);
    expect((await signIn()).pathname).toBe('/app/auth/callback');
    provider.world.claims['email_verified'] = false;
    expect(errorOf(await signIn())).toBe(error);
  });

  it('links the account of the same address once, whose password and tokens end with it', async () => {
    await start(oidc(), oidc({ name: 'other' }));
    const ada = await rig.accounts.signUp(signUpOf('ADA'));

    const linked = await exchange(await signIn());

    expect(linked.body.user).toMatchObject({ id: ada.user.id, authProvider: 'corp', role: 'admin' });
    expect(await rig.accounts.identify(ada.token)).toBeNull();
    await expect(rig.accounts.logIn(signUpOf('ada', { password: PASSWORD }))).rejects.toMatchObject({
      code: 'BAD_CREDENTIALS',
    });
    expect(errorOf(await signIn('other'))).toBe('Failed to create user account');
  });

  it('links nothing by an address that is not verified', async () => {
    await start(oidc());
    const ada = await rig.accounts.signUp(signUpOf('ada'));
    provider.world.claims['email_verified'] = 'false';

    expect(errorOf(await signIn())).toBe('Failed to create user account');
    expect(rig.store.getUser(ada.user.id)).toEqual(ada.user);
  });

  it('counts addresses as verified where the operator trusts the provider, but not those that it says are not', async () => {
    await start(oidc({ trustEmails: true }));
    provider.world.claims = { sub: '42', email: 'ada@example.org', email_verified: false };
    expect(errorOf(await signIn())).toBe('Failed to create user account');
    provider.world.claims = { sub: '42', email: 'ada@example.org' };
    expect((await signIn()).pathname).toBe('/app/auth/callback');
  });

  it('makes no accounts where the operator wants none, and no admin after a lost database', async () => {
    await start(oidc({ newUsers: false }), oidc({ name: 'open' }));
    expect(errorOf(await signIn())).toBe('Failed to create user account');
    rig.begun = true;
    expect(errorOf(await signIn('open'))).toBe('Failed to create user account');
    rig.store.addUser(buildUser(1));
    expect((await exchange(await signIn('open'))).body.user).toMatchObject({ role: 'user' });
  });

  it('is not taken for a user whose tokens were ended in the meantime', async () => {
    await start(oidc());
    const page = await signIn();
    const user = rig.store.listUsers()[0]!;
    rig.store.saveUser({ ...user, tokenGeneration: 2 });

    expect((await exchange(page)).status).toBe(401);
  });

  it.each<[string, () => void, () => Partial<OidcProvider>]>([
    ['is another one', () => void (provider.world.issuer = 'https://evil.example'), () => ({})],
    ['does not answer', () => {}, () => ({ issuer: 'http://127.0.0.1:9' })],
    ['is reached without TLS on another machine', () => {}, () => ({ issuer: 'http://192.0.2.1' })],
  ])('does not begin when the provider %s', async (_, change, changes) => {
    change();
    await start(oidc(changes()));

    const response = await server.request('/v1/api/auth/oauth/corp/authorize', {
      role: null,
      redirect: 'manual',
    });

    expect([response.status, await response.json()]).toEqual([
      500,
      { error: 'Provider configuration error' },
    ]);
    expect(logged).toEqual([expect.objectContaining({ message: 'A sign-in provider cannot be used' })]);
  });

  it('works again once a provider that did not answer does', async () => {
    provider.world.issuer = 'https://evil.example';
    await start(oidc());
    await server.request('/v1/api/auth/oauth/corp/authorize', { role: null, redirect: 'manual' });
    provider.world.issuer = undefined;

    expect((await signIn()).pathname).toBe('/app/auth/callback');
  });
});

describe('signing in at an OAuth 2.0 provider', () => {
  it('makes an account with the verified address of its list', async () => {
    await start(hub());
    provider.world.user = { id: 42, login: 'ada', name: null, email: 'unverified@example.org' };

    const { body } = await exchange(await signIn('hub'));

    expect(body.user).toMatchObject({ email: 'ada@example.org', name: 'ada', authProvider: 'hub' });
    expect(rig.store.listUsers()[0]?.external).toEqual({ provider: 'hub', subject: '42' });
  });

  it.each<[string, Partial<ProviderWorld>, string]>([
    [
      'no address is verified',
      { emails: [{ email: 'ada@example.org', verified: false }], user: { id: 42, email: 'ada@example.org' } },
      'Failed to create user account',
    ],
    ['there is no id', { user: { login: 'ada' } }, 'Failed to retrieve user information'],
    ['the id is no whole number', { user: { id: 4.2 } }, 'Failed to retrieve user information'],
    ['there is nothing', { user: null, emails: null }, 'Failed to retrieve user information'],
    ['it denies', { deny: true }, 'Authentication denied by provider'],
  ])('fails when %s', async (_, world, error) => {
    await start(hub());
    Object.assign(provider.world, world);

    expect(errorOf(await signIn('hub'))).toBe(error);
    expect(rig.store.listUsers()).toEqual([]);
  });

  it('fails when somebody else’s code is slipped in: it was asked for with another verifier', async () => {
    await start(hub());
    const [mine, theirs] = [await begin('hub'), await begin('hub')];
    const [back, foreign] = [await provider.visit(mine.location), await provider.visit(theirs.location)];
    back.searchParams.set('code', foreign.searchParams.get('code') ?? '');

    expect(errorOf(await comeBack(back, mine.cookie))).toBe('Authentication failed');
  });
});

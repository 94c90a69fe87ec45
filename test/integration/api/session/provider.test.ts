import { afterEach, beforeEach, expect, it } from 'vitest';
import type { OidcProvider } from '../../../../reconciler/index.ts';
import { PASSWORD, signUpOf } from '../../../support/accounts/accounts-rig.ts';
import type { SessionServer } from '../../../support/accounts/browser.ts';
import { createBrowser, startSessionServer } from '../../../support/accounts/browser.ts';
import type { IdentityProvider } from '../../../support/accounts/identity-provider.ts';
import { CLIENT, startIdentityProvider } from '../../../support/accounts/identity-provider.ts';

/* Signing a browser in at a provider, for a cookie. The checks of the provider's answers are tested with the workflow platform's sign-in. */

const PUBLIC = 'https://kombinator.example.org';
let provider: IdentityProvider;
let world: SessionServer;

beforeEach(async () => {
  provider = await startIdentityProvider();
  const corp: OidcProvider = {
    type: 'oidc',
    name: 'corp',
    displayName: 'Corp',
    icon: 'key',
    issuer: provider.url,
    clientId: CLIENT.id,
    clientSecret: 'secret://env/CORP',
    scopes: ['openid', 'email'],
    claims: { subject: 'sub', email: 'email', name: 'name' },
    domains: [],
    newUsers: true,
    trustEmails: false,
  };
  const signUp = { enabled: true, domains: [], inviteCode: false };
  const users = { frontendUrl: PUBLIC, publicUrl: PUBLIC, providers: [corp], signUp };
  const secret = { resolveSecret: () => CLIENT.secret };
  world = await startSessionServer({ publicUrl: PUBLIC, proxies: ['127.0.0.1'] }, users, secret);
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

const HTTPS = {
  Origin: PUBLIC,
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'kombinator.example.org',
};

/** Goes there as a browser does; resolves to where it is sent, and what it is given. */
async function go(path: string, cookie = '') {
  const response = await world.server.request(path, {
    role: null,
    redirect: 'manual',
    headers: { ...HTTPS, Origin: '', ...(cookie === '' ? {} : { Cookie: cookie }) },
  });
  const set = response.headers.get('Set-Cookie');
  return { status: response.status, location: response.headers.get('Location'), set };
}

async function begin() {
  const { location, set } = await go('/api/v1/session/providers/corp');
  expect(set).toMatch(
    /^kombinator_sign_in=[\w-]{43}; Path=\/api\/v1\/session\/providers; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
  );
  const back = await provider.visit(location ?? '');
  expect(back.href).toMatch(`${PUBLIC}/api/v1/session/providers/corp/callback?`);
  return { path: back.pathname + back.search, cookie: set?.split(';')[0] ?? '' };
}

it('signs in, and stands in the audit', async () => {
  const { path, cookie } = await begin();
  const back = await go(path, cookie);

  expect(back).toMatchObject({ status: 307, location: '/ui/' });
  expect(back.set).toMatch(/^__Host-kombinator_session=[\w-]{43}; .*SameSite=Strict; Secure$/);
  const browser = createBrowser(world, HTTPS, back.set?.split(';')[0]);
  expect((await browser.ask('GET', '/session')).body).toMatchObject({
    signed_in: true,
    email: 'ada@example.org',
    via: 'session',
    methods: { providers: [{ name: 'corp', display_name: 'Corp' }] },
  });
  expect(world.store.listLogins()).toMatchObject([{ kind: 'user', method: 'provider' }]);
  expect(world.store.listAudit({ limit: 9 }).entries).toMatchObject([
    { action: 'finishProviderSignIn', actor: { email: 'ada@example.org', via: 'session' }, code: null },
  ]);
});

it('signs in once, in the browser that began, and not with the answer to another', async () => {
  const { path, cookie } = await begin();
  const other = await begin();
  expect(await go(path)).toMatchObject({ location: '/ui/#failed=bad-state', set: null });
  // A state that was shown once is worth nothing any more.
  expect(await go(path, cookie)).toMatchObject({ location: '/ui/#failed=bad-state', set: null });
  expect(await go(other.path, cookie)).toMatchObject({ location: '/ui/#failed=bad-state', set: null });
  expect(world.store.listLogins()).toEqual([]);
});

it('tells the page why it has not worked', async () => {
  expect(await go('/api/v1/session/providers/nope')).toMatchObject({
    status: 307,
    location: '/ui/#failed=unknown-provider',
  });
  expect(await go('/api/v1/session/providers/corp/callback')).toMatchObject({
    location: '/ui/#failed=no-state',
  });
  const evil = encodeURIComponent('x\r\nSet-Cookie: a=b');
  expect(await go(`/api/v1/session/providers/${evil}/callback?state=1`)).toMatchObject({
    location: '/ui/#failed=unknown-provider',
    set: null,
  });
  provider.world.deny = true;
  const denied = await begin();
  expect(await go(denied.path, denied.cookie)).toMatchObject({ location: '/ui/#failed=denied' });
  const { entries } = world.store.listAudit({ limit: 9 });
  expect(entries).toMatchObject([{ actor: { via: 'none' }, status: 307, code: 'no-state', count: 3 }]);
});

it('ends the sessions by password of an account that it takes over', async () => {
  const { user } = await world.accounts.signUp(signUpOf('ada'));
  const browser = createBrowser(world, HTTPS);
  await browser.ask('POST', '/session', { email: user.email, password: PASSWORD });
  expect((await browser.ask('GET', '/stacks')).status).toBe(200);
  const { path, cookie } = await begin();
  await go(path, cookie);

  expect((await browser.ask('GET', '/stacks')).status).toBe(401);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DaemonConfig } from '../../../reconciler/daemon/daemon-config.ts';
import { readDaemonConfig } from '../../../reconciler/daemon/daemon-config.ts';
import type { UsersConfig } from '../../../reconciler/public/users-config.ts';
import { DEFAULT_USERS } from '../../../reconciler/public/users-config.ts';
import { checkSchema } from '../../support/desired-fixtures.ts';

const readUsers = (text: string): UsersConfig => readConfig(text).users;

function readConfig(text: string): DaemonConfig {
  const directory = mkdtempSync(join(tmpdir(), 'kombinator-users-'));
  try {
    const path = join(directory, 'operator.yaml');
    writeFileSync(path, text);
    return readDaemonConfig(path, checkSchema);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A configuration with providers of these lines. */
const withProviders = (...lines: readonly string[]) => `
users:
  frontendUrl: https://ui.example.org/
  publicUrl: https://api.example.org
  providers:
${lines.map((line) => `    - ${line}\n`).join('')}`;

describe('users of the operator’s configuration', () => {
  it('sign in with passwords and cannot sign up where nothing is said', () => {
    expect(readUsers('{}')).toEqual(DEFAULT_USERS);
    expect(readUsers('users: {}')).toEqual(DEFAULT_USERS);
    expect(DEFAULT_USERS).toMatchObject({ passwordLogin: true, signUp: { enabled: false }, providers: [] });
  });

  it('are read', () => {
    const users = readUsers(`
users:
  frontendUrl: http://localhost:3001
  publicUrl: https://kombinator.example.org/base/
  signUp: { enabled: true, domains: [Example.org], inviteCode: false }
  providers:
    - { name: corp, type: oidc, displayName: Corp, icon: key, issuer: "https://id.example.org", clientId: k,
        clientSecret: "secret://env/CORP", domains: [Example.org] }
    - { name: github, type: oauth2, clientId: k, authorizeUrl: "https://github.com/login/oauth/authorize",
        tokenUrl: "https://github.com/login/oauth/access_token", userUrl: "https://api.github.com/user",
        emailsUrl: "https://api.github.com/user/emails", scopes: ["user:email"], claims: { name: login } }
  tokens:
    - { issuer: "https://id.example.org", audience: kombinator, rolesClaim: realm_access.roles, roles: { ops: admin } }
`);

    expect(users).toMatchObject({
      frontendUrl: 'http://localhost:3001',
      publicUrl: 'https://kombinator.example.org/base',
      signUp: { enabled: true, domains: ['example.org'], inviteCode: false },
      tokens: [{ audience: 'kombinator', rolesClaim: 'realm_access.roles', roles: { ops: 'admin' } }],
    });
    const [corp, github] = users.providers;
    expect(corp).toMatchObject({
      displayName: 'Corp',
      icon: 'key',
      scopes: ['openid', 'profile', 'email'],
      claims: { subject: 'sub', email: 'email', name: 'name' },
      newUsers: true,
      trustEmails: false,
    });
    expect(github).toMatchObject({
      displayName: 'github',
      clientSecret: undefined,
      scopes: ['user:email'],
      claims: { subject: 'id', email: 'email', name: 'login' },
      newUsers: false,
    });
  });

  it.each([
    ['a wrong word', 'users:\n  signup: {}', /:2:3: error: .*signup/],
    [
      'a secret itself',
      withProviders('{ name: a, type: oidc, issuer: "https://a", clientId: k, clientSecret: hunter2 }'),
      /clientSecret must be a reference/,
    ],
    [
      'an issuer over plain http',
      withProviders('{ name: a, type: oidc, issuer: "http://id.example.org", clientId: k }'),
      /issuer must be an https address/,
    ],
    ['OpenID Connect without an issuer', withProviders('{ name: a, type: oidc, clientId: k }'), /issuer/],
    ['OAuth without its addresses', withProviders('{ name: a, type: oauth2, clientId: k }'), /tokenUrl/],
    [
      'a name that is no part of an address',
      withProviders('{ name: A/B, type: oidc, issuer: "https://a", clientId: k }'),
      /name must be of lower case letters/,
    ],
    [
      'two providers of one name',
      withProviders(
        '{ name: a, type: oidc, issuer: "https://a", clientId: k }',
        '{ name: a, type: oidc, issuer: "https://b", clientId: k }',
      ),
      /:7:\d+: error: there is another provider "a"/,
    ],
    [
      'a provider without a page',
      'users:\n  publicUrl: https://a\n  providers: [{ name: a, type: oidc, issuer: "https://a", clientId: k }]',
      /providers need users.frontendUrl/,
    ],
    [
      'a provider without an address here',
      'users:\n  frontendUrl: https://a\n  providers: [{ name: a, type: oidc, issuer: "https://a", clientId: k }]',
      /providers need users.publicUrl/,
    ],
    ['an address that is none', 'users: { frontendUrl: "https://[" }', /is no address/],
    [
      'a page that is a program',
      'users: { frontendUrl: "javascript:alert(1)" }',
      /frontendUrl must be an address that begins with/,
    ],
    ['nobody who can sign in', 'users: { passwordLogin: false }', /:1:\d+: error: nobody could sign in/],
    [
      'sign-up without passwords',
      'users: { passwordLogin: false, signUp: { enabled: true }, tokens: [{ issuer: "https://a", audience: k }] }',
      /signs up does so with a password/,
    ],
    [
      'a role that there is not',
      'users: { tokens: [{ issuer: "https://a", audience: k, roles: { ops: root } }] }',
      /must be .*viewer/,
    ],
  ])('are refused with %s', (_, text, message) => {
    expect(() => readUsers(text)).toThrow(message);
  });
});

it('proxies are addresses and networks', () => {
  expect(readConfig('{}').proxies).toEqual([]);
  expect(readConfig('proxies: [127.0.0.1, "fd00::/8"]').proxies).toEqual(['127.0.0.1', 'fd00::/8']);
  expect(() => readConfig('proxies: [proxy.example.org]')).toThrow(/must be an address or a network/);
});

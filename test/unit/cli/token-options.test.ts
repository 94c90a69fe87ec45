import { describe, expect, it } from 'vitest';
import type { ServeFlags } from '../../../api/cli/program-hooks.ts';
import { readTokenOptions } from '../../../api/cli/token-options.ts';

const flags = (given: Partial<ServeFlags>): ServeFlags => ({
  listen: '127.0.0.1:0',
  poll: '1m',
  auth: true,
  ui: false,
  logLevel: 'info',
  logFormat: 'json',
  ...given,
});
const OIDC = { tokenIssuer: 'https://id.example.org', tokenAudience: 'kombinator' };

describe('tokens that serve takes', () => {
  it('are none, those of an issuer, or those that are signed with a secret', () => {
    expect(readTokenOptions(flags({}), { env: {}, isOpen: true })).toEqual([]);
    const claim = { tokenRolesClaim: 'realm_access.roles', tokenRole: ['ops=team=admin', 'dev=viewer'] };
    const jwks = { tokenJwks: 'http://127.0.0.1:8080/keys' };
    expect(readTokenOptions(flags({ ...OIDC, ...claim, ...jwks }), { env: {}, isOpen: false })).toEqual([
      {
        type: 'oidc',
        issuer: 'https://id.example.org',
        audience: 'kombinator',
        jwksUri: 'http://127.0.0.1:8080/keys',
        rolesClaim: 'realm_access.roles',
        roleMap: { 'ops=team': 'admin', dev: 'viewer' },
      },
    ]);
    const secret = 's'.repeat(32);
    expect(
      readTokenOptions(flags({ tokenAudience: 'kombinator' }), {
        env: { KOMBINATOR_TOKEN_SECRET: secret },
        isOpen: false,
      }),
    ).toEqual([{ type: 'secret', secret, audience: 'kombinator', roleMap: {} }]);
  });

  it.each([
    [{ tokenIssuer: 'https://id.example.org' }, 'needs --token-audience'],
    [{ tokenAudience: 'kombinator' }, 'need --token-issuer'],
    [{ ...OIDC, tokenIssuer: 'http://id.example.org' }, 'is no https address'],
    [{ ...OIDC, tokenJwks: 'file:///keys' }, 'is no https address'],
    [{ ...OIDC, tokenRole: ['ops'] }, 'is not NAME=ROLE'],
    [{ ...OIDC, tokenRole: ['ops=root'] }, 'is not NAME=ROLE'],
  ])('are refused as %j: %s', (given, message) => {
    expect(() => readTokenOptions(flags(given), { env: {}, isOpen: false })).toThrow(message);
  });

  it('are refused where nobody is asked who they are', () => {
    expect(() => readTokenOptions(flags(OIDC), { env: {}, isOpen: true })).toThrow('--no-auth');
  });
});

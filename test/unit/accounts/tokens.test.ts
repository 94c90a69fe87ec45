import { decodeJwt, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createTokens } from '../../../api/accounts/tokens.ts';
import type { UserRecord } from '../../../reconciler/index.ts';
import { buildUser } from '../../support/records.ts';
import { BEGIN, TOKEN_KEY } from '../../support/accounts/accounts-rig.ts';

const USER = buildUser(1, { role: 'deployer' });
const DAY = 24 * 3_600;
const NOW = BEGIN / 1_000;
const CLAIMS = {
  user_id: USER.id,
  email: USER.email,
  role: 'user',
  gen: 1,
  iat: NOW,
  nbf: NOW,
  exp: NOW + DAY,
};

function rig({ at = BEGIN, users = [USER] as readonly UserRecord[] } = {}) {
  const records = { getUser: (id: string) => users.find((user) => user.id === id) };
  return createTokens({ key: TOKEN_KEY, records, now: () => at });
}

function sign(claims: object, { key = TOKEN_KEY, alg = 'HS256', typ = 'JWT' } = {}): Promise<string> {
  return new SignJWT({ ...claims }).setProtectedHeader({ alg, typ }).sign(key);
}

describe('tokens of users', () => {
  it('say who it is in the words of the platform, for a day', async () => {
    const token = await rig().issue(USER);

    expect(decodeJwt(token)).toEqual(CLAIMS);
    expect(await rig({ at: BEGIN + (DAY - 1) * 1_000 }).identify(token)).toEqual({
      name: 'User 1',
      email: 'user1@example.org',
      role: 'deployer',
      via: 'token',
      userId: USER.id,
    });
  });

  it('give the rights that their user has now, whatever they say', async () => {
    const token = await sign({ ...CLAIMS, role: 'admin' });

    expect((await rig().identify(token))?.role).toBe('deployer');
    expect((await rig({ users: [{ ...USER, role: 'viewer' }] }).identify(token))?.role).toBe('viewer');
  });

  it.each<[string, () => Promise<string> | string]>([
    ['expired', () => sign({ ...CLAIMS, exp: NOW })],
    ['not good yet', () => sign({ ...CLAIMS, nbf: NOW + 60 })],
    ['without an end', () => sign({ ...CLAIMS, exp: undefined })],
    ['without a generation', () => sign({ ...CLAIMS, gen: undefined })],
    ['of an earlier generation', () => sign({ ...CLAIMS, gen: 0 })],
    ['with a generation that only looks like one', () => sign({ ...CLAIMS, gen: '1' })],
    ['of nobody', () => sign({ ...CLAIMS, user_id: 'f'.repeat(24) })],
    ['of something that is no id', () => sign({ ...CLAIMS, user_id: ['1'] })],
    ['signed with another key', () => sign(CLAIMS, { key: new Uint8Array(32).fill(8) })],
    [
      'signed in another way with the key',
      () => sign(CLAIMS, { key: new Uint8Array(64).fill(7), alg: 'HS512' }),
    ],
    ['of another type', () => sign(CLAIMS, { typ: 'at+jwt' })],
    ['not signed', () => new UnsecuredJWT(CLAIMS).encode()],
    ['without its signature', async () => `${(await sign(CLAIMS)).split('.').slice(0, 2).join('.')}.`],
    ['with other claims under the signature', async () => forge(await sign(CLAIMS))],
    ['of another issuer, signed with a key pair', signWithPair],
    ['empty', () => ''],
    ['no token', () => 'a.b.c'],
  ])('are refused when they are %s', async (_, make) => {
    const token = await make();

    expect(await rig().identify(token)).toBeNull();
  });

  it.each([
    { when: 'good', at: 0, want: USER },
    { when: 'seven days after the end', at: 8 * DAY - 1, want: USER },
    { when: 'later', at: 8 * DAY, want: 'INVALID_TOKEN' },
  ])('can be exchanged when they are $when', async ({ at, want }) => {
    const token = await sign(CLAIMS);

    const result = rig({ at: BEGIN + at * 1_000 }).refreshable(token);

    if (typeof want === 'string') await expect(result).rejects.toMatchObject({ code: want });
    else expect(await result).toBe(want);
  });

  it.each<[string, object, object, string]>([
    ['revoked', {}, { users: [{ ...USER, tokenGeneration: 2 }] }, 'INVALID_TOKEN'],
    ['of a user who is gone', {}, { users: [] }, 'UNKNOWN_USER'],
    ['not good yet', { nbf: NOW + 60 }, {}, 'INVALID_TOKEN'],
  ])('cannot be exchanged when they are %s', async (_, claims, world, code) => {
    const token = await sign({ ...CLAIMS, ...claims });

    await expect(rig(world).refreshable(token)).rejects.toMatchObject({ code });
  });
});

async function signWithPair(): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256');
  return new SignJWT(CLAIMS).setProtectedHeader({ alg: 'RS256', typ: 'JWT' }).sign(privateKey);
}

function forge(token: string): string {
  const [header, , signature] = token.split('.');
  const claims = Buffer.from(JSON.stringify({ ...CLAIMS, user_id: 'f'.repeat(24) })).toString('base64url');
  return [header, claims, signature].join('.');
}

import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureAdminKey } from '../../../api/auth/admin-key.ts';
import { findApiKey, generateApiKey, hashApiKey } from '../../../api/auth/api-key.ts';
import { authorName, callerOf, localAddress } from '../../../api/auth/identity.ts';
import { ownerOf } from '../../../api/dialects/workflows/owner.ts';
import { createTokenVerifier } from '../../../api/auth/token.ts';
import type { TokenOptions } from '../../../api/auth/token.ts';
import type { ApiKeyRecord } from '../../../reconciler/index.ts';

const SECRET = 'a secret of at least thirty-two bytes';
const OWN: TokenOptions = { type: 'secret', secret: SECRET };

function sign(claims: object, key: CryptoKey | Uint8Array = new TextEncoder().encode(SECRET), alg = 'HS256') {
  return new SignJWT({ exp: Math.floor(Date.now() / 1000) + 300, ...claims })
    .setProtectedHeader({ alg, ...(alg === 'HS256' ? {} : { kid: 'k1' }) })
    .sign(key);
}

describe('API keys', () => {
  it('are long, random, and recognised by their hash only', () => {
    const key = generateApiKey();
    const record: ApiKeyRecord = {
      id: 'k',
      name: 'ci',
      role: 'viewer',
      hash: hashApiKey(key),
      createdAt: '',
    };

    expect(key).toMatch(/^kbn_[A-Za-z0-9_-]{43}$/);
    expect(generateApiKey()).not.toBe(key);
    expect(record.hash).not.toContain(key);
    expect(findApiKey([{ ...record, hash: 'short' }, record], key)).toBe(record);
    expect(findApiKey([record], `${key} `)).toBeUndefined();
    expect(findApiKey([record], '')).toBeUndefined();
    expect(findApiKey([record], record.hash)).toBeUndefined();
  });
});

describe('ensureAdminKey', () => {
  let stateDir: string;
  let keys: Map<string, ApiKeyRecord>;
  const store = {
    listKeys: () => [...keys.values()],
    saveKey: (key: ApiKeyRecord) => void keys.set(key.id, key),
  };
  const path = () => join(stateDir, 'admin.key');
  const letsIn = (key: string) => findApiKey(store.listKeys(), key)?.role === 'admin';

  beforeEach(() => {
    stateDir = join(mkdtempSync(join(tmpdir(), 'kombinator-key-')), 'state');
    keys = new Map();
  });
  afterEach(() => rmSync(join(stateDir, '..'), { recursive: true }));

  it('makes a key at the first start, private, and keeps it afterwards', () => {
    expect(ensureAdminKey(store, stateDir)).toEqual({ path: path(), created: true });
    const key = readFileSync(path(), 'utf8').trim();

    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(letsIn(key)).toBe(true);
    expect(JSON.stringify(store.listKeys())).not.toContain(key);
    expect(ensureAdminKey(store, stateDir)).toEqual({ path: path(), created: false });
    expect(readFileSync(path(), 'utf8').trim()).toBe(key);
    expect(existsSync(`${path()}.new`)).toBe(false);
  });

  it('lets the key of the file in again after the database was lost', () => {
    ensureAdminKey(store, stateDir);
    keys.clear();

    expect(ensureAdminKey(store, stateDir).created).toBe(false);
    expect(letsIn(readFileSync(path(), 'utf8').trim())).toBe(true);
  });

  it('replaces the key when its file was deleted', () => {
    ensureAdminKey(store, stateDir);
    const old = readFileSync(path(), 'utf8').trim();
    rmSync(path());

    expect(ensureAdminKey(store, stateDir).created).toBe(true);
    expect(letsIn(old)).toBe(false);
    expect(keys.size).toBe(1);
  });

  it('takes a key that was put there, unless it is easy to guess, and makes its file private', () => {
    ensureAdminKey(store, stateDir);
    writeFileSync(path(), `${'my own key '.repeat(4)}\n`);
    chmodSync(path(), 0o644);

    ensureAdminKey(store, stateDir);

    expect(letsIn('my own key '.repeat(4).trim())).toBe(true);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    writeFileSync(path(), 'admin\n');
    expect(() => ensureAdminKey(store, stateDir)).toThrow(expect.objectContaining({ code: 'BAD_OPTIONS' }));
  });
});

describe('tokens', () => {
  it.each([
    { claims: { roles: ['viewer'] }, options: OWN, role: 'viewer' },
    { claims: { roles: 'viewer deployer' }, options: OWN, role: 'deployer' },
    { claims: { roles: { admin: { org: '1' } } }, options: OWN, role: 'admin' },
    {
      claims: { realm_access: { roles: ['admin'] } },
      options: { ...OWN, rolesClaim: 'realm_access.roles' },
      role: 'admin',
    },
    {
      claims: { 'urn:x:roles': { viewer: {} } },
      options: { ...OWN, rolesClaim: 'urn:x:roles' },
      role: 'viewer',
    },
    {
      claims: { roles: ['ops'] },
      options: { ...OWN, roleMap: { ops: 'deployer' as const } },
      role: 'deployer',
    },
  ])('gives $role for $claims', async ({ claims, options, role }) => {
    const verify = createTokenVerifier(options);

    expect(await verify(await sign({ sub: 'u1', ...claims }))).toEqual({
      name: 'u1',
      email: 'u1@kombinator.local',
      role,
      via: 'token',
      subject: '\0u1',
    });
  });

  it('tell callers apart by their subject, whatever names and addresses they have', async () => {
    const verify = createTokenVerifier({ ...OWN, issuer: 'me' });
    const ownerWith = async (claims: object) => {
      const identity = await verify(
        await sign({ roles: ['deployer'], iss: 'me', name: 'Ada', email: 'ada@example.org', ...claims }),
      );
      if (identity === null) throw new Error('it is refused');
      return `${ownerOf(identity)} ${callerOf({ ...identity, name: '' })}`;
    };
    const ada = await ownerWith({ sub: 'u1' });
    expect(await ownerWith({ sub: 'u1', name: 'Ada Byron', email: 'byron@example.org' })).toBe(ada);
    expect(await ownerWith({ sub: 'u2' })).not.toBe(ada);
  });

  it.each<[string, object, TokenOptions]>([
    ['has expired', { exp: 1_000_000 }, OWN],
    ['is not valid yet', { nbf: 4_000_000_000 }, OWN],
    ['never expires', { exp: undefined }, OWN],
    ['is from another issuer', { iss: 'them' }, { ...OWN, issuer: 'me' }],
    ['is for another audience', { aud: 'other' }, { ...OWN, audience: 'kombinator' }],
    ['was signed with another secret', {}, { ...OWN, secret: 'another secret of thirty-two bytes!' }],
  ])('refuses one that %s', async (_, claims, options) => {
    expect(await createTokenVerifier(options)(await sign({ roles: ['admin'], ...claims }))).toBeNull();
  });

  it('refuses one without a signature, or that is none', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = `${part({ alg: 'none' })}.${part({ roles: ['admin'], exp: 4_000_000_000 })}.`;

    expect(await createTokenVerifier(OWN)(unsigned)).toBeNull();
    expect(await createTokenVerifier(OWN)('a.b.c')).toBeNull();
  });

  it('answers FORBIDDEN for a good one without a role, and BAD_OPTIONS for a short secret', async () => {
    await expect(createTokenVerifier(OWN)(await sign({ sub: 'u1' }))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(() => createTokenVerifier({ ...OWN, secret: 'short' })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTIONS' }),
    );
  });

  it('finds the keys of an OIDC issuer, and tries again when it did not answer', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256' };
    let isUp = false;
    let issuer = '';
    const server = createServer((request, response) => {
      if (!isUp) response.writeHead(502).end('{}');
      else if (request.url === '/jwks') response.end(JSON.stringify({ keys: [jwk] }));
      else response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const verify = createTokenVerifier({ type: 'oidc', issuer, audience: 'kombinator' });
    const token = await sign(
      { roles: ['deployer'], sub: 'u1', iss: issuer, aud: 'kombinator' },
      privateKey,
      'RS256',
    );

    await expect(verify(token)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    isUp = true;
    expect(await verify(token)).toMatchObject({ role: 'deployer' });
    expect(await verify(await sign({ roles: ['admin'], iss: issuer, aud: 'kombinator' }))).toBeNull();

    server.closeAllConnections();
    server.close();
  });
});

describe('what a token and its issuer say', () => {
  it('puts no address with control characters into commits', async () => {
    const claims = { roles: ['admin'], sub: 'u1' };
    for (const email of ['a\u001b[2J@example.org', 'a@exa\u202emple.org', `${'a'.repeat(101)}@example.org`])
      expect(await createTokenVerifier(OWN)(await sign({ ...claims, email }))).toMatchObject({
        email: expect.stringMatching(/^[^\s\p{C}]+@kombinator\.local$/u),
      });
    expect(await createTokenVerifier(OWN)(await sign({ ...claims, email: 'a@example.org' }))).toMatchObject({
      email: 'a@example.org',
    });
  });

  it.each(['http://keys.example.org/jwks', 'data:application/json,{"keys":[]}', 'jwks'])(
    'takes no keys from %s',
    async (jwksUri) => {
      const server = createServer((_, response) => response.end(JSON.stringify({ jwks_uri: jwksUri })));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
      const verify = createTokenVerifier({ type: 'oidc', issuer, audience: 'kombinator' });
      const token = await sign({ roles: ['admin'], iss: issuer, aud: 'kombinator' });

      await expect(verify(token)).rejects.toMatchObject({
        code: 'SERVICE_UNAVAILABLE',
        cause: { message: expect.stringContaining('names a jwks_uri that is no https address') },
      });

      server.closeAllConnections();
      server.close();
    },
  );
});

describe('names', () => {
  it.each([
    ['Ada', 'Ada', 'ada@kombinator.local'],
    ['Ada <x@y>\nTrailer: 1', 'Ada  x@y  Trailer: 1', 'ada-x-y-trailer-1@kombinator.local'],
    ['', 'unnamed', 'unnamed@kombinator.local'],
  ])('make %j safe for a commit', (name, author, email) => {
    expect([authorName(name), localAddress(name)]).toEqual([author, email]);
  });
});

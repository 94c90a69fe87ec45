import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';

export const CLIENT = { id: 'kombinator', secret: 'a/secret with: signs' } as const;

/** Somebody who is signed in at the provider, and what goes wrong there. Tests change it as they like. */
export interface ProviderWorld {
  /** Claims of the ID token besides `iss`, `aud`, `nonce` and times, which they may replace. */
  claims: Record<string, unknown>;
  /** Answer of `/user`. */
  user: unknown;
  /** Answer of `/user/emails`. */
  emails: unknown;
  /** Claims of `/userinfo`. */
  userInfo: unknown;
  /** Signs ID tokens with a key that is not among those that it publishes; `none`: does not sign them. */
  sign: 'right' | 'wrong' | 'none';
  /** Sends the browser back with an error. */
  deny: boolean;
  /** Answers discovery with this issuer instead of its own. */
  issuer: string | undefined;
}

export interface IdentityProvider extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly world: ProviderWorld;
  /** Paths that were asked for. */
  readonly requests: readonly string[];
  /** Goes to an address of it as a browser does; resolves to where it is sent back. */
  visit(location: string): Promise<URL>;
  /** A token for a program, with the claims of the world. */
  token(): Promise<string>;
}

interface Grant {
  readonly challenge: string;
  readonly redirectUri: string;
  readonly nonce: string | null;
}

/**
 * A small provider of OpenID Connect and OAuth 2.0 that checks what a real one checks: client, secret, redirect address, PKCE, and that a code
 * is used once.
 */
export async function startIdentityProvider(): Promise<IdentityProvider> {
  const [right, wrong] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')]);
  const jwk = { ...(await exportJWK(right.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  const world: ProviderWorld = {
    claims: { sub: '42', email: 'ada@example.org', email_verified: true, name: 'Ada' },
    user: { id: 42, login: 'ada', name: 'Ada', email: null },
    emails: [{ email: 'ada@example.org', primary: true, verified: true }],
    userInfo: {},
    sign: 'right',
    deny: false,
    issuer: undefined,
  };
  const grants = new Map<string, Grant>();
  const requests: string[] = [];
  let url = '';

  async function idToken(nonce: string | null): Promise<string> {
    const seconds = Math.floor(Date.now() / 1_000);
    const times = { iat: seconds, exp: seconds + 300 };
    const claims = {
      iss: url,
      aud: CLIENT.id,
      ...(nonce === null ? {} : { nonce }),
      ...times,
      ...world.claims,
    };
    if (world.sign === 'none') return new UnsecuredJWT(claims).encode();
    const { privateKey } = world.sign === 'right' ? right : wrong;
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(privateKey);
  }

  function authorize(query: URLSearchParams): { readonly location: string } {
    const redirectUri = query.get('redirect_uri') ?? '';
    const back = new URL(redirectUri);
    back.searchParams.set('state', query.get('state') ?? '');
    const isRight =
      query.get('client_id') === CLIENT.id &&
      query.get('response_type') === 'code' &&
      query.get('code_challenge_method') === 'S256';
    if (!isRight || world.deny) {
      back.searchParams.set('error', world.deny ? 'access_denied' : 'invalid_request');
      return { location: back.href };
    }
    const code = randomBytes(8).toString('hex');
    grants.set(code, {
      challenge: query.get('code_challenge') ?? '',
      redirectUri,
      nonce: query.get('nonce'),
    });
    back.searchParams.set('code', code);
    back.searchParams.set('iss', url);
    return { location: back.href };
  }

  async function exchange(request: IncomingMessage): Promise<{ status: number; body: object }> {
    const form = new URLSearchParams(await readText(request));
    const grant = grants.get(form.get('code') ?? '');
    grants.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (!isClient(request, form)) return { status: 401, body: { error: 'invalid_client' } };
    if (grant?.challenge !== challenge || grant.redirectUri !== form.get('redirect_uri'))
      return { status: 400, body: { error: 'invalid_grant' } };
    const isOidc = request.url === '/token';
    const more = isOidc ? { id_token: await idToken(grant.nonce) } : {};
    return { status: 200, body: { access_token: 'at', token_type: 'bearer', ...more } };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    requests.push(pathname);
    const send = (status: number, body: unknown, headers = {}) => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    };
    const guarded = (body: unknown) =>
      request.headers.authorization === 'Bearer at' ? send(200, body) : send(401, {});
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return send(200, discoveryOf(url, world.issuer ?? url));
      case '/jwks':
        return send(200, { keys: [jwk] });
      case '/authorize':
      case '/oauth/authorize':
        return send(302, {}, { Location: authorize(searchParams).location });
      case '/token':
      case '/oauth/token': {
        const { status, body } = await exchange(request);
        return send(status, body);
      }
      case '/userinfo':
        return guarded(world.userInfo);
      case '/user':
        return guarded(world.user);
      case '/user/emails':
        return guarded(world.emails);
      default:
        return send(404, {});
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    world,
    requests,
    token: () => idToken(null),
    async visit(location) {
      const response = await fetch(location, { redirect: 'manual' });
      return new URL(response.headers.get('Location') ?? 'about:blank');
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function discoveryOf(url: string, issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    userinfo_endpoint: `${url}/userinfo`,
    jwks_uri: `${url}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    // A provider may well offer what must not be taken.
    id_token_signing_alg_values_supported: ['RS256', 'none'],
    authorization_response_iss_parameter_supported: true,
  };
}

/** OpenID Connect with the header, OAuth 2.0 with the form, as is most common with each. */
function isClient(request: IncomingMessage, form: URLSearchParams): boolean {
  if (request.url === '/oauth/token')
    return form.get('client_id') === CLIENT.id && form.get('client_secret') === CLIENT.secret;
  const [, encoded = ''] = (request.headers.authorization ?? '').split(' ');
  const [id, secret] = Buffer.from(encoded, 'base64')
    .toString()
    .split(':')
    .map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
  return id === CLIENT.id && secret === CLIENT.secret;
}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

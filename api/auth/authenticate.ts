import type { ApiKeyRecord, Store } from '../../reconciler/index.ts';
import { ReconcilerError } from '../../reconciler/index.ts';
import type { LoopbackHost } from '../http/loopback.ts';
import { isLoopbackHost } from '../http/loopback.ts';
import { HttpProblem } from '../http/problem.ts';
import { findApiKey } from './api-key.ts';
import type { Authenticate, Credentials, Identity } from './identity.ts';
import { authorName, LOCAL_ADMIN, localAddress } from './identity.ts';
import type { TokenOptions, VerifyToken } from './token.ts';
import { createTokenVerifier } from './token.ts';

export type AuthOptions =
  /** API keys of the store, and tokens of these issuers. */
  | {
      readonly mode: 'keys';
      readonly keys: Pick<Store, 'listKeys'>;
      readonly tokens?: readonly TokenOptions[];
      /** Tokens of users, which are looked at first. Default: there are no users. */
      readonly users?: VerifyToken;
      /** Sessions of browsers, which count where neither a key nor a token comes along. Default: there are none. */
      readonly sessions?: (value: string) => Identity | null;
    }
  /** Everybody on this machine is an admin. The host is the one listened on, and must be loopback. */
  | { readonly mode: 'off'; readonly listenHost: LoopbackHost };

/** Throws BAD_OPTIONS when authentication is off and the host is not loopback. */
export function createAuthenticator(options: AuthOptions): Authenticate {
  if (options.mode === 'off') {
    if (!isLoopbackHost(options.listenHost)) {
      throw new ReconcilerError('BAD_OPTIONS', 'authentication can be off only when listening on loopback');
    }
    return () => Promise.resolve(LOCAL_ADMIN);
  }
  const others = (options.tokens ?? []).map(createTokenVerifier);
  const verifiers = options.users === undefined ? others : [options.users, ...others];
  return async (credentials) => {
    const presented = readCredential(credentials);
    const session = presented === null ? bySession(options.sessions, credentials) : null;
    if (session !== null) return session;
    if (presented === null) {
      throw unauthorized('an API key or a token is needed: X-API-KEY, Authorization: Bearer, or api_key');
    }
    const identity = byKey(options.keys, presented) ?? (await byToken(verifiers, presented));
    if (identity === null) throw unauthorized('the API key or token is not valid');
    return identity;
  };
}

function readCredential(credentials: Credentials): string | null {
  const { apiKeyHeader, authorization, apiKeyParameter, tokenParameter } = credentials;
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1];
  const given = [apiKeyHeader, bearer, apiKeyParameter, tokenParameter];
  return given.find((value) => value !== undefined && value !== '') ?? null;
}

function bySession(
  sessions: ((value: string) => Identity | null) | undefined,
  { session }: Credentials,
): Identity | null {
  return session === undefined ? null : (sessions?.(session) ?? null);
}

function byKey(keys: Pick<Store, 'listKeys'>, presented: string): Identity | null {
  const record = findApiKey(keys.listKeys(), presented);
  return record === undefined ? null : identityOfKey(record);
}

export function identityOfKey({ id, name, role }: ApiKeyRecord): Identity {
  return { name: authorName(name), email: localAddress(name), role, via: 'key', keyId: id };
}

async function byToken(verifiers: readonly VerifyToken[], presented: string): Promise<Identity | null> {
  if (presented.split('.').length !== 3) return null;
  for (const verify of verifiers) {
    const identity = await verify(presented);
    if (identity !== null) return identity;
  }
  return null;
}

function unauthorized(message: string): HttpProblem {
  return new HttpProblem('UNAUTHORIZED', message, {
    headers: { 'WWW-Authenticate': 'Bearer realm="kombinator"' },
  });
}

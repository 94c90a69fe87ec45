import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import type { Role } from '../../reconciler/index.ts';
import { own, ReconcilerError } from '../../reconciler/index.ts';
import { isProtectedAddress } from '../http/loopback.ts';
import { HttpProblem } from '../http/problem.ts';
import type { Identity } from './identity.ts';
import { authorName, isAddress, localAddress } from './identity.ts';
import { fetchWithin } from './fetch-within.ts';

interface ClaimOptions {
  /**
   * Claim that holds the roles: a text, a list, or an object with the roles as keys (Zitadel). Taken by its literal name, else
   * as a dotted path (`realm_access.roles`). Default `roles`.
   */
  readonly rolesClaim?: string;
  /** Names of roles in the token to roles here; names that are not listed stand for themselves. */
  readonly roleMap?: Readonly<Record<string, Role>>;
}

/** Issuers whose JSON Web Tokens are let in. Every token must carry an expiry. */
export type TokenOptions =
  | (ClaimOptions & {
      readonly type: 'secret';
      /** HS256 key, at least 32 bytes. */
      readonly secret: string;
      readonly issuer?: string;
      readonly audience?: string;
    })
  | (ClaimOptions & {
      readonly type: 'oidc';
      readonly issuer: string;
      readonly audience: string;
      /** Default: what `<issuer>/.well-known/openid-configuration` says. */
      readonly jwksUri?: string;
    });

/** Resolves to `null` when the token is not one of this issuer's, or not valid. */
export type VerifyToken = (token: string) => Promise<Identity | null>;

const CLOCK_TOLERANCE_SECONDS = 30;
const TIMEOUT_MS = 5_000;
const SIGNATURES = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const ROLES: readonly Role[] = ['admin', 'deployer', 'viewer'];

/** Throws BAD_OPTIONS for a short secret. The verifier throws FORBIDDEN for a good token without a role here. */
export function createTokenVerifier(options: TokenOptions): VerifyToken {
  const verifyOptions: JWTVerifyOptions = {
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ['exp'],
    algorithms: options.type === 'secret' ? ['HS256'] : SIGNATURES,
    ...(options.issuer === undefined ? {} : { issuer: options.issuer }),
    ...(options.audience === undefined ? {} : { audience: options.audience }),
  };
  const verify =
    options.type === 'secret' ? withSecret(options.secret) : withIssuer(options.issuer, options.jwksUri);
  return async (token) => {
    try {
      return toIdentity(await verify(token, verifyOptions), options);
    } catch (error) {
      if (isRefusal(error)) return null;
      throw error instanceof HttpProblem ? error : issuerUnreachable(error);
    }
  };
}

type Verify = (token: string, options: JWTVerifyOptions) => Promise<JWTPayload>;

function withSecret(secret: string): Verify {
  const key = new TextEncoder().encode(secret);
  if (key.length < 32) throw new ReconcilerError('BAD_OPTIONS', 'a token secret must have at least 32 bytes');
  return async (token, options) => (await jwtVerify(token, key, options)).payload;
}

/** Asks the issuer for its keys at the first token, and again when that failed. */
function withIssuer(issuer: string, jwksUri: string | undefined): Verify {
  let keys: Promise<JWTVerifyGetKey> | null = null;
  return async (token, options) => {
    keys ??= loadKeys(issuer, jwksUri);
    const current = keys;
    try {
      return (await jwtVerify(token, await current, options)).payload;
    } catch (error) {
      if (!isRefusal(error) && keys === current) keys = null;
      throw error;
    }
  };
}

async function loadKeys(issuer: string, jwksUri: string | undefined): Promise<JWTVerifyGetKey> {
  const uri = jwksUri ?? (await discoverKeys(issuer));
  return createRemoteJWKSet(new URL(uri), { timeoutDuration: TIMEOUT_MS, [customFetch]: fetchWithin });
}

async function discoverKeys(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetchWithin(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const document: unknown = response.ok ? await response.json() : null;
  const uri = isObject(document) ? document['jwks_uri'] : undefined;
  if (!response.ok || typeof uri !== 'string') throw new Error(`${url} names no jwks_uri`);
  // Keys that come over a plain connection could be anybody's, however the address of it came.
  if (isProtectedAddress(issuer) && !isProtectedAddress(uri))
    throw new Error(`${url} names a jwks_uri that is no https address`);
  return uri;
}

/** The token's own fault, as opposed to keys that could not be fetched. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    error.code !== 'ERR_JOSE_GENERIC'
  );
}

function issuerUnreachable(cause: unknown): HttpProblem {
  return new HttpProblem('SERVICE_UNAVAILABLE', 'the token cannot be checked: its issuer does not answer', {
    cause,
    headers: { 'Retry-After': '5' },
  });
}

function toIdentity(payload: JWTPayload, { rolesClaim = 'roles', roleMap = {} }: ClaimOptions): Identity {
  const claims = listOf(claimAt(payload, rolesClaim)).map((name) => own(roleMap, name) ?? name);
  const role = ROLES.find((candidate) => claims.includes(candidate));
  const name = firstText(payload, ['preferred_username', 'name', 'email', 'client_id', 'sub']);
  if (role === undefined) {
    throw new HttpProblem(
      'FORBIDDEN',
      `the token gives no role: claim ${rolesClaim} must name viewer, deployer or admin`,
    );
  }
  const { email, iss = '', sub } = payload;
  return {
    name: authorName(name),
    email: typeof email === 'string' && isAddress(email) ? email : localAddress(name),
    role,
    via: 'token',
    ...(sub === undefined ? {} : { subject: `${iss}\0${sub}` }),
  };
}

function claimAt(payload: JWTPayload, name: string): unknown {
  if (own(payload, name) !== undefined) return own(payload, name);
  let value: unknown = payload;
  for (const part of name.split('.')) value = isObject(value) ? own(value, part) : undefined;
  return value;
}

function listOf(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(/[\s,]+/);
  if (Array.isArray(claim)) return claim.filter((item) => typeof item === 'string');
  return isObject(claim) ? Object.keys(claim) : [];
}

function firstText(payload: JWTPayload, names: readonly string[]): string {
  for (const name of names) {
    const value = own(payload, name);
    if (typeof value === 'string' && value !== '') return value;
  }
  return 'unnamed';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

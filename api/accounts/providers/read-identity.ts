import { authorizationCodeGrant, fetchProtectedResource, fetchUserInfo } from 'openid-client';
import type { OAuthProvider, SignInProvider } from '../../../reconciler/index.ts';
import { asFields, asList, asString, own } from '../../../reconciler/index.ts';
import { isAddress } from '../../auth/identity.ts';
import type { Connection } from './connect.ts';

/** Somebody who has signed in at a provider, as it says. */
export interface ProviderIdentity {
  /** The provider's own id of the user. */
  readonly subject: string;
  readonly email: string;
  /** The provider says that the address is theirs. */
  readonly emailVerified: boolean;
  readonly name: string;
}

/** Values that were made for one sign-in, and that its answer is held against. */
export interface SignInChecks {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export interface Tokens {
  readonly accessToken: string;
  /** Claims of the ID token, which have been checked; `undefined` without one. */
  readonly claims: Fields | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Exchanges a code for tokens. Of OpenID Connect the ID token is checked: signature, issuer, audience, nonce, time.
 *
 * @param callback address that the browser came back to
 */
export async function exchangeProviderCode(
  connection: Connection,
  provider: SignInProvider,
  callback: URL,
  { state, nonce, verifier }: SignInChecks,
): Promise<Tokens> {
  const isOidc = provider.type === 'oidc';
  // There is no issuer that a plain OAuth 2.0 server would have to be.
  if (!isOidc) callback.searchParams.delete('iss');
  const answer = await authorizationCodeGrant(connection, callback, {
    expectedState: state,
    pkceCodeVerifier: verifier,
    ...(isOidc ? { expectedNonce: nonce, idTokenExpected: true } : {}),
  });
  return { accessToken: answer.access_token, claims: isOidc ? answer.claims() : undefined };
}

/** Finds out who it is. Throws when the provider does not say it, or says no id or no address. */
export async function readIdentity(
  connection: Connection,
  provider: SignInProvider,
  { accessToken, claims }: Tokens,
): Promise<ProviderIdentity> {
  if (provider.type === 'oauth2') return readUser(connection, provider, accessToken);
  const fields = claims ?? {};
  const subject = asString(own(fields, 'sub')) ?? '';
  const isWhole = own(fields, provider.claims.email) !== undefined;
  const more = isWhole ? {} : asFields(await fetchUserInfo(connection, accessToken, subject));
  return toIdentity(provider, { ...more, ...fields });
}

async function readUser(
  connection: Connection,
  provider: OAuthProvider,
  accessToken: string,
): Promise<ProviderIdentity> {
  const user = asFields(await fetchJson(connection, provider.userUrl, accessToken)) ?? {};
  if (provider.emailsUrl === undefined) return toIdentity(provider, user);
  const listed = asList(await fetchJson(connection, provider.emailsUrl, accessToken)) ?? [];
  const verified = listed.map((one) => asFields(one) ?? {}).filter((one) => own(one, 'verified') === true);
  const named = asString(own(user, provider.claims.email))?.toLowerCase();
  const best =
    verified.find((one) => asString(own(one, 'email'))?.toLowerCase() === named) ??
    verified.find((one) => own(one, 'primary') === true) ??
    verified[0];
  if (best === undefined) return toIdentity(provider, user);
  return toIdentity(provider, { ...user, [provider.claims.email]: own(best, 'email'), email_verified: true });
}

async function fetchJson(connection: Connection, url: string, accessToken: string): Promise<unknown> {
  const headers = new Headers({ Accept: 'application/json' });
  const response = await fetchProtectedResource(connection, accessToken, new URL(url), 'GET', null, headers);
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response.json();
}

function toIdentity({ claims, trustEmails }: SignInProvider, fields: Fields): ProviderIdentity {
  const id = own(fields, claims.subject);
  const subject = typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : asString(id);
  const email = asString(own(fields, claims.email));
  if (subject === undefined || subject === '') throw new Error(`the provider says no ${claims.subject}`);
  if (email === undefined || !isAddress(email)) throw new Error(`the provider says no ${claims.email}`);
  const said = own(fields, 'email_verified') ?? own(fields, 'verified_email');
  const isSaidNot = said === false || said === 'false';
  return {
    subject,
    email,
    emailVerified: said === true || said === 'true' || (trustEmails && !isSaidNot),
    name: asString(own(fields, claims.name)) ?? asString(own(fields, 'login')) ?? email,
  };
}

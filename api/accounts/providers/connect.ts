import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
} from 'openid-client';
import type { ClientAuth, CustomFetch } from 'openid-client';
import type { OAuthProvider, OidcProvider, SignInProvider } from '../../../reconciler/index.ts';
import { fetchWithin } from '../../auth/fetch-within.ts';
import { isProtectedAddress } from '../../http/loopback.ts';

/** Connection to a provider, as `openid-client` wants it. */
export type Connection = Configuration;

export type Connect = (provider: SignInProvider) => Promise<Connection>;

export interface ConnectOptions {
  /** Value of a reference. */
  readonly resolveSecret: (reference: string) => string;
  /** Milliseconds from any start. */
  readonly elapsed: () => number;
}

const TIMEOUT_SECONDS = 10;
/** A provider may move, and a secret may be rotated: afterwards both are read anew. */
const KEEP_MS = 10 * 60_000;

const fetchBounded: CustomFetch = (url, options) => fetchWithin(url, options as RequestInit);

/** Connects to providers, and keeps what they say of themselves for ten minutes; a failure is not kept. */
export function createConnect({ resolveSecret, elapsed }: ConnectOptions): Connect {
  const kept = new Map<string, { readonly connection: Promise<Connection>; readonly until: number }>();
  return async (provider) => {
    const known = kept.get(provider.name);
    if (known !== undefined && elapsed() < known.until) return known.connection;
    const connection = connect(provider, resolveSecret);
    kept.set(provider.name, { connection, until: elapsed() + KEEP_MS });
    try {
      return await connection;
    } catch (error) {
      if (kept.get(provider.name)?.connection === connection) kept.delete(provider.name);
      throw error;
    }
  };
}

async function connect(
  provider: SignInProvider,
  resolveSecret: ConnectOptions['resolveSecret'],
): Promise<Connection> {
  const { clientSecret } = provider;
  const secret = clientSecret === undefined ? undefined : resolveSecret(clientSecret);
  const connection = provider.type === 'oidc' ? await discover(provider, secret) : assemble(provider, secret);
  connection[customFetch] = fetchBounded;
  connection.timeout = TIMEOUT_SECONDS;
  return connection;
}

/** Ids of users are taken from signed tokens only, although they come over TLS: the signature is checked with the provider's keys. */
async function discover(provider: OidcProvider, secret: string | undefined): Promise<Connection> {
  const isPlain = !provider.issuer.startsWith('https:') && isProtectedAddress(provider.issuer);
  const found = await discovery(new URL(provider.issuer), provider.clientId, undefined, None(), {
    [customFetch]: fetchBounded,
    timeout: TIMEOUT_SECONDS,
    execute: isPlain ? [allowInsecureRequests] : [],
  });
  const server = found.serverMetadata();
  // A provider that says nothing of it means the header.
  const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  const auth = authenticationOf(secret, methods.includes('client_secret_basic'));
  const connection = new Configuration(server, provider.clientId, undefined, auth);
  if (isPlain) allowInsecureRequests(connection);
  enableNonRepudiationChecks(connection);
  return connection;
}

function assemble(provider: OAuthProvider, secret: string | undefined): Connection {
  const { authorizeUrl, tokenUrl, clientId } = provider;
  const server = {
    issuer: new URL(authorizeUrl).origin,
    authorization_endpoint: authorizeUrl,
    token_endpoint: tokenUrl,
  };
  const connection = new Configuration(server, clientId, undefined, authenticationOf(secret, false));
  if (!tokenUrl.startsWith('https:') && isProtectedAddress(tokenUrl)) allowInsecureRequests(connection);
  return connection;
}

function authenticationOf(secret: string | undefined, inHeader: boolean): ClientAuth {
  if (secret === undefined) return None();
  return inHeader ? ClientSecretBasic(secret) : ClientSecretPost(secret);
}

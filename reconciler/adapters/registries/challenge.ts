import { ReconcilerError } from '../../base/errors.ts';
import type { FetchAnswer } from './bounded-fetch.ts';

/** The registry behind `docker.io`. */
export const HUB = 'registry-1.docker.io';

/**
 * The address that gives out tokens, as a registry names it (https://distribution.github.io/distribution/spec/auth/token/). It may be another host, and
 * gets the credentials, so it has to be https wherever the registry is.
 */
export function tokenUrl(challenge: string, registry: URL): URL | null {
  if (!/^bearer\b/i.test(challenge)) return null;
  const member = (name: string): string | undefined =>
    new RegExp(`\\b${name}="([^"]{1,2000})"`, 'i').exec(challenge)?.[1];
  const realm = member('realm');
  if (realm === undefined || !URL.canParse(realm))
    throw badChallenge(registry, 'it names no address for tokens');
  const url = new URL(realm);
  const isSecure = url.protocol === 'https:' || (url.protocol === 'http:' && url.host === registry.host);
  if (!isSecure) throw badChallenge(registry, 'it wants the credentials at an address without https');
  const service = member('service');
  if (service !== undefined) url.searchParams.set('service', service);
  return url;
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

export function refused({ host }: URL, { status }: FetchAnswer): ReconcilerError {
  const reason =
    status === 429 || status >= 500 ? `it answers ${status}` : `it refuses the credentials (${status})`;
  const code = status === 429 || status >= 500 ? 'TARGET_UNREACHABLE' : 'REGISTRY_UNAUTHORIZED';
  return new ReconcilerError(code, `${host}: ${reason}`, { retryable: code === 'TARGET_UNREACHABLE' });
}

function badChallenge({ host }: URL, reason: string): ReconcilerError {
  return new ReconcilerError('REGISTRY_UNAUTHORIZED', `${host}: ${reason}`);
}

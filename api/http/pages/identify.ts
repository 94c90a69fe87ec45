import type { IncomingMessage } from 'node:http';
import type { Authenticate, Credentials, Identity } from '../../auth/identity.ts';
import { ANONYMOUS } from '../../auth/identity.ts';
import { requireRole } from '../../auth/require-role.ts';
import { HttpProblem } from '../problem.ts';
import type { Route } from '../route.ts';
import type { OwnPages } from './own-pages.ts';
import { readSession } from './session-cookie.ts';

export interface IdentifyOptions {
  readonly authenticate: Authenticate;
  /** Takes a token from the query as well, as `token`. Default false. */
  readonly takesTokenParameter?: boolean;
  /** Takes the sessions of browsers, from pages of this server. Default: no cookie counts. */
  readonly pages?: OwnPages;
  /** Told who it is before the role is looked at. */
  readonly onIdentity: (identity: Identity) => void;
}

/** The parts of a request that say who it is from. */
export interface Presented {
  readonly req: IncomingMessage;
  readonly method: string;
  readonly query: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Finds out who asks, and whether they may. Throws UNAUTHORIZED, FORBIDDEN, SERVICE_UNAVAILABLE.
 *
 * A cookie is sent by the browser whichever page asks, so what writes with one has to come from a page of this server.
 */
export async function identify(
  { req, method, query }: Presented,
  route: Pick<Route<never>, 'access' | 'socket' | 'knowsCaller'>,
  { authenticate, takesTokenParameter = false, pages, onIdentity }: IdentifyOptions,
): Promise<Identity> {
  if (route.access === 'open' && route.knowsCaller !== true) return ANONYMOUS;
  const writes = method !== 'GET' && method !== 'HEAD';
  if (route.access === 'open' && writes) pages?.assertNotForeign(req);
  const takesCookie = pages !== undefined && route.socket !== true;
  const credentials: Credentials = {
    apiKeyHeader: textOf(req.headers['x-api-key']),
    authorization: req.headers.authorization,
    apiKeyParameter: textOf(query['api_key']),
    tokenParameter: takesTokenParameter ? textOf(query['token']) : undefined,
    session: takesCookie ? readSession(req.headers.cookie, pages.isSecure(req)) : undefined,
  };
  const identity =
    route.access === 'open'
      ? await callerOrNobody(authenticate, credentials)
      : await authenticate(credentials);
  // A request that is refused is somebody's, too.
  onIdentity(identity);
  if (identity.via === 'session' && writes) pages?.assertOwn(req);
  return route.access === 'open' ? identity : requireRole(identity, route.access);
}

/** Credentials that prove nothing are as good as none, where none are needed. */
async function callerOrNobody(authenticate: Authenticate, credentials: Credentials): Promise<Identity> {
  try {
    return await authenticate(credentials);
  } catch (error) {
    const isRefusal = error instanceof HttpProblem && (error.status === 401 || error.status === 403);
    if (isRefusal) return ANONYMOUS;
    throw error;
  }
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

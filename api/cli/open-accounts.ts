import type { Kombinator, Logger, TrustedIssuer } from '../../reconciler/index.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { createAccounts } from '../accounts/accounts.ts';
import type { Sessions } from '../accounts/sessions/sessions.ts';
import { createSessions } from '../accounts/sessions/sessions.ts';
import { ensureTokenKey, openUsersBegun } from '../accounts/state-file.ts';
import type { TokenOptions } from '../auth/token.ts';

/** Users of the daemon, with their key in its state directory. Throws BAD_OPTIONS when that key is damaged. */
export function openAccounts(
  { store, users, secrets }: Kombinator,
  stateDir: string,
  logger: Logger,
): Accounts {
  return createAccounts({
    records: store,
    config: users,
    tokenKey: ensureTokenKey(stateDir),
    begun: openUsersBegun(stateDir),
    resolveSecret: (reference) => secrets.resolve(reference).reveal(),
    logger,
  });
}

/** Sessions of browsers at the daemon. */
export function openSessions({ store }: Kombinator, logger: Logger): Sessions {
  return createSessions({ records: store, logger });
}

/** Issuers of the operator's configuration as the authenticator wants them. */
export function toTokenOptions({ issuer, audience, jwks, rolesClaim, roles }: TrustedIssuer): TokenOptions {
  return {
    type: 'oidc',
    issuer,
    audience,
    roleMap: roles,
    ...(jwks === undefined ? {} : { jwksUri: jwks }),
    ...(rolesClaim === undefined ? {} : { rolesClaim }),
  };
}

/** Origins of pages that may use the API; `undefined` where the operator names none. */
export function pageOrigins({ users: { frontendUrl } }: Kombinator): readonly string[] | undefined {
  return frontendUrl === undefined ? undefined : [new URL(frontendUrl).origin];
}

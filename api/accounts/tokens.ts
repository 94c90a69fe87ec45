import type { JWTPayload } from 'jose';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { Role, UserRecord, UserRecords } from '../../reconciler/index.ts';
import type { Identity } from '../auth/identity.ts';
import { authorName } from '../auth/identity.ts';
import { AccountError } from './account-error.ts';

/** Roles in the words of the workflow platform, which tokens and answers have. */
export type PlatformRole = 'admin' | 'user' | 'viewer';

export const PLATFORM_ROLES: Readonly<Record<Role, PlatformRole>> = {
  admin: 'admin',
  deployer: 'user',
  viewer: 'viewer',
};

/** Lifetime of a token. */
const LIFETIME_SECONDS = 24 * 3_600;
/** Time after its end in which a token can still be exchanged for a new one. */
const REFRESH_SECONDS = 7 * 24 * 3_600;

export interface TokensOptions {
  /** Key of HS256, 32 bytes. */
  readonly key: Uint8Array;
  readonly records: Pick<UserRecords, 'getUser'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Tokens {
  issue(user: UserRecord): Promise<string>;
  /** The user that a token is good for now; `null`: expired, revoked, or none of ours. */
  identify(token: string): Promise<Identity | null>;
  /**
   * The user whose token it is, up to seven days after its end. Throws INVALID_TOKEN, and UNKNOWN_USER when the user is gone.
   */
  refreshable(token: string): Promise<UserRecord>;
}

/**
 * Tokens of users: HS256, and good as long as their user is there and has not been given a new generation. Rights are those that the user
 * has now, whatever the token says.
 */
export function createTokens({ key, records, now }: TokensOptions): Tokens {
  async function read(token: string, toleranceSeconds: number): Promise<JWTPayload | null> {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        typ: 'JWT',
        requiredClaims: ['exp', 'iat', 'nbf', 'user_id', 'gen'],
        currentDate: new Date(now()),
        clockTolerance: toleranceSeconds,
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }

  function userOf(payload: JWTPayload): UserRecord | undefined {
    const id = payload['user_id'];
    return typeof id === 'string' ? records.getUser(id) : undefined;
  }

  return {
    issue(user) {
      const seconds = Math.floor(now() / 1_000);
      return new SignJWT({
        user_id: user.id,
        email: user.email,
        role: PLATFORM_ROLES[user.role],
        gen: user.tokenGeneration,
      })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuedAt(seconds)
        .setNotBefore(seconds)
        .setExpirationTime(seconds + LIFETIME_SECONDS)
        .sign(key);
    },
    async identify(token) {
      const payload = await read(token, 0);
      const user = payload === null ? undefined : userOf(payload);
      return user === undefined || payload?.['gen'] !== user.tokenGeneration ? null : identityOfUser(user);
    },
    async refreshable(token) {
      const payload = await read(token, REFRESH_SECONDS);
      // The tolerance is meant for the end only.
      if (payload === null || (payload.nbf ?? 0) > now() / 1_000) throw invalid();
      const user = userOf(payload);
      if (user === undefined) throw new AccountError('UNKNOWN_USER', 'the user of the token is gone');
      if (payload['gen'] !== user.tokenGeneration) throw invalid();
      return user;
    },
  };
}

export function identityOfUser({ id, name, email, role }: UserRecord): Identity {
  return { name: authorName(name), email, role, via: 'token', userId: id };
}

function invalid(): AccountError {
  return new AccountError('INVALID_TOKEN', 'the token is not valid');
}

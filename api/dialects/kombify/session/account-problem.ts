import type { AccountErrorCode } from '../../../accounts/account-error.ts';
import { AccountError } from '../../../accounts/account-error.ts';
import type { ProblemCode } from '../../../http/problem.ts';
import { HttpProblem } from '../../../http/problem.ts';

/** Codes of the answers to what is refused; the messages are the refusals' own. */
const CODES: Readonly<Record<AccountErrorCode, ProblemCode>> = {
  SIGN_UP_DISABLED: 'FORBIDDEN',
  DOMAIN_REFUSED: 'FORBIDDEN',
  INVITE_CODE_REQUIRED: 'FORBIDDEN',
  USER_EXISTS: 'CONFLICT',
  BAD_CREDENTIALS: 'UNAUTHORIZED',
  PASSWORD_LOGIN_DISABLED: 'FORBIDDEN',
  NO_PASSWORD: 'BAD_REQUEST',
  INVALID_TOKEN: 'UNAUTHORIZED',
  INVALID_CODE: 'UNAUTHORIZED',
  UNKNOWN_USER: 'NOT_FOUND',
  LAST_ADMIN: 'CONFLICT',
  UNKNOWN_PROVIDER: 'NOT_FOUND',
  PROVIDER_BROKEN: 'SERVICE_UNAVAILABLE',
  TOO_MANY_ATTEMPTS: 'TOO_MANY_REQUESTS',
};

/** Does something with accounts or sessions, and tells what they refuse as this dialect does. */
export async function withRefusals<T>(work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AccountError)) throw error;
    const { code, message, retryAfterSeconds } = error;
    const headers = retryAfterSeconds > 0 ? { 'Retry-After': `${retryAfterSeconds}` } : {};
    throw new HttpProblem(CODES[code], message, { reason: code, cause: error, headers });
  }
}

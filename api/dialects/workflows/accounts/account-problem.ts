import type { Accounts } from '../../../accounts/accounts.ts';
import type { AccountErrorCode } from '../../../accounts/account-error.ts';
import { AccountError } from '../../../accounts/account-error.ts';
import type { ProblemCode } from '../../../http/problem.ts';
import { HttpProblem } from '../../../http/problem.ts';
import type { WorkflowDeps } from '../deps.ts';

type Words = readonly [ProblemCode, string];

/** Refusals in the platform's words. Forget a code and it does not compile. */
const WORDS: Readonly<Record<AccountErrorCode, Words>> = {
  SIGN_UP_DISABLED: ['FORBIDDEN', 'Registration is disabled'],
  DOMAIN_REFUSED: ['FORBIDDEN', 'Your email domain is not authorized to register'],
  INVITE_CODE_REQUIRED: ['FORBIDDEN', 'Valid invite code required'],
  USER_EXISTS: ['CONFLICT', 'User already exists'],
  BAD_CREDENTIALS: ['UNAUTHORIZED', 'Invalid email or password'],
  PASSWORD_LOGIN_DISABLED: ['FORBIDDEN', 'Password login is disabled'],
  NO_PASSWORD: ['BAD_REQUEST', 'This account signs in at a provider and has no password'],
  INVALID_TOKEN: ['UNAUTHORIZED', 'Invalid token'],
  INVALID_CODE: ['UNAUTHORIZED', 'Invalid or expired code'],
  UNKNOWN_USER: ['NOT_FOUND', 'User not found'],
  LAST_ADMIN: ['CONFLICT', 'Nobody else is an admin'],
  UNKNOWN_PROVIDER: ['NOT_FOUND', 'Unknown or disabled provider'],
  PROVIDER_BROKEN: ['INTERNAL_ERROR', 'Provider configuration error'],
  TOO_MANY_ATTEMPTS: ['TOO_MANY_REQUESTS', 'Too many attempts, please try again later'],
};

export interface Wording {
  /** Words that this endpoint has for some refusals. */
  readonly words?: Partial<Record<AccountErrorCode, Words>>;
  /** Text for what goes wrong here. */
  readonly failure?: string;
  /** Refusal on a server without users. Default UNKNOWN_USER. */
  readonly absent?: AccountErrorCode;
  /** The class of its problems. Default `HttpProblem`. */
  readonly problem?: typeof HttpProblem;
}

/** Does something with the accounts, and tells what is refused in the platform's words. */
export async function withAccounts<T>(
  { accounts }: WorkflowDeps,
  work: (accounts: Accounts) => Promise<T> | T,
  { words = {}, failure, absent = 'UNKNOWN_USER', problem: Problem = HttpProblem }: Wording = {},
): Promise<T> {
  try {
    if (accounts === null) throw new AccountError(absent, 'this server has no users');
    return await work(accounts);
  } catch (error) {
    if (error instanceof AccountError) {
      const [code, text] = words[error.code] ?? WORDS[error.code];
      const headers = error.retryAfterSeconds > 0 ? { 'Retry-After': `${error.retryAfterSeconds}` } : {};
      throw new Problem(code, text, { cause: error, headers });
    }
    if (failure !== undefined) throw new Problem('INTERNAL_ERROR', failure, { cause: error });
    throw error;
  }
}

/** Reasons for which something about an account is refused. Each dialect has its own words for them. */
export type AccountErrorCode =
  | 'SIGN_UP_DISABLED'
  | 'DOMAIN_REFUSED'
  | 'INVITE_CODE_REQUIRED'
  | 'USER_EXISTS'
  | 'BAD_CREDENTIALS'
  | 'PASSWORD_LOGIN_DISABLED'
  | 'NO_PASSWORD'
  | 'INVALID_TOKEN'
  | 'INVALID_CODE'
  | 'UNKNOWN_USER'
  | 'LAST_ADMIN'
  | 'UNKNOWN_PROVIDER'
  | 'PROVIDER_BROKEN'
  | 'TOO_MANY_ATTEMPTS';

/** A refusal. Its message is for the log; it never holds a password, a token or a code. */
export class AccountError extends Error {
  override readonly name: string = 'AccountError';
  readonly code: AccountErrorCode;
  /** Time to wait before trying again; 0 where waiting does not help. */
  readonly retryAfterSeconds: number;

  constructor(
    code: AccountErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly retryAfterSeconds?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds ?? 0;
  }
}

/** The refusal of one who tries too often. */
export function tooManyAttempts(waitMs: number): AccountError {
  return new AccountError('TOO_MANY_ATTEMPTS', 'too many attempts', {
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)),
  });
}

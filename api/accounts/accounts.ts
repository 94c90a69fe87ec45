import { timingSafeEqual } from 'node:crypto';
import type { Logger, UserRecord, UserRecords, UsersConfig } from '../../reconciler/index.ts';
import type { Identity } from '../auth/identity.ts';
import { AccountError } from './account-error.ts';
import type { Guard } from './guard.ts';
import { createGuard } from './guard.ts';
import type { UserAdmin } from './admin/user-admin.ts';
import { createUserAdmin } from './admin/user-admin.ts';
import type { PasswordOptions, Passwords } from './password.ts';
import { createPasswords } from './password.ts';
import type { BrowserSignIn } from './providers/browser-sign-in.ts';
import { createBrowserSignIn } from './providers/browser-sign-in.ts';
import type { UsersBegun } from './state-file.ts';
import type { Tokens } from './tokens.ts';
import { createTokens } from './tokens.ts';
import { buildUser, isOfDomains, readInviteCode, renewInviteCode, withoutTokens } from './user-record.ts';

export interface AccountsOptions {
  readonly records: UserRecords;
  readonly config: UsersConfig;
  /** Key that tokens are signed with, 32 bytes. */
  readonly tokenKey: Uint8Array;
  readonly begun: UsersBegun;
  /** Value of a reference. Throws what the secrets throw. */
  readonly resolveSecret: (reference: string) => string;
  readonly logger: Logger;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
  /** Milliseconds from any start. Default `performance.now()`. */
  readonly elapsed?: () => number;
  /** Cost of hashes; lower for tests. */
  readonly passwords?: PasswordOptions;
}

export interface SignedIn {
  readonly token: string;
  readonly user: UserRecord;
}

export interface Credentials {
  readonly email: string;
  readonly password: string;
  /** Address of the client. */
  readonly address: string;
}

export interface SignUp extends Credentials {
  readonly name: string;
  readonly inviteCode?: string | undefined;
}

export interface PasswordChange {
  readonly current: string;
  readonly next: string;
  readonly address: string;
}

/** Ways in which people can sign in here. */
export interface SignInMethods {
  readonly passwordLogin: boolean;
  readonly hasUsers: boolean;
  readonly signUp: boolean;
  readonly providers: UsersConfig['providers'];
}

/** Users, their passwords and tokens. Refusals are `AccountError`s; what the store throws passes through. */
export interface Accounts extends BrowserSignIn, UserAdmin {
  methods(): SignInMethods;
  signUp(request: SignUp): Promise<SignedIn>;
  logIn(request: Credentials): Promise<SignedIn>;
  /** Exchanges a token, up to seven days after its end. */
  refresh(token: string): Promise<SignedIn>;
  /** The caller whose token it is; `null` when it is good for nobody. */
  identify(token: string): Promise<Identity | null>;
  /** Throws UNKNOWN_USER, also without an id: keys and tokens of others are no users. */
  profile(id: string | undefined): UserRecord;
  rename(id: string | undefined, name: string): UserRecord;
  /** Ends all tokens of the user; the answer has a new one. */
  changePassword(id: string | undefined, change: PasswordChange): Promise<SignedIn>;
  inviteCode(): string;
  renewInviteCode(): string;
  regenerateAfterSignup(): boolean;
  setRegenerateAfterSignup(value: boolean): void;
}

/** The parts that accounts are made of. */
interface Parts extends Required<Pick<AccountsOptions, 'records' | 'config' | 'begun' | 'logger' | 'now'>> {
  readonly guard: Guard;
  readonly passwords: Passwords;
  readonly tokens: Tokens;
}

export function createAccounts(options: AccountsOptions): Accounts {
  const { records, config, begun, logger, now = Date.now } = options;
  const elapsed = options.elapsed ?? (() => performance.now());
  const tokens = createTokens({ key: options.tokenKey, records, now });
  const passwords = createPasswords(options.passwords);
  const parts: Parts = {
    records,
    config,
    begun,
    logger,
    now,
    guard: createGuard(elapsed),
    passwords,
    tokens,
  };
  if (records.hasUsers()) begun.note();
  return {
    methods: () => ({
      passwordLogin: config.passwordLogin,
      hasUsers: records.hasUsers(),
      signUp: isSignUpOpen(parts),
      providers: config.providers,
    }),
    signUp: (request) => signUp(parts, request),
    logIn: (request) => logIn(parts, request),
    refresh: async (token) => signedIn(parts, await tokens.refreshable(token)),
    identify: (token) => tokens.identify(token),
    profile: (id) => userOf(records, id),
    rename: (id, name) => write(records, { ...userOf(records, id), name }),
    changePassword: (id, change) => changePassword(parts, id, change),
    inviteCode: () => readInviteCode(records),
    renewInviteCode: () => renewInviteCode(records),
    regenerateAfterSignup: () => records.getUserSettings().regenerateAfterSignup,
    setRegenerateAfterSignup: (regenerateAfterSignup) =>
      records.saveUserSettings({ ...records.getUserSettings(), regenerateAfterSignup }),
    ...createUserAdmin(parts),
    ...createBrowserSignIn({ ...options, now, elapsed, signedIn: (user) => signedIn(parts, user) }),
  };
}

async function signedIn({ tokens }: Parts, user: UserRecord): Promise<SignedIn> {
  return { token: await tokens.issue(user), user };
}

function isSignUpOpen({ config, records, begun }: Parts): boolean {
  if (!config.signUp.enabled || !config.passwordLogin) return false;
  // A database that was lost is no reason to make a stranger admin.
  return records.hasUsers() || !begun.has();
}

/** Everything that can be refused is refused before the password is hashed, and looked at again afterwards. */
async function signUp(parts: Parts, request: SignUp): Promise<SignedIn> {
  const { config, records, guard, passwords, begun, now, logger } = parts;
  const { email, name, address } = request;
  if (!isSignUpOpen(parts)) throw new AccountError('SIGN_UP_DISABLED', 'signing up is disabled');
  if (!isOfDomains(email, config.signUp.domains))
    throw new AccountError('DOMAIN_REFUSED', 'the domain of the address may not sign up');
  if (needsCode(parts)) assertCode(parts, request);
  else guard.openSignUp(address);
  assertFree(records, email);

  const passwordHash = await passwords.hash(request.password);

  if (!isSignUpOpen(parts)) throw new AccountError('SIGN_UP_DISABLED', 'signing up is disabled');
  if (needsCode(parts) && !isCode(parts, request.inviteCode)) throw codeRequired();
  const user = records.addUser(buildUser({ email, name, role: 'deployer', passwordHash }, now()), 'admin');
  if (user === undefined) throw new AccountError('USER_EXISTS', 'there is a user of that address');
  begun.note();
  renewAfterSignUp(records);
  logger.info({ user: user.email, role: user.role, address }, 'A user has signed up');
  return signedIn(parts, user);
}

/** The code that was used is worth nothing any more where that is set; the first user makes the first one. */
function renewAfterSignUp(records: UserRecords): void {
  const { inviteCode, regenerateAfterSignup } = records.getUserSettings();
  if (inviteCode === null || regenerateAfterSignup) renewInviteCode(records);
}

function needsCode({ config, records }: Parts): boolean {
  return config.signUp.inviteCode && records.hasUsers();
}

function assertCode({ guard, records, config }: Parts, { inviteCode, address }: SignUp): void {
  // Nothing was guessed where nothing was said.
  if (inviteCode === undefined || inviteCode === '') throw codeRequired();
  const attempt = guard.inviteCode(address);
  if (!isCode({ records, config }, inviteCode)) throw codeRequired();
  attempt.succeed();
}

function isCode({ records }: Pick<Parts, 'records' | 'config'>, given: string | undefined): boolean {
  const [known, presented] = [records.getUserSettings().inviteCode, given].map((code) =>
    Buffer.from(code ?? ''),
  );
  if (known === undefined || presented === undefined || known.length === 0) return false;
  return known.length === presented.length && timingSafeEqual(known, presented);
}

function codeRequired(): AccountError {
  return new AccountError('INVITE_CODE_REQUIRED', 'an invite code is needed, and this is none');
}

function assertFree(records: UserRecords, email: string): void {
  if (records.findUserByEmail(email) === undefined) return;
  throw new AccountError('USER_EXISTS', 'there is a user of that address');
}

async function logIn(parts: Parts, { email, password, address }: Credentials): Promise<SignedIn> {
  const { config, records, logger } = parts;
  if (!config.passwordLogin)
    throw new AccountError('PASSWORD_LOGIN_DISABLED', 'signing in with a password is disabled');
  const user = records.findUserByEmail(email);
  const isRight = await isPassword(parts, { email, password, address }, user?.passwordHash ?? null);
  // The user may have been changed or removed while the password was looked at.
  const current = user === undefined ? undefined : records.getUser(user.id);
  if (!isRight || current === undefined || current.passwordHash !== user?.passwordHash) {
    logger.warn({ address, known: user !== undefined }, 'A login has failed');
    throw new AccountError('BAD_CREDENTIALS', 'the address or the password is wrong');
  }
  return signedIn(parts, current);
}

/** Checks a password as an attempt of the address. Throws TOO_MANY_ATTEMPTS. */
async function isPassword(
  { guard, passwords }: Parts,
  { email, password, address }: Credentials,
  hash: string | null,
): Promise<boolean> {
  const attempt = guard.password(email, address);
  let isRight: boolean;
  try {
    isRight = await passwords.verify(password, hash);
  } catch (error) {
    attempt.cancel();
    throw error;
  }
  if (isRight) attempt.succeed();
  return isRight;
}

async function changePassword(
  parts: Parts,
  id: string | undefined,
  { current, next, address }: PasswordChange,
): Promise<SignedIn> {
  const { records, passwords, logger, config } = parts;
  const user = userOf(records, id);
  if (!config.passwordLogin)
    throw new AccountError('PASSWORD_LOGIN_DISABLED', 'signing in with a password is disabled');
  if (user.passwordHash === null) throw new AccountError('NO_PASSWORD', 'the user has no password');
  const presented = { email: user.email, password: current, address };
  if (!(await isPassword(parts, presented, user.passwordHash)))
    throw new AccountError('BAD_CREDENTIALS', 'the current password is wrong');
  const passwordHash = await passwords.hash(next);
  const latest = userOf(records, user.id);
  // Somebody else has changed it in the meantime: what was checked counts no more.
  if (latest.passwordHash !== user.passwordHash)
    throw new AccountError('BAD_CREDENTIALS', 'the current password is wrong');
  const changed = write(records, { ...withoutTokens(latest), passwordHash });
  logger.info({ user: user.email, address }, 'A password was changed');
  return signedIn(parts, changed);
}

function userOf(records: UserRecords, id: string | undefined): UserRecord {
  const user = id === undefined ? undefined : records.getUser(id);
  if (user === undefined) throw new AccountError('UNKNOWN_USER', 'the caller is no user');
  return user;
}

function write(records: UserRecords, user: UserRecord): UserRecord {
  if (records.saveUser(user)) return user;
  throw new AccountError('UNKNOWN_USER', 'the user is gone');
}

import { randomBytes } from 'node:crypto';
import {
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
} from 'openid-client';
import type {
  Logger,
  SignInProvider,
  UserRecord,
  UserRecords,
  UsersConfig,
} from '../../../reconciler/index.ts';
import { errorMessage } from '../../../reconciler/index.ts';
import { AccountError } from '../account-error.ts';
import type { UsersBegun } from '../state-file.ts';
import { isOfDomains } from '../user-record.ts';
import { chooseAccount } from './choose-account.ts';
import { createConnect } from './connect.ts';
import type { Connect } from './connect.ts';
import { createOneTime, hashName } from './one-time.ts';
import type { OneTime } from './one-time.ts';
import { exchangeProviderCode, readIdentity } from './read-identity.ts';
import type { ProviderIdentity, SignInChecks } from './read-identity.ts';

export interface BrowserSignInOptions {
  readonly records: UserRecords;
  readonly config: UsersConfig;
  readonly begun: UsersBegun;
  readonly resolveSecret: (reference: string) => string;
  readonly logger: Logger;
  readonly now: () => number;
  readonly elapsed: () => number;
  /** Makes a token. */
  readonly signedIn: (user: UserRecord) => Promise<{ readonly token: string; readonly user: UserRecord }>;
}

/** Reasons for which a browser is sent back without having signed in. */
export type SignInFailure =
  | 'no-state'
  | 'bad-state'
  | 'denied'
  | 'no-code'
  | 'unknown-provider'
  | 'broken-provider'
  | 'not-authenticated'
  | 'no-user-information'
  | 'domain-refused'
  | 'no-account';

export interface SignInRequest {
  /** Name of the provider. */
  readonly provider: string;
  /** Path at which the browser comes back to this API, below its public address. */
  readonly callbackPath: string;
  /** Value that the browser was given at an earlier time. */
  readonly browser: string | undefined;
}

export interface BegunSignIn {
  /** Address at the provider. */
  readonly location: string;
  /** Value that the browser has to bring along when it comes back: an answer counts only in the browser that asked. */
  readonly browser: string;
  /** Address of this API at which the browser comes back. */
  readonly callbackUrl: string;
}

export interface SignInAnswer {
  readonly provider: string;
  readonly browser: string | undefined;
  /** Query that the browser came back with, as it stands in the address. */
  readonly query: string;
}

/** Signing in at a provider: the browser goes there, comes back, and its page exchanges a code for a token. */
export interface BrowserSignIn {
  /** Address of the web pages, without a slash at the end; `undefined` where there are no providers. */
  readonly frontendUrl: string | undefined;
  /** Throws UNKNOWN_PROVIDER, PROVIDER_BROKEN. */
  beginSignIn(request: SignInRequest): Promise<BegunSignIn>;
  /** Returns a code that the page can exchange for a token once, within 30 s; or why not. */
  finishSignIn(
    answer: SignInAnswer,
  ): Promise<{ readonly code: string } | { readonly failure: SignInFailure }>;
  /** Throws INVALID_CODE. */
  exchangeCode(code: string): Promise<{ readonly token: string; readonly user: UserRecord }>;
}

const STATE_MS = 10 * 60_000;
const CODE_MS = 30_000;
const BROWSER = /^[A-Za-z0-9_-]{43}$/;

interface Begun extends Omit<SignInChecks, 'state'> {
  readonly provider: string;
  readonly callbackUrl: string;
  /** Hash of the browser's value. */
  readonly browser: string;
}

interface Flow extends BrowserSignInOptions {
  readonly connect: Connect;
  readonly states: OneTime<Begun>;
  readonly codes: OneTime<Pick<UserRecord, 'id' | 'tokenGeneration'>>;
}

export function createBrowserSignIn(options: BrowserSignInOptions): BrowserSignIn {
  const { elapsed, records, signedIn } = options;
  const flow: Flow = {
    ...options,
    connect: createConnect(options),
    states: createOneTime(STATE_MS, elapsed),
    codes: createOneTime(CODE_MS, elapsed),
  };
  return {
    frontendUrl: options.config.frontendUrl,
    beginSignIn: (request) => beginSignIn(flow, request),
    async finishSignIn(answer) {
      try {
        return { code: await finishSignIn(flow, answer) };
      } catch (error) {
        if (error instanceof Refused) return { failure: error.failure };
        throw error;
      }
    },
    async exchangeCode(code) {
      const found = flow.codes.take(code);
      const user = found === undefined ? undefined : records.getUser(found.id);
      if (user === undefined || user.tokenGeneration !== found?.tokenGeneration)
        throw new AccountError('INVALID_CODE', 'the code is not valid, or not any more');
      return signedIn(user);
    },
  };
}

async function beginSignIn(
  { config, connect, states, logger }: Flow,
  { provider: name, callbackPath, browser: given }: SignInRequest,
): Promise<BegunSignIn> {
  const provider = config.providers.find((one) => one.name === name);
  if (provider === undefined || config.publicUrl === undefined)
    throw new AccountError('UNKNOWN_PROVIDER', 'there is no such provider');
  const connection = await connect(provider).catch((error: unknown) => {
    logger.error({ provider: name, error: reasonsOf(error) }, 'A sign-in provider cannot be used');
    throw new AccountError('PROVIDER_BROKEN', 'the provider cannot be used', { cause: error });
  });
  const browser = given !== undefined && BROWSER.test(given) ? given : randomBytes(32).toString('base64url');
  const [nonce, verifier] = [randomNonce(), randomPKCECodeVerifier()];
  const callbackUrl = config.publicUrl + callbackPath;
  const state = states.put({ provider: name, callbackUrl, browser: hashName(browser), nonce, verifier });
  const location = buildAuthorizationUrl(connection, {
    redirect_uri: callbackUrl,
    response_type: 'code',
    scope: provider.scopes.join(' '),
    state,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(provider.type === 'oidc' ? { nonce } : {}),
  });
  return { location: location.href, browser, callbackUrl };
}

/** Ends a sign-in. */
class Refused extends Error {
  readonly failure: SignInFailure;

  constructor(failure: SignInFailure, cause?: unknown) {
    super(failure, { cause });
    this.failure = failure;
  }
}

async function finishSignIn(flow: Flow, { provider: name, browser, query }: SignInAnswer): Promise<string> {
  const { states, config, codes, logger } = flow;
  const parameters = new URLSearchParams(query);
  const state = parameters.get('state') ?? '';
  if (state === '') throw new Refused('no-state');
  const provider = config.providers.find((one) => one.name === name);
  if (provider === undefined) throw new Refused('unknown-provider');
  const begun = states.take(state);
  const isOurs = begun?.provider === name && begun.browser === hashName(browser ?? '');
  if (begun === undefined || !isOurs) throw new Refused('bad-state');
  if (parameters.has('error')) throw new Refused('denied');
  if ((parameters.get('code') ?? '') === '') throw new Refused('no-code');

  const callback = new URL(`${begun.callbackUrl}?${query}`);
  const identity = await askProvider(flow, provider, callback, { ...begun, state });
  // An address that nobody has verified is of no domain.
  const isAllowed = identity.emailVerified || provider.domains.length === 0;
  if (!isAllowed || !isOfDomains(identity.email, provider.domains)) throw new Refused('domain-refused');
  const user = findAccount(flow, provider, identity);
  logger.info({ user: user.email, provider: name }, 'A user has signed in at a provider');
  return codes.put({ id: user.id, tokenGeneration: user.tokenGeneration });
}

async function askProvider(
  { connect, logger }: Flow,
  provider: SignInProvider,
  callback: URL,
  checks: SignInChecks,
): Promise<ProviderIdentity> {
  const refuse = (failure: SignInFailure) => (error: unknown) => {
    logger.warn({ provider: provider.name, failure, error: reasonsOf(error) }, 'A sign-in has failed');
    throw new Refused(failure, error);
  };
  const connection = await connect(provider).catch(refuse('broken-provider'));
  const tokens = await exchangeProviderCode(connection, provider, callback, checks).catch(
    refuse('not-authenticated'),
  );
  return readIdentity(connection, provider, tokens).catch(refuse('no-user-information'));
}

function findAccount(flow: Flow, provider: SignInProvider, identity: ProviderIdentity): UserRecord {
  const { records, begun, logger, now } = flow;
  const chosen = chooseAccount(identity, { records, provider, mayBeFirst: !begun.has(), now: now() });
  if (chosen.user !== null) {
    begun.note();
    return chosen.user;
  }
  logger.warn({ provider: provider.name, reason: chosen.reason }, 'A sign-in has failed');
  throw new Refused('no-account');
}

/** The message of an error with what it was caused by, which libraries put the reason into. */
function reasonsOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return errorMessage(error) + cause;
}

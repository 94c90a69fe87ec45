import { createHash, randomBytes } from 'node:crypto';
import type { ApiKeyRecord, Logger, LoginRecord, LoginRecords, Store } from '../../../reconciler/index.ts';
import { errorMessage, newId } from '../../../reconciler/index.ts';
import { findApiKey } from '../../auth/api-key.ts';
import { identityOfKey } from '../../auth/authenticate.ts';
import type { Identity } from '../../auth/identity.ts';
import { networkOf } from '../../http/client-address.ts';
import { AccountError, tooManyAttempts } from '../account-error.ts';
import { createOneTime } from '../providers/one-time.ts';
import type { Throttle } from '../throttle.ts';
import { createThrottle } from '../throttle.ts';
import { identityOfUser } from '../tokens.ts';

export interface SessionsOptions {
  readonly records: LoginRecords & Pick<Store, 'listKeys' | 'getUser'>;
  readonly logger: Logger;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
  /** Milliseconds from any start. Default `performance.now()`. */
  readonly elapsed?: () => number;
}

/** The browser that signs in. */
export interface Visitor {
  readonly address: string;
  readonly userAgent: string;
}

export interface OpenedSession {
  /** Value that the browser has to keep: 43 characters that nobody can guess. Kept here as a hash only. */
  readonly value: string;
  readonly identity: Identity;
}

export interface SessionLink {
  /** Signs in once. */
  readonly link: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** A session with whom it is of now. */
export interface OwnedLogin {
  readonly login: LoginRecord;
  readonly identity: Identity;
  /** Milliseconds since the epoch: used no more, it ends then. */
  readonly expiresAt: number;
}

/**
 * Sessions of browsers, as rows of the store. Each stands for a key or a user, with the rights that these have at the moment, and ends with
 * them. Refusals are `AccountError`s; what the store throws passes through.
 */
export interface Sessions {
  /** The caller whose browser this is; `null`: nobody, or nobody any more. */
  identify(value: string): Identity | null;
  /** Throws BAD_CREDENTIALS, TOO_MANY_ATTEMPTS. */
  signInWithKey(key: string, visitor: Visitor): OpenedSession;
  /** Throws INVALID_CODE, TOO_MANY_ATTEMPTS. */
  signInWithLink(link: string, visitor: Visitor): OpenedSession;
  /** Opens a session for a user who has proven to be that: `generation` is the one of their tokens then. */
  signInAs(
    user: { readonly id: string; readonly tokenGeneration: number },
    method: LoginRecord['method'],
    visitor: Visitor,
  ): OpenedSession;
  /** Makes a link that signs in as the caller; `null` where that is neither a key nor a user. */
  makeLink(identity: Identity): SessionLink | null;
  /** Lists those that have not ended, the newest first. */
  list(): readonly OwnedLogin[];
  /** False: there was none. */
  end(id: string): boolean;
}

/** A session that is not used for so long has ended. */
const IDLE_MS = 7 * 24 * 3_600_000;
/** A session ends after so long, however much it is used. */
const LIFETIME_MS = 30 * 24 * 3_600_000;
const LINK_MS = 10 * 60_000;
/** Its use is written down this often. */
const TOUCH_MS = 60_000;
/** Sessions of one key or user; the oldest is ended for one more. */
const MAX_OF_ONE = 100;
const MAX_USER_AGENT = 200;
const VALUE = /^[A-Za-z0-9_-]{43}$/;
const GUESSES = { free: 20, maxDelayMs: 60_000 } as const;

type Holder = Pick<LoginRecord, 'kind' | 'subject' | 'stamp'>;

/** Session that a link was made in: the link is good as long as that, and what it begins ends no later. */
interface LinkHolder extends Holder {
  readonly madeIn: Pick<LoginRecord, 'id' | 'endsAt'> | null;
}

interface Parts {
  readonly records: SessionsOptions['records'];
  readonly logger: Logger;
  readonly now: () => number;
}

export function createSessions(options: SessionsOptions): Sessions {
  const { records, logger, now = Date.now, elapsed = () => performance.now() } = options;
  const parts: Parts = { records, logger, now };
  const links = createOneTime<LinkHolder>(LINK_MS, elapsed);
  const guesses = createThrottle({ ...GUESSES, elapsed });
  return {
    identify: (value) => identify(parts, value),
    signInWithKey(key, visitor) {
      const found = tryOnce(guesses, visitor, () => findApiKey(records.listKeys(), key.trim()));
      if (found === undefined) throw new AccountError('BAD_CREDENTIALS', 'the key is not valid');
      return open(parts, holderOfKey(found), 'key', visitor);
    },
    signInWithLink(link, visitor) {
      const found = tryOnce(guesses, visitor, () => links.take(link));
      if (found === undefined || identityOf(parts, found) === null || isOrphan(parts, found))
        throw new AccountError('INVALID_CODE', 'the link is not valid: it counts once, and for ten minutes');
      const { madeIn, ...holder } = found;
      return open(parts, { ...holder, endsBy: madeIn?.endsAt }, 'link', visitor);
    },
    signInAs: ({ id, tokenGeneration }, method, visitor) =>
      open(parts, { kind: 'user', subject: id, stamp: String(tokenGeneration) }, method, visitor),
    makeLink(identity) {
      const holder = holderOf(parts, identity);
      if (holder === null) return null;
      const madeIn = records.listLogins().find(({ id }) => id === identity.session?.id) ?? null;
      return { link: links.put({ ...holder, madeIn }), expiresAt: now() + LINK_MS };
    },
    list: () =>
      records.listLogins().flatMap((login) => {
        const identity = isOver(login, now()) ? null : identityOf(parts, login);
        return identity === null ? [] : [{ login, identity, expiresAt: expiryOf(login) }];
      }),
    end: (id) => records.deleteLogin(id),
  };
}

function identify(parts: Parts, value: string): Identity | null {
  const { records, now } = parts;
  const record = VALUE.test(value) ? records.findLogin(hashOf(value)) : undefined;
  if (record === undefined) return null;
  const time = now();
  const identity = isOver(record, time) ? null : identityOf(parts, record);
  if (identity === null) {
    attempt(parts, () => records.deleteLogin(record.id));
    return null;
  }
  if (time - record.seenAt < TOUCH_MS) return withSession(identity, record);
  attempt(parts, () => records.touchLogin(record.id, time));
  return withSession(identity, { ...record, seenAt: time });
}

function open(
  parts: Parts,
  { endsBy, ...holder }: Holder & { readonly endsBy?: number | undefined },
  method: LoginRecord['method'],
  { address, userAgent }: Visitor,
): OpenedSession {
  const { records, now, logger } = parts;
  const identity = identityOf(parts, holder);
  if (identity === null) throw new AccountError('BAD_CREDENTIALS', 'the key or the user is gone');
  const value = randomBytes(32).toString('base64url');
  const time = now();
  const record: LoginRecord = {
    id: `ses_${newId(time)}`,
    hash: hashOf(value),
    ...holder,
    method,
    createdAt: time,
    seenAt: time,
    endsAt: Math.min(time + LIFETIME_MS, endsBy ?? Number.POSITIVE_INFINITY),
    address,
    userAgent: userAgent.replaceAll(/\p{C}/gu, ' ').slice(0, MAX_USER_AGENT),
  };
  records.pruneLogins(time, time - IDLE_MS);
  endOldest(records, holder);
  records.addLogin(record);
  logger.info({ caller: identity.name, method, address, session: record.id }, 'A browser has signed in');
  return { value, identity: withSession(identity, record) };
}

/** Tells whether the session that a link was made in has ended meanwhile. */
function isOrphan({ records, now }: Parts, { madeIn }: LinkHolder): boolean {
  if (madeIn === null) return false;
  const session = records.listLogins().find(({ id }) => id === madeIn.id);
  return session === undefined || isOver(session, now());
}

/** Makes room for one more session of a key or a user: nobody fills the disk with them. */
function endOldest(records: LoginRecords, { kind, subject }: Holder): void {
  const own = records.listLogins().filter((one) => one.kind === kind && one.subject === subject);
  for (const { id } of own.slice(MAX_OF_ONE - 1)) records.deleteLogin(id);
}

/** Whom a session or a link stands for now; `null` once the key, or the user's tokens, are others. */
function identityOf({ records }: Parts, { kind, subject, stamp }: Holder): Identity | null {
  if (kind === 'user') {
    const user = records.getUser(subject);
    return user === undefined || String(user.tokenGeneration) !== stamp ? null : identityOfUser(user);
  }
  const key = records.listKeys().find(({ id, hash }) => id === subject && hash === stamp);
  return key === undefined ? null : identityOfKey(key);
}

/** Tokens of issuers end by themselves, and nobody can be asked here whether they have. */
function holderOf({ records }: Parts, { keyId, userId }: Identity): Holder | null {
  if (userId !== undefined) {
    const user = records.getUser(userId);
    return user === undefined
      ? null
      : { kind: 'user', subject: user.id, stamp: String(user.tokenGeneration) };
  }
  const key = keyId === undefined ? undefined : records.listKeys().find(({ id }) => id === keyId);
  return key === undefined ? null : holderOfKey(key);
}

function holderOfKey({ id, hash }: ApiKeyRecord): Holder {
  return { kind: 'key', subject: id, stamp: hash };
}

/** Counts what was wrong by the address that it came from. Throws TOO_MANY_ATTEMPTS before anything is looked at. */
function tryOnce<T>(guesses: Throttle, { address }: Visitor, look: () => T | undefined): T | undefined {
  const place = networkOf(address);
  const waitMs = guesses.waitOf(place);
  if (waitMs > 0) throw tooManyAttempts(waitMs);
  const found = look();
  if (found === undefined) guesses.count(place);
  return found;
}

function withSession(identity: Identity, record: LoginRecord): Identity {
  const { id } = record;
  return { ...identity, via: 'session', session: { id, expiresAt: expiryOf(record) } };
}

function expiryOf({ seenAt, endsAt }: Pick<LoginRecord, 'seenAt' | 'endsAt'>): number {
  return Math.min(seenAt + IDLE_MS, endsAt);
}

function isOver(record: Pick<LoginRecord, 'seenAt' | 'endsAt'>, time: number): boolean {
  return time >= expiryOf(record);
}

function hashOf(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}

/** A full disk is no reason to refuse who has signed in. */
function attempt({ logger }: Parts, work: () => unknown): void {
  try {
    work();
  } catch (error) {
    logger.warn({ error: errorMessage(error) }, 'The use of a session cannot be written down');
  }
}

import type { Actor, Role } from '../../reconciler/index.ts';
import { showLine } from '../../reconciler/index.ts';

/** Person or program that asks. `name` and `email` become the author of commits and the actor of jobs. */
export interface Identity extends Actor {
  readonly role: Role;
  readonly via: 'key' | 'token' | 'session' | 'open';
  /** Id of the key, where it is one. */
  readonly keyId?: string;
  /** Id of the user, where it is one. */
  readonly userId?: string;
  /** Session of a browser that it came by. */
  readonly session?: { readonly id: string; /** Milliseconds since the epoch. */ readonly expiresAt: number };
  /** Issuer of a token, and what that calls its bearer, who often chooses names and addresses in it. */
  readonly subject?: string;
}

/**
 * Text that tells callers apart, in logs, records and counts. Users, and bearers of tokens, may call themselves like anybody: the address of a user is his
 * alone, and so is what the issuer of a token calls its bearer.
 */
export function callerOf({ userId, name, email, subject }: Identity): string {
  if (userId !== undefined) return email;
  return subject === undefined ? name : `${name} (${showLine(subject.replace('\0', ' ').trim())})`;
}

/** Values that a request carried to prove who it is from. */
export interface Credentials {
  /** `X-API-KEY` header. */
  readonly apiKeyHeader: string | undefined;
  /** `Authorization` header as it came. */
  readonly authorization: string | undefined;
  /** `api_key` query parameter. */
  readonly apiKeyParameter: string | undefined;
  /** `token` query parameter, where a dialect takes one. */
  readonly tokenParameter?: string | undefined;
  /** Value of a browser that has signed in, where its cookie counts. */
  readonly session?: string | undefined;
}

/** Throws UNAUTHORIZED when the credentials prove nothing, SERVICE_UNAVAILABLE when they cannot be checked now. */
export type Authenticate = (credentials: Credentials) => Promise<Identity>;

/** Identity on routes that are open to everybody. */
export const ANONYMOUS: Identity = {
  name: 'anonymous',
  email: 'anonymous@kombinator.local',
  role: 'viewer',
  via: 'open',
};

/** Identity on a server without authentication, which serves its own machine only. */
export const LOCAL_ADMIN: Identity = {
  name: 'local',
  email: 'local@kombinator.local',
  role: 'admin',
  via: 'open',
};

const EMAIL = /^[^\s<>@\p{C}]{1,100}@[^\s<>@\p{C}]{1,255}$/u;

/** Domain of the addresses that keys, and tokens without an address, are given. */
const LOCAL_DOMAIN = '@kombinator.local';

/**
 * Tells whether an address can be somebody's, and stand in a commit and on a terminal: no control characters, none that turn the direction of a text. Those that
 * are made here for keys are nobody's: commits, records and notes tell people apart by them.
 */
export function isAddress(text: string): boolean {
  return EMAIL.test(text) && !text.toLowerCase().endsWith(LOCAL_DOMAIN);
}

/** The part of a name that is safe in a Git author line, never empty. */
export function authorName(text: string): string {
  const safe = text
    .replaceAll(/[\p{Cc}<>]/gu, ' ')
    .trim()
    .slice(0, 100);
  return safe === '' ? 'unnamed' : safe;
}

/** An address for a name that comes without one. */
export function localAddress(name: string): string {
  const local = name.toLowerCase().replaceAll(/[^a-z0-9._-]+/g, '-');
  return (local === '' ? 'unnamed' : local) + LOCAL_DOMAIN;
}

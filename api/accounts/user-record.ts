import { randomInt } from 'node:crypto';
import { newId } from '../../reconciler/index.ts';
import type { Role, UserRecord, UserRecords } from '../../reconciler/index.ts';

/** A user that is to be made. */
export interface NewUser {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: string | null;
  readonly external?: UserRecord['external'];
}

/**
 * Puts a new user together, with an id that begins with the time as the platform's ids do.
 *
 * @param now milliseconds since the epoch
 */
export function buildUser(
  { email, name, role, passwordHash, external = null }: NewUser,
  now: number,
): UserRecord {
  return {
    id: newId(now),
    email,
    name,
    role,
    passwordHash,
    external,
    tokenGeneration: 1,
    createdAt: new Date(now).toISOString(),
  };
}

/** The same user, whose tokens are all refused from now on. */
export function withoutTokens(user: UserRecord): UserRecord {
  return { ...user, tokenGeneration: user.tokenGeneration + 1 };
}

/** Domain of an address, in lower case. */
export function domainOf(email: string): string {
  return email.slice(email.lastIndexOf('@') + 1).toLowerCase();
}

/** Tells whether an address is of one of the domains; no domains stand for all. */
export function isOfDomains(email: string, domains: readonly string[]): boolean {
  return domains.length === 0 || domains.includes(domainOf(email));
}

/** Six random digits. */
export function makeInviteCode(): string {
  return randomInt(1_000_000).toString().padStart(6, '0');
}

/** The invite code, made when there is none. */
export function readInviteCode(records: Pick<UserRecords, 'getUserSettings' | 'saveUserSettings'>): string {
  return records.getUserSettings().inviteCode ?? renewInviteCode(records);
}

/** Makes another invite code; the one before is worth nothing from now on. */
export function renewInviteCode(records: Pick<UserRecords, 'getUserSettings' | 'saveUserSettings'>): string {
  const inviteCode = makeInviteCode();
  records.saveUserSettings({ ...records.getUserSettings(), inviteCode });
  return inviteCode;
}

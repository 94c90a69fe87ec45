export type Role = 'viewer' | 'deployer' | 'admin';

/** One who signs in with a password or over a provider. */
export interface UserRecord {
  /** 24 hex digits, for good. */
  readonly id: string;
  /** Address as it was given. No two users have the same one, whatever its case. */
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  /** Hash with its parameters; `null`: there is no password. */
  readonly passwordHash: string | null;
  /** Identity at a provider; `null`: there is none. */
  readonly external: ExternalIdentity | null;
  /** Tokens of an earlier generation are refused. From 1. */
  readonly tokenGeneration: number;
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface ExternalIdentity {
  /** Name of the provider in the operator's configuration. */
  readonly provider: string;
  /** The provider's own id of the user. */
  readonly subject: string;
}

export interface UserSettings {
  /** 6 digits; `null`: none was made yet. */
  readonly inviteCode: string | null;
  /** A new code is made after each sign-up. */
  readonly regenerateAfterSignup: boolean;
}

export const DEFAULT_USER_SETTINGS: UserSettings = { inviteCode: null, regenerateAfterSignup: true };

/** Users and what is set about signing up. Part of the store: it throws as the store does. */
export interface UserRecords {
  /**
   * Adds a user; as one with that, the very first one gets `roleIfFirst`. `undefined`: the id, the address or the identity at the provider is
   * somebody's already.
   *
   * @param roleIfFirst default: the role of the record
   */
  addUser(user: UserRecord, roleIfFirst?: Role): UserRecord | undefined;
  /** Writes a user that is there. False: it is not, or what it is to have is somebody else's. */
  saveUser(user: UserRecord): boolean;
  /** False: there was none. */
  deleteUser(id: string): boolean;
  getUser(id: string): UserRecord | undefined;
  /** Finds by address, whatever its case. */
  findUserByEmail(email: string): UserRecord | undefined;
  findUserByIdentity(identity: ExternalIdentity): UserRecord | undefined;
  hasUsers(): boolean;
  /** Lists users by creation. */
  listUsers(): readonly UserRecord[];
  getUserSettings(): UserSettings;
  saveUserSettings(settings: UserSettings): void;
}

/** Form of an address in which addresses are compared. */
export function emailKey(email: string): string {
  return email.normalize('NFC').toLowerCase();
}

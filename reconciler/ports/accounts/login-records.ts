/** A browser that has signed in. Nothing in it lets anybody in: the browser's own value is kept as a hash. */
export interface LoginRecord {
  /** `ses_` and 24 hex digits. */
  readonly id: string;
  /** SHA-256 of what the browser holds, hex. */
  readonly hash: string;
  readonly kind: 'key' | 'user';
  /** Id of the key or the user that it stands for. */
  readonly subject: string;
  /** Hash of the key, or generation of the user's tokens, at the time: with another one the session has ended. */
  readonly stamp: string;
  /** Way in which it was begun. */
  readonly method: 'key' | 'password' | 'link' | 'provider';
  /** Milliseconds since the epoch, as all times here. */
  readonly createdAt: number;
  /** Time at which it was used last, to the minute or so. */
  readonly seenAt: number;
  /** It ends then, used or not. */
  readonly endsAt: number;
  /** Address that it was begun from. */
  readonly address: string;
  /** Program that it was begun with, as that calls itself; may be empty. */
  readonly userAgent: string;
}

/** Sessions of browsers. Part of the store: it throws as the store does. */
export interface LoginRecords {
  addLogin(record: LoginRecord): void;
  findLogin(hash: string): LoginRecord | undefined;
  /** Notes that it was used; one that is gone stays so. */
  touchLogin(id: string, seenAt: number): void;
  /** Lists the newest first. */
  listLogins(): readonly LoginRecord[];
  /** False: there was none. */
  deleteLogin(id: string): boolean;
  /** Drops those that have ended by a time, and those that were not used since another. */
  pruneLogins(endedBy: number, unusedSince: number): void;
}

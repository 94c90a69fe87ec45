import type { Logger, Role, UserRecord, UserRecords, UsersConfig } from '../../../reconciler/index.ts';
import { AccountError } from '../account-error.ts';
import type { Passwords } from '../password.ts';
import type { UsersBegun } from '../state-file.ts';
import { buildUser, readInviteCode, withoutTokens } from '../user-record.ts';

export interface AddedUser {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  /** Left out: the user signs in at a provider. */
  readonly password?: string | undefined;
}

export interface UserChange {
  readonly name?: string | undefined;
  readonly role?: Role | undefined;
}

/** Users as admins see and change them. Refusals are `AccountError`s. */
export interface UserAdmin {
  /** Lists users by creation. */
  listUsers(): readonly UserRecord[];
  /** Throws USER_EXISTS, TOO_MANY_ATTEMPTS. */
  addUser(user: AddedUser): Promise<UserRecord>;
  /**
   * Changes a user, whose tokens and sessions end with another role. Throws UNKNOWN_USER, and LAST_ADMIN for the only one who can sign in as
   * that.
   *
   * @param hasOtherAdmins somebody who is no user is admin, too
   */
  changeUser(id: string, change: UserChange, hasOtherAdmins: boolean): UserRecord;
  /** Removes a user. Throws as `changeUser` does. */
  removeUser(id: string, hasOtherAdmins: boolean): UserRecord;
  /** Tells whether a user can sign in as an admin. */
  hasAdmins(): boolean;
}

export interface UserAdminOptions {
  readonly records: UserRecords;
  readonly config: UsersConfig;
  readonly begun: UsersBegun;
  readonly passwords: Passwords;
  readonly logger: Logger;
  readonly now: () => number;
}

export function createUserAdmin(options: UserAdminOptions): UserAdmin {
  const { records, begun, passwords, logger, now, config } = options;

  function find(id: string): UserRecord {
    const user = records.getUser(id);
    if (user === undefined) throw new AccountError('UNKNOWN_USER', `there is no user ${id.slice(0, 40)}`);
    return user;
  }

  function assertAdminLeft(user: UserRecord, hasOtherAdmins: boolean): void {
    if (!isAdmin(user, config) || hasOtherAdmins) return;
    const others = records.listUsers().filter(({ id }) => id !== user.id);
    if (others.some((other) => isAdmin(other, config))) return;
    throw new AccountError('LAST_ADMIN', `${user.email} is the last one who can sign in as an admin`);
  }

  return {
    listUsers: () => records.listUsers(),
    hasAdmins: () => records.listUsers().some((user) => isAdmin(user, config)),
    async addUser({ email, name, role, password }) {
      const exists = () => new AccountError('USER_EXISTS', 'there is a user of that address');
      if (records.findUserByEmail(email) !== undefined) throw exists();
      const passwordHash = password === undefined ? null : await passwords.hash(password);
      const user = records.addUser(buildUser({ email, name, role, passwordHash }, now()));
      if (user === undefined) throw exists();
      begun.note();
      readInviteCode(records);
      logger.info({ user: user.email, role }, 'A user was added');
      return user;
    },
    changeUser(id, { name, role }, hasOtherAdmins) {
      const user = find(id);
      const isOther = role !== undefined && role !== user.role;
      if (isOther) assertAdminLeft(user, hasOtherAdmins);
      const changed = {
        ...(isOther ? withoutTokens(user) : user),
        ...(role !== undefined && { role }),
        ...(name !== undefined && { name }),
      };
      if (!records.saveUser(changed)) throw new AccountError('UNKNOWN_USER', 'the user is gone');
      return changed;
    },
    removeUser(id, hasOtherAdmins) {
      const user = find(id);
      assertAdminLeft(user, hasOtherAdmins);
      begun.note();
      records.deleteUser(id);
      logger.info({ user: user.email }, 'A user was removed');
      return user;
    },
  };
}

/** An admin who has a way to sign in. */
function isAdmin({ role, passwordHash, external }: UserRecord, config: UsersConfig): boolean {
  const hasPassword = passwordHash !== null && config.passwordLogin;
  const hasProvider = config.providers.some(({ name }) => name === external?.provider);
  return role === 'admin' && (hasPassword || hasProvider);
}

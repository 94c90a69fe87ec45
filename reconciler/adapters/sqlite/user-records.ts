import type {
  ExternalIdentity,
  UserRecord,
  UserRecords,
  UserSettings,
} from '../../ports/accounts/user-records.ts';
import { DEFAULT_USER_SETTINGS, emailKey } from '../../ports/accounts/user-records.ts';
import type { Access } from './access.ts';
import type { Row } from './rows.ts';
import { number, oneOf, optionalText, ROLES, text } from './rows.ts';

export function createUserRecords({ use }: Access): UserRecords {
  const get = (id: string) => use((statements) => found(statements.getUser.get(id)));
  return {
    addUser(user, roleIfFirst = user.role) {
      const columns = { ...toColumns(user), roleIfFirst };
      const { changes } = use((statements) => statements.addUser.run(columns));
      return Number(changes) === 0 ? undefined : get(user.id);
    },
    saveUser: (user) => use((statements) => Number(statements.saveUser.run(toColumns(user)).changes) > 0),
    deleteUser: (id) => use((statements) => Number(statements.deleteUser.run(id).changes) > 0),
    getUser: get,
    findUserByEmail: (email) => use((statements) => found(statements.findUserByEmail.get(emailKey(email)))),
    findUserByIdentity: ({ provider, subject }) =>
      use((statements) => found(statements.findUserByIdentity.get(provider, subject))),
    hasUsers: () => use((statements) => statements.hasUsers.get() !== undefined),
    listUsers: () => use((statements) => statements.listUsers.all().map(toUser)),
    getUserSettings: () =>
      use((statements) => {
        const row = statements.getUserSettings.get();
        return row === undefined ? DEFAULT_USER_SETTINGS : toSettings(row);
      }),
    saveUserSettings: ({ inviteCode, regenerateAfterSignup }) =>
      use(
        (statements) =>
          void statements.saveUserSettings.run({
            inviteCode,
            regenerateAfterSignup: regenerateAfterSignup ? 1 : 0,
          }),
      ),
  };
}

function found(row: Row | undefined): UserRecord | undefined {
  return row === undefined ? undefined : toUser(row);
}

function toColumns({ external, ...rest }: UserRecord) {
  return {
    ...rest,
    emailKey: emailKey(rest.email),
    provider: external?.provider ?? null,
    subject: external?.subject ?? null,
  };
}

function toUser(row: Row): UserRecord {
  return {
    id: text(row, 'id'),
    email: text(row, 'email'),
    name: text(row, 'name'),
    role: oneOf(row, 'role', ROLES),
    passwordHash: optionalText(row, 'password_hash'),
    external: toIdentity(optionalText(row, 'provider'), optionalText(row, 'subject')),
    tokenGeneration: number(row, 'token_generation'),
    createdAt: text(row, 'created_at'),
  };
}

function toIdentity(provider: string | null, subject: string | null): ExternalIdentity | null {
  return provider === null || subject === null ? null : { provider, subject };
}

function toSettings(row: Row): UserSettings {
  return {
    inviteCode: optionalText(row, 'invite_code'),
    regenerateAfterSignup: number(row, 'regenerate_after_signup') !== 0,
  };
}

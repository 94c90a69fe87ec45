import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { Argument, Option } from 'commander';
import type { Role, UserRecord } from '../../../reconciler/index.ts';
import { showText } from '../../../reconciler/index.ts';
import { buildUser, readInviteCode, renewInviteCode, withoutTokens } from '../../accounts/user-record.ts';
import { isAddress } from '../../auth/identity.ts';
import type { Invocation } from '../invocation.ts';
import { present, remark } from '../invocation.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';
import { noteChange } from '../session/note-change.ts';
import type { KeyStore } from '../session/session.ts';
import { EXIT, UsageError } from '../terminal/failure.ts';
import { showRows, showTime } from '../terminal/rows.ts';

const ROLES: readonly Role[] = ['viewer', 'deployer', 'admin'];

interface AddOptions {
  readonly name?: string;
  readonly role: Role;
  readonly password: boolean;
}

export function addUsers(program: Command, hooks: ProgramHooks): void {
  const user = program
    .command('user')
    .description(
      'users of the daemon of this repository (--repo, or its --state-dir), who sign in over the API',
    );
  user
    .command('list')
    .description('list addresses, names, roles and ids')
    .action(on(hooks, (invocation) => runUserList(invocation)));
  user
    .command('add')
    .description('make a user, and print the password once')
    .argument('<email>')
    .option('--name <name>', 'for people, and the author of commits (default: the address up to the @)')
    .addOption(new Option('--role <role>', 'what they may do').choices(ROLES).default('deployer'))
    .option('--no-password', 'no password: the user signs in at a provider with this address')
    .action(
      on(hooks, (invocation, options: AddOptions, email: string) => runUserAdd(invocation, email, options)),
    );
  user
    .command('role')
    .description('give a user another role; their tokens end')
    .argument('<email>')
    .addArgument(new Argument('<role>').choices(ROLES))
    .action(
      on(hooks, (invocation, _options, email: string, role: Role) => runUserRole(invocation, email, role)),
    );
  user
    .command('password')
    .description('give a user a new password, and print it once; their tokens end')
    .argument('<email>')
    .action(on(hooks, (invocation, _options, email: string) => runUserPassword(invocation, email)));
  user
    .command('revoke')
    .description('end all tokens of a user, who has to sign in again')
    .argument('<email>')
    .action(on(hooks, (invocation, _options, email: string) => runUserRevoke(invocation, email)));
  user
    .command('remove')
    .description('remove a user; their tokens end, what they have committed stays')
    .argument('<email>')
    .action(on(hooks, (invocation, _options, email: string) => runUserRemove(invocation, email)));
  user
    .command('invite')
    .description('print the code that people need to sign up')
    .option('--renew', 'make another one; the one before is worth nothing any more')
    .action(
      on(hooks, (invocation, options: { renew?: boolean }) =>
        runUserInvite(invocation, options.renew === true),
      ),
    );
}

async function runUserList(invocation: Invocation): Promise<number> {
  await using store = await openUsers(invocation);
  const users = store.users.listUsers().map(toView);
  present(invocation, { users }, () => {
    const rows = users.map(({ id, email, name, role, provider, createdAt }) =>
      [id, email, name, role, provider ?? 'password', showTime(invocation, createdAt)].map(showText),
    );
    return showRows(invocation, ['ID', 'EMAIL', 'NAME', 'ROLE', 'SIGNS IN WITH', 'CREATED'], rows);
  });
  return EXIT.ok;
}

/** The password itself is printed here and nowhere else; only its hash is kept. */
async function runUserAdd(invocation: Invocation, email: string, options: AddOptions): Promise<number> {
  if (!isAddress(email)) throw new UsageError(`"${email}" is no e-mail address that a user may have`);
  await using store = await openUsers(invocation);
  const name = options.name ?? email.slice(0, email.indexOf('@'));
  const password = options.password ? makePassword() : null;
  const passwordHash = password === null ? null : await store.hashPassword(password);
  const { role } = options;
  const user = store.users.addUser(buildUser({ email, name, role, passwordHash }, invocation.now()));
  if (user === undefined)
    throw new UsageError(`there is a user ${email} already`, 'kombinator user list shows all of them');
  store.begun.note();
  noteUser(invocation, store, 'user add', user);
  readInviteCode(store.users);
  present(invocation, { ...toView(user), password }, () => password ?? '');
  const how = password === null ? 'signs in at a provider' : 'the password is shown only now';
  remark(invocation, `user ${user.id}: ${email} (${role}); ${how}`);
  return EXIT.ok;
}

async function runUserRole(invocation: Invocation, email: string, role: Role): Promise<number> {
  await using store = await openUsers(invocation);
  const user = saved(store, { ...withoutTokens(findUser(store, email)), role });
  noteUser(invocation, store, 'user role', user);
  return report(invocation, toView(user), `${user.email} is ${role}, and has to sign in again`);
}

async function runUserPassword(invocation: Invocation, email: string): Promise<number> {
  await using store = await openUsers(invocation);
  const { id } = findUser(store, email);
  const password = makePassword();
  const passwordHash = await store.hashPassword(password);
  const user = saved(store, { ...withoutTokens(findUser(store, id)), passwordHash });
  noteUser(invocation, store, 'user password', user);
  present(invocation, { ...toView(user), password }, () => password);
  remark(invocation, `${user.email} has a new password, which is shown only now, and has to sign in again`);
  return EXIT.ok;
}

async function runUserRevoke(invocation: Invocation, email: string): Promise<number> {
  await using store = await openUsers(invocation);
  const user = saved(store, withoutTokens(findUser(store, email)));
  noteUser(invocation, store, 'user revoke', user);
  return report(invocation, { ...toView(user), revoked: true }, `${user.email} has to sign in again`);
}

async function runUserRemove(invocation: Invocation, email: string): Promise<number> {
  await using store = await openUsers(invocation);
  const user = findUser(store, email);
  store.begun.note();
  store.users.deleteUser(user.id);
  noteUser(invocation, store, 'user remove', user);
  return report(invocation, { ...toView(user), removed: true }, `${user.email} can no longer use the API`);
}

async function runUserInvite(invocation: Invocation, renew: boolean): Promise<number> {
  await using store = await openUsers(invocation);
  if (renew) noteChange(invocation, store, 'user invite', {});
  const inviteCode = renew ? renewInviteCode(store.users) : readInviteCode(store.users);
  present(invocation, { inviteCode }, () => inviteCode);
  return EXIT.ok;
}

function noteUser(
  invocation: Invocation,
  store: KeyStore,
  action: string,
  { id, email, role }: UserRecord,
): void {
  noteChange(invocation, store, action, { id, email, role });
}

function report(invocation: Invocation, document: object, text: string): number {
  present(invocation, document, () => `${invocation.style.good('✓')} ${text}`);
  return EXIT.ok;
}

/** 144 random bits. */
function makePassword(): string {
  return randomBytes(18).toString('base64url');
}

/** Finds by address or by id. */
function findUser({ users }: KeyStore, email: string): UserRecord {
  const user = users.findUserByEmail(email) ?? users.getUser(email);
  if (user !== undefined) return user;
  throw new UsageError(`there is no user "${email}"`, 'kombinator user list shows all of them');
}

function saved({ users }: KeyStore, user: UserRecord): UserRecord {
  if (users.saveUser(user)) return user;
  throw new UsageError(`${user.email} was removed in the meantime`);
}

function toView({ id, email, name, role, external, createdAt }: UserRecord) {
  return { id, email, name, role, provider: external?.provider ?? null, createdAt };
}

function openUsers(invocation: Invocation): Promise<KeyStore> {
  if (invocation.options.server !== undefined) {
    throw new UsageError(
      'users are managed where the daemon runs',
      'leave out --server and give its --state-dir',
    );
  }
  return invocation.openKeys();
}

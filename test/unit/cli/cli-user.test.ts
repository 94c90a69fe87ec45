import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPasswords } from '../../../api/accounts/password.ts';
import type { KeyStore } from '../../../api/cli/session/session.ts';
import type { AccountsRig } from '../../support/accounts/accounts-rig.ts';
import { CHEAP, createAccountsRig } from '../../support/accounts/accounts-rig.ts';
import { runFakeCli } from '../../support/cli/cli-harness.ts';
import { buildUser } from '../../support/records.ts';

const ADA = buildUser(1, { email: 'ada@example.org', name: 'Ada', role: 'admin', passwordHash: 'h' });

const passwords = createPasswords(CHEAP);

describe('kombinator user', () => {
  let rig: AccountsRig;
  let keys: KeyStore;
  beforeEach(() => {
    rig = createAccountsRig();
    keys = {
      listKeys: () => [],
      saveKey: () => {},
      deleteKey: () => {},
      users: rig.store,
      gitHost: () => null,
      audit: rig.store,
      hashPassword: passwords.hash,
      begun: { has: () => rig.begun, note: () => void (rig.begun = true) },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  });
  afterEach(() => rig[Symbol.dispose]());

  const run = (...argv: readonly string[]) => runFakeCli(['user', ...argv], { plans: {} }, { keys });
  const stored = (email = ADA.email) => rig.store.findUserByEmail(email);

  it('lists users without their hashes, for programs and with --json', async () => {
    rig.store.addUser(ADA);
    rig.store.addUser(buildUser(2, { name: 'B\u001b[31m', external: { provider: 'corp', subject: '7' } }));

    const rows = (await run('list')).stdout.split('\n');
    expect(rows[0]).toBe(`${ADA.id}\tada@example.org\tAda\tadmin\tpassword\t${ADA.createdAt}`);
    expect(rows[1]).toContain('\tB\\x1b[31m\tdeployer\tcorp\t');
    const { stdout } = await run('list', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ users: [{ email: ADA.email }, { provider: 'corp' }] });
    expect(stdout).not.toContain('passwordHash');
  });

  it('adds a user with a password that is printed once, and makes the invite code', async () => {
    const { code, stdout, stderr } = await run('add', 'ben@example.org', '--role', 'admin');

    const password = stdout.trim();
    expect([code, password.length]).toEqual([0, 24]);
    expect(stderr).toContain('the password is shown only now');
    const user = stored('ben@example.org');
    expect(user).toMatchObject({ name: 'ben', role: 'admin', tokenGeneration: 1 });
    expect(await passwords.verify(password, user?.passwordHash ?? null)).toBe(true);
    expect(rig.begun).toBe(true);
    expect(rig.store.getUserSettings().inviteCode).toMatch(/^\d{6}$/);
  });

  it('adds a user who signs in at a provider', async () => {
    const { stdout } = await run('add', 'ben@example.org', '--name', 'Ben B.', '--no-password', '--json');

    expect(JSON.parse(stdout)).toMatchObject({ email: 'ben@example.org', name: 'Ben B.', password: null });
    expect(stored('ben@example.org')).toMatchObject({ passwordHash: null, role: 'deployer' });
  });

  it('ends tokens with another role, with a new password, and by itself', async () => {
    rig.store.addUser(ADA);
    await run('role', 'ADA@example.org', 'viewer');
    expect(stored()).toMatchObject({ role: 'viewer', tokenGeneration: 2, passwordHash: 'h' });
    await run('revoke', ADA.id);
    expect(stored()?.tokenGeneration).toBe(3);
    const { stdout } = await run('password', ADA.email);
    expect(stored()).toMatchObject({ role: 'viewer', tokenGeneration: 4 });
    expect(await passwords.verify(stdout.trim(), stored()?.passwordHash ?? null)).toBe(true);
  });

  it('removes a user', async () => {
    rig.store.addUser(ADA);
    expect((await run('remove', ADA.email)).stdout).toContain('ada@example.org can no longer use the API');
    expect(stored()).toBeUndefined();
  });

  it('prints the invite code, and another one when it is asked to', async () => {
    const first = (await run('invite')).stdout.trim();
    expect(first).toMatch(/^\d{6}$/);
    expect((await run('invite')).stdout.trim()).toBe(first);
    expect(JSON.parse((await run('invite', '--renew', '--json')).stdout)).toEqual({
      inviteCode: rig.store.getUserSettings().inviteCode,
    });
  });

  it.each([
    [['add', 'ada'], '"ada" is no e-mail address'],
    [['add', 'ADA@example.org', '--no-password'], 'there is a user ADA@example.org already'],
    [['add', 'ben@example.org', '--role', 'root'], "argument 'root' is invalid"],
    [['role', ADA.email, 'root'], "'root' is invalid"],
    [['role', 'ben@example.org', 'admin'], 'there is no user "ben@example.org"'],
    [['password', 'ben@example.org'], 'there is no user'],
    [['revoke', 'ben@example.org'], 'there is no user'],
    [['remove', 'ben@example.org'], 'there is no user'],
    [['list', '--server', 'http://127.0.0.1:1'], 'users are managed where the daemon runs'],
  ])('refuses %j', async (argv, message) => {
    rig.store.addUser(ADA);
    const { code, stderr } = await run(...argv);
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
    expect(stored()).toEqual(ADA);
  });
});

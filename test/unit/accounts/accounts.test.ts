import { describe, expect, it } from 'vitest';
import { createAccountsRig, OPEN_SIGN_UP, PASSWORD, signUpOf } from '../../support/accounts/accounts-rig.ts';
import { buildUser } from '../../support/records.ts';

const code = (expected: string) => ({ code: expected });

describe('signing up', () => {
  it('makes the first user admin, with an invite code for the others, who are deployers', async () => {
    using rig = createAccountsRig();
    const ada = await rig.accounts.signUp(signUpOf('ada'));
    const inviteCode = rig.accounts.inviteCode();
    const ben = await rig.accounts.signUp(signUpOf('ben', { inviteCode }));

    expect([ada.user.role, ben.user.role]).toEqual(['admin', 'deployer']);
    expect(inviteCode).toMatch(/^\d{6}$/);
    expect(ada.user.id).toMatch(/^[0-9a-f]{24}$/);
    expect(await rig.accounts.identify(ben.token)).toMatchObject({ userId: ben.user.id, role: 'deployer' });
    expect(rig.store.getUser(ada.user.id)?.passwordHash).not.toContain(PASSWORD);
  });

  it('makes another code afterwards, unless that is turned off', async () => {
    using rig = createAccountsRig();
    const { accounts } = rig;
    await accounts.signUp(signUpOf('ada'));
    const first = accounts.inviteCode();
    await accounts.signUp(signUpOf('ben', { inviteCode: first }));
    await expect(accounts.signUp(signUpOf('cy', { inviteCode: first }))).rejects.toMatchObject(
      code('INVITE_CODE_REQUIRED'),
    );
    accounts.setRegenerateAfterSignup(false);
    const kept = accounts.renewInviteCode();
    await accounts.signUp(signUpOf('cy', { inviteCode: kept }));
    await accounts.signUp(signUpOf('di', { inviteCode: kept }));

    expect(accounts.inviteCode()).toBe(kept);
  });

  it('takes a code once when two come with it at the same moment', async () => {
    using rig = createAccountsRig();
    await rig.accounts.signUp(signUpOf('ada'));
    const inviteCode = rig.accounts.inviteCode();

    const results = await Promise.allSettled(
      ['ben', 'cy'].map((name) => rig.accounts.signUp(signUpOf(name, { inviteCode }))),
    );

    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(rig.store.listUsers()).toHaveLength(2);
  });

  it('makes one admin when two come first at the same moment', async () => {
    using rig = createAccountsRig({ signUp: { ...OPEN_SIGN_UP, inviteCode: false } });

    await Promise.all(['ada', 'ben'].map((name) => rig.accounts.signUp(signUpOf(name))));

    expect(
      rig.store
        .listUsers()
        .map(({ role }) => role)
        .toSorted(),
    ).toEqual(['admin', 'deployer']);
  });

  it.each<[string, object, object, string]>([
    ['it is off', { signUp: { ...OPEN_SIGN_UP, enabled: false } }, {}, 'SIGN_UP_DISABLED'],
    ['passwords are off', { signUp: OPEN_SIGN_UP, passwordLogin: false }, {}, 'SIGN_UP_DISABLED'],
    [
      'the domain is another',
      { signUp: { ...OPEN_SIGN_UP, domains: ['corp.example'] } },
      {},
      'DOMAIN_REFUSED',
    ],
    ['there is no code', {}, {}, 'INVITE_CODE_REQUIRED'],
    ['the code is empty', {}, { inviteCode: '' }, 'INVITE_CODE_REQUIRED'],
    ['the code is wrong', {}, { inviteCode: '0000000' }, 'INVITE_CODE_REQUIRED'],
    [
      'the address is taken',
      { signUp: { ...OPEN_SIGN_UP, inviteCode: false } },
      { email: 'Zoe@Example.org' },
      'USER_EXISTS',
    ],
  ])('is refused when %s', async (_, config, changes, expected) => {
    using rig = createAccountsRig({ signUp: OPEN_SIGN_UP, ...config });
    rig.store.addUser(buildUser(9, { email: 'zoe@example.org' }));

    await expect(rig.accounts.signUp(signUpOf('ada', changes))).rejects.toMatchObject(code(expected));

    expect(rig.store.listUsers()).toHaveLength(1);
  });

  it('tells who has no code nothing about who is here', async () => {
    using rig = createAccountsRig();
    await rig.accounts.signUp(signUpOf('ada'));

    await expect(rig.accounts.signUp(signUpOf('ada'))).rejects.toMatchObject(code('INVITE_CODE_REQUIRED'));
  });

  it('makes nobody admin after the database was lost', async () => {
    using rig = createAccountsRig();
    await rig.accounts.signUp(signUpOf('ada'));
    for (const { id } of rig.store.listUsers()) rig.store.deleteUser(id);
    const accounts = rig.restart();

    expect(accounts.methods().signUp).toBe(false);
    await expect(accounts.signUp(signUpOf('eve'))).rejects.toMatchObject(code('SIGN_UP_DISABLED'));
  });

  it('slows down wrong codes, and takes the right one after the wait', async () => {
    using rig = createAccountsRig();
    await rig.accounts.signUp(signUpOf('ada'));
    const inviteCode = rig.accounts.inviteCode();
    const wrong = inviteCode === '000000' ? '000001' : '000000';
    const refusals: unknown[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      await rig.accounts
        .signUp(signUpOf('ben', { inviteCode: wrong }))
        .catch((error: unknown) => refusals.push(error));
    }
    expect(refusals[4]).toMatchObject(code('INVITE_CODE_REQUIRED'));
    expect(refusals[5]).toMatchObject({ code: 'TOO_MANY_ATTEMPTS', retryAfterSeconds: 1 });
    rig.pass(1_000);

    expect((await rig.accounts.signUp(signUpOf('ben', { inviteCode }))).user.name).toBe('ben');
  });

  it('slows down one address that makes accounts where anybody may', async () => {
    using rig = createAccountsRig({ signUp: { ...OPEN_SIGN_UP, inviteCode: false } });
    for (let index = 0; index < 10; index += 1) await rig.accounts.signUp(signUpOf(`user${index}`));

    await expect(rig.accounts.signUp(signUpOf('more'))).rejects.toMatchObject(code('TOO_MANY_ATTEMPTS'));
  });
});

describe('logging in', () => {
  it('takes the address in any case', async () => {
    using rig = createAccountsRig();
    const { user } = await rig.accounts.signUp(signUpOf('ada'));

    const signedIn = await rig.accounts.logIn(signUpOf('ADA'));

    expect(signedIn.user).toEqual(user);
    expect((await rig.accounts.identify(signedIn.token))?.userId).toBe(user.id);
  });

  it.each<[string, object]>([
    ['the password is wrong', { password: 'wrong horse' }],
    ['nobody has the address', { email: 'nobody@example.org' }],
    ['the user has no password', { email: 'zoe@example.org' }],
  ])('says the same when %s', async (_, changes) => {
    using rig = createAccountsRig();
    await rig.accounts.signUp(signUpOf('ada'));
    rig.store.addUser(buildUser(9, { email: 'zoe@example.org' }));

    await expect(rig.accounts.logIn(signUpOf('ada', changes))).rejects.toMatchObject(code('BAD_CREDENTIALS'));
  });

  it('is refused when passwords are off', async () => {
    using rig = createAccountsRig();
    await rig.accounts.signUp(signUpOf('ada'));
    const accounts = createAccountsRig({ passwordLogin: false }).accounts;

    await expect(accounts.logIn(signUpOf('ada'))).rejects.toMatchObject(code('PASSWORD_LOGIN_DISABLED'));
  });

  it('hashes few of 10,000 wrong passwords, and lets the owner in', async () => {
    using rig = createAccountsRig();
    await rig.accounts.signUp(signUpOf('ada'));
    await rig.accounts.logIn(signUpOf('ada'));
    let hashed = 0;
    for (let attempt = 0; attempt < 10_000; attempt += 1) {
      const guess = signUpOf('ada', { address: '198.51.100.7', password: `guess ${attempt}` });
      const refusal: unknown = await rig.accounts.logIn(guess).catch((error: unknown) => error);
      if (Object(refusal).code === 'BAD_CREDENTIALS') hashed += 1;
      rig.pass(100);
    }

    expect(hashed).toBeLessThan(30);
    expect((await rig.accounts.logIn(signUpOf('ada'))).user.name).toBe('ada');
    rig.pass(10_000);
    expect((await rig.accounts.logIn(signUpOf('ada', { address: '203.0.113.9' }))).user.name).toBe('ada');
  });
});

describe('a user', () => {
  it('keeps a token over a refresh, with what has changed', async () => {
    using rig = createAccountsRig();
    const { token, user } = await rig.accounts.signUp(signUpOf('ada'));
    rig.accounts.rename(user.id, 'Ada L.');
    rig.pass(3 * 24 * 3_600_000);
    expect(await rig.accounts.identify(token)).toBeNull();

    const refreshed = await rig.accounts.refresh(token);

    expect(await rig.accounts.identify(refreshed.token)).toMatchObject({ name: 'Ada L.' });
  });

  it('ends all tokens with a new password, and has a new token', async () => {
    using rig = createAccountsRig();
    const { token, user } = await rig.accounts.signUp(signUpOf('ada'));
    const other = (await rig.accounts.logIn(signUpOf('ada'))).token;

    const change = { current: PASSWORD, next: 'battery staple', address: '192.0.2.1' };
    const changed = await rig.accounts.changePassword(user.id, change);

    expect([await rig.accounts.identify(token), await rig.accounts.identify(other)]).toEqual([null, null]);
    await expect(rig.accounts.refresh(token)).rejects.toMatchObject(code('INVALID_TOKEN'));
    expect((await rig.accounts.identify(changed.token))?.userId).toBe(user.id);
    await expect(rig.accounts.logIn(signUpOf('ada'))).rejects.toMatchObject(code('BAD_CREDENTIALS'));
    expect((await rig.accounts.logIn(signUpOf('ada', { password: 'battery staple' }))).user.id).toBe(user.id);
  });

  it.each<[string, { id?: string; current?: string }, string]>([
    ['the current one is wrong', { current: 'wrong horse' }, 'BAD_CREDENTIALS'],
    ['the user has none', { id: buildUser(9).id }, 'NO_PASSWORD'],
    ['there is no such user', { id: 'f'.repeat(24) }, 'UNKNOWN_USER'],
  ])('cannot change the password when %s', async (_, { id, current = PASSWORD }, expected) => {
    using rig = createAccountsRig();
    const { user } = await rig.accounts.signUp(signUpOf('ada'));
    rig.store.addUser(buildUser(9));

    const change = rig.accounts.changePassword(id ?? user.id, {
      current,
      next: 'battery',
      address: '192.0.2.1',
    });

    await expect(change).rejects.toMatchObject(code(expected));
    expect(rig.store.getUser(user.id)?.tokenGeneration).toBe(1);
  });

  it('cannot be guessed by changing the password with somebody’s token either', async () => {
    using rig = createAccountsRig();
    const { user } = await rig.accounts.signUp(signUpOf('ada'));
    const refusals: unknown[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await rig.accounts
        .changePassword(user.id, { current: `guess ${attempt}`, next: 'battery', address: '198.51.100.7' })
        .catch((error: unknown) => refusals.push(error));
    }

    expect(refusals.at(-1)).toMatchObject(code('TOO_MANY_ATTEMPTS'));
  });

  it('is nobody without an id, as keys and tokens of others are', () => {
    using rig = createAccountsRig();

    expect(() => rig.accounts.profile(undefined)).toThrow(expect.objectContaining(code('UNKNOWN_USER')));
  });
});

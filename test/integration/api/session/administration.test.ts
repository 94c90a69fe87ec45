import { describe, expect, it } from 'vitest';
import { PASSWORD, signUpOf } from '../../../support/accounts/accounts-rig.ts';
import type { Browser, SessionServer } from '../../../support/accounts/browser.ts';
import { createBrowser, startSessionServer } from '../../../support/accounts/browser.ts';
import { KEYS } from '../../../support/api/api-server.ts';

type Row = Readonly<Record<string, unknown>>;

const rows = async (browser: Browser, path: string): Promise<readonly Row[]> => {
  const { status, body } = await browser.ask('GET', path);
  expect(status).toBe(200);
  return body[path.slice(1)] as readonly Row[];
};

const withKey = (world: SessionServer, key: string) => createBrowser(world, { 'X-API-KEY': key });

async function signIn(world: SessionServer, key: string): Promise<Browser> {
  const browser = createBrowser(world, { 'User-Agent': `Firefox\t${'x'.repeat(300)}` });
  expect((await browser.ask('POST', '/session', { key })).status).toBe(201);
  return browser;
}

describe('sessions', () => {
  it('are listed to whose they are, and all of them to admins', async () => {
    await using world = await startSessionServer();
    const [admin, viewer] = [await signIn(world, KEYS.admin), await signIn(world, KEYS.viewer)];

    expect(await rows(viewer, '/sessions')).toMatchObject([
      {
        name: 'viewer key',
        role: 'viewer',
        kind: 'key',
        method: 'key',
        address: '127.0.0.1',
        is_current: true,
      },
    ]);
    const all = await rows(admin, '/sessions');
    const current = new Map(all.map(({ name, is_current: isCurrent }) => [name, isCurrent]));
    expect([current.get('admin key'), current.get('viewer key'), all.length]).toEqual([true, false, 2]);
    expect(all[0]?.['user_agent']).toHaveLength(200);
    expect(JSON.stringify(all)).not.toContain(world.store.listLogins()[0]!.hash);
  });

  it('are ended by whose they are, and by admins', async () => {
    await using world = await startSessionServer();
    const [admin, viewer] = [await signIn(world, KEYS.admin), await signIn(world, KEYS.viewer)];
    const idOf = async (browser: Browser) =>
      (await rows(browser, '/sessions')).find((row) => row['is_current'] === true)?.['id'];
    const [adminId, viewerId] = [await idOf(admin), await idOf(viewer)];

    expect((await viewer.ask('DELETE', `/sessions/${String(adminId)}`)).status).toBe(404);
    expect((await withKey(world, KEYS.admin).ask('DELETE', `/sessions/${String(viewerId)}`)).status).toBe(
      200,
    );
    expect((await viewer.ask('GET', '/sessions')).status).toBe(401);
    expect((await admin.ask('DELETE', `/sessions/${String(adminId)}`)).status).toBe(200);
    expect((await admin.ask('GET', '/sessions')).status).toBe(401);
    // The audit tells which, one by one.
    const { entries } = world.store.listAudit({ limit: 9, actions: ['endSession'] });
    expect(entries.map(({ object, status }) => [object['id'], status])).toContainEqual([viewerId, 200]);
    expect(entries.map(({ object }) => object['id'])).toContain(adminId);
    expect((await withKey(world, KEYS.admin).ask('DELETE', '/sessions/ses_x')).status).toBe(404);
  });
});

describe('keys', () => {
  it('are made, shown once, used, and deleted with their sessions', async () => {
    await using world = await startSessionServer();
    const admin = await signIn(world, KEYS.admin);
    const made = await admin.ask('POST', '/keys', { name: 'ci', role: 'deployer' });
    const key = String(made.body['key']);

    expect([made.status, made.body]).toMatchObject([201, { name: 'ci', role: 'deployer', is_file: false }]);
    expect(JSON.stringify(await rows(admin, '/keys'))).not.toContain(key);
    const [last] = world.store.listAudit({ limit: 1 }).entries;
    expect(last).toMatchObject({ action: 'createKey', object: { id: made.body['id'], name: 'ci' } });
    expect(JSON.stringify(last)).not.toContain(key);
    const browser = await signIn(world, key);
    expect((await admin.ask('DELETE', `/keys/${String(made.body['id'])}`)).status).toBe(200);
    expect((await browser.ask('GET', '/stacks')).status).toBe(401);
    expect((await withKey(world, key).ask('GET', '/stacks')).status).toBe(401);
    expect((await admin.ask('DELETE', `/keys/${String(made.body['id'])}`)).status).toBe(404);
  });

  it.each<[unknown, number]>([
    [{ name: 'admin key' }, 409],
    [{}, 400],
    [{ name: ' ' }, 400],
    [{ name: 'a\nb' }, 400],
    [{ name: 'a\u202eb' }, 400],
    [{ name: '<ada>' }, 400],
    [{ name: 'x'.repeat(101) }, 400],
    [{ name: 'x', role: 'root' }, 400],
    [{ name: 'x', hash: 'y' }, 400],
  ])('are refused as %j', async (body, status) => {
    await using world = await startSessionServer();

    expect((await withKey(world, KEYS.admin).ask('POST', '/keys', body)).status).toBe(status);
    expect(world.store.listKeys()).toHaveLength(3);
  });

  it('never go with the last way in, nor while they stand in a file', async () => {
    await using world = await startSessionServer();
    const admin = withKey(world, KEYS.admin);
    const refused = await admin.ask('DELETE', '/keys/key_admin');
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([
      409,
      expect.stringContaining('admin.key'),
    ]);
    const key = world.store.listKeys().find(({ role }) => role === 'admin')!;
    world.store.deleteKey(key.id);
    world.store.saveKey({ ...key, id: 'key_other' });
    const last = await admin.ask('DELETE', '/keys/key_other');
    expect([last.status, last.body]).toMatchObject([409, { error: { reason: 'LAST_ADMIN' } }]);

    // An admin who signs in with a password is a way in.
    await world.accounts.signUp(signUpOf('ada'));
    expect((await admin.ask('DELETE', '/keys/key_other')).status).toBe(200);
    expect((await admin.ask('GET', '/keys')).status).toBe(401);
  });
});

describe('users', () => {
  const BEN = { email: 'ben@example.org', name: 'Ben', role: 'deployer', password: PASSWORD } as const;

  it('are made, sign in, lose a role with their sessions, and are removed', async () => {
    await using world = await startSessionServer();
    const admin = await signIn(world, KEYS.admin);
    const made = await admin.ask('POST', '/users', BEN);
    expect([made.status, made.body]).toMatchObject([
      201,
      { email: BEN.email, name: 'Ben', role: 'deployer', provider: null, has_password: true },
    ]);
    const path = `/users/${String(made.body['id'])}`;
    const ben = createBrowser(world);
    const enter = () => ben.ask('POST', '/session', { email: BEN.email, password: PASSWORD });
    expect((await enter()).status).toBe(201);
    expect((await ben.ask('GET', '/users')).status).toBe(403);

    expect((await admin.ask('PATCH', path, { name: 'Benedict' })).body).toMatchObject({ name: 'Benedict' });
    expect((await ben.ask('GET', '/session')).body).toMatchObject({ name: 'Benedict', role: 'deployer' });
    expect((await admin.ask('PATCH', path, { role: 'viewer' })).body).toMatchObject({ role: 'viewer' });
    expect((await ben.ask('GET', '/stacks')).status).toBe(401);
    await enter();
    expect((await admin.ask('DELETE', path)).status).toBe(200);
    expect((await ben.ask('GET', '/stacks')).status).toBe(401);
    expect((await enter()).status).toBe(401);
    expect(await rows(admin, '/users')).toEqual([]);
    const { entries } = world.store.listAudit({ limit: 50, object: BEN.email, actor: 'admin key' });
    expect(entries.map(({ action }) => action)).toEqual([
      'deleteUser',
      'changeUser',
      'changeUser',
      'createUser',
    ]);
    expect(JSON.stringify(entries)).not.toContain(PASSWORD);
  });

  it.each<[unknown, number]>([
    [{ ...BEN, email: 'ADA@example.org' }, 409],
    [{ ...BEN, email: 'x@kombinator.local' }, 400],
    [{ ...BEN, email: 'no address' }, 400],
    [{ ...BEN, name: 'B\u0007n' }, 400],
    [{ ...BEN, password: 'short' }, 400],
    [{ email: BEN.email }, 400],
  ])('are refused as %j', async (body, status) => {
    await using world = await startSessionServer();
    await world.accounts.signUp(signUpOf('ada'));

    expect((await withKey(world, KEYS.admin).ask('POST', '/users', body)).status).toBe(status);
    expect(world.store.listUsers()).toHaveLength(1);
  });

  it('never lose the last admin, however that is tried', async () => {
    await using world = await startSessionServer();
    const { user } = await world.accounts.signUp(signUpOf('ada'));
    const ada = createBrowser(world);
    await ada.ask('POST', '/session', { email: user.email, password: PASSWORD });
    for (const { id } of world.store.listKeys()) world.store.deleteKey(id);
    // One that nobody can sign in as is no way in.
    await ada.ask('POST', '/users', { email: 'c@example.org', name: 'C', role: 'admin' });

    for (const [method, body] of [['DELETE'], ['PATCH', { role: 'viewer' }]] as const) {
      const refused = await ada.ask(method, `/users/${user.id}`, body);
      expect([refused.status, refused.body]).toMatchObject([409, { error: { reason: 'LAST_ADMIN' } }]);
    }
    await ada.ask('POST', '/users', { ...BEN, role: 'admin' });
    expect((await ada.ask('PATCH', `/users/${user.id}`, { role: 'viewer' })).status).toBe(200);
    expect((await ada.ask('GET', '/session')).body).toMatchObject({ signed_in: false });
    expect((await ada.ask('PATCH', `/users/${user.id}`, {})).status).toBe(401);
  });
});

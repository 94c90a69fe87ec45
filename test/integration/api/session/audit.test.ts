import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../../../reconciler/index.ts';
import { PASSWORD, signUpOf } from '../../../support/accounts/accounts-rig.ts';
import type { SessionServer } from '../../../support/accounts/browser.ts';
import { createBrowser, startSessionServer } from '../../../support/accounts/browser.ts';
import { json, KEYS } from '../../../support/api/api-server.ts';
import { runFakeCli } from '../../../support/cli/cli-harness.ts';

const STACK = { name: 'homelab', services: ['web'] };

function entriesOf({ store }: SessionServer): readonly AuditRecord[] {
  return [...store.listAudit({ limit: 1_000 }).entries].sort((a, b) => a.number - b.number);
}

describe('the audit', () => {
  it('has who did what to what, from where, and what came of it', async () => {
    await using world = await startSessionServer();
    const browser = createBrowser(world);
    await browser.ask('POST', '/session', { key: KEYS.admin });
    await browser.ask('POST', '/stacks', STACK);
    await browser.ask('POST', '/stacks/homelab/apply?secret=x', {});
    await browser.ask('GET', '/stacks/homelab');
    const headers = { 'X-API-KEY': KEYS.viewer };
    await createBrowser(world, headers).ask('DELETE', '/stacks/homelab');
    await createBrowser(world, headers).ask('GET', '/audit');
    await createBrowser(world, { 'X-API-KEY': KEYS.deployer }).ask('POST', '/stacks/none/apply', {});

    const admin = { name: 'admin key', email: 'admin-key@kombinator.local', via: 'session' };
    const viewer = { name: 'viewer key', via: 'key' };
    expect(entriesOf(world)).toMatchObject([
      { action: 'signIn', actor: admin, address: '127.0.0.1', status: 201, code: null },
      {
        action: 'createStack',
        actor: admin,
        method: 'POST',
        path: '/api/v1/stacks',
        object: { name: 'homelab' },
        status: 201,
      },
      {
        action: 'applyStack',
        actor: admin,
        path: '/api/v1/stacks/homelab/apply',
        object: { id: 'homelab' },
        status: 200,
        job: expect.stringMatching(/^job_/),
      },
      { action: 'deleteStack', actor: viewer, object: { id: 'homelab' }, status: 403, code: 'FORBIDDEN' },
      { action: 'listAudit', actor: viewer, method: 'GET', status: 403 },
      { action: 'applyStack', actor: { name: 'deployer key' }, status: 404, code: 'UNKNOWN_STACK' },
    ]);
  });

  it('has requests of all dialects, sign-ins there included', async () => {
    await using world = await startSessionServer();
    const ask = (path: string, body: unknown, role: 'deployer' | null) =>
      world.server.request(path, { ...json('POST', body), role });
    await ask('/api/stacks/homelab/stop', {}, 'deployer');
    await ask('/v1/api/auth/register', signUpOf('ada'), null);
    await ask('/v1/api/auth/login', { email: 'ada@example.org', password: 'wrong horse' }, null);
    await ask('/v1/api/auth/login', { email: 'ada@example.org', password: PASSWORD }, null);

    const ada = { email: 'ada@example.org', via: 'token' };
    expect(entriesOf(world)).toMatchObject([
      { path: '/api/stacks/homelab/stop', actor: { name: 'deployer key' }, status: 404 },
      { action: 'register', actor: ada, status: 201 },
      { action: 'logIn', actor: { via: 'none' }, status: 401, object: { email: 'ada@example.org' } },
      { action: 'logIn', actor: ada, status: 200 },
    ]);
  });

  it('holds no secret, whatever a request, an answer or an error has', async () => {
    await using world = await startSessionServer();
    const browser = createBrowser(world);
    await browser.ask('POST', '/session', { key: KEYS.admin });
    const link = (await browser.ask('POST', '/session/links', {})).body['path'];
    await browser.ask('POST', '/session', { key: 'kbn_guessed' });
    await browser.ask('POST', '/session', { email: 'hunter2 typed here', password: 'hunter2' });
    await browser.ask('POST', `/stacks?api_key=${KEYS.admin}`, STACK);

    const entries = entriesOf(world);
    expect(entries.map(({ action, status, count }) => [action, status, count])).toEqual([
      ['signIn', 201, 1],
      ['createSessionLink', 201, 1],
      ['signIn', 401, 2],
      ['createStack', 201, 1],
    ]);
    const text = JSON.stringify(entries);
    const [, linked] = /^\/ui\/#link=([\w-]{43})$/.exec(String(link)) ?? [];
    const [, value] = /^[\w-]+=([\w-]{43})$/.exec(browser.cookie() ?? '') ?? [];
    expect([linked, value]).toEqual([expect.any(String), expect.any(String)]);
    for (const secret of [KEYS.admin, 'kbn_guessed', 'hunter2', value, linked])
      expect(text).not.toContain(secret);
  });

  it('has one entry for all that nobody known is refused from one address, and does not lose others to it', async () => {
    await using world = await startSessionServer({ proxies: ['127.0.0.1'] });
    const from = (address: string) => createBrowser(world, { 'X-Forwarded-For': address, Origin: '' });
    await createBrowser(world, { 'X-API-KEY': KEYS.admin }).ask('POST', '/stacks', STACK);
    for (let number = 0; number < 50; number += 1) {
      const stranger = from(`2001:db8::${number.toString(16)}`);
      await stranger.ask('POST', '/session', { key: `kbn_${number}` });
      await stranger.ask('DELETE', `/stacks/x${number}`);
      await stranger.ask('DELETE', '/session');
    }
    await from('192.0.2.1').ask('POST', '/session', { key: 'kbn_x' });

    const [first, ...others] = entriesOf(world);
    expect(first).toMatchObject({ action: 'createStack', count: 1 });
    expect(others.map(({ address, count }) => [address, count])).toEqual([
      ['2001:db8::0', 100],
      ['2001:db8::0', 50],
      ['192.0.2.1', 1],
    ]);
  });

  it('counts what a viewer is refused, or asks for again and again, in one entry', async () => {
    await using world = await startSessionServer();
    const viewer = createBrowser(world, { 'X-API-KEY': KEYS.viewer });
    for (let number = 0; number < 20; number += 1) {
      await viewer.ask('DELETE', `/stacks/x${number}`);
      await viewer.ask('POST', '/unifier/validate', { yaml: 'a: 1' });
    }
    const deployer = createBrowser(world, { 'X-API-KEY': KEYS.deployer });
    for (let number = 0; number < 3; number += 1) await deployer.ask('POST', '/sync', {});

    expect(entriesOf(world).map(({ action, count }) => [action, count])).toEqual([
      ['deleteStack', 20],
      ['validate', 20],
      ['sync', 1],
      ['sync', 1],
      ['sync', 1],
    ]);
  });

  it('has no words of others that reach into it', async () => {
    await using world = await startSessionServer();
    const key = world.store.listKeys().find(({ role }) => role === 'admin')!;
    world.store.saveKey({ ...key, name: 'a\r\nSet-Cookie: x=1\u001b[31m' });
    const browser = createBrowser(world);
    const signedIn = await browser.ask('POST', '/session', { key: KEYS.admin });
    expect(signedIn.setCookie).toMatch(/^kombinator_session=[^;]{43}; Path=/);
    await browser.ask('DELETE', `/stacks/${encodeURIComponent('x\n\u202e__proto__'.repeat(100))}`);

    const [, deleted] = entriesOf(world);
    expect(deleted?.object['id']).toHaveLength(200);
    expect(deleted?.path?.length).toBeLessThanOrEqual(300);
    expect(deleted?.actor.name).not.toMatch(/\p{Cc}/u);
    const run = await runFakeCli(['audit', '--server', world.server.url, '--api-key', KEYS.admin], {
      plans: {},
    });
    // oxlint-disable-next-line no-control-regex -- nothing but lines and columns may be left.
    expect(run.stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/u);
  });

  it('goes on without itself when it cannot be written', async () => {
    const broken = () => {
      throw new Error('the disk is full');
    };
    await using world = await startSessionServer({
      audit: { addAudit: broken, repeatAudit: broken, listAudit: broken, pruneAudit: broken },
    });
    const { status } = await createBrowser(world, { 'X-API-KEY': KEYS.admin }).ask('POST', '/stacks', STACK);

    expect(status).toBe(201);
    expect(world.server.entries).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'A request cannot be written into the audit' }),
    );
  });
});

describe('reading the audit', () => {
  async function start() {
    const world = await startSessionServer();
    const admin = createBrowser(world, { 'X-API-KEY': KEYS.admin });
    await admin.ask('POST', '/stacks', STACK);
    await createBrowser(world, { 'X-API-KEY': KEYS.deployer }).ask('POST', '/stacks/homelab/apply', {});
    return { world, admin };
  }

  it('finds by who, what, on what and when, page by page', async () => {
    const { world, admin } = await start();
    await using _ = world;
    const actions = async (query: string) => {
      const { status, body } = await admin.ask('GET', `/audit${query}`);
      const entries = (body['entries'] ?? []) as readonly { readonly action: string }[];
      return [status, ...entries.map(({ action }) => action)];
    };

    expect(await actions('')).toEqual([200, 'applyStack', 'createStack']);
    expect(await actions('?actor=deployer')).toEqual([200, 'applyStack']);
    expect(await actions('?action=createStack')).toEqual([200, 'createStack']);
    expect(await actions('?action=createStack,applyStack')).toEqual([200, 'applyStack', 'createStack']);
    expect(await actions('?except=createStack,signIn')).toEqual([200, 'applyStack']);
    expect(await actions('?object=homelab&per_page=1&page=2')).toEqual([200, 'createStack']);
    expect(await actions('?since=2000-01-01T00:00:00Z&until=2001-01-01T00:00:00%2B01:00')).toEqual([200]);
    expect(await actions('?since=yesterday')).toEqual([400]);
    expect(await actions('?per_page=1001')).toEqual([400]);
  });

  it('is a command, of a daemon and of a state directory', async () => {
    const { world } = await start();
    await using _ = world;
    const { store, server } = world;
    const keys = {
      listKeys: () => store.listKeys(),
      saveKey: () => undefined,
      deleteKey: () => undefined,
      users: store,
      audit: store,
      gitHost: () => null,
      begun: { has: () => false, note: () => undefined },
      hashPassword: (password: string) => Promise.resolve(password),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const flags = ['--actor', 'deployer', '--since', '2000-01-01', '--json'];
    const local = await runFakeCli(['audit', ...flags], { plans: {} }, { keys });
    const there = ['--server', server.url, '--api-key', KEYS.admin];
    const remote = await runFakeCli(['audit', ...there, ...flags], { plans: {} });

    expect(JSON.parse(local.stdout)).toMatchObject({
      entries: [{ action: 'applyStack', actor: { name: 'deployer key' }, object: { id: 'homelab' } }],
    });
    expect(JSON.parse(remote.stdout)).toEqual(JSON.parse(local.stdout));
    expect((await runFakeCli(['audit', '--since', 'monday'], { plans: {} }, { keys })).code).toBe(1);

    await runFakeCli(['keys', 'create', 'ci'], { plans: {} }, { keys });
    const shown = await runFakeCli(['audit'], { plans: {} }, { keys });
    expect(shown.stdout).toMatch(/\(cli\)\t-\tkeys create\tkey_\w+ ci\tdone/);
  });
});

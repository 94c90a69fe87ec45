import { connect } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../../api/index.ts';
import { createGiteaHost } from '../../../reconciler/adapters/hosts/gitea.ts';
import { createHostFetch } from '../../../reconciler/adapters/hosts/host-fetch.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { GitHost } from '../../../reconciler/ports/hosts/git-host.ts';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { startApiServer } from '../../support/api/api-server.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { createGiteaDialect } from '../../support/hosts/gitea-double.ts';
import type { HostDouble } from '../../support/hosts/host-double.ts';
import { startHostDouble } from '../../support/hosts/host-double.ts';
import { HEAD } from '../../support/hosts/host-world.ts';
import { sendHook } from '../../support/hosts/send-hook.ts';

const SECRET = 'kombinator-hook-secret-1234';
const PATH = '/api/hooks/config';
const MAIN = { type: 'push', ref: 'refs/heads/main', after: HEAD } as const;

function hostOf({ address, api, world }: HostDouble): GitHost {
  const { repository } = world;
  return createGiteaHost('gitea', { address, api, repository, token: null, fetch: createHostFetch() });
}

async function startServer(double: HostDouble, more: Partial<Parameters<typeof createApp>[0]> = {}) {
  const hooks = { host: hostOf(double), secret: () => new Secret(SECRET, 'secret://file/hook') };
  return startApiServer({ hooks, ...more });
}

describe('hooks of the host', () => {
  it('are taken without a key, at once, and make the repository be read where they concern it', async () => {
    await using double = await startHostDouble(createGiteaDialect('gitea'));
    await using server = await startServer(double);
    double.world.addPull();
    const { id } = double.world.addComment(1, 'ada', 'kombinator confirm');
    const refs = [
      'refs/heads/main',
      'refs/heads/other',
      'refs/tags/web-v1.0.0-production',
      'refs/tags/deploy/shop/7',
      'refs/kombinator/history/shop',
    ];
    const events = [
      ...refs.map((ref) => ({ type: 'push', ref, after: HEAD }) as const),
      { type: 'pull', number: 1 } as const,
      { type: 'comment', number: 1, comment: id } as const,
      { type: 'issue' } as const,
    ];
    for (const event of events) {
      const response = await sendHook(server.url + PATH, double.hook(event, { secret: SECRET }));
      expect([response.status, await response.json()]).toEqual([202, { accepted: true }]);
    }
    expect(server.reconciler.syncRequests()).toBe(2);
    expect(server.reconciler.hooks.map(({ type }) => type)).toEqual(['pull', 'comment']);
  });

  it('that come again are not taken, whatever id they say they have', async () => {
    await using double = await startHostDouble(createGiteaDialect('gitea'));
    await using server = await startServer(double);
    const delivery = double.hook(MAIN, { secret: SECRET });
    const again = [{}, { 'x-gitea-delivery': 'another' }];
    expect((await sendHook(server.url + PATH, delivery)).status).toBe(202);
    for (const more of again) {
      const response = await sendHook(server.url + PATH, delivery, more);
      expect([response.status, await response.json()]).toEqual([200, { accepted: false }]);
    }
    const sameId = double.hook(
      { ...MAIN, after: 'c'.repeat(40) },
      { secret: SECRET, delivery: delivery.headers['x-gitea-delivery'] ?? '' },
    );
    expect((await sendHook(server.url + PATH, sameId)).status).toBe(200);
    expect(server.reconciler.syncRequests()).toBe(1);
  });

  it('that are not signed rightly are refused, and the log says once why', async () => {
    await using double = await startHostDouble(createGiteaDialect('gitea'));
    await using server = await startServer(double);
    for (let count = 0; count < 3; count += 1) {
      const forged = double.hook(MAIN, { secret: 'guessed' });
      const response = await sendHook(server.url + PATH, forged);
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: { code: 'UNAUTHORIZED' } });
    }
    const warnings = server.entries.filter(({ level }) => level === 'warn');
    expect(warnings).toEqual([
      { level: 'warn', data: { reason: 'it is signed with another secret' }, message: 'a hook was refused' },
    ]);
    expect(server.reconciler.syncRequests()).toBe(0);
  });

  it('are refused at other sources, without a host or a secret, and with other methods', async () => {
    await using double = await startHostDouble(createGiteaDialect('gitea'));
    const delivery = double.hook(MAIN, { secret: SECRET });
    const lost = () => {
      throw new ReconcilerError('SECRET_NOT_FOUND', 'there is no secret://file/hook');
    };
    for (const secret of [() => null, lost]) {
      await using server = await startServer(double, { hooks: { host: hostOf(double), secret } });
      expect((await sendHook(server.url + PATH, delivery)).status).toBe(404);
      const [warning] = server.entries.filter(({ level }) => level === 'warn');
      expect(warning?.data).toEqual({
        reason: expect.stringMatching(/git\.host\.webhook\.secret|secret:\/\/file\/hook/),
      });
    }
    await using none = await startApiServer();
    expect((await sendHook(none.url + PATH, delivery)).status).toBe(404);
    await using server = await startServer(double);
    for (const name of ['other', 'constructor', '__proto__', 'config/more', ''])
      expect((await sendHook(`${server.url}/api/hooks/${name}`, delivery)).status, name).toBe(404);
    const get = await fetch(server.url + PATH);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    expect(server.reconciler.syncRequests()).toBe(0);
  });

  it('may have 25 MiB, and what has more is refused without being kept', async () => {
    await using double = await startHostDouble(createGiteaDialect('gitea'));
    await using server = await startServer(double);
    const { headers } = double.hook(MAIN, { secret: SECRET });
    const huge = { headers, body: Buffer.alloc(25 * 1_024 ** 2 + 1, 0x20) };
    expect((await sendHook(server.url + PATH, huge)).status).toBe(413);
    const just = { headers, body: Buffer.alloc(25 * 1_024 ** 2, 0x20) };
    expect((await sendHook(server.url + PATH, just)).status).toBe(401);
  });

  it('that break off leave nothing behind, and the next one is taken', async () => {
    await using double = await startHostDouble(createGiteaDialect('gitea'));
    await using server = await startServer(double);
    const { port } = new URL(server.url);
    for (let count = 0; count < 40; count += 1) {
      const socket = connect(Number(port), '127.0.0.1');
      await once(socket, 'connect');
      socket.write(`POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"ref":`);
      socket.destroy();
      await once(socket, 'close');
    }
    await expect
      .poll(async () => (await sendHook(server.url + PATH, double.hook(MAIN, { secret: SECRET }))).status)
      .toBe(202);
  });

  it('are slowed down by address when there are too many', async () => {
    await using double = await startHostDouble(createGiteaDialect('gitea'));
    await using server = await startServer(double, { proxies: ['127.0.0.1'] });
    const from = (address: string) => ({ 'x-forwarded-for': address });
    const forged = () => double.hook(MAIN, { secret: 'guessed' });
    const statuses = new Set<number>();
    // A slow machine sends fewer in a second than are let through.
    for (let round = 0; round < 20 && !statuses.has(429); round += 1) {
      const sent = Array.from({ length: 150 }, () =>
        sendHook(server.url + PATH, forged(), from('203.0.113.7')),
      );
      for (const { status } of await Promise.all(sent)) statuses.add(status);
    }
    expect(statuses).toEqual(new Set([401, 429]));
    const right = double.hook(MAIN, { secret: SECRET });
    expect((await sendHook(server.url + PATH, right, from('203.0.113.8'))).status).toBe(202);
  });

  it('stand in the audit, refused ones counted', async () => {
    await using double = await startHostDouble(createGiteaDialect('gitea'));
    const audit = createSqliteStore({ path: ':memory:', clock: createFastClock() });
    await using server = await startServer(double, { audit });
    await sendHook(server.url + PATH, double.hook(MAIN, { secret: SECRET }));
    for (let count = 0; count < 5; count += 1)
      await sendHook(server.url + PATH, double.hook(MAIN, { secret: 'guessed' }));
    const response = await server.request('/api/v1/audit?action=receiveHook');
    const { entries } = (await response.json()) as {
      entries: { count: number; outcome: object; object: object }[];
    };
    expect(entries.map(({ count, outcome, object }) => [count, outcome, object])).toEqual([
      [5, { status: 401, code: 'HOOK_REFUSED' }, { source: 'config' }],
      [1, { status: 202, code: null }, { source: 'config' }],
    ]);
    audit[Symbol.dispose]();
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { acquireStateLock } from '../../../../api/cli/session/state-lock.ts';
import { createBrowser, startSessionServer } from '../../../support/accounts/browser.ts';
import { KEYS } from '../../../support/api/api-server.ts';
import { runFakeCli } from '../../../support/cli/cli-harness.ts';

/* `kombinator page`: the way from a shell to a browser that is signed in. */

let stateDir: string;
beforeEach(async () => void (stateDir = await mkdtemp(join(tmpdir(), 'kombinator-page-'))));
afterEach(() => rm(stateDir, { recursive: true }));

const HOLDER = { pid: 1, command: 'serve', since: '2026-01-01T00:00:00Z' };

it('signs in at the daemon that is named', async () => {
  await using world = await startSessionServer();
  const { url } = world.server;
  const run = await runFakeCli(['page', '--server', `${url}/`, '--api-key', KEYS.viewer], { plans: {} });

  expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('once') });
  const [, link = ''] = run.stdout.trim().split('#link=');
  expect(run.stdout).toBe(`${url}/ui/#link=${link}\n`);
  const { body } = await createBrowser(world).ask('POST', '/session', { link });
  expect(body).toMatchObject({ signed_in: true, role: 'viewer' });
});

it('finds the daemon of the state directory, and its key', async () => {
  await using world = await startSessionServer();
  using lock = acquireStateLock(stateDir, HOLDER);
  lock.describe({ ...HOLDER, url: world.server.url });
  await writeFile(join(stateDir, 'admin.key'), `${KEYS.admin}\n`);
  const run = await runFakeCli(['page', '--state-dir', stateDir, '--json'], { plans: {} });

  expect(run.code).toBe(0);
  expect(JSON.parse(run.stdout)).toEqual({
    url: expect.stringContaining(`${world.server.url}/ui/#link=`),
    expires_at: expect.any(String),
  });
});

it('says that none runs, and sends the key to nobody, when its daemon was killed', async () => {
  await using world = await startSessionServer();
  const note = JSON.stringify({ ...HOLDER, url: world.server.url });
  acquireStateLock(stateDir, HOLDER)[Symbol.dispose]();
  await writeFile(join(stateDir, 'lock.json'), note);
  await writeFile(join(stateDir, 'admin.key'), `${KEYS.admin}\n`);
  const run = await runFakeCli(['page', '--state-dir', stateDir], { plans: {} });

  expect(run).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('no daemon runs on') });
  expect(world.server.entries).toEqual([]);
});

it('prints the plain address where nobody has to sign in', async () => {
  await using world = await startSessionServer({ auth: { mode: 'off', listenHost: '127.0.0.1' } });
  const run = await runFakeCli(['page', '--server', world.server.url], { plans: {} });

  expect(run).toMatchObject({ code: 0, stdout: `${world.server.url}/ui/\n`, stderr: '' });
});

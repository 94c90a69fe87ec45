import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openSession } from '../../../api/cli/context.ts';
import type { Purpose } from '../../../api/cli/invocation.ts';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { userStateDirectory } from '../../../api/cli/options.ts';
import { acquireStateLock } from '../../../api/cli/session/state-lock.ts';
import { jobOf, recordTerminal } from '../../support/cli/cli-harness.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { createBareRepo } from '../../support/git/git-repo.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'kombinator-session-'));
afterAll(() => rmSync(stateDir, { recursive: true }));

const NEVER = new AbortController().signal;

it('closes the jobs of a process that was killed, once it has the state directory for itself', async () => {
  await using repository = await createBareRepo();
  const store = createSqliteStore({ path: join(stateDir, 'kombinator.db'), clock: createFastClock() });
  store.saveJob(jobOf('web', { status: 'running', endedAt: null }));
  store[Symbol.dispose]();
  const listed = async (purpose: Purpose) => {
    const options = { repo: repository.path, stateDir, color: false };
    await using session = await openSession(options, {
      purpose,
      command: 'apply',
      terminal: recordTerminal(),
    });
    return session.listJobs({}, NEVER);
  };
  // Somebody may be at it.
  expect(await listed('read')).toMatchObject([{ status: 'running' }]);
  const error = {
    code: 'CANCELLED',
    message: expect.stringContaining('ended while it was queued or running'),
  };
  expect(await listed('apply')).toMatchObject([{ status: 'failed', error }]);
});

it('lets a command look beside the daemon of the repository, and sends one that applies to it', async () => {
  await using repository = await createBareRepo();
  const env = { HOME: stateDir };
  const holder = { pid: 4711, command: 'serve', since: 'today', url: 'http://127.0.0.1:5260' };
  using _daemon = acquireStateLock(userStateDirectory(repository.path, env), holder);
  const open = (purpose: Purpose) =>
    openSession(
      { repo: repository.path, color: false },
      { purpose, command: 'x', terminal: recordTerminal({ env }) },
    );

  await using session = await open('read');
  expect(await session.listJobs({}, NEVER)).toEqual([]);
  await expect(open('apply')).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringMatching(/kombinator serve` \(process 4711.*--server http:\/\/127\.0\.0\.1:5260/),
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openSession } from '../../../api/cli/context.ts';
import type { Purpose } from '../../../api/cli/invocation.ts';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
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

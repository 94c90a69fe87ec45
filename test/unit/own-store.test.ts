import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createSqliteStore } from '../../reconciler/adapters/sqlite/sqlite-store.ts';
import { createKombinator } from '../../reconciler/index.ts';
import { commitFiles, createWorkRepo } from '../support/git/git-repo.ts';
import { createFastClock } from '../support/fakes/fast-clock.ts';
import { createQuietLogger } from '../support/fakes/quiet-logger.ts';

it('keeps its history in the store that it is given, and closes that in the end', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'kombinator-store-'));
  await using repo = await createWorkRepo();
  const file = 'kombinations/shop/kombination.yaml';
  const text = 'version: "1.0"\nmeta: { name: shop }\nservices: { web: { image: "nginx:1.29" } }\n';
  await commitFiles(repo, { [file]: text }, 'a shop');
  const store = createSqliteStore({ path: ':memory:', clock: createFastClock() });
  const options = { repo: repo.path, stateDir, logger: createQuietLogger(), env: {}, ephemeral: true, store };
  {
    await using kombinator = await createKombinator(options);
    expect(kombinator.store).toBe(store);
    const before = { stack: 'shop', actor: null, trigger: 'cli' } as const;
    // There is no engine: the plan says so, and is kept all the same.
    await kombinator.reconciler
      .plan({ ...before, mode: 'destroy' }, AbortSignal.timeout(10_000))
      .catch(() => undefined);
    expect(store.listJobs({ stack: 'shop' })).toEqual(kombinator.reconciler.listJobs({ stack: 'shop' }));
  }
  expect(() => store.listJobs({})).toThrow();
  expect(existsSync(join(stateDir, 'kombinator.db'))).toBe(false);
  await rm(stateDir, { recursive: true, force: true });
});

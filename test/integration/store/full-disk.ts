import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { isReconcilerError } from '../../../reconciler/base/errors.ts';
import { buildJob } from '../../support/records.ts';

/*
 * Runs inside a mount namespace of its own, on a small file system: `node full-disk.ts DIRECTORY`. Prints what the store
 * answers when that file system is full, has space again, and is mounted read-only.
 */

const directory = process.argv[2] ?? '';
const ballast = join(directory, 'ballast');
const clock = { now: () => 0, elapsed: () => 0, sleep: () => Promise.resolve(), random: () => 0.5 };
const open = (name: string) => createSqliteStore({ path: join(directory, name, 'kombinator.db'), clock });

const store = open('state');
store.saveJob(buildJob(1));
fillDisk();
const whenFull = outcome(() => {
  for (let number = 2; number < 5_000; number++) store.saveJob(buildJob(number));
});
const readableWhenFull = store.getJob(buildJob(1).id) !== undefined;
const openedOnFull = outcome(() => open('other'));
rmSync(ballast);
const afterSpace = outcome(() => store.saveJob(buildJob(6_000)));
store[Symbol.dispose]();
execFileSync('mount', ['-o', 'remount,ro', directory]);
const whenReadOnly = outcome(() => open('state').saveJob(buildJob(6_001)));
process.stdout.write(JSON.stringify({ whenFull, readableWhenFull, afterSpace, whenReadOnly, openedOnFull }));

function fillDisk(): void {
  try {
    writeFileSync(ballast, Buffer.alloc(1_048_576));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

function outcome(work: () => unknown): unknown {
  try {
    work();
    return 'saved';
  } catch (error) {
    return isReconcilerError(error) ? { code: error.code, retryable: error.retryable } : String(error);
  }
}

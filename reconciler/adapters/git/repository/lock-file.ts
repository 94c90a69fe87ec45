import { rm } from 'node:fs/promises';
import { createFile, lstatOrNull } from './files.ts';
import { errnoOf } from '../errors.ts';

/**
 * Git holds the lock of a ref for as long as it takes to write a line, or a hook to look at it. One that is as old as this was left by a
 * writer that was killed.
 */
const ABANDONED_MS = 600_000;

/** Makes a lock file. One that a killed writer has left goes first. Throws EEXIST when somebody else holds it. */
export async function createLock(lock: string, content: string): Promise<void> {
  try {
    await createFile(lock, content, 0o644);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !(await isAbandoned(lock))) throw error;
    await rm(lock, { force: true });
    await createFile(lock, content, 0o644);
  }
}

async function isAbandoned(lock: string): Promise<boolean> {
  const stats = await lstatOrNull(lock);
  return stats !== null && Date.now() - stats.mtimeMs > ABANDONED_MS;
}

import type { Stats } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createFile, lstatOrNull } from './files.ts';
import { errnoOf } from '../errors.ts';

/**
 * Git holds the lock of a ref for as long as it takes to write a line, or a hook to look at it. One that is as old as this was left by a
 * writer that was killed.
 */
const ABANDONED_MS = 600_000;

/** Locks that were found taken, and since when: the time that a file bears says nothing after the clock was set. */
export type SeenLocks = Map<string, { readonly file: string; readonly at: number }>;

export interface Patience {
  readonly seen: SeenLocks;
  /** Age in milliseconds from which on a lock counts as left behind. Default ten minutes. */
  readonly milliseconds?: number;
}

/** Makes a lock file. One that a killed writer has left goes first. Throws EEXIST when somebody else holds it. */
export async function createLock(
  lock: string,
  content: string,
  { seen, milliseconds = ABANDONED_MS }: Patience = { seen: new Map() },
): Promise<void> {
  try {
    await createFile(lock, content, 0o644);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || ageOf(lock, await lstatOrNull(lock), seen) <= milliseconds)
      throw error;
    await rm(lock, { force: true });
    await createFile(lock, content, 0o644);
  }
  seen.delete(lock);
}

function ageOf(lock: string, stats: Stats | null, seen: SeenLocks): number {
  if (stats === null) return 0;
  const file = `${stats.ino} ${stats.mtimeMs}`;
  const known = seen.get(lock);
  if (known?.file !== file) seen.set(lock, { file, at: performance.now() });
  const watched = known?.file === file ? performance.now() - known.at : 0;
  return Math.max(Date.now() - stats.mtimeMs, watched);
}

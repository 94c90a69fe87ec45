import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createAbortScope } from '../../../base/abort-scope.ts';
import { RemoteError } from '../errors.ts';
import type { Deadline } from './deadline.ts';

/** Largest pack: a repository that says what runs has a thousandth of it. */
export const MAX_PACK_BYTES = 2 * 1024 ** 3;
/** Pause between two looks at what Git has written. */
const LOOK_MS = 500;

export function packTooLarge(maxBytes: number): Error {
  return new RemoteError(
    `the Git server sends more than ${Math.floor(maxBytes / 1024 ** 2)} MiB, which is not read`,
  );
}

/**
 * Runs a fetch of Git's own, which takes whatever comes until the disk is full. Ends it, and removes what it has written, as soon as that is more
 * than `maxBytes`. Throws GIT_ERROR then.
 */
export async function withinSize<T>(
  mirrorDir: string,
  deadline: Deadline,
  fetch: (deadline: Deadline) => Promise<T>,
  maxBytes = MAX_PACK_BYTES,
): Promise<T> {
  using scope = createAbortScope({ signals: [deadline.signal] });
  const directory = join(mirrorDir, 'objects', 'pack');
  const look = async (): Promise<void> => {
    if ((await sizeOfParts(directory)) > maxBytes) scope.abort(packTooLarge(maxBytes));
  };
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_MS);
  try {
    return await fetch({ ...deadline, signal: scope.signal });
  } catch (error) {
    for (const part of await partsIn(directory)) await rm(join(directory, part), { force: true });
    throw error;
  } finally {
    clearInterval(timer);
  }
}

async function sizeOfParts(directory: string): Promise<number> {
  const sizes = await Promise.all(
    (await partsIn(directory)).map((part) =>
      stat(join(directory, part)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Files that Git is writing, or was when it was ended. */
async function partsIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => name.startsWith('tmp_'));
}

import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Moves `main` of a bare repository as Git does it: a new file, renamed over the old one.
 *
 * @returns when it moved, on the clock of `performance.now`
 */
export async function moveBranch(gitdir: string, commit: string): Promise<number> {
  const reference = join(gitdir, 'refs/heads/main');
  await writeFile(`${reference}.lock`, `${commit}\n`);
  const moved = performance.now();
  await rename(`${reference}.lock`, reference);
  return moved;
}

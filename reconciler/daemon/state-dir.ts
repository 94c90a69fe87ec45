import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes the state directory, for its owner only, and tells Git to leave it alone: it often lies in the very repository that is watched, and holds
 * the admin key. Says nothing when that fails: whoever writes there next knows what was to be written. That one process at a time uses it is the
 * lock's to see: api/cli/session/state-lock.ts.
 */
export function prepareStateDir(stateDir: string): void {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(
      join(stateDir, '.gitignore'),
      '# History and keys of Kombinator: not for the repository.\n*\n',
      {
        flag: 'wx',
      },
    );
  } catch {
    // Already there, or not to be written.
  }
}

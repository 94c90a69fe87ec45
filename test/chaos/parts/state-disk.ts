import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../deploy/demo/processes.ts';

/** A small file system of its own for the state directory, which can be filled up and made read-only. */
export interface StateDisk extends AsyncDisposable {
  readonly path: string;
  fill(): void;
  free(): void;
  /** Makes it read-only, or lets it be written again. */
  setWritable(isWritable: boolean): Promise<void>;
}

const SIZE = '24m';

export async function mountStateDisk(path: string): Promise<StateDisk> {
  await mkdir(path, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'kombinator-chaos', path]);
  const filler = join(path, 'filler');
  let binds = 0;
  return {
    path,
    fill() {
      const file = openSync(filler, 'a');
      try {
        for (;;) writeSync(file, Buffer.alloc(4_096));
      } catch {
        // There is no room left, as was wanted.
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filler, { force: true }),
    async setWritable(isWritable) {
      if (isWritable) {
        await run('mount', ['-o', 'remount,rw', path]).catch(() => undefined);
        for (; binds > 0; binds -= 1) await run('umount', ['--lazy', path]);
        return;
      }
      try {
        await run('mount', ['-o', 'remount,ro', path]);
      } catch {
        // It is refused while files are open for writing: what is opened from now on meets a read-only bind mount.
        await run('mount', ['--bind', path, path]);
        binds += 1;
        await run('mount', ['-o', 'remount,ro,bind', path]);
      }
    },
    async [Symbol.asyncDispose]() {
      for (; binds >= 0; binds -= 1) await run('umount', ['--lazy', path]).catch(() => undefined);
    },
  };
}

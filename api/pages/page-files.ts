import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The built page: files by their path below `/ui/`. They are looked for and read when they are asked for: a new build is served at once. */
export interface PageFiles {
  has(path: string): boolean;
  /** Tells whether the file is there as brotli as well. */
  isPressed(path: string): boolean;
  /** Content of a file that is there. */
  read(path: string, pressed: boolean): Promise<Buffer>;
}

/** Names with a suffix, in folders; nothing that leads out of the page. */
const NAME = /^(?:[\w-]+\/)*[\w-][\w.-]*\.\w+$/;

/** @param directory where the page was built; `null` when it was not */
export function openPageFiles(directory: string): PageFiles | null {
  if (!existsSync(join(directory, 'index.html'))) return null;
  return {
    has: (path) => NAME.test(path) && !path.endsWith('.br') && existsSync(join(directory, path)),
    isPressed: (path) => existsSync(join(directory, `${path}.br`)),
    read: (path, pressed) => readFile(join(directory, pressed ? `${path}.br` : path)),
  };
}

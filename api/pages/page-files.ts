import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** The built page: files by their path below `/ui/`. They are read when they are asked for. */
export interface PageFiles {
  has(path: string): boolean;
  /** Tells whether the file is there as brotli as well. */
  isPressed(path: string): boolean;
  /** Content of a file that is there. */
  read(path: string, pressed: boolean): Promise<Buffer>;
}

/** @param directory where the page was built; `null` when it was not */
export function openPageFiles(directory: string): PageFiles | null {
  if (!existsSync(join(directory, 'index.html'))) return null;
  const names = new Set(
    readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll(sep, '/')),
  );
  return {
    has: (path) => names.has(path) && /\.\w+$/.test(path) && !path.endsWith('.br'),
    isPressed: (path) => names.has(`${path}.br`),
    read: (path, pressed) => readFile(join(directory, pressed ? `${path}.br` : path)),
  };
}

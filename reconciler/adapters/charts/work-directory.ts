import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { ProgramFile } from '../../ports/manifest-renderer.ts';

/** A directory for one rendering; it goes when it is disposed of. */
export interface WorkDirectory extends AsyncDisposable {
  /** Files of the request. */
  readonly files: string;
  /** Home of the program, with nothing in it. */
  readonly home: string;
}

const PREFIX = 'work-';

/** Writes files into a directory of its own. */
export async function openWorkDirectory(
  parent: string,
  files: readonly ProgramFile[],
): Promise<WorkDirectory> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const root = await mkdtemp(join(parent, PREFIX));
  const directory: WorkDirectory = {
    files: join(root, 'files'),
    home: join(root, 'home'),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
  try {
    await mkdir(directory.home, { mode: 0o700 });
    await mkdir(directory.files, { mode: 0o700 });
    const made = new Set<string>();
    for (const { path, content } of files) {
      const place = join(directory.files, path);
      const inside = relative(directory.files, place);
      if (inside === '' || inside.split(sep)[0] === '..') throw new Error(`internal: ${path} leads out`);
      const folder = dirname(place);
      if (!made.has(folder)) await mkdir(folder, { recursive: true, mode: 0o700 });
      made.add(folder);
      await writeFile(place, content, { mode: 0o600, flag: 'wx' });
    }
    return directory;
  } catch (error) {
    await directory[Symbol.asyncDispose]();
    throw error;
  }
}

/** Takes away what a process that was killed has left. */
export async function sweepWorkDirectories(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names)
    if (name.startsWith(PREFIX)) await rm(join(parent, name), { recursive: true, force: true });
}

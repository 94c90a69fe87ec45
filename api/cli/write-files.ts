import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { GeneratedFile } from '../../reconciler/index.ts';
import { UsageError } from './terminal/failure.ts';

export interface OutputFile extends GeneratedFile {
  /** Path that it is copied from, with its mode. Default: the content is written. */
  readonly source?: string;
}

/**
 * Writes files below a directory, which is made when it is missing; nothing else in there is touched.
 *
 * @param force replaces files that are there with other content
 * @throws UsageError naming those files, before anything was written
 */
export async function writeFiles(
  directory: string,
  files: readonly OutputFile[],
  { force }: { readonly force: boolean },
): Promise<void> {
  if (!force) await refuseToOverwrite(directory, files);
  for (const { path, content, source } of files) {
    const place = join(directory, path);
    await mkdir(dirname(place), { recursive: true });
    if (source === undefined) await writeFile(place, content);
    else if (resolve(source) !== resolve(place)) await copyFile(source, place);
  }
}

async function refuseToOverwrite(directory: string, files: readonly OutputFile[]): Promise<void> {
  const others: string[] = [];
  for (const { path, content } of files) {
    const place = join(directory, path);
    if (await isTaken(place, Buffer.from(content))) others.push(place);
  }
  if (others.length === 0) return;
  const [what, they] = others.length === 1 ? ['is', 'it'] : ['are', 'them'];
  throw new UsageError(
    `${others.join(', ')} ${what} there with other content; nothing was written`,
    `choose another directory with --out, or replace ${they} with --force`,
  );
}

/** Tells whether something else is at this place; what cannot be read is something else. */
async function isTaken(place: string, content: Buffer): Promise<boolean> {
  try {
    return !content.equals(await readFile(place));
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ENOENT');
  }
}

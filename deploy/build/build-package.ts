import { execFile } from 'node:child_process';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isBuilt, isPageBuilt, stateOfSources } from '../../api/cli/build-state.mjs';
import { buildPage } from './build-page.ts';
import { bundle, writeNotices } from './bundle.ts';

/** Time that files of an earlier build are kept, since a process that runs from them loads some of them late. */
const KEPT_MS = 24 * 3_600_000;

export interface BuildOptions {
  /** Absolute path of what becomes `dist`. */
  readonly directory: string;
  /** Makes the package for other programs as well. */
  readonly library: boolean;
}

/**
 * Builds the command and the page, as far as they are not what the sources say.
 *
 * @param root of the checkout
 */
export async function buildWhatChanged(root: string): Promise<void> {
  const directory = join(root, 'dist');
  await Promise.all([
    isBuilt(root) ? null : buildPackage(root, { directory, library: false }),
    isPageBuilt(root) ? null : buildPage(root, directory),
  ]);
}

/** @param root of the checkout */
export async function buildPackage(root: string, { directory, library }: BuildOptions): Promise<void> {
  const state = join(directory, 'sources.txt');
  await rm(state, { force: true });
  const sources = stateOfSources(root);
  const { files, packages } = await bundle(root, join(directory, 'cli'));
  await writeFile(join(directory, 'cli/THIRD-PARTY.txt'), writeNotices(packages));
  await removeOld(join(directory, 'cli'), new Set([...files, 'THIRD-PARTY.txt']));
  if (library) await compileLibrary(root, directory);
  // The last: what is not finished is not used.
  await writeFile(state, sources);
}

async function removeOld(directory: string, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(directory)) {
    if (kept.has(name)) continue;
    const { mtimeMs } = await stat(join(directory, name));
    if (Date.now() - mtimeMs > KEPT_MS) await rm(join(directory, name));
  }
}

async function compileLibrary(root: string, directory: string): Promise<void> {
  const options = ['-p', join(root, 'deploy/tsconfig.build.json'), '--outDir', directory];
  await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), options);
}

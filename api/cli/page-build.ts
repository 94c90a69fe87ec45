import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import type { Logger } from '../../reconciler/index.ts';
import { errorMessage } from '../../reconciler/index.ts';
import type { PageFiles } from '../pages/page-files.ts';
import { openPageFiles } from '../pages/page-files.ts';
import { isPageBuilt } from './build-state.mjs';

/** Opens the page; in a checkout, one that is missing or old is built first. `null`: there is none, and the log says why. */
export async function openPage(logger: Logger): Promise<PageFiles | null> {
  const root = findRoot(import.meta.dirname);
  if (!isPageBuilt(root) && existsSync(join(root, 'deploy/build/build.ts'))) await build(root, logger);
  const files = openPageFiles(join(root, 'dist/web'));
  if (files === null) logger.warn({}, 'there is no page at /ui/: it was not built');
  return files;
}

async function build(root: string, logger: Logger): Promise<void> {
  logger.info({}, 'building the page, once');
  try {
    await promisify(execFile)(process.execPath, [join(root, 'deploy/build/build.ts'), '--page'], {
      cwd: root,
    });
  } catch (error) {
    logger.warn({ error: errorMessage(error) }, 'the page could not be built');
  }
}

/** The directory of `package.json`: it is as far up from the bundle as from the sources. */
function findRoot(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const above = dirname(directory);
  return above === directory ? directory : findRoot(above);
}

import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { build } from 'vite';
import { stateOfPage } from '../../api/cli/build-state.mjs';

/** Files that others are not made smaller than by compressing them. */
const PRESSED = /\.(?:js|css|html|svg|txt)$/;
const compress = promisify(brotliCompress);

/**
 * Builds the page into `web` of a directory, each file that gains by it compressed as well.
 *
 * @param root of the checkout
 * @param directory absolute path of what becomes `dist`
 */
export async function buildPage(root: string, directory: string): Promise<void> {
  const state = join(directory, 'page.txt');
  await rm(state, { force: true });
  const sources = stateOfPage(root);
  const outDir = join(directory, 'web-next');
  await build({ configFile: join(root, 'api/web/vite.config.ts'), logLevel: 'error', build: { outDir } });
  const names = await readdir(outDir, { recursive: true });
  await Promise.all(names.filter((name) => PRESSED.test(name)).map((name) => press(join(outDir, name))));
  // A daemon serves the one before until the new one is whole.
  await rm(join(directory, 'web'), { recursive: true, force: true });
  await rename(outDir, join(directory, 'web'));
  await writeFile(state, sources);
}

async function press(file: string): Promise<void> {
  const bytes = await readFile(file);
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  await writeFile(`${file}.br`, await compress(bytes, { params }));
}

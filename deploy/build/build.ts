import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildPage } from './build-page.ts';
import { buildPackage, buildWhatChanged } from './build-package.ts';

/*
 * `npm run build`: the command line as a bundle in `dist/cli` and the page in `dist/web`; nothing to do for what is as the sources say. With `--library`
 * all of it anew, and the package for other programs, as JavaScript and its types in `dist/reconciler`. With `--page` the page alone.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const directory = `${root}dist`;
if (process.argv.includes('--page')) await buildPage(root, directory);
else if (process.argv.includes('--library')) {
  await buildPackage(root, { directory, library: true });
  await buildPage(root, directory);
} else await buildWhatChanged(root);

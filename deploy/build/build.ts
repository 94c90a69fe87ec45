import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { isBuilt } from '../../api/cli/build-state.mjs';
import { buildPackage } from './build-package.ts';

/*
 * `npm run build`: the command line as a bundle in `dist/cli`; nothing to do when it is what the sources say. With `--library` also the package for other
 * programs, as JavaScript and its types in `dist/reconciler`.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const library = process.argv.includes('--library');
if (library || !isBuilt(root)) await buildPackage(root, { directory: `${root}dist`, library });

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/* Plain JavaScript: the entry of the command uses it before it knows that this Node can run TypeScript. */

/** Parts that the build is made of, from the root of the checkout. */
const PARTS = ['api', 'reconciler', 'schemas', 'package.json', 'node_modules/.package-lock.json'];

/**
 * Names the state of all sources: how many they are, their sizes and when they were changed. Takes some milliseconds.
 *
 * @param {string} root of the checkout
 * @returns {string}
 */
export function stateOfSources(root) {
  let [count, bytes, changed] = [0, 0, 0];
  /** @param {string} path */
  const add = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    count += 1;
    changed += stat.mtimeMs;
    if (stat.isDirectory()) for (const name of readdirSync(path)) add(join(path, name));
    else bytes += stat.size;
  };
  for (const part of PARTS) add(join(root, part));
  return `${count} ${bytes} ${changed}`;
}

/**
 * Tells whether `dist` holds what the sources say: the command starts three times as fast from there. An installed package has no sources.
 *
 * @param {string} root of the checkout or package
 */
export function isBuilt(root) {
  if (!existsSync(join(root, 'dist/cli/kombinator.js'))) return false;
  if (!existsSync(join(root, 'api/cli/kombinator.ts'))) return true;
  try {
    return readFileSync(join(root, 'dist/sources.txt'), 'utf8') === stateOfSources(root);
  } catch {
    // A build that did not end.
    return false;
  }
}

import { createRequire } from 'node:module';

const load = process.getBuiltinModule ?? createRequire(import.meta.url);
const { existsSync, readdirSync, readFileSync, statSync } = load('node:fs');
const { join } = load('node:path');

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
  let [count, bytes, mixed] = [0, 0, 0];
  /** @param {string} path */
  const add = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    count += 1;
    // Each time goes with its size, and the sum does not ask for an order.
    mixed = (mixed + Math.imul((stat.mtimeMs * 1_000) ^ Math.imul(stat.size, 0x9e3779b1), 0x85ebca6b)) | 0;
    // `join` would take longer than all the rest.
    if (stat.isDirectory()) for (const name of readdirSync(path)) add(`${path}/${name}`);
    else bytes += stat.size;
  };
  for (const part of PARTS) add(join(root, part));
  return `${count} ${bytes} ${mixed >>> 0}`;
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

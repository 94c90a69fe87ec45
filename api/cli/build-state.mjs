import { createRequire } from 'node:module';

const load = process.getBuiltinModule ?? createRequire(import.meta.url);
const { existsSync, readdirSync, readFileSync, statSync } = load('node:fs');
const { join } = load('node:path');

/* Plain JavaScript: the entry of the command uses it before it knows that this Node can run TypeScript. */

/** Parts that the build of the command is made of, from the root of the checkout. */
const PARTS = ['api', 'reconciler', 'schemas', 'package.json', 'node_modules/.package-lock.json'];
/** The page is built by itself. */
const PAGE = 'api/web';
const PARTS_OF_PAGE = [PAGE, 'node_modules/.package-lock.json'];

/**
 * Names the state of the command's sources: how many they are, their sizes and when they were changed. Takes some milliseconds.
 *
 * @param {string} root of the checkout
 * @returns {string}
 */
export function stateOfSources(root) {
  return stateOf(root, PARTS, join(root, PAGE));
}

/**
 * Names the state of the page's sources.
 *
 * @param {string} root of the checkout
 * @returns {string}
 */
export function stateOfPage(root) {
  return stateOf(root, PARTS_OF_PAGE, null);
}

/**
 * @param {string} root of the checkout
 * @param {readonly string[]} parts
 * @param {string | null} skipped path of a folder that does not count
 * @returns {string}
 */
function stateOf(root, parts, skipped) {
  let [count, bytes, mixed] = [0, 0, 0];
  /** @param {string} path */
  const add = (path) => {
    if (path === skipped) return;
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    count += 1;
    // Each time goes with its size, and the sum does not ask for an order.
    mixed = (mixed + Math.imul((stat.mtimeMs * 1_000) ^ Math.imul(stat.size, 0x9e3779b1), 0x85ebca6b)) | 0;
    // `join` would take longer than all the rest.
    if (stat.isDirectory()) for (const name of readdirSync(path)) add(`${path}/${name}`);
    else bytes += stat.size;
  };
  for (const part of parts) add(join(root, part));
  return `${count} ${bytes} ${mixed >>> 0}`;
}

/**
 * Tells whether `dist` holds what the sources say: the command starts three times as fast from there. An installed package has no sources.
 *
 * @param {string} root of the checkout or package
 */
export function isBuilt(root) {
  if (!existsSync(join(root, 'dist/cli/kombinator.cjs'))) return false;
  return !existsSync(join(root, 'api/cli/kombinator.ts')) || isKept(root, 'dist/sources.txt', stateOfSources);
}

/**
 * Tells whether `dist/web` holds the page as its sources say.
 *
 * @param {string} root of the checkout or package
 */
export function isPageBuilt(root) {
  if (!existsSync(join(root, 'dist/web/index.html'))) return false;
  return !existsSync(join(root, PAGE)) || isKept(root, 'dist/page.txt', stateOfPage);
}

/**
 * @param {string} root of the checkout
 * @param {string} file that says which state was built
 * @param {(root: string) => string} state
 */
function isKept(root, file, state) {
  try {
    return readFileSync(join(root, file), 'utf8') === state(root);
  } catch {
    // A build that did not end.
    return false;
  }
}

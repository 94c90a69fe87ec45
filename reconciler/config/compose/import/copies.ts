import { posix } from 'node:path';
import type { TreeChange, TreeFile } from '../../file-tree.ts';
import { isDirectory, listFiles, resolvePath, updateTree } from '../../file-tree.ts';
import type { TreeDirectory } from '../../file-tree.ts';
import { isProblem } from '../../../base/problem.ts';
import { parseDockerIgnore } from '../../kombination/checks/docker-ignore.ts';
import type { Import } from './import.ts';

/**
 * Brings files along, and says how the kombination names the path that they are at or below.
 *
 * @param path from the root of the tree
 * @param files what is taken, by path from the root of the tree
 */
export function copy(shared: Import, path: string, files: Iterable<readonly [string, TreeFile]>): string {
  for (const [file, node] of files) {
    const resolved = resolvePath(shared.tree, file);
    // A link is replaced by the file that it leads to; one that leads nowhere stays behind.
    const real = isProblem(resolved) || isDirectory(resolved.node) ? undefined : resolved.node;
    if (real)
      shared.copies.set(
        placeBeside(shared, file),
        node.text === undefined ? real : { ...real, text: node.text },
      );
  }
  const place = placeBeside(shared, path);
  return place === '' ? '.' : `./${place}`;
}

/** Files from elsewhere come along as well, without the way to them. */
function placeBeside({ directory }: Import, path: string): string {
  return posix.relative(`/${directory}`, `/${path}`).replace(/^(\.\.(\/|$))+/, '');
}

/** Lists the files that are sent to the engine to build from, with those that tell it what to leave out. */
export function* listContext(
  { tree }: Import,
  context: string,
  dockerfile: string,
): Generator<readonly [string, TreeFile]> {
  const found = resolvePath(tree, context);
  if (isProblem(found) || !isDirectory(found.node)) return;
  const beside = [`${dockerfile}.dockerignore`, posix.join(context, '.dockerignore')].flatMap((path) => {
    const file = fileAt(tree, path);
    return file ? [[path, file] as const] : [];
  });
  yield* beside;
  const main = fileAt(tree, dockerfile);
  if (main) yield [dockerfile, main];
  const ignore = parseDockerIgnore(beside[0]?.[1].text ?? '');
  for (const [path, file] of listFiles(found.node)) {
    if (isProblem(ignore) || !ignore(path)) yield [posix.join(context, path), file];
  }
}

export function fileAt(tree: TreeDirectory, path: string): TreeFile | undefined {
  const found = resolvePath(tree, path);
  return isProblem(found) || isDirectory(found.node) ? undefined : found.node;
}

/** The repository as it will be. */
export function treeOf(copies: ReadonlyMap<string, TreeFile>): TreeDirectory {
  const changes = [...copies].map(([path, file]): TreeChange => ({ path, file }));
  return updateTree(new Map(), changes);
}

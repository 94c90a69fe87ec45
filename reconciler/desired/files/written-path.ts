import type { TreeDirectory, TreeNode } from '../../config/file-tree.ts';
import { isDirectory, nodeAt } from '../../config/file-tree.ts';

const MAX_PATH = 1_000;
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f\\]/;
/** Names that mean something to Git itself, as every file system writes them. */
const OF_GIT = /^(?:\.git|git~\d+|\.gitmodules|\.gitattributes)$/;

/** Says why a path is none that a file is written to; `null`: it may be, as far as the tree tells. */
export function whyNoPath(tree: TreeDirectory, path: string): string | null {
  if (path === '' || path.length > MAX_PATH) return `a path has 1 to ${MAX_PATH} characters`;
  if (UNPRINTABLE.test(path)) return 'control characters and backslashes are no part of a path';
  const names = path.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..'))
    return 'a path goes down from the root of the repository, without "." and ".."';
  if (names.some((name) => OF_GIT.test(plain(name)))) return "it is one of Git's own files";
  return whyInTheWay(tree, names);
}

/** The same for a file that is not there yet. */
export function whyNotNew(tree: TreeDirectory, path: string): string | null {
  return whyNoPath(tree, path) ?? (nodeAt(tree, path) === undefined ? null : `${path} is there already`);
}

function whyInTheWay(tree: TreeDirectory, names: readonly string[]): string | null {
  let directory: TreeDirectory = tree;
  for (const [index, name] of names.entries()) {
    const here = names.slice(0, index + 1).join('/');
    const alike = [...directory.keys()].find((other) => other !== name && plain(other) === plain(name));
    if (alike !== undefined) return `${here} differs from ${alike} by no more than the case of letters`;
    const node: TreeNode | undefined = directory.get(name);
    const isLast = index === names.length - 1;
    if (node === undefined) return null;
    if (isDirectory(node)) {
      if (isLast) return `${here} is a directory`;
      directory = node;
    } else if (node.type === 'symlink' || node.type === 'submodule') return `${here} is a ${node.type}`;
    else if (!isLast) return `${here} is a file`;
    else if (node.pointer === true) return `${here} is kept in Git LFS`;
  }
  return null;
}

/** A name as file systems see it that do not tell upper from lower case, nor what cannot be seen. */
function plain(name: string): string {
  return name
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .toLowerCase()
    .replace(/:.*$/, '')
    .replace(/[. ]+$/, '');
}

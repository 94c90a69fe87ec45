import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { TreeDirectory, TreeFile, TreeNode } from '../../reconciler/index.ts';

/** Larger files are no configuration. */
const LARGEST_TEXT = 1024 * 1024;

/** The machine's files as the reader of a repository wants them; nothing is looked at before it is asked for. */
export function readDiskTree(directory: string): TreeDirectory {
  const nodes = new Map<string, TreeNode | undefined>();
  const get = (name: string): TreeNode | undefined => {
    if (!nodes.has(name)) nodes.set(name, readNode(join(directory, name)));
    return nodes.get(name);
  };
  let names: readonly string[] | undefined;
  const list = (): readonly string[] => (names ??= readNames(directory));
  function* entries(): MapIterator<[string, TreeNode]> {
    for (const name of list()) {
      const node = get(name);
      if (node) yield [name, node];
    }
  }
  const tree: TreeDirectory = {
    get,
    has: (name) => get(name) !== undefined,
    get size() {
      return list().length;
    },
    entries,
    *keys(): MapIterator<string> {
      for (const [name] of entries()) yield name;
    },
    *values(): MapIterator<TreeNode> {
      for (const [, node] of entries()) yield node;
    },
    [Symbol.iterator]: entries,
    forEach(callback) {
      for (const [name, node] of entries()) callback(node, name, tree);
    },
  };
  return tree;
}

/** The texts of a disk tree: its blob ids are absolute paths. */
export const DISK_TEXTS = {
  get(path: string): string | undefined {
    try {
      return lstatSync(path).size > LARGEST_TEXT ? '\0' : readFileSync(path, 'utf8');
    } catch {
      // Not to be read by this user: as good as no text.
      return '\0';
    }
  },
};

function readNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name !== '.git')
      .sort();
  } catch {
    // Not to be read by this user, or gone meanwhile: as good as empty.
    return [];
  }
}

function readNode(path: string): TreeNode | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return readDiskTree(path);
  if (found?.isSymbolicLink()) {
    const target = readlinkSync(path);
    const link = target.startsWith(sep) ? relative(dirname(path), target) : target;
    return { type: 'symlink', blob: path, link: link.split(sep).join('/') };
  }
  if (!found?.isFile()) return undefined;
  const file: TreeFile = { type: (found.mode & 0o111) === 0 ? 'file' : 'executable', blob: path };
  return path.endsWith('.dockerignore') ? { ...file, text: readFileSync(path, 'utf8') } : file;
}

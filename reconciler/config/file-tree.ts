import { posix } from 'node:path';
import type { Problem } from '../base/problem.ts';
import { LayeredMap } from '../base/layered-map.ts';

/** A file as the repository has it. */
export interface TreeFile {
  readonly type: 'file' | 'executable' | 'symlink';
  /** Blob id. */
  readonly blob: string;
  /** It only points to content that Git LFS keeps elsewhere. */
  readonly pointer?: true;
  /** Reason why that content is not there. Left out: it is not fetched. */
  readonly reason?: string;
  /** Path where a symlink leads, as written; left out when it could not be read. */
  readonly link?: string;
  /** Content of a `.dockerignore`, which tells what other files mean; left out when it could not be read. */
  readonly text?: string;
}

/** Stands for a directory whose files another repository has. */
export interface TreeSubmodule {
  readonly type: 'submodule';
  /** Commit that it is at. */
  readonly blob: string;
  /** Reason why its files are not there. Left out: submodules are not fetched. */
  readonly reason?: string;
}

/** An end of a path. */
export type TreeLeaf = TreeFile | TreeSubmodule;
export type TreeNode = TreeLeaf | TreeDirectory;
export type TreeDirectory = ReadonlyMap<string, TreeNode>;

export interface TreeChange {
  readonly path: string;
  /** `null`: the file is gone. */
  readonly file: TreeLeaf | null;
}

export function isDirectory(node: TreeNode | undefined): node is TreeDirectory {
  return node !== undefined && !('type' in node);
}

type OpenDirectory = Map<string, TreeNode> | LayeredMap<string, TreeNode>;

/** Entries from which on copying a directory costs more than looking through a layer. */
const MIN_LAYERED_ENTRIES = 256;

/**
 * The tree with the changes; the old tree stays as it was. Only directories on the way to a change are copied, each
 * once.
 */
export function updateTree(root: TreeDirectory, changes: Iterable<TreeChange>): TreeDirectory {
  const own = new Map<TreeDirectory, OpenDirectory>();
  const open = (directory: TreeDirectory = new Map()): OpenDirectory => {
    const known = own.get(directory);
    if (known) return known;
    const copy = directory.size < MIN_LAYERED_ENTRIES ? new Map(directory) : new LayeredMap(directory);
    own.set(copy, copy);
    return copy;
  };
  const result = open(root);
  for (const { path, file } of changes) {
    const names = path.split('/');
    const leaf = names.pop() ?? '';
    const ancestors: (readonly [OpenDirectory, string])[] = [];
    let directory = result;
    for (const name of names) {
      const child = directory.get(name);
      const next = open(isDirectory(child) ? child : undefined);
      directory.set(name, next);
      ancestors.push([directory, name]);
      directory = next;
    }
    if (file) directory.set(leaf, file);
    else directory.delete(leaf);
    pruneEmpty(ancestors, directory);
  }
  return result;
}

function pruneEmpty(ancestors: (readonly [OpenDirectory, string])[], leaf: TreeDirectory): void {
  let empty = leaf.size === 0;
  for (let step = ancestors.pop(); step && empty; step = ancestors.pop()) {
    const [parent, name] = step;
    parent.delete(name);
    empty = parent.size === 0;
  }
}

/** Returns what the tree itself has at a path; symlinks are not followed. */
export function nodeAt(root: TreeDirectory, path: string): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const name of path === '' ? [] : path.split('/'))
    node = isDirectory(node) ? node.get(name) : undefined;
  return node;
}

/** Every file at or below a node with its path. */
export function* listFiles(node: TreeNode | undefined, path = ''): Generator<readonly [string, TreeFile]> {
  for (const [place, leaf] of listLeaves(node, path)) if (leaf.type !== 'submodule') yield [place, leaf];
}

/** Every file, and every submodule, at or below a node with its path. */
export function* listLeaves(node: TreeNode | undefined, path = ''): Generator<readonly [string, TreeLeaf]> {
  if (!isDirectory(node)) {
    if (node) yield [path, node];
    return;
  }
  for (const [name, child] of node) yield* listLeaves(child, path ? `${path}/${name}` : name);
}

export interface Resolved {
  readonly node: TreeFile | TreeDirectory;
  /** Path where it really is, symlinks followed. */
  readonly path: string;
  /** Paths the answer rests on: a change at one of them may change it. */
  readonly visited: readonly string[];
}

export interface Unresolved extends Problem {
  readonly code: 'FILE_NOT_FOUND' | 'PATH_OUTSIDE_REPOSITORY' | 'CONTENT_ELSEWHERE';
  readonly visited: readonly string[];
}

const MAX_SYMLINKS_FOLLOWED = 40;

/** Follows a path in the repository to what it leads to; symlinks are followed as long as they stay inside. */
export function resolvePath(root: TreeDirectory, path: string): Resolved | Unresolved {
  const visited: string[] = [];
  let links = 0;
  let rest = path.split('/');
  let place: string[] = [];
  let ancestors: TreeNode[] = [root];
  while (rest.length > 0) {
    const [name = '', ...others] = rest;
    rest = others;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (place.length === 0) return outside(path, visited, visited.at(-1));
      place.pop();
      ancestors.pop();
      continue;
    }
    const parent = ancestors.at(-1);
    const here = [...place, name];
    const node = isDirectory(parent) ? parent.get(name) : undefined;
    if (!node) return notFound(path, [...visited, here.join('/')]);
    if (!isDirectory(node) && node.type === 'symlink') {
      visited.push(here.join('/'));
      links += 1;
      if (node.link === undefined || links > MAX_SYMLINKS_FOLLOWED) return notFound(path, visited);
      if (node.link.startsWith('/')) return outside(path, visited, here.join('/'));
      rest = [...node.link.split('/'), ...rest];
      continue;
    }
    const elsewhere = isDirectory(node) ? null : contentElsewhere(node, path, here.join('/'));
    if (elsewhere !== null) return { ...elsewhere, visited: [...visited, here.join('/')] };
    place = here;
    ancestors = [...ancestors, node];
  }
  const [node = root] = ancestors.slice(-1);
  if (!isDirectory(node) && node.type === 'submodule') return notFound(path, visited);
  const real = place.join('/');
  return { node, path: real, visited: [...visited, real] };
}

const MODULE_HINT =
  'the operator lets them be fetched with --fetch-submodules; else commit the files to this repository (git subtree add does), or put them in an image';

const POINTER_HINT =
  'the operator lets it be fetched with --fetch-lfs; else commit the file itself (git lfs untrack, git add --renormalize), or put it in an image';

/** Says of a submodule, or of a file in Git LFS, that the repository does not have what is in it; `null` of everything else. */
export function contentElsewhere(
  node: TreeLeaf,
  path: string,
  place = path,
): Pick<Unresolved, 'code' | 'problem' | 'hint'> | null {
  const code = 'CONTENT_ELSEWHERE';
  if (node.type === 'submodule') {
    const what = place === path ? `${path} is a Git submodule` : `${path} is in the Git submodule ${place}`;
    const { reason = 'submodules are not fetched' } = node;
    return { code, problem: `${what}, and ${reason}`, hint: MODULE_HINT };
  }
  if (node.pointer !== true) return null;
  const { reason = 'the repository has only a pointer to it' } = node;
  return { code, problem: `${path} is kept in Git LFS, and ${reason}`, hint: POINTER_HINT };
}

function outside(path: string, visited: readonly string[], link?: string): Unresolved {
  const problem =
    link === undefined || link === path
      ? `${path} ${link === undefined ? 'leads' : 'is a symlink that leads'} out of the repository`
      : `${path} leads out of the repository: ${link} is a symlink`;
  return { code: 'PATH_OUTSIDE_REPOSITORY', problem, visited };
}

function notFound(path: string, visited: readonly string[]): Unresolved {
  return { code: 'FILE_NOT_FOUND', problem: `${path} is not in the repository`, visited };
}

/**
 * A path as written in a file of a directory, from the root of the repository; `null` when it is absolute. The directory
 * itself need not be there (yet).
 */
export function joinPath(directory: string, path: string): string | null {
  if (path.startsWith('/')) return null;
  const base = directory === '' ? [] : directory.split('/');
  let rest = path.split('/');
  while (rest[0] === '.' || (rest[0] === '..' && base.length > 0)) {
    if (rest[0] === '..') base.pop();
    rest = rest.slice(1);
  }
  return [...base, ...rest].join('/');
}

/** The directory a file is in; `` for the root. */
export function directoryOf(path: string): string {
  const directory = posix.dirname(path);
  return directory === '.' ? '' : directory;
}

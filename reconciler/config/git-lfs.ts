import type { TreeDirectory } from './file-tree.ts';
import { directoryOf, isDirectory, nodeAt } from './file-tree.ts';
import { isProblem } from '../base/problem.ts';
import type { Ignore } from './kombination/checks/docker-ignore.ts';
import { IGNORE_NOTHING, parseDockerIgnore } from './kombination/checks/docker-ignore.ts';

/** Longest pointer that Git LFS writes. */
export const POINTER_BYTES = 1_024;

/** Work for the patterns of all `.gitattributes`: a second or so. */
const MAX_STEPS = 20_000_000;

/** Tells whether a text is what Git LFS commits in place of a file. */
export function isPointer(text: string | undefined): boolean {
  return text?.startsWith('version https://git-lfs.github.com/spec/') === true;
}

/** Reads a pointer; `null` for one that names no content. */
export function parsePointer(text: string): { readonly oid: string; readonly size: number } | null {
  const oid = /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1];
  const size = /^size (\d{1,15})$/m.exec(text)?.[1];
  return oid === undefined || size === undefined ? null : { oid, size: Number(size) };
}

/**
 * Tells, by the `.gitattributes` of a tree, which files Git LFS may keep. Attributes that are taken back for some files are not read: whoever
 * asks looks at the file as well.
 */
export function createLfsFilter(tree: TreeDirectory): (path: string) => boolean {
  const known = new Map<string, Ignore>();
  const patternsOf = (directory: string): Ignore => {
    const before = known.get(directory);
    if (before !== undefined) return before;
    const read = readPatterns(tree, directory);
    known.set(directory, read);
    return read;
  };
  let steps = 0;
  return (path) => {
    for (let directory = path; directory !== '';) {
      // Patterns that take too long leave it to a look at the file.
      if (steps > MAX_STEPS) return true;
      directory = directoryOf(directory);
      const inside = directory === '' ? path : path.slice(directory.length + 1);
      const patterns = patternsOf(directory);
      steps -= patterns.work.steps;
      const isMeant = patterns(inside);
      steps += patterns.work.steps;
      if (isMeant) return true;
    }
    return false;
  };
}

function readPatterns(tree: TreeDirectory, directory: string): Ignore {
  const file = nodeAt(tree, directory === '' ? '.gitattributes' : `${directory}/.gitattributes`);
  const text = file === undefined || isDirectory(file) || file.type === 'submodule' ? undefined : file.text;
  const patterns = text?.split('\n').flatMap(patternOf) ?? [];
  const filter = patterns.length === 0 ? null : parseDockerIgnore(patterns.join('\n'));
  return filter === null || isProblem(filter) ? IGNORE_NOTHING : filter;
}

function patternOf(line: string): readonly string[] {
  const [pattern = '', ...attributes] = line.trim().split(/\s+/);
  if (pattern === '' || pattern.startsWith('#') || !attributes.includes('filter=lfs')) return [];
  const name = pattern.replace(/^\//, '').replaceAll('[[:space:]]', ' ');
  return pattern.includes('/') ? [name] : [`**/${name}`];
}

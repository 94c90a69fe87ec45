import type { Problem } from '../../../base/problem.ts';
import { isProblem } from '../../../base/problem.ts';
import { compareText } from '../../../base/values.ts';
import type { TreeDirectory } from '../../file-tree.ts';
import { isDirectory, resolvePath } from '../../file-tree.ts';

/** A file of the repository that a program is given. */
export interface ManifestFile {
  /** Path among the files that the program is given, with `/`. */
  readonly path: string;
  readonly blob: string;
}

/** Charts and overlays are some ten files; more than this is something else. */
const MAX_FILES = 2_000;

export interface FoundFiles {
  /** Sorted by path. */
  readonly files: readonly ManifestFile[];
  readonly problems: readonly Problem[];
  /** Paths that the answer rests on. */
  readonly watched: ReadonlySet<string>;
}

/**
 * Every file at or below a directory of the repository, symlinks followed.
 *
 * @param directory its real path; `` for the root
 * @param as path that the directory gets among the files
 */
export function filesBelow(tree: TreeDirectory, directory: string, as: string): FoundFiles {
  const files: ManifestFile[] = [];
  const problems: Problem[] = [];
  const watched = new Set([directory]);
  const visit = (path: string, place: string, parents: readonly string[]): void => {
    const folder = resolvePath(tree, path);
    if (isProblem(folder) || !isDirectory(folder.node)) return;
    for (const name of [...folder.node.keys()].sort()) {
      if (files.length > MAX_FILES || problems.length > 0) return;
      const inside = path === '' ? name : `${path}/${name}`;
      const found = resolvePath(tree, inside);
      for (const visited of found.visited) watched.add(visited);
      if (isProblem(found)) problems.push(found);
      else if (!isDirectory(found.node)) files.push({ path: `${place}/${name}`, blob: found.node.blob });
      else if (parents.includes(found.path)) {
        problems.push({
          problem: `${inside} is a symlink to a directory that holds it`,
          code: 'INVALID_VALUE',
        });
      } else visit(found.path, `${place}/${name}`, [...parents, found.path]);
    }
  };
  visit(directory, as, [directory]);
  if (files.length > MAX_FILES) {
    const problem = `there are more than ${MAX_FILES} files in ${directory === '' ? 'the repository' : directory}`;
    problems.push({
      problem,
      code: 'OUT_OF_RANGE',
      hint: 'name the directory of the chart or overlay alone',
    });
  }
  files.sort((a, b) => compareText(a.path, b.path));
  return { files, problems, watched };
}

import { posix } from 'node:path';
import { joinPath } from '../file-tree.ts';
import type { ComposeNode } from './node.ts';
import { textOf } from './node.ts';
import type { Environment, Project } from './project.ts';

/** One or more Compose files that are read as one. */
export interface ComposeSet {
  /** Files from the root of the repository, later ones over earlier ones. */
  readonly paths: readonly { readonly path: string; readonly source: Pick<ComposeNode, 'origin'> }[];
  /** Directory that their relative paths start from, from the root of the repository. */
  readonly base: string;
  readonly environment: Environment;
  /** Files that are being read: one of them inside of itself would never end. */
  readonly includeChain: readonly string[];
}

/** The environment of a set for files of another directory: `PWD` stays where it was, and is relative to where it is read. */
export function environmentFrom({ environment, base }: ComposeSet, directory: string): Environment {
  const here = environment.get('PWD');
  if (here === undefined || directory === base || !/^\.{1,2}(\/|$)/.test(here)) return environment;
  const moved = posix.relative(`/${directory}`, posix.join(`/${base}`, here)) || '.';
  return new Map([...environment, ['PWD', moved.startsWith('.') ? moved : `./${moved}`]]);
}

/** A path of a Compose file from the root of the repository; reported when it leads elsewhere. */
export function resolveComposePath(project: Project, base: string, node: ComposeNode): string | undefined {
  const text = textOf(node);
  if (text === undefined) {
    project.error('INVALID_TYPE', node, 'must be a path');
    return undefined;
  }
  const remote = /^(https?|git|ssh|oci):|\.git(#|$)|^git@/.test(text);
  const path = remote || text.startsWith('~') ? null : joinPath(base, text);
  if (path === null) {
    project.error('PATH_OUTSIDE_REPOSITORY', node, `${text} is not a path inside of the repository`, {
      hint: remote ? 'copy the file into the repository' : 'use a path relative to this file',
    });
    return undefined;
  }
  const normal = posix.normalize(path);
  return normal === '.' ? '' : normal.replace(/\/$/, '');
}

import * as fs from 'node:fs';
import * as isomorphic from 'isomorphic-git';
import { isReconcilerError } from '../../../base/errors.ts';
import type { MergeResult } from '../../../ports/source.ts';
import { gitError } from '../errors.ts';
import type { GitCommand } from './git-command.ts';
import { firstErrorLine } from './git-command.ts';
import { isObjectId } from './objects.ts';
import type { Repository } from './repository.ts';

export interface MergeSides {
  readonly base: string;
  readonly head: string;
}

/** Settings of the machine may name programs that merge; what is proposed must not choose among them. */
const NO_SETTINGS = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' };
/** Exit code of `git merge-tree` where both sides have changed the same lines. */
const CONFLICTS = 1;

/** Author of the commit that isomorphic-git makes, which nothing names. */
const NOBODY = { name: 'Kombinator', email: 'kombinator@localhost', timestamp: 0, timezoneOffset: 0 };

/**
 * Merges two commits without a work tree: only objects that no ref names are written. By the system's git where there is one, as hosts do it; without it a file
 * that one side has moved and the other has changed is in conflict. Throws GIT_ERROR, also for a git before 2.38, which cannot.
 */
export async function mergeCommits(
  git: GitCommand,
  repository: Repository,
  sides: MergeSides,
  signal: AbortSignal,
): Promise<MergeResult> {
  signal.throwIfAborted();
  return (await git.available())
    ? mergeByCommand(git, repository, sides, signal)
    : mergeByLibrary(repository, sides, signal);
}

async function mergeByCommand(
  git: GitCommand,
  repository: Repository,
  { base, head }: MergeSides,
  signal: AbortSignal,
): Promise<MergeResult> {
  const where = ['--git-dir', repository.commonDir];
  const args = [...where, 'merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', base, head];
  const { exitCode, stdout, stderr } = await git.run(args, { signal, env: NO_SETTINGS });
  const [tree = '', ...names] = stdout.toString('utf8').split('\0');
  if ((exitCode !== 0 && exitCode !== CONFLICTS) || !isObjectId(tree))
    throw gitError(`the merge cannot be tried (git 2.38 or newer can): ${firstErrorLine(stderr)}`);
  if (exitCode === CONFLICTS) return inConflict(names);
  return { changes: await repository.diffTree(base, tree, signal), conflicts: [] };
}

async function mergeByLibrary(
  repository: Repository,
  { base: ours, head: theirs }: MergeSides,
  signal: AbortSignal,
): Promise<MergeResult> {
  const { commonDir: gitdir } = repository;
  try {
    for (const id of [ours, theirs]) await repository.revision(id, '');
    const options = { fs, dir: gitdir, gitdir, ours, theirs, author: NOBODY, message: 'trial' };
    const { oid = ours } = await isomorphic.merge({ ...options, noUpdateBranch: true });
    return { changes: await repository.diff(ours, oid, signal), conflicts: [] };
  } catch (error) {
    if (error instanceof isomorphic.Errors.MergeConflictError) return inConflict(error.data.filepaths);
    if (isReconcilerError(error)) throw error;
    throw gitError('the merge cannot be tried', error);
  }
}

function inConflict(paths: readonly string[]): MergeResult {
  return { changes: [], conflicts: [...new Set(paths.filter((path) => path !== ''))].sort() };
}

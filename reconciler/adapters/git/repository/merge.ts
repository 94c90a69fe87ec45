import * as fs from 'node:fs';
import * as isomorphic from 'isomorphic-git';
import { createAbortScope } from '../../../base/abort-scope.ts';
import { isReconcilerError } from '../../../base/errors.ts';
import type { MergeResult } from '../../../ports/source.ts';
import { gitError } from '../errors.ts';
import type { GitCommand, GitResult } from './git-command.ts';
import { firstErrorLine } from './git-command.ts';
import type { MergePlace } from './merge-place.ts';
import { openMergePlace } from './merge-place.ts';
import { isObjectId } from './objects.ts';
import type { Repository } from './repository.ts';

export interface MergeSides {
  readonly base: string;
  readonly head: string;
}

/** Longest time of a merge, in milliseconds: histories and files can be made so that it takes for ever. */
const TIME_LIMIT_MS = 60_000;
/** Bytes of one file that was merged, and of all together. */
const MAX_FILE_BYTES = 16 * 1024 ** 2;
const MAX_MADE_BYTES = 64 * 1024 ** 2;
const MAX_TREE_BYTES = 64 * 1024 ** 2;
/** Exit code of `git merge-tree` where both sides have changed the same lines. */
const CONFLICTS = 1;

/** Author of the commit that isomorphic-git makes, which nothing names. */
const NOBODY = { name: 'Kombinator', email: 'kombinator@localhost', timestamp: 0, timezoneOffset: 0 };

/**
 * Merges two commits without a work tree. By the system's git where there is one, as hosts do it, in a place of its own: no setting of the repository counts, nothing is
 * written to it, and no program but git runs. Without git, a file that one side has moved and the other has changed is in conflict, and objects that no ref names are
 * written. Throws GIT_ERROR, also for a git before 2.38, which cannot, and for a merge that takes longer than a minute.
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
  await using place = await openMergePlace(repository.commonDir);
  const where = ['--git-dir', place.directory];
  const args = [...where, 'merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', base, head];
  const { exitCode, stdout, stderr } = await runInTime(git, args, place, signal);
  const [tree = '', ...names] = stdout.toString('utf8').split('\0');
  if ((exitCode !== 0 && exitCode !== CONFLICTS) || !isObjectId(tree))
    throw gitError(`the merge cannot be tried (git 2.38 or newer can): ${firstErrorLine(stderr)}`);
  if (exitCode === CONFLICTS) return inConflict(names);
  const made = await place.made();
  const readMade = (id: string) => (made.has(id) ? place.read(id, MAX_TREE_BYTES) : null);
  const changes = await repository.diffTree(base, tree, signal, readMade);
  const blobs = changes.flatMap(({ after }) => (after !== null && made.has(after.blob) ? [after.blob] : []));
  return { changes, conflicts: [], contents: await readContents(place, new Set(blobs), signal) };
}

async function runInTime(
  git: GitCommand,
  args: readonly string[],
  { env }: MergePlace,
  signal: AbortSignal,
): Promise<GitResult> {
  using scope = createAbortScope({ signals: [signal], timeoutMs: TIME_LIMIT_MS });
  try {
    return await git.run(args, { signal: scope.signal, env });
  } catch (error) {
    signal.throwIfAborted();
    if (scope.timedOut) throw gitError(`the merge takes longer than ${TIME_LIMIT_MS / 1_000} s`);
    throw error;
  }
}

async function readContents(
  place: MergePlace,
  blobs: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<NonNullable<MergeResult['contents']>> {
  const contents = new Map<string, Uint8Array | null>();
  let left = MAX_MADE_BYTES;
  for (const blob of blobs) {
    signal.throwIfAborted();
    const content = await place.read(blob, Math.min(MAX_FILE_BYTES, left)).catch(() => null);
    left -= content?.byteLength ?? 0;
    contents.set(blob, content);
  }
  return contents;
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

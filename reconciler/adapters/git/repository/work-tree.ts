import * as fs from 'node:fs';
import { copyFile, rename, rm, rmdir, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as git from 'isomorphic-git';
import { createAbortScope } from '../../../base/abort-scope.ts';
import { isReconcilerError } from '../../../base/errors.ts';
import type { Logger } from '../../../ports/logger.ts';
import { errnoOf, gitError, isMissing, writeConflict } from '../errors.ts';
import { createFile, lstatOrNull, makeDirectory } from './files.ts';
import type { GitCommand } from './git-command.ts';
import type { Checkout } from './layout.ts';
import type { WrittenFile } from './tree-edit.ts';

/** A check of the work tree longer than this is not worth the wait. */
const STATUS_TIMEOUT_MS = 5000;
/** Files that are checked without the git command, when every file is hashed in this process; beyond that many the answer is not sought. */
const MAX_FILES_CHECKED = 2000;

/**
 * Tells whether a work tree differs from the commit it is on; new files that are not ignored count. `false` when it cannot be told in a
 * bounded time.
 */
export async function isDirty(
  command: GitCommand,
  checkout: Checkout,
  signal: AbortSignal,
): Promise<boolean> {
  using limit = createAbortScope({ signals: [signal], timeoutMs: STATUS_TIMEOUT_MS });
  try {
    const output = await statusByCommand(command, checkout, [], limit.signal);
    if (output !== null) return output !== '';
    const files = await git.listFiles({ fs, dir: checkout.workTree, gitdir: checkout.gitdir });
    if (files.length > MAX_FILES_CHECKED) return false;
    const rows = await git.statusMatrix({ fs, dir: checkout.workTree, gitdir: checkout.gitdir });
    return rows.some(([, head, workTree, stage]) => head !== 1 || workTree !== 1 || stage !== 1);
  } catch {
    signal.throwIfAborted();
    // An index that cannot be read, or a check that took too long, must not keep the committed state from being read.
    return false;
  }
}

/** A work tree that is ready to follow its branch: checked, and locked against other Git commands. */
export interface PreparedCheckout {
  /** Writes the files and the index; to be called once the branch has moved. */
  finish(): Promise<void>;
  /** Gives the lock back and changes nothing. */
  cancel(): Promise<void>;
}

/**
 * Takes Git's own index lock and checks that none of the files has changes that would be lost.
 *
 * @throws WRITE_CONFLICT when one has, or when another Git command holds the lock
 */
export async function prepareCheckout(
  command: GitCommand,
  checkout: Checkout,
  files: readonly WrittenFile[],
  logger: Logger,
): Promise<PreparedCheckout> {
  const index = join(checkout.gitdir, 'index');
  const lock = `${index}.lock`;
  await takeIndexLock(lock);
  const cancel = (): Promise<void> => rm(lock, { force: true });
  try {
    for (const { path } of files) await refuseSymlinks(checkout.workTree, path);
    await refuseChanges(command, checkout, files);
  } catch (error) {
    await cancel();
    throw error;
  }
  return {
    cancel,
    finish: async () => {
      try {
        for (const file of files) await writeWorkFile(checkout.workTree, file);
        await writeIndex({ command, checkout, index, lock }, files);
      } catch (error) {
        // The commit stands; only the work tree is behind, and `git checkout` on these files repairs it.
        logger.warn(
          { err: error, workTree: checkout.workTree, files: files.map(({ path }) => path) },
          'work tree could not follow the commit',
        );
      } finally {
        await cancel();
      }
    },
  };
}

/** Short status of the named paths (all: none named); `null` where the git command cannot tell (absent, or not the owner). */
async function statusByCommand(
  command: GitCommand,
  checkout: Checkout,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<string | null> {
  const untracked =
    paths.length === 0 ? ['--untracked-files=normal'] : ['--untracked-files=all', '--ignored'];
  const place = [...inWorkTree(checkout), '--literal-pathspecs'];
  const args = [...place, 'status', '--porcelain', '-z', ...untracked, '--', ...paths];
  try {
    // No --git-dir: Git then refuses repositories of other users, whose configuration could run programs.
    const { exitCode, stdout } = await command.run(args, signal ? { signal } : {});
    return exitCode === 0 ? stdout.toString('utf8') : null;
  } catch (error) {
    if (isReconcilerError(error, 'GIT_NOT_INSTALLED')) return null;
    throw error;
  }
}

/** Runs none of the programs that the repository's configuration names. */
function inWorkTree({ workTree }: Checkout): readonly string[] {
  return ['-C', workTree, '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];
}

async function refuseChanges(
  command: GitCommand,
  checkout: Checkout,
  files: readonly WrittenFile[],
): Promise<void> {
  const paths = files.map(({ path }) => path);
  const output = await statusByCommand(command, checkout, paths);
  if (output === '') return;
  for (const path of paths) {
    const changed =
      output === null
        ? !['unmodified', 'absent'].includes(
            await git.status({ fs, dir: checkout.workTree, gitdir: checkout.gitdir, filepath: path }),
          )
        : output.split('\0').some((line) => line.slice(3).startsWith(path));
    if (changed) {
      throw writeConflict(
        `${path} has changes in the work tree ${checkout.workTree} that are not committed: commit or discard them first`,
      );
    }
  }
  if (output !== null) throw writeConflict(`the work tree ${checkout.workTree} has changes in the way`);
}

/** A directory on the way that is a symlink would lead the write out of the work tree. */
async function refuseSymlinks(workTree: string, path: string): Promise<void> {
  const parts = path.split('/');
  for (let depth = 1; depth < parts.length; depth += 1) {
    const directory = join(workTree, ...parts.slice(0, depth));
    const stats = await lstatOrNull(directory);
    if (stats !== null && !stats.isDirectory()) {
      throw writeConflict(`${directory} is in the way: it is not a directory`);
    }
  }
}

async function takeIndexLock(lock: string): Promise<void> {
  try {
    await createFile(lock, '', 0o644);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw gitError(`${lock} cannot be made`, error);
    throw writeConflict(`another Git command is at work; if none is running, delete ${lock}`, error);
  }
}

async function writeWorkFile(workTree: string, file: WrittenFile): Promise<void> {
  const path = join(workTree, file.path);
  if (file.entry === null || file.content === null) {
    await unlink(path).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error;
    });
    await removeEmptyParents(workTree, dirname(path));
    return;
  }
  await makeDirectory(dirname(path));
  // Replaced, never written in place: a symlink under that name is not followed, and no reader sees half a file.
  const temporary = `${path}.kombinator-${process.pid}`;
  await rm(temporary, { force: true });
  if (file.entry.mode === '120000') await symlink(Buffer.from(file.content), temporary);
  else await createFile(temporary, file.content, file.entry.mode === '100755' ? 0o755 : 0o644);
  await rename(temporary, path);
}

async function removeEmptyParents(workTree: string, directory: string): Promise<void> {
  let current = directory;
  while (current.startsWith(`${workTree}/`)) {
    try {
      await rmdir(current);
    } catch {
      return;
    }
    current = dirname(current);
  }
}

interface IndexTask {
  readonly command: GitCommand;
  readonly checkout: Checkout;
  readonly index: string;
  readonly lock: string;
}

/**
 * Writes the index. The git command builds the new one in the lock file, which is renamed, as Git does; without it isomorphic-git rewrites
 * it.
 */
async function writeIndex(task: IndexTask, files: readonly WrittenFile[]): Promise<void> {
  if ((await task.command.available()) && (await writeIndexByCommand(task, files))) return;
  const target = { fs, dir: task.checkout.workTree, gitdir: task.checkout.gitdir };
  for (const { path, entry } of files) {
    if (entry === null) await git.updateIndex({ ...target, filepath: path, remove: true });
    else
      await git.updateIndex({
        ...target,
        filepath: path,
        oid: entry.id,
        mode: Number.parseInt(entry.mode, 8),
        add: true,
      });
  }
}

async function writeIndexByCommand(task: IndexTask, files: readonly WrittenFile[]): Promise<boolean> {
  const { command, checkout, index, lock } = task;
  const scratch = `${lock}.new`;
  const env = { GIT_INDEX_FILE: scratch };
  const input = files
    .map(({ path, entry }) => `${entry?.mode ?? '0'} ${entry?.id ?? '0'.repeat(40)}\t${path}\0`)
    .join('');
  try {
    await copyFile(index, scratch).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
    const base = inWorkTree(checkout);
    const updated = await command.run([...base, 'update-index', '-z', '--index-info'], { env, input });
    if (updated.exitCode !== 0) return false;
    await command.run([...base, 'update-index', '-q', '--refresh'], { env });
    await rename(scratch, index);
    return true;
  } catch (error) {
    if (isReconcilerError(error)) return false;
    throw error;
  } finally {
    await rm(scratch, { force: true });
  }
}

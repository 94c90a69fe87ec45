import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { parseLocation } from '../adapters/git/location.ts';
import type { WorkTreeFiles } from '../adapters/git/tracked-files.ts';
import { isReconcilerError, ReconcilerError } from '../base/errors.ts';

/**
 * Makes the state directory, for its owner only, and tells Git to leave it alone: it may lie in a checkout of something else, and holds the admin
 * key. Says nothing when that fails: whoever writes there next knows what was to be written. That one process at a time uses it is the
 * lock's to see: api/cli/session/state-lock.ts.
 *
 * @throws BAD_OPTIONS where `findStateDirProblem` finds one
 */
export async function prepareStateDir(stateDir: string, repo: string): Promise<void> {
  const problem = await findStateDirProblem(stateDir, repo);
  if (problem !== null)
    throw new ReconcilerError('BAD_OPTIONS', `${problem.message}; choose a directory outside of it`);
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(
      join(stateDir, '.gitignore'),
      '# History and keys of Kombinator: not for the repository.\n*\n',
      {
        flag: 'wx',
      },
    );
  } catch {
    // Already there, or not to be written.
  }
}

/** Reason why a directory cannot hold the state of a repository. */
export interface StateDirProblem {
  readonly message: string;
  /** A file in it that Git tracks; `null`: there is none yet. */
  readonly tracked: string | null;
}

/**
 * Finds out whether commits could write into the state directory: the keys of the API, commands to run and secrets are read from there. That is so
 * in every work tree of the watched repository, and wherever Git tracks a file of the directory, or the directory itself as a symlink.
 *
 * @param repo path or address
 */
export async function findStateDirProblem(stateDir: string, repo: string): Promise<StateDirProblem | null> {
  const given = resolve(stateDir);
  const real = realPath(given);
  const watched = await readWatched(repo);
  const around = await workTreeAround(real);
  // A symlink may be tracked where it lies, what it leads to where that lies.
  for (const [tree, place] of [
    [await workTreeAround(dirname(given)), given],
    [around, real],
  ] as const) {
    const tracked = tree === null ? undefined : trackedIn(tree, place);
    if (tree === null || tracked === undefined) continue;
    const path = relative(tree.root, tracked);
    const message = `the state directory ${given} has files that Git tracks in ${tree.root} (${path}): whoever can commit there could bring keys and commands along`;
    return { message, tracked };
  }
  const isWatched = around !== null && around.commonDir === watched?.commonDir;
  const root = isWatched ? around.root : watched?.root;
  if (root === undefined || !isWithin(real, root)) return null;
  const message = `the state directory ${given} lies in ${root}, a work tree of the watched repository: a commit could bring keys and commands along`;
  return { message, tracked: null };
}

/**
 * Throws BAD_OPTIONS where the operator's configuration is a file that commits of the watched repository write: authors would say what they may do.
 *
 * @param repo path or address
 */
export async function refuseConfigOfAuthors(path: string, repo: string): Promise<void> {
  const watched = await readWatched(repo);
  if (watched === null) return;
  const given = resolve(path);
  // A symlink may be tracked where it lies, the file itself where that lies.
  for (const place of [join(realPath(dirname(given)), basename(given)), realPath(given)]) {
    const tree = await workTreeAround(dirname(place));
    if (tree === null || tree.commonDir !== watched.commonDir || !tree.tracked.has(place)) continue;
    const message = `the operator's file ${given} is a file of the watched repository, whose authors would say by it what they may do; keep it outside of the repository`;
    throw new ReconcilerError('BAD_OPTIONS', message);
  }
}

interface Watched {
  readonly commonDir: string;
  /** Left out: it is bare. */
  readonly root?: string;
}

/** Returns the parts of a repository on this machine; what cannot be read is told by whoever opens it. */
async function readWatched(repo: string): Promise<Watched | null> {
  const { readLayout } = await import('../adapters/git/repository/layout.ts');
  try {
    const location = parseLocation(repo);
    if (location.kind !== 'local') return null;
    const { commonDir, workTree } = await readLayout(realPath(location.address));
    return { commonDir: realPath(commonDir), ...(workTree === null ? {} : { root: realPath(workTree) }) };
  } catch (error) {
    if (isReconcilerError(error)) return null;
    throw error;
  }
}

async function workTreeAround(directory: string): Promise<WorkTreeFiles | null> {
  if (!isInCheckout(directory)) return null;
  const { findWorkTree } = await import('../adapters/git/tracked-files.ts');
  const around = await findWorkTree(directory);
  return around && { ...around, commonDir: realPath(around.commonDir) };
}

/** The code that reads an index takes a while to load, and most state directories are in no checkout. */
function isInCheckout(directory: string): boolean {
  for (let above = directory; ; above = dirname(above)) {
    if (existsSync(join(above, '.git'))) return true;
    if (dirname(above) === above) return false;
  }
}

function trackedIn({ tracked }: WorkTreeFiles, place: string): string | undefined {
  if (tracked.has(place)) return place;
  return [...tracked].find((file) => isWithin(file, place));
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === sep ? sep : `${directory}${sep}`);
}

/** The path without symlinks, as far as there is something. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realPath(above), path.slice(above.length));
  }
}

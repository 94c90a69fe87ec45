import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { findStateDirProblem } from '../../../reconciler/index.ts';
import type { GlobalOptions } from '../options.ts';
import { userStateDirectory } from '../options.ts';
import { UsageError } from '../terminal/failure.ts';

/** Default of the daemon in earlier versions, below the directory that it was started in. */
const EARLIER_DEFAULT = '.kombinator';
const DATABASE = 'kombinator.db';
/** The operator's configuration where `--config` names none. */
export const OPERATOR_FILE = 'operator.yaml';
/** Only a daemon makes it. */
const ADMIN_KEY = 'admin.key';

/** The daemon and its keys, or a command that works by itself. */
export type StateUser = 'daemon' | 'command';

/**
 * The directory that holds the state: the one that was named, else the user's for this repository.
 *
 * @throws BAD_OPTIONS when commits could write into it, or when the state is still where an earlier version has kept it
 */
export async function chooseStateDirectory(
  { repo, path, stateDir }: Pick<GlobalOptions, 'repo' | 'path' | 'stateDir'>,
  user: StateUser,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const usual = userStateDirectory(repo, env, path);
  const chosen = resolve(stateDir ?? usual);
  const problem = await findStateDirProblem(chosen, repo);
  if (problem !== null) {
    const isOurs = problem.tracked === null && chosen !== usual && existsSync(join(chosen, DATABASE));
    const advice = isOurs
      ? `move it out, with what is in it: ${moveCommand(chosen, usual)}; then leave out --state-dir (KOMBINATOR_STATE_DIR)`
      : 'name another directory with --state-dir (KOMBINATOR_STATE_DIR)';
    throw new UsageError(problem.message, advice);
  }
  if (stateDir === undefined) await refuseEarlier({ repo, usual, user });
  return chosen;
}

/** Nobody starts with an empty history and a new key because the place of the state is another one now. */
async function refuseEarlier({
  repo,
  usual,
  user,
}: {
  readonly repo: string;
  readonly usual: string;
  readonly user: StateUser;
}): Promise<void> {
  const earlier = resolve(process.cwd(), EARLIER_DEFAULT);
  if (!existsSync(join(earlier, DATABASE))) return;
  if (existsSync(join(usual, user === 'daemon' ? ADMIN_KEY : DATABASE))) return;
  const problem = await findStateDirProblem(earlier, repo);
  // It came with a commit, and is nobody's state.
  if (problem !== null && problem.tracked !== null) return;
  const stay = problem === null ? `, or keep it where it is with --state-dir ${quote(earlier)}` : '';
  throw new UsageError(
    `the state of an earlier version is in ${earlier}; from this version on it is in ${usual}, where there is none of a daemon yet`,
    `stop the daemon, then: ${moveCommand(earlier, usual)}${stay}`,
  );
}

/** A command that works whatever there is at the new place: single commands may have left a history of theirs. */
function moveCommand(from: string, to: string): string {
  const aside = existsSync(to)
    ? `mv ${quote(to)} ${quote(`${to}.before`)}`
    : `mkdir -p ${quote(dirname(to))}`;
  return `${aside} && mv ${quote(from)} ${quote(to)}`;
}

function quote(path: string): string {
  return /^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

import { existsSync } from 'node:fs';
import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { findStateDirProblem, refuseConfigOfAuthors } from '../state-dir.ts';
import type { SourcePlace } from './sources.ts';
import { placeKey } from './sources.ts';

/** Places of a daemon that no repository may write into, or be itself. */
export interface DaemonPlaces {
  /** The daemon's own repository; left out: it has none. */
  readonly own?: Pick<SourcePlace, 'repo' | 'path'>;
  readonly stateDir: string;
  /** Configurations of the operator: the daemon's, and those of its sources. */
  readonly configs: readonly string[];
}

/**
 * Finds out whether commits of any source could write into the state directory, or into a configuration of the operator: also into that of another source,
 * whose authors would then say what those may do.
 *
 * @throws BAD_OPTIONS with every problem, a line each
 */
export async function keepApart(
  sources: readonly SourcePlace[],
  { own, stateDir, configs }: DaemonPlaces,
): Promise<void> {
  const there = configs.filter((path) => existsSync(path));
  const problems: string[] = [];
  for (const source of sources) {
    const { name, repo } = source;
    if (own !== undefined && placeKey(own) === placeKey(source))
      problems.push(
        `${name}: it is the daemon's own repository and path (--repo), and would have the same tags for its deployments; leave it out, or give it another path`,
      );
    const problem = await findStateDirProblem(stateDir, repo);
    if (problem !== null) problems.push(`${name}: ${problem.message}; choose a directory outside of it`);
    for (const config of there) {
      const refusal = await refusalOf(config, repo);
      if (refusal !== null) problems.push(`${name}: ${refusal}`);
    }
  }
  if (problems.length > 0) throw new ReconcilerError('BAD_OPTIONS', problems.join('\n'));
}

async function refusalOf(config: string, repo: string): Promise<string | null> {
  try {
    await refuseConfigOfAuthors(config, repo);
    return null;
  } catch (error) {
    if (isReconcilerError(error, 'BAD_OPTIONS')) return error.message;
    throw error;
  }
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SourcePlace } from '../../../reconciler/index.ts';
import { readSourcePlaces, sourceAddress } from '../../../reconciler/index.ts';
import type { GlobalOptions } from '../options.ts';
import { chooseStateDirectory, OPERATOR_FILE } from '../session/state-directory.ts';
import { UsageError } from '../terminal/failure.ts';

/** Directory of the state directory that holds what the daemon's own one holds, for each source. */
const SOURCES = 'sources';

/**
 * Options of a command that `--source` points at one of several repositories of a daemon; without it they stay as they are.
 *
 * @throws BAD_OPTIONS where no configuration names that source
 */
export async function pointAtSource(options: GlobalOptions, env: NodeJS.ProcessEnv): Promise<GlobalOptions> {
  const { source: name, server } = options;
  if (name === undefined) return options;
  if (server !== undefined) return { ...options, server: server.replace(/\/+$/, '') + sourceAddress(name) };
  const stateDir = await chooseStateDirectory(options, 'daemon', env);
  const config = options.config ?? join(stateDir, OPERATOR_FILE);
  if (!existsSync(config))
    throw new UsageError(
      `--source ${name}: there is no configuration that names it at ${config}`,
      'give --config or --state-dir as the daemon has it',
    );
  const places = await readSourcePlaces(config);
  const place = places.find((one) => one.name === name);
  if (place !== undefined) return optionsOfSource(options, place, stateDir);
  const names = places.map((one) => one.name).join(', ') || 'none';
  throw new UsageError(`--source ${name}: ${config} names no such source`, `it has: ${names}`);
}

/**
 * Options under which one source is opened. What the daemon's own repository is said to be (`--branch`, `--path`, `--secret-command`) does not count for it.
 *
 * @param daemon options of the daemon that it belongs to
 * @param stateDir of that daemon
 */
export function optionsOfSource(daemon: GlobalOptions, place: SourcePlace, stateDir: string): GlobalOptions {
  const { branch: _branch, path: _path, config: _config, secretCommand: _command, ...others } = daemon;
  const { name, repo, branch, path, config } = place;
  const { source: _source, ...own } = daemon;
  return {
    ...others,
    repo,
    source: name,
    stateDir: join(stateDir, SOURCES, name),
    daemon: { ...own, stateDir },
    ...(branch !== undefined && { branch }),
    ...(path !== undefined && { path }),
    ...(config !== undefined && { config }),
  };
}

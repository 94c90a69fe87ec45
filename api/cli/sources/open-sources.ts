import type { Kombinator, Logger, SourcePlace } from '../../../reconciler/index.ts';
import { errorMessage, keepSourcesApart, sourceAddress } from '../../../reconciler/index.ts';
import { configOf, openKombinator } from '../context.ts';
import type { GlobalOptions } from '../options.ts';
import type { LockHolder, StateLock } from '../session/state-lock.ts';
import { acquireStateLock } from '../session/state-lock.ts';
import { UsageError } from '../terminal/failure.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { optionsOfSource } from './source-options.ts';

/** One of several repositories of a daemon, at work. */
export interface OpenSource {
  readonly name: string;
  readonly kombinator: Kombinator;
  readonly logger: Logger;
  /** Address below the daemon's: `/sources/team-a`. */
  readonly address: string;
}

/** All of them. */
export interface OpenSources extends AsyncDisposable {
  readonly list: readonly OpenSource[];
  /** Tells others where the daemon listens. */
  describe(holder: LockHolder): void;
}

export interface OpenSourcesOptions {
  readonly daemon: GlobalOptions;
  readonly stateDir: string;
  readonly holder: LockHolder;
  readonly terminal: Terminal;
  readonly logger: Logger;
  readonly pollMs: number;
  readonly stackConcurrency: number;
}

interface Opened extends OpenSource {
  readonly lock: StateLock;
}

/**
 * Opens every source; nothing is begun yet.
 *
 * @throws BAD_OPTIONS with what is wrong with each one that cannot be opened; none is open then
 */
export async function openSources(
  places: readonly SourcePlace[],
  options: OpenSourcesOptions,
): Promise<OpenSources> {
  if (places.length > 0) await keepSourcesApart(places, placesOf(places, options));
  const results = await Promise.allSettled(places.map((place) => openOne(place, options)));
  const list = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failures = results.flatMap((result, at) =>
    result.status === 'rejected' ? [`${places[at]?.name ?? ''}: ${errorMessage(result.reason)}`] : [],
  );
  if (failures.length > 0) {
    await closeAll(list);
    throw new UsageError(
      `sources cannot be opened:\n  ${failures.join('\n  ')}`,
      "mend them, or leave them out of sources in the operator's configuration",
    );
  }
  return {
    list,
    describe(holder) {
      for (const { lock, address } of list)
        lock.describe({ ...holder, ...(holder.url !== undefined && { url: holder.url + address }) });
    },
    [Symbol.asyncDispose]: () => closeAll(list),
  };
}

async function openOne(place: SourcePlace, options: OpenSourcesOptions): Promise<Opened> {
  const { name } = place;
  const { terminal, pollMs, stackConcurrency } = options;
  const own = optionsOfSource(options.daemon, place, options.stateDir);
  const { stateDir = '' } = own;
  const logger = withSource(options.logger, name);
  const lock = acquireStateLock(stateDir, options.holder);
  try {
    const open = { stateDir, ephemeral: false, exclusive: true, terminal, logger, pollMs, stackConcurrency };
    const kombinator = await openKombinator(own, open);
    return { name, kombinator, logger, lock, address: sourceAddress(name) };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

async function closeAll(list: readonly Opened[]): Promise<void> {
  await Promise.all(
    list.map(async ({ kombinator, lock }) => {
      await kombinator[Symbol.asyncDispose]();
      lock[Symbol.dispose]();
    }),
  );
}

/** Directories and files that no source may write into. */
function placesOf(places: readonly SourcePlace[], { daemon, stateDir }: OpenSourcesOptions) {
  const own = places.map((place) => {
    const options = optionsOfSource(daemon, place, stateDir);
    return configOf(options, options.stateDir ?? '').config;
  });
  const configs = [configOf(daemon, stateDir).config, ...own];
  const known = [...new Set(configs.filter((path) => path !== undefined))];
  return { stateDir, configs: known, ...(daemon.withoutRepository !== true && { own: daemon }) };
}

/** Every line says which source it is about. */
function withSource(logger: Logger, source: string): Logger {
  return {
    debug: (data, message) => logger.debug({ source, ...data }, message),
    info: (data, message) => logger.info({ source, ...data }, message),
    warn: (data, message) => logger.warn({ source, ...data }, message),
    error: (data, message) => logger.error({ source, ...data }, message),
  };
}

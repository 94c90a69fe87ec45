import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import type { Kombinator, Logger } from '../../reconciler/index.ts';
import { errorMessage } from '../../reconciler/index.ts';
import { ensureAdminKey } from '../auth/admin-key.ts';
import type { AuthOptions } from '../auth/authenticate.ts';
import type { TokenOptions } from '../auth/token.ts';
import { isLoopbackHost } from '../http/loopback.ts';
import { openKombinator } from './context.ts';
import { EXIT, UsageError } from './terminal/failure.ts';
import { surviveFaults } from './terminal/faults.ts';
import type { Interrupt } from './terminal/interrupt.ts';
import { openPage } from './page-build.ts';
import { chooseStateDirectory } from './session/state-directory.ts';
import { acquireStateLock } from './session/state-lock.ts';
import { createLogger } from './terminal/logger.ts';
import type { GlobalOptions, ListenAddress } from './options.ts';
import { parseCount, parseDuration, parseListen } from './options.ts';
import type { ServeFlags } from './program-hooks.ts';
import { openAccounts, toTokenOptions } from './open-accounts.ts';
import { createApiServer } from './sources/api-server.ts';
import type { OpenSource } from './sources/open-sources.ts';
import { openSources } from './sources/open-sources.ts';
import { readTokenOptions } from './token-options.ts';
import { createStyle, wantsColor, type Terminal } from './terminal/terminal.ts';

export interface ServeContext {
  readonly options: GlobalOptions;
  readonly flags: ServeFlags;
  readonly terminal: Terminal;
  readonly interrupt: Interrupt;
}

/** Requests that have not ended by then are cut off when the daemon stops, in milliseconds. */
const DRAIN_MS = 5_000;

/**
 * Runs the daemon until SIGTERM (0) or SIGINT (130), then ends in order: no new requests, the steps that run are finished, everything is
 * closed. Throws BAD_OPTIONS and STORE_UNAVAILABLE before anything was started.
 */
export async function serve(context: ServeContext): Promise<number> {
  const { options, flags, terminal, interrupt } = context;
  const { listen, isOpen, tokens, pollMs, stackConcurrency } = readFlags(context);
  const stateDir = await chooseStateDirectory(options, 'daemon', terminal.env);
  const logger = createDaemonLogger(context);
  using _faults = surviveFaults(process, logger);

  const holder = { pid: process.pid, command: 'serve', since: new Date().toISOString() };
  using lock = acquireStateLock(stateDir, holder);
  await using kombinator = await openKombinator(options, {
    stateDir,
    ephemeral: false,
    exclusive: true,
    terminal,
    logger,
    pollMs,
    stackConcurrency,
  });
  const open = { daemon: options, stateDir, holder, terminal, logger, pollMs, stackConcurrency };
  await using sources = await openSources(kombinator.sources, open);
  const stopping = new AbortController();
  const auth = authOf(kombinator, isOpen ? listen.host : null, tokens);
  const keyPath = isOpen ? undefined : ensureAdminKey(kombinator.store, stateDir).path;
  const accounts = openAccounts(kombinator, stateDir, logger);
  // Instances are rows of the store: whoever wants nothing else, or has sources, needs no repository here.
  const hasOther = kombinator.instances !== null || sources.list.length > 0;
  const isAlone = options.withoutRepository === true && hasOther;
  const page = flags.ui ? await openPage(logger) : null;
  const parts = { kombinator, sources: sources.list, auth, accounts, logger, page, isAlone };
  const server = createApiServer({ ...parts, stopping: stopping.signal });
  const url = await startListening(server, listen);
  lock.describe({ ...holder, url });
  sources.describe({ ...holder, url });
  const repo = isAlone ? null : options.repo;
  const place = { repo, path: options.path, stateDir, sources: sources.list };
  announce(logger, { url, host: listen.host, hasPage: page !== null, keyPath, ...place });

  const stop = untilStopAsked(interrupt);
  // Requests are answered while the repository is read for the first time.
  if (!isAlone) startReconciling(kombinator, logger);
  for (const source of sources.list) startReconciling(source.kombinator, source.logger);
  startInstances(kombinator, logger);
  await stop;
  logger.info({}, 'stopping: finishing the steps that run (once more to stop at once)');
  stopping.abort();
  await closeServer(server);
  return interrupt.by === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
}

/** Throws BAD_OPTIONS for what `serve` cannot do. */
function readFlags({ options, flags, terminal }: ServeContext) {
  if (options.source !== undefined) {
    throw new UsageError(
      'serve serves all sources of its configuration: --source is for the other commands',
      'leave out --source (KOMBINATOR_SOURCE)',
    );
  }
  if (options.server !== undefined) {
    throw new UsageError(
      'serve is the server: --server is for the other commands',
      'where it listens is said with --listen',
    );
  }
  const listen = parseListen(flags.listen);
  const isOpen = isAuthOff(flags, terminal.env);
  if (isOpen && !isLoopbackHost(listen.host)) {
    throw new UsageError(
      `without authentication the API may listen on this machine only, not on ${listen.host}`,
      'leave out --no-auth, or listen on 127.0.0.1',
    );
  }
  const tokens = readTokenOptions(flags, { env: terminal.env, isOpen });
  const pollMs = parseDuration(flags.poll, '--poll');
  if (pollMs < 1_000) throw new UsageError(`--poll: ${flags.poll} is too often`, 'at least 1s');
  const stackConcurrency = parseCount(flags.concurrency ?? '32', '--concurrency');
  return { listen, isOpen, tokens, pollMs, stackConcurrency };
}

/** @param openHost the loopback address that everybody is let in at; `null`: nobody is without a key or a token */
function authOf(
  { store, users }: Kombinator,
  openHost: string | null,
  tokens: readonly TokenOptions[],
): AuthOptions {
  if (openHost !== null && isLoopbackHost(openHost)) return { mode: 'off', listenHost: openHost };
  return { mode: 'keys', keys: store, tokens: [...tokens, ...users.tokens.map(toTokenOptions)] };
}

/** Tells who has upgraded, or begins, what of the repository is left alone because nobody has allowed it. */
function tellPolicy({ reconciler }: Kombinator, logger: Logger): void {
  const refused = reconciler.repository().diagnostics.filter(({ code }) => code === 'NOT_ALLOWED');
  if (refused.length === 0) return;
  logger.warn(
    { findings: refused.length, files: [...new Set(refused.map(({ file }) => file ?? ''))].slice(0, 20) },
    "the operator's configuration (--config) does not allow what these files ask for, so it is left as it is; `kombinator policy suggest` prints what would allow exactly that",
  );
}

function startReconciling(kombinator: Kombinator, logger: Logger): void {
  kombinator.reconciler
    .start()
    .then(() => tellPolicy(kombinator, logger))
    .catch((error: unknown) => logger.error({ error: errorMessage(error) }, 'cannot start'));
}

/** Starts to look after the instances that the store knows. */
function startInstances({ instances }: Kombinator, logger: Logger): void {
  try {
    instances?.start();
  } catch (error) {
    logger.error({ error: errorMessage(error) }, 'cannot look after instances');
  }
}

function isAuthOff(flags: ServeFlags, env: NodeJS.ProcessEnv): boolean {
  const variable = env['KOMBINATOR_NO_AUTH'] ?? '';
  return !flags.auth || variable === '1' || variable === 'true';
}

function createDaemonLogger({ flags, options, terminal }: ServeContext): Logger {
  const isPretty = flags.logFormat === 'pretty' || (flags.logFormat === 'auto' && terminal.isTerminal);
  return createLogger({
    level: flags.logLevel,
    format: isPretty ? 'pretty' : 'json',
    style: createStyle(isPretty && wantsColor(terminal.env, terminal.isTerminal, options.color)),
    write: (text) => terminal.write(text),
  });
}

/** Resolves to the URL once connections are accepted. Throws BAD_OPTIONS when the address cannot be used. */
async function startListening(server: Server, { host, port }: ListenAddress): Promise<string> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw listenError(error, host, port);
  }
  const address = server.address() as AddressInfo;
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}

function listenError(error: unknown, host: string, port: number): UsageError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return new UsageError(
      `port ${port} on ${host} is in use, perhaps by another kombinator`,
      'stop that program, or choose another port with --listen',
    );
  }
  if (code === 'EACCES')
    return new UsageError(`port ${port} needs root`, 'choose a port above 1023 with --listen');
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new UsageError(`${host} is no address of this machine`, 'choose another with --listen');
  }
  return new UsageError(`cannot listen on ${host}:${port}: ${errorMessage(error)}`);
}

interface Announced {
  readonly url: string;
  readonly host: string;
  readonly hasPage: boolean;
  readonly keyPath: string | undefined;
  readonly repo: string | null;
  /** Directory of it that is read. */
  readonly path: string | undefined;
  readonly stateDir: string;
  readonly sources: readonly OpenSource[];
}

function announce(logger: Logger, announced: Announced): void {
  const { url, host, hasPage, keyPath, repo, path, stateDir, sources } = announced;
  const page = hasPage ? { page: `${url}/ui/` } : {};
  logger.info(
    { ...page, api: `${url}/api/v1`, openapi: `${url}/api/v1/openapi.json`, metrics: `${url}/metrics` },
    'listening',
  );
  if (repo !== null) logger.info({ repo, ...(path !== undefined && { path }), stateDir }, 'reconciling');
  else if (sources.length === 0)
    logger.info({ stateDir }, 'there is no repository here and none was named with --repo: instances only');
  for (const { kombinator, logger: own, address } of sources) {
    const { location, root } = kombinator.reconciler.repository();
    const at = hasPage ? { page: `${url}${address}/ui/` } : { api: `${url}${address}/api/v1` };
    own.info({ repo: location, ...(root !== '' && { path: root }), ...at }, 'reconciling');
  }
  if (!isLoopbackHost(host)) {
    logger.warn(
      { address: url },
      'the API is reached from outside over plain HTTP, and keys with it: put a proxy with TLS before it, or listen on 127.0.0.1',
    );
  }
  if (keyPath === undefined)
    logger.warn({}, 'authentication is off: everybody on this machine may do everything');
  else logger.info({ file: keyPath }, 'the admin key is in this file');
}

/** Resolves at the first SIGINT or SIGTERM. */
async function untilStopAsked(interrupt: Interrupt): Promise<void> {
  if (interrupt.signal.aborted) return;
  await once(interrupt.signal, 'abort');
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(cut);
}

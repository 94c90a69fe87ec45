import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Kombinator, Logger } from '../../reconciler/index.ts';
import { createKombinator, sourceEnvironment } from '../../reconciler/index.ts';
import { createPasswords } from '../accounts/password.ts';
import { openUsersBegun } from '../accounts/state-file.ts';
import { UsageError } from './terminal/failure.ts';
import type { Purpose } from './invocation.ts';
import { createLocalSession, localActor } from './session/local-session.ts';
import { acquireStateLock } from './session/state-lock.ts';
import type { GlobalOptions } from './options.ts';
import { gitCredentials, parseDuration, readApiKey, splitPlaces } from './options.ts';
import { chooseStateDirectory, OPERATOR_FILE } from './session/state-directory.ts';
import { createRemoteSession } from './remote/remote-session.ts';
import type { KeyStore, Session } from './session/session.ts';
import { createStyle, type Terminal } from './terminal/terminal.ts';

export interface SessionContext {
  readonly purpose: Purpose;
  readonly command: string;
  readonly terminal: Terminal;
}

/** A running daemon when `--server` names one, otherwise a reconciler in this process. */
export async function openSession(options: GlobalOptions, context: SessionContext): Promise<Session> {
  if (options.server !== undefined) {
    const apiKey = readApiKey(options);
    return createRemoteSession({
      url: options.server,
      ...(options.serverVariable !== undefined && { option: options.serverVariable }),
      ...(apiKey !== undefined && { apiKey }),
    });
  }
  const { terminal, purpose, command } = context;
  const stateDir = await chooseStateDirectory(options, 'command', terminal.env);
  const since = new Date().toISOString();
  const lock =
    purpose === 'apply' ? acquireStateLock(stateDir, { pid: process.pid, command, since }) : undefined;
  try {
    const kombinator = await openKombinator(options, {
      stateDir,
      ephemeral: true,
      exclusive: lock !== undefined,
      terminal,
      logger: await quietLogger(terminal),
    });
    return createLocalSession({
      reconciler: kombinator.reconciler,
      actor: localActor(terminal.env),
      async close() {
        await kombinator[Symbol.asyncDispose]();
        lock?.[Symbol.dispose]();
      },
    });
  } catch (error) {
    lock?.[Symbol.dispose]();
    throw error;
  }
}

export interface OpenOptions {
  readonly stateDir: string;
  /** True for one command: no watchers. */
  readonly ephemeral: boolean;
  /** The lock of the state directory is held. */
  readonly exclusive: boolean;
  readonly terminal: Terminal;
  readonly logger: Logger;
  readonly pollMs?: number;
  readonly stackConcurrency?: number;
}

/** The engine room, wired from options and environment. Throws BAD_OPTIONS, STORE_UNAVAILABLE. */
export function openKombinator(options: GlobalOptions, open: OpenOptions): Promise<Kombinator> {
  const { stateDir, ephemeral, exclusive, terminal, logger, pollMs, stackConcurrency } = open;
  const { source } = options;
  const env = source === undefined ? terminal.env : sourceEnvironment(source, terminal.env);
  const credentials = gitCredentials(env);
  const fetch = fetchedFrom(options, env);
  return createKombinator({
    repo: options.repo,
    ...(options.branch !== undefined && { branch: options.branch }),
    ...(options.path !== undefined && { path: options.path }),
    stateDir,
    ephemeral,
    exclusive,
    logger,
    env,
    ...(source !== undefined && { source }),
    ...(options.secretCommand !== undefined && { secretCommands: options.secretCommand }),
    ...(fetch.submodules !== undefined && { fetchSubmodules: fetch.submodules }),
    ...(fetch.lfs !== undefined && { fetchLargeFiles: fetch.lfs }),
    ...configOf(options, stateDir),
    ...(options.stable !== undefined && { stableMs: parseDuration(options.stable, '--stable') }),
    ...(pollMs !== undefined && { pollMs }),
    ...(stackConcurrency !== undefined && { stackConcurrency }),
    ...(credentials !== undefined && { credentials }),
  });
}

/** Places that more is fetched from. Addresses may have credentials in them: those of the daemon are not for the authors of a source. */
function fetchedFrom({ source, fetchSubmodules, fetchLfs }: GlobalOptions, env: NodeJS.ProcessEnv) {
  if (source === undefined) return { submodules: fetchSubmodules, lfs: fetchLfs };
  const placesIn = (text: string | undefined) => (text === undefined ? undefined : splitPlaces(text));
  return {
    submodules: placesIn(env['KOMBINATOR_FETCH_SUBMODULES']),
    lfs: placesIn(env['KOMBINATOR_FETCH_LFS']),
  };
}

/** The operator's configuration: the file that was named, else the one in the state directory if there is one. */
export function configOf({ config }: GlobalOptions, stateDir: string): { readonly config?: string } {
  if (config !== undefined) return { config };
  const path = join(stateDir, OPERATOR_FILE);
  return existsSync(path) ? { config: path } : {};
}

/** The keys and users of the daemon whose state directory this is; the host is the one of the source that was named. */
export async function openKeys(options: GlobalOptions, terminal: Terminal): Promise<KeyStore> {
  const kombinator = await openBeside(options.daemon ?? options, terminal);
  const source = options.daemon === undefined ? kombinator : await openBeside(options, terminal);
  const { store } = kombinator;
  return {
    gitHost: source.gitHost,
    listKeys: () => store.listKeys(),
    saveKey: (key) => store.saveKey(key),
    deleteKey: (id) => store.deleteKey(id),
    users: store,
    audit: store,
    begun: openUsersBegun(await chooseStateDirectory(options.daemon ?? options, 'daemon', terminal.env)),
    hashPassword: (password) => createPasswords().hash(password),
    async [Symbol.asyncDispose]() {
      await kombinator[Symbol.asyncDispose]();
      if (source !== kombinator) await source[Symbol.asyncDispose]();
    },
  };
}

/** Opens the state of a daemon that may be running. */
async function openBeside(options: GlobalOptions, terminal: Terminal): Promise<Kombinator> {
  return openKombinator(options, {
    stateDir: await chooseStateDirectory(options, 'daemon', terminal.env),
    ephemeral: true,
    exclusive: false,
    terminal,
    logger: await quietLogger(terminal),
  });
}

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** One-shot commands say what matters themselves; KOMBINATOR_LOG_LEVEL shows the log on stderr. */
async function quietLogger({ env, err }: Terminal): Promise<Logger> {
  const level = env['KOMBINATOR_LOG_LEVEL'];
  // The logger is loaded for those who want a log.
  if (level === undefined) return SILENT;
  if (!['debug', 'info', 'warn', 'error'].includes(level)) {
    throw new UsageError(
      `KOMBINATOR_LOG_LEVEL: "${level}" is not a level`,
      'choose debug, info, warn or error',
    );
  }
  const { createLogger } = await import('./terminal/logger.ts');
  return createLogger({
    level,
    format: 'pretty',
    style: createStyle(false),
    write: (text) => err(text.trimEnd()),
  });
}

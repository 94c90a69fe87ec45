import { own, readRoot } from '../../reconciler/index.ts';
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { UsageError } from './terminal/failure.ts';
import { reasonOf } from './read-files.ts';

/** Options every command takes, as commander hands them over (environment variables already applied). */
export interface GlobalOptions {
  readonly repo: string;
  /** Nobody has named a repository, and the current directory is in none. */
  readonly withoutRepository?: boolean;
  readonly branch?: string;
  /** Directory of the repository that is read as if it were all of it. */
  readonly path?: string;
  readonly stateDir?: string;
  /** Name of one of several repositories of a daemon. */
  readonly source?: string;
  /** Options of the daemon that has the source; only where there is one and no server. */
  readonly daemon?: GlobalOptions;
  /** Address of a running daemon; left out: work in this process. */
  readonly server?: string;
  /** The variable of the environment that gave `server`; left out: the command line did. */
  readonly serverVariable?: string;
  readonly apiKey?: string;
  readonly apiKeyFile?: string;
  readonly json?: boolean;
  readonly color: boolean;
  /** The operator's own configuration. */
  readonly config?: string;
  /** Stable time where no policy says otherwise: `10s`. */
  readonly stable?: string;
  /** Beginnings of addresses that submodules are fetched from. */
  readonly fetchSubmodules?: readonly string[];
  /** Beginnings of addresses that contents of Git LFS are fetched from. */
  readonly fetchLfs?: readonly string[];
  /** `NAME=program argument …`, each a command that prints secrets. */
  readonly secretCommand?: readonly string[];
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** A path or an address (`https://…`, `ssh://…`, `user@host:path`). */
export function isRemoteLocation(location: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(location) || /^[^/\\:]+@[^/\\:]+:/.test(location);
}

/**
 * State where no option names a directory: outside of any checkout, one for each repository and root, the same for the daemon and every command
 * (`$XDG_STATE_HOME/kombinator/<hash>`, default `~/.local/state`).
 */
export function userStateDirectory(repo: string, env: NodeJS.ProcessEnv, path = ''): string {
  const base = env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state');
  const root = readRoot(path);
  const place = root === '' ? repositoryIdentity(repo) : `${repositoryIdentity(repo)}\0${root}`;
  const identity = createHash('sha256').update(place).digest('hex').slice(0, 16);
  return join(base, 'kombinator', identity);
}

function repositoryIdentity(repo: string): string {
  if (isRemoteLocation(repo)) return repo.replace(/\/+$/, '');
  const path = resolve(repo);
  try {
    return realpathSync(path);
  } catch {
    // Not there: whoever opens it says so with a better message.
    return path;
  }
}

/** `host:port`, `[::1]:port`, `:port` or `port`; an empty host means 127.0.0.1, `*` all addresses. */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<four>[^:[\]]*)):)?(?<port>\d{1,5})$/.exec(text.trim());
  const port = Number(match?.groups?.['port']);
  if (!match || port > 65_535) {
    throw new UsageError(
      `--listen: "${text}" is not an address`,
      'write HOST:PORT, for example 127.0.0.1:5260',
    );
  }
  const host = match.groups?.['six'] ?? match.groups?.['four'] ?? '';
  return { host: host === '' ? '127.0.0.1' : host === '*' ? '::' : host, port };
}

/** `500ms`, `30s`, `5m`, `1h`, or a bare number of seconds, as milliseconds. */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim());
  if (!match)
    throw new UsageError(`${option}: "${text}" is not a duration`, 'write for example 30s, 1m or 2h');
  const unit = own({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }, match[2] ?? 's') ?? 1000;
  return Math.round(Number(match[1]) * unit);
}

/** A whole number of at least `minimum`. */
export function parseCount(text: string, option: string, minimum = 1): number {
  const value = Number(text);
  if (!/^\d+$/.test(text.trim()) || value < minimum) {
    throw new UsageError(`${option}: "${text}" is not a whole number of at least ${minimum}`);
  }
  return value;
}

/** Addresses with spaces or commas between. */
export function splitPlaces(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((place) => place !== '');
}

/** The key for `--server`: given directly, or as the first line of a file. */
export function readApiKey(options: Pick<GlobalOptions, 'apiKey' | 'apiKeyFile'>): string | undefined {
  if (options.apiKey !== undefined || options.apiKeyFile === undefined) return options.apiKey;
  try {
    return readFileSync(options.apiKeyFile, 'utf8').split('\n')[0]?.trim();
  } catch (error) {
    throw new UsageError(`cannot read the API key file: ${reasonOf(error)}`);
  }
}

/** Credentials for an http(s) repository: KOMBINATOR_GIT_TOKEN, or KOMBINATOR_GIT_USERNAME with KOMBINATOR_GIT_PASSWORD. */
export function gitCredentials(env: NodeJS.ProcessEnv): GitCredentials | undefined {
  const token = env['KOMBINATOR_GIT_TOKEN'];
  const username = env['KOMBINATOR_GIT_USERNAME'];
  const password = env['KOMBINATOR_GIT_PASSWORD'];
  if (token) return { token };
  if (!username && !password) return undefined;
  if (!password) {
    throw new UsageError(
      'KOMBINATOR_GIT_USERNAME is set without KOMBINATOR_GIT_PASSWORD',
      'set both, or KOMBINATOR_GIT_TOKEN',
    );
  }
  return { password, ...(username && { username }) };
}

export type GitCredentials =
  | { readonly token: string }
  | { readonly username?: string; readonly password: string };

import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Source } from '../../ports/source.ts';
import { createGitCommand } from './repository/git-command.ts';
import { createHttpTransport } from './remote/http-transport.ts';
import { createLocalSource } from './local-source.ts';
import type { Credentials } from './location.ts';
import { parseLocation } from './location.ts';
import { createLargeFiles } from './large-files/large-files.ts';
import { createModules } from './modules/modules.ts';
import { parsePlaces } from './modules/places.ts';
import type { Identity } from './repository/objects.ts';
import { createRemoteSource } from './remote-source.ts';
import { createCommitSigner } from './signatures/commit-signer.ts';
import { createCommitVerifier } from './signatures/verify-commits.ts';
import type { SshOptions } from './remote/ssh-transport.ts';
import { createSshTransport } from './remote/ssh-transport.ts';

export type { Credentials } from './location.ts';

export interface GitSourceOptions {
  /** Local path (bare repository or work tree), `file://`, `http(s)://`, `ssh://` or `user@host:path`. */
  readonly location: string;
  /** Default: the branch that the repository's HEAD names, else `main`. */
  readonly branch?: string;
  /** Directory for mirrors of remotes, one directory a remote; made with mode 0700. */
  readonly cacheDir: string;
  /** Credentials for http(s); they win over `user:password@` in the location. */
  readonly credentials?: Credentials;
  /** Settings for SSH; default what the user's SSH configuration says. */
  readonly ssh?: SshOptions;
  /** Interval between looks at a watched remote, in milliseconds, give or take 10 %. Default 60,000. */
  readonly pollIntervalMs?: number;
  /** Silence after which a remote counts as unreachable, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
  /** Beginnings of addresses that submodules are fetched from, credentials in them if need be. Default: none is fetched. */
  readonly fetchSubmodules?: readonly string[];
  /** The same for contents that Git LFS keeps: addresses of repositories, and of where their servers keep files. Default: none is fetched. */
  readonly fetchLargeFiles?: readonly string[];
  /** Largest pack that is fetched over http(s), in bytes. Default 2 GiB. */
  readonly maxPackBytes?: number;
  /** Program to run for `git`; `null` does without. Default `git`. */
  readonly gitCommand?: string | null;
  /** True for one command: the work tree of a local repository is compared with its commit once. Default false. */
  readonly oneCommand?: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** File of the key that commits are signed with, made when it is missing. Default: they are not signed. */
  readonly signingKey?: string;
  /** Writes commits and tags. Default `Kombinator <kombinator@localhost>`. */
  readonly committer?: Identity;
}

const POLL_INTERVAL_MS = 60_000;
const TIMEOUT_MS = 60_000;
const COMMITTER: Identity = { name: 'Kombinator', email: 'kombinator@localhost' };

/**
 * Opens the config repository. Nothing is read or fetched yet, so that a daemon can start before its Git server does.
 *
 * A repository on this machine is read and written in place and never pushed from, even when it has an `origin` of its own:
 * commits and tags go where the desired state comes from, nowhere else. Hooks of the repository are not run.
 *
 * @throws BAD_OPTIONS for a location that cannot be understood
 */
export async function createGitSource(options: GitSourceOptions): Promise<Source> {
  const location = parseLocation(options.location);
  const git = createGitCommand(options.gitCommand);
  const { branch, clock, logger, committer = COMMITTER } = options;
  const { maxPackBytes } = options;
  const { cacheDir, pollIntervalMs = POLL_INTERVAL_MS, timeoutMs = TIMEOUT_MS } = options;
  const credentials = options.credentials ?? (location.kind === 'http' ? location.credentials : undefined);
  const modules = createModules({
    places: parsePlaces(options.fetchSubmodules ?? [], 'submodules'),
    large: createLargeFiles({
      places: parsePlaces(options.fetchLargeFiles ?? [], 'large files'),
      cacheDir,
      timeoutMs,
      clock,
    }),
    own: { location, credentials },
    ssh: options.ssh,
    cacheDir,
    git,
    timeoutMs,
    clock,
    logger,
  });
  const { signingKey } = options;
  const signer = signingKey === undefined ? null : createCommitSigner({ path: signingKey, logger });
  const verifier = createCommitVerifier({ git, cacheDir, signer, clock });
  const common = { git, clock, logger, committer, modules, signer, verifier };
  if (location.kind === 'local')
    return createLocalSource({
      path: location.address,
      branch,
      oneCommand: options.oneCommand === true,
      ...common,
    });
  const { address } = location;
  const transport =
    location.kind === 'http'
      ? createHttpTransport({ address, credentials, git, clock, maxPackBytes })
      : createSshTransport({ address, git, ssh: options.ssh });
  return createRemoteSource({ address, transport, branch, cacheDir, pollIntervalMs, timeoutMs, ...common });
}

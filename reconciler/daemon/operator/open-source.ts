import { join } from 'node:path';
import { createGitSource } from '../../adapters/git/index.ts';
import { createRootedSource } from '../../adapters/git/rooted-source.ts';
import { readRoot } from '../../model/git/source-root.ts';
import { Secret } from '../../model/secret.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Source } from '../../ports/source.ts';
import { nameSource } from '../../ports/wrapping/delegate-source.ts';
import type { Logger } from '../../ports/logger.ts';
import type { SignatureSettings } from '../../ports/signatures.ts';

/** The config repository, and how it is read. */
export interface SourceOptions {
  /** Path or URL of the config repository. */
  readonly repo: string;
  /**
   * Name of one of several repositories of a daemon, which has users, proxies and instances for all of them: the configuration of this one says nothing of
   * these. Default: it is the only one.
   */
  readonly source?: string;
  /** Default: the branch that the repository's HEAD names, else `main`. */
  readonly branch?: string;
  /** Directory of the repository that is read as if it were all of it, from its top: `deploy/home`. Default: the whole repository. */
  readonly path?: string;
  /** History, mirrors of remotes, secret files. Made when missing. Never in a work tree of the repository: BAD_OPTIONS. */
  readonly stateDir: string;
  readonly logger: Logger;
  /** Interval between looks at a remote, in milliseconds. Default 60,000. */
  readonly pollMs?: number;
  /** True for one command: no instances. Default false. */
  readonly ephemeral?: boolean;
  /** Beginnings of addresses that submodules are fetched from. Default: none is fetched. */
  readonly fetchSubmodules?: readonly string[];
  /** Beginnings of addresses that contents of Git LFS are fetched from. Default: none is fetched. */
  readonly fetchLargeFiles?: readonly string[];
  /** Credentials for http(s) remotes: a token, or a user name and a password. */
  readonly credentials?: { readonly username?: string; readonly password?: string; readonly token?: string };
}

/** Opens the config repository, or the directory of it that stands for all of it. Throws BAD_OPTIONS and what `createGitSource` does. */
export async function openSource(
  options: SourceOptions,
  signatures: SignatureSettings | null,
  clock: Clock,
): Promise<Source> {
  const root = readRoot(options.path ?? '');
  const { repo, branch, stateDir, pollMs, logger, fetchSubmodules, fetchLargeFiles } = options;
  const source = await createGitSource({
    location: repo,
    cacheDir: join(stateDir, 'mirrors'),
    clock,
    logger,
    oneCommand: options.ephemeral === true,
    ...(signatures === null ? {} : { signingKey: join(stateDir, 'signing') }),
    ...(branch === undefined ? {} : { branch }),
    ...(fetchSubmodules === undefined ? {} : { fetchSubmodules }),
    ...(fetchLargeFiles === undefined ? {} : { fetchLargeFiles }),
    ...(pollMs === undefined ? {} : { pollIntervalMs: pollMs }),
    ...credentialsOf(options),
  });
  const rooted = root === '' ? source : createRootedSource(source, root);
  return options.source === undefined ? rooted : nameSource(rooted, options.source);
}

function credentialsOf({ credentials }: SourceOptions) {
  const secret = (value: string) => new Secret(value, 'the options');
  if (credentials?.token !== undefined) return { credentials: { token: secret(credentials.token) } };
  if (credentials?.password === undefined) return {};
  const { username, password } = credentials;
  return {
    credentials: { password: secret(password), ...(username === undefined ? {} : { username }) },
  };
}

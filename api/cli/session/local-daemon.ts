import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GlobalOptions } from '../options.ts';
import { readApiKey } from '../options.ts';
import type { RemoteOptions } from '../remote/client.ts';
import { UsageError } from '../terminal/failure.ts';
import { chooseStateDirectory } from './state-directory.ts';
import { readLockHolder } from './state-lock.ts';

/**
 * Finds the daemon that `--server` names, else the one that runs on this repository here, with its admin key.
 * Throws BAD_OPTIONS when none runs here, or its key cannot be read.
 */
export async function findDaemon(options: GlobalOptions, env: NodeJS.ProcessEnv): Promise<RemoteOptions> {
  if (options.server !== undefined) {
    const apiKey = readApiKey(options);
    return {
      url: options.server,
      ...(options.serverVariable !== undefined && { option: options.serverVariable }),
      ...(apiKey !== undefined && { apiKey }),
    };
  }
  const stateDir = await chooseStateDirectory(options, 'daemon', env);
  const url = readLockHolder(stateDir)?.url;
  if (url === undefined)
    throw new UsageError(
      `no daemon runs on ${options.repo} here`,
      'start it with `kombinator serve`, or name another one with --server',
    );
  const { daemon = options } = options;
  const apiKey = readApiKey(options) ?? readAdminKey(await chooseStateDirectory(daemon, 'daemon', env));
  return { url: toReachable(url), option: 'kombinator serve', ...(apiKey !== undefined && { apiKey }) };
}

/** A daemon without authentication may have none. */
function readAdminKey(stateDir: string): string | undefined {
  const path = join(stateDir, 'admin.key');
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new UsageError(`${path} cannot be read`, 'run this as the user that runs the daemon');
  }
}

/** One that listens on all addresses is reached on this machine's own. */
function toReachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

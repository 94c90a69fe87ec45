import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, run } from '../../../deploy/demo/processes.ts';
import { cacheDirectory, fetchFromSid } from '../packages/sid-package.ts';

/** Command by which Compose is called, and which one it is. */
export interface ComposeCommand {
  readonly program: string;
  /** Arguments before the subcommand: `compose` where it is a plugin of `docker`. */
  readonly args: readonly string[];
  readonly version: string;
}

const OLDEST = [2, 40] as const;
const PACKAGE = 'docker-compose';

/**
 * Compose 2.40 or newer, from this machine or else from Debian sid, unpacked into a cache directory of the user; nothing is installed
 * and the system's package configuration stays as it is. Rejects with one sentence on what to do when there is no way to get one.
 */
export async function prepareCompose(tell: (line: string) => void): Promise<ComposeCommand> {
  const found = await findCompose();
  if (found !== undefined) return found;
  await fetchFromSid(PACKAGE, `docker-compose ${OLDEST.join('.')} or newer`, tell);
  const downloaded = await findCompose();
  if (downloaded !== undefined) return downloaded;
  throw new Error(
    `Needed is docker-compose ${OLDEST.join('.')} or newer, and the one of Debian sid does not run here: install it and run again.`,
  );
}

/** The one of this machine, or the one that was downloaded before; `undefined` when neither is there or new enough. */
export async function findCompose(): Promise<ComposeCommand | undefined> {
  for (const candidate of [
    { program: findProgram('docker-compose'), args: [] },
    { program: findProgram('docker'), args: ['compose'] },
    { program: join(cacheDirectory(PACKAGE), 'usr/bin/docker-compose'), args: [] },
  ]) {
    const found = await probe(candidate);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function probe(candidate: {
  readonly program: string | undefined;
  readonly args: readonly string[];
}): Promise<ComposeCommand | undefined> {
  const { program, args } = candidate;
  if (program === undefined || !existsSync(program)) return undefined;
  let version: string;
  try {
    version = (await run(program, [...args, 'version', '--short'])).trim();
  } catch {
    // `docker` without the plugin, or a program for another machine.
    return undefined;
  }
  return isNewEnough(version) ? { program, args, version } : undefined;
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

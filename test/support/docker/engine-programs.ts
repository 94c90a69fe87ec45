import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { findProgram, systemPath } from '../../../deploy/demo/processes.ts';
import { errorMessage } from '../../../reconciler/base/errors.ts';
import { cacheDirectory, fetchFromSid } from '../packages/sid-package.ts';

const PACKAGE = 'docker.io';
const RECENT = 28;
const OWN_ENGINE =
  'KOMBINATOR_TEST_ENGINE=machine npm test tests with the engine of this machine, however old.';

/**
 * PATH by which a test engine and what it starts are found. `KOMBINATOR_TEST_ENGINE=machine` is the engine that this machine has installed,
 * also an old one; otherwise a recent one: the machine's own if it is, else that of Debian sid in the user's cache.
 */
export function enginePath(env: NodeJS.ProcessEnv = process.env): string {
  const unpacked = join(cacheDirectory(PACKAGE), 'usr', 'sbin');
  const ours = ['/usr/local/sbin', '/usr/sbin', '/sbin', systemPath(env)];
  if (env['KOMBINATOR_TEST_ENGINE'] !== 'machine' && existsSync(unpacked)) ours.unshift(unpacked);
  return ours.join(delimiter);
}

/** Version of the engine that tests start, such as `28.5.2+dfsg4`; `undefined` when there is none that runs. */
export function engineVersion(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const path = enginePath(env);
  const dockerd = findProgram('dockerd', { PATH: path });
  if (dockerd === undefined) return undefined;
  try {
    return /version ([^\s,]+)/.exec(execFileSync(dockerd, ['--version'], { encoding: 'utf8' }))?.[1];
  } catch {
    // One for another machine.
    return undefined;
  }
}

/** Fetches a recent engine where the machine's own is older. Rejects with one sentence on what to do when there is no way to get one. */
export async function prepareEngine(tell: (line: string) => void): Promise<void> {
  if (process.env['KOMBINATOR_TEST_ENGINE'] === 'machine' || isRecent(engineVersion())) return;
  try {
    await fetchFromSid(PACKAGE, `a Docker Engine ${RECENT} or newer`, tell);
  } catch (error) {
    throw new Error(`${errorMessage(error)}\n${OWN_ENGINE}`, { cause: error });
  }
  const version = engineVersion();
  if (isRecent(version)) return;
  throw new Error(
    `Needed is a Docker Engine ${RECENT} or newer, and the one of Debian sid does not run here (${version ?? 'it says no version'}): install one and run again.\n${OWN_ENGINE}`,
  );
}

function isRecent(version: string | undefined): boolean {
  return Number(version?.split('.')[0] ?? 0) >= RECENT;
}

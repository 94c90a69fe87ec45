import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { whyNotInstall } from '../../../deploy/demo/packages.ts';
import { findProgram, run } from '../../../deploy/demo/processes.ts';

/** Command by which Compose is called, and which one it is. */
export interface ComposeCommand {
  readonly program: string;
  /** Arguments before the subcommand: `compose` where it is a plugin of `docker`. */
  readonly args: readonly string[];
  readonly version: string;
}

const OLDEST = [2, 40] as const;
const PACKAGE = 'docker-compose';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Compose 2.40 or newer, from this machine or else from Debian sid, unpacked into a cache directory of the user; nothing is installed
 * and the system's package configuration stays as it is. Rejects with one sentence on what to do when there is no way to get one.
 */
export async function prepareCompose(tell: (line: string) => void): Promise<ComposeCommand> {
  const found = await findCompose();
  if (found !== undefined) return found;
  const missing = `Needed is docker-compose ${OLDEST.join('.')} or newer, which this machine does not have`;
  const reason = whyNotInstall();
  if (reason !== undefined) throw new Error(`${missing}, and ${reason}: install it and run again.`);
  try {
    await downloadFromSid(tell);
  } catch (error) {
    throw new Error(
      `${missing} and which could not be taken from Debian sid: install it and run again.\n${String(error)}`,
      {
        cause: error,
      },
    );
  }
  const downloaded = await findCompose();
  if (downloaded === undefined)
    throw new Error(`${missing}; the one of Debian sid does not run here: install it and run again.`);
  return downloaded;
}

/** The one of this machine, or the one that was downloaded before; `undefined` when neither is there or new enough. */
export async function findCompose(): Promise<ComposeCommand | undefined> {
  for (const candidate of [
    { program: findProgram('docker-compose'), args: [] },
    { program: findProgram('docker'), args: ['compose'] },
    { program: join(cacheDirectory(), 'usr/bin/docker-compose'), args: [] },
  ]) {
    const found = await probe(candidate);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `XDG_CACHE_HOME`, else `~/.cache`. */
function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kombinator-test', PACKAGE);
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

async function downloadFromSid(tell: (line: string) => void): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'kombinator-apt-'));
  try {
    const failures: string[] = [];
    for (const mirror of await findMirrors()) {
      try {
        tell(`fetching ${PACKAGE} of Debian sid`);
        await download(root, mirror);
        return;
      } catch (error) {
        failures.push(String(error));
      }
    }
    throw new Error(failures.join('\n') || 'no Debian mirror is configured');
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Archives that the machine's own apt sources name, those of Debian itself first. */
async function findMirrors(): Promise<readonly string[]> {
  const format = '$(REPO_URI)|$(COMPONENT)';
  const lines = (await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'])).split(
    '\n',
  );
  const mirrors = lines.flatMap((line) => {
    const [uri = '', component] = line.trim().split('|');
    return component === 'main' && !/security|ports/.test(uri) ? [uri] : [];
  });
  const isDebian = (uri: string) => Number(/\/debian\/?$/.test(uri));
  return [...new Set(mirrors)].sort((a, b) => isDebian(b) - isDebian(a));
}

/** Downloads with sources, lists and cache of its own below `root`; proxies and the like come from the system's apt configuration. */
async function download(root: string, mirror: string): Promise<void> {
  const path = (name: string) => join(root, name);
  for (const name of ['empty', 'lists/partial', 'cache/archives/partial', 'package']) {
    await mkdir(path(name), { recursive: true });
  }
  const signed = existsSync(KEYRING) ? `Signed-By: ${KEYRING}\n` : '';
  await writeFile(
    path('sid.sources'),
    `Types: deb\nURIs: ${mirror}\nSuites: sid\nComponents: main\n${signed}`,
  );
  const options = {
    'Dir::Etc::sourcelist': path('sid.sources'),
    'Dir::Etc::sourceparts': path('empty'),
    'Dir::Etc::preferencesparts': path('empty'),
    'Dir::State::lists': path('lists'),
    'Dir::Cache': path('cache'),
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    'APT::Sandbox::User': 'root',
  };
  const settings = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await run('apt-get', [...settings, '--quiet', 'update']);
  await run('apt-get', [...settings, '--quiet', 'download', PACKAGE], { cwd: path('package') });
  const [file] = (await readdir(path('package'))).filter((name) => name.endsWith('.deb'));
  if (file === undefined) throw new Error(`apt-get download ${PACKAGE} left no package`);
  await unpack(join(path('package'), file));
}

/** Complete or not at all: a run that is killed in the middle must not leave half a program. */
async function unpack(file: string): Promise<void> {
  const target = cacheDirectory();
  const half = `${target}.${process.pid}`;
  await mkdir(half, { recursive: true });
  await run('dpkg', ['-x', file, half]);
  await rm(target, { recursive: true, force: true });
  await rename(half, target);
}

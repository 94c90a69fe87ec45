import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { whyNotInstall } from '../../../deploy/demo/packages.ts';
import { run } from '../../../deploy/demo/processes.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Directory that a package is unpacked into, below `XDG_CACHE_HOME`, else `~/.cache`. It need not be there. */
export function cacheDirectory(name: string): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kombinator-test', name);
}

/**
 * Unpacks a package of Debian sid into its cache directory; nothing is installed and the system's package configuration stays as it is.
 * `needed` says what is missing on this machine. Rejects with one sentence on what to do when there is no way to get it.
 */
export async function fetchFromSid(
  name: string,
  needed: string,
  tell: (line: string) => void,
): Promise<void> {
  const missing = `Needed is ${needed}, which this machine does not have`;
  const reason = whyNotInstall();
  if (reason !== undefined) throw new Error(`${missing}, and ${reason}: install it and run again.`);
  try {
    await downloadFromSid(name, tell);
  } catch (error) {
    throw new Error(
      `${missing} and which could not be taken from Debian sid: install it and run again.\n${String(error)}`,
      { cause: error },
    );
  }
}

async function downloadFromSid(name: string, tell: (line: string) => void): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'kombinator-apt-'));
  try {
    const failures: string[] = [];
    for (const mirror of await findMirrors()) {
      try {
        tell(`fetching ${name} of Debian sid`);
        await download(root, mirror, name);
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
async function download(root: string, mirror: string, name: string): Promise<void> {
  const path = (file: string) => join(root, file);
  for (const folder of ['empty', 'lists/partial', 'cache/archives/partial', 'package']) {
    await mkdir(path(folder), { recursive: true });
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
  await run('apt-get', [...settings, '--quiet', 'download', name], { cwd: path('package') });
  const [file] = (await readdir(path('package'))).filter((entry) => entry.endsWith('.deb'));
  if (file === undefined) throw new Error(`apt-get download ${name} left no package`);
  await unpack(join(path('package'), file), cacheDirectory(name));
}

/** Complete or not at all: a run that is killed in the middle must not leave half a program. */
async function unpack(file: string, target: string): Promise<void> {
  const half = `${target}.${process.pid}`;
  await mkdir(half, { recursive: true });
  await run('dpkg', ['-x', file, half]);
  await rm(target, { recursive: true, force: true });
  await rename(half, target);
}

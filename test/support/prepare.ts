import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildWhatChanged } from '../../deploy/build/build-package.ts';
import { installPackages, whyNotInstall } from '../../deploy/demo/packages.ts';
import { findProgram } from '../../deploy/demo/processes.ts';
import { compileSources } from './compiled-sources.ts';
import { prepareOverlayPrograms } from './charts/overlay-programs.ts';
import { prepareCompose } from './compose/compose.ts';
import { prepareEngine } from './docker/engine-programs.ts';

/*
 * Run before the tests: they use real engines, Git servers and registries, so the programs behind those must be there.
 * Installs what is missing where it can, otherwise names it in one line. Costs a few file look-ups and one `docker-compose version` when nothing is missing.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Requirement {
  readonly name: string;
  /** Debian's package for it. */
  readonly packages: readonly string[];
  readonly isPresent: () => boolean;
}

const program = (name: string, ...packages: readonly string[]): Requirement => ({
  name,
  packages,
  isPresent: () => findProgram(name) !== undefined,
});

const REQUIREMENTS: readonly Requirement[] = [
  program('dockerd', 'docker.io'),
  program('docker', 'docker.io'),
  program('iptables', 'iptables'),
  program('ip', 'iproute2'),
  program('setpriv', 'util-linux'),
  program('unshare', 'util-linux'),
  program('docker-registry', 'docker-registry'),
  program('sshd', 'openssh-server'),
  program('ssh', 'openssh-client'),
  program('ssh-keygen', 'openssh-client'),
  program('gpg', 'gnupg'),
  program('gpg-agent', 'gnupg'),
  program('git', 'git'),
  program('curl', 'curl'),
  program('jq', 'jq'),
  { name: 'python3 with requests', packages: ['python3', 'python3-requests'], isPresent: hasRequests },
  program('htpasswd', 'apache2-utils'),
  program('promtool', 'prometheus'),
  program('openssl', 'openssl'),
  program('mount', 'mount'),
  program('busybox', 'busybox-static'),
  program('rclone', 'rclone'),
  program('chromium', 'chromium'),
  program('restic', 'restic'),
  { name: 'git http-backend', packages: ['git'], isPresent: hasHttpBackend },
];

function hasHttpBackend(): boolean {
  const git = findProgram('git');
  if (git === undefined) return false;
  try {
    accessSync(
      join(execFileSync(git, ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend'),
      constants.X_OK,
    );
    return true;
  } catch {
    // A Git without its server part.
    return false;
  }
}

function hasRequests(): boolean {
  try {
    execFileSync('python3', ['-c', 'import requests'], { stdio: 'ignore' });
    return true;
  } catch {
    // No Python, or one without the package.
    return false;
  }
}

const missing = REQUIREMENTS.filter((requirement) => !requirement.isPresent());
if (missing.length > 0) {
  const names = missing.map(({ name }) => name).join(', ');
  const packages = [...new Set(missing.flatMap((requirement) => requirement.packages))];
  const reason = whyNotInstall();
  if (reason !== undefined) {
    process.stderr.write(
      `The tests need ${names}, and ${reason}: install ${packages.join(' ')} (Debian, Ubuntu: sudo apt-get install ${packages.join(' ')}).\n`,
    );
    process.exit(1);
  }
  process.stdout.write(`The tests need ${names}.\n`);
  await installPackages(packages, { tell: (line) => process.stdout.write(`  ${line}\n`) });
  const still = REQUIREMENTS.filter((requirement) => !requirement.isPresent()).map(({ name }) => name);
  if (still.length > 0) {
    process.stderr.write(`Installed ${packages.join(' ')}, yet ${still.join(', ')} cannot be found.\n`);
    process.exit(1);
  }
}

try {
  await prepareCompose((line) => process.stdout.write(`  ${line}\n`));
  await prepareEngine((line) => process.stdout.write(`  ${line}\n`));
  await prepareOverlayPrograms((line) => process.stdout.write(`  ${line}\n`));
  // Processes of the tests run what users run.
  await buildWhatChanged(root);
  await compileSources();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

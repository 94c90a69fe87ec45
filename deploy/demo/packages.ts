import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { findProgram, run } from './processes.ts';

export interface InstallOptions {
  /** Progress for people. */
  readonly tell: (line: string) => void;
  readonly signal?: AbortSignal;
}

const POLICY = '/usr/sbin/policy-rc.d';

/** Says why packages cannot be installed here; `undefined` when they can: Debian or a relative of it, and root. */
export function whyNotInstall(): string | undefined {
  if (findProgram('apt-get') === undefined) return 'this system has no apt-get';
  if (process.getuid?.() !== 0) return 'only root can install packages';
  return undefined;
}

/**
 * Installs Debian packages without asking anything and without starting the services they bring.
 * Rejects with the end of apt's output.
 */
export async function installPackages(packages: readonly string[], options: InstallOptions): Promise<void> {
  const { tell, signal } = options;
  using _policy = forbidServiceStarts();
  let count = 0;
  const apt = (args: readonly string[]) =>
    run('apt-get', ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      ...(signal && { signal }),
      onLine: (line) => {
        if (line.startsWith('Fetched ')) tell(line);
        // One line a package would be too many, none for a minute too few.
        if (line.startsWith('Setting up ') && ++count % 10 === 0) tell(`${count} packages set up`);
      },
    });
  const install = () => apt(['install', '--yes', '--quiet', '--no-install-recommends', ...packages]);
  tell(`apt-get install ${packages.join(' ')}`);
  if (hasPackageLists()) {
    try {
      await install();
      return;
    } catch {
      // Old lists name packages that the mirror no longer has; with fresh ones the error below counts.
      tell('trying again with fresh package lists');
    }
  }
  await update(() => apt(['update', '--quiet']), tell);
  await install();
}

async function update(attempt: () => Promise<string>, tell: (line: string) => void): Promise<void> {
  tell('apt-get update');
  try {
    await attempt();
  } catch {
    // Mirrors fail for moments; a second failure is reported.
    tell('apt-get update, once more');
    await attempt();
  }
}

function hasPackageLists(): boolean {
  const lists = '/var/lib/apt/lists';
  return (
    existsSync(lists) &&
    readdirSync(lists).some((name) => name.endsWith('_Packages') || name.includes('_Packages.'))
  );
}

/** Debian starts the services of a package it installs unless this file says no. Leaves one that is there alone. */
function forbidServiceStarts(): Disposable {
  const content = '#!/bin/sh\n# Written by Kombinator while it installs packages.\nexit 101\n';
  if (existsSync(POLICY) && readFileSync(POLICY, 'utf8') !== content) return { [Symbol.dispose]() {} };
  writeFileSync(POLICY, content, { mode: 0o755 });
  return { [Symbol.dispose]: () => rmSync(POLICY, { force: true }) };
}

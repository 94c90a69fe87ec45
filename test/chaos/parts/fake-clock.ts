import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

/** The clock that the daemon reads: libfaketime moves it, and leaves the monotonic one alone, as a step of a real one does. */
export interface FakeClock {
  /** Variables for the daemon's environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** Seconds that the daemon's clock is ahead of the machine's; negative: behind. */
  setOffset(seconds: number): void;
}

/** Paths at which Debian puts it. */
const PLACES = ['x86_64', 'aarch64'].map(
  (machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`,
);

export function findFaketime(): string | undefined {
  return PLACES.find((path) => existsSync(path));
}

/** @throws when libfaketime is not installed */
export function createFakeClock(root: string): FakeClock {
  const library = findFaketime();
  if (library === undefined)
    throw new Error('libfaketime is not installed (Debian, Ubuntu: apt-get install libfaketime)');
  const file = join(root, 'clock');
  const setOffset = (seconds: number) => {
    writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    renameSync(`${file}.new`, file);
  };
  setOffset(0);
  return {
    setOffset,
    environment: {
      PATH: `${createGitShim(root)}:${process.env['PATH'] ?? ''}`,
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_RESET: '1',
    },
  };
}

/** Git's many processes would share a semaphore with the daemon's and may wait for it for ever: they get the machine's clock. */
function createGitShim(root: string): string {
  const directory = join(root, 'bin');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'git'), '#!/bin/sh\nunset LD_PRELOAD\nexec /usr/bin/git "$@"\n');
  chmodSync(join(directory, 'git'), 0o755);
  return directory;
}

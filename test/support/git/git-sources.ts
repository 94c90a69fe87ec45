import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { GitSourceOptions } from '../../../reconciler/adapters/git/index.ts';
import { createGitSource } from '../../../reconciler/adapters/git/index.ts';
import type { Clock } from '../../../reconciler/ports/clock.ts';
import type { Logger } from '../../../reconciler/ports/logger.ts';
import type { Source } from '../../../reconciler/ports/source.ts';

/** A clock that tells the real time. */
export const realClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal ? { signal } : {}),
  random: () => Math.random(),
};

/** A clock whose pauses pass at once, and are counted as if they had not. */
export interface HastyClock extends Clock {
  /** Pauses so far, in milliseconds. */
  readonly pauses: readonly number[];
  pass(milliseconds: number): void;
}

export function createHastyClock(): HastyClock {
  const pauses: number[] = [];
  let passed = 0;
  return {
    ...realClock,
    elapsed: () => performance.now() + passed,
    sleep: async (milliseconds, signal) => {
      await delay(0, undefined, signal ? { signal } : {});
      pauses.push(milliseconds);
      passed += milliseconds;
    },
    pauses,
    pass: (milliseconds) => {
      passed += milliseconds;
    },
  };
}

/** Log as one text to search. */
export interface RecordedLog extends Logger {
  readonly text: () => string;
}

export function createRecordedLog(): RecordedLog {
  const lines: string[] = [];
  const write = (data: object, message: string): void =>
    void lines.push(`${message} ${JSON.stringify(data)}`);
  return { debug: write, info: write, warn: write, error: write, text: () => lines.join('\n') };
}

export interface OpenSource extends AsyncDisposable {
  readonly source: Source;
  readonly cacheDir: string;
  readonly log: RecordedLog;
}

/** A source on real Git with its own state directory; disposing ends it and deletes that. */
export async function openSource(
  options: Partial<GitSourceOptions> & Pick<GitSourceOptions, 'location'>,
): Promise<OpenSource> {
  const cacheDir = options.cacheDir ?? (await mkdtemp(join(tmpdir(), 'kombinator-cache-')));
  const log = createRecordedLog();
  const source = await createGitSource({
    cacheDir,
    clock: realClock,
    logger: log,
    pollIntervalMs: 100,
    timeoutMs: 10_000,
    ...options,
  });
  return {
    source,
    cacheDir,
    log,
    [Symbol.asyncDispose]: async () => {
      await source[Symbol.asyncDispose]();
      if (options.cacheDir === undefined) await rm(cacheDir, { recursive: true, force: true });
    },
  };
}

/** Asks until the answer is yes; throws what was waited for when it stays no. */
export async function eventually(
  what: string,
  check: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await delay(10);
  }
}

/** Commits one file through the source, on what it resolves to now. */
export async function commitOne(source: Source, path: string, content: string | null): Promise<string> {
  const signal = new AbortController().signal;
  const { commit } = await source.resolve(signal);
  const author = { name: 'Grace', email: 'grace@example.org' };
  return source.commit({ writes: [{ path, content }], message: 'api', author, expectedHead: commit }, signal);
}

/** Every path of the newest revision. */
export async function pathsOf(source: Source): Promise<string[]> {
  const signal = new AbortController().signal;
  const { commit } = await source.resolve(signal);
  return (await source.diff(null, commit, signal)).map(({ path }) => path);
}

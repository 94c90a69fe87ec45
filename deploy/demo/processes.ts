import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Sees every line as it is written; for progress. */
  readonly onLine?: (line: string) => void;
}

/** Directories where Debian keeps what only root used to need; missing from many a PATH. */
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

export function systemPath(env: NodeJS.ProcessEnv = process.env): string {
  return [env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', ...SYSTEM_PATH].join(delimiter);
}

/** The full path of a program, `undefined` when the machine has none. */
export function findProgram(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  for (const directory of systemPath(env).split(delimiter)) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this directory.
    }
  }
  return undefined;
}

/** Runs a program to its end. Resolves to what it wrote to stdout; rejects with the end of all it wrote. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { cwd, env = process.env, signal, onLine } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...env, PATH: systemPath(env) },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    });
    let stdout = '';
    let all = '';
    const take = (chunk: string) => {
      all = (all + chunk).slice(-20_000);
      for (const line of chunk.split('\n')) if (line.trim() !== '') onLine?.(line);
    };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      take(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', take);
    child.once('error', reject);
    child.once('close', (code, killedBy) => {
      if (code === 0) return resolve(stdout);
      const end = all.trim().split('\n').slice(-8).join('\n');
      reject(new Error(`${program} ${args.join(' ')} ended with ${code ?? killedBy}:\n${end}`));
    });
  });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A zombie answers signals but does nothing any more.
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return true;
  }
}

/** Polls until it is true. Rejects with what was waited for when the time is over. */
export async function waitUntil(
  what: string,
  done: () => boolean | Promise<boolean>,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await done())) {
    signal?.throwIfAborted();
    if (Date.now() > deadline) throw new Error(`${what}: not within ${Math.round(timeoutMs / 1000)} s`);
    await sleep(100, undefined, signal ? { signal } : {});
  }
}

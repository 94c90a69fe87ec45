import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createAbortScope, onAbort } from '../../base/abort-scope.ts';
import { errorMessage } from '../../base/errors.ts';
import type { Problem } from '../../base/problem.ts';

export interface ProgramOptions {
  readonly cwd: string;
  /** Nothing else of the environment is passed on. */
  readonly env: Readonly<Record<string, string>>;
  /** Standard input. Default: none. */
  readonly input?: string;
  readonly timeoutMs: number;
  /** Limit of the standard output. */
  readonly maxBytes: number;
  /** Limit of its memory. Where the system does not tell what a process has (`/proc`), nothing holds it. */
  readonly maxMemoryBytes: number;
  readonly signal: AbortSignal;
}

export interface ProgramResult {
  readonly exitCode: number;
  readonly output: Buffer;
  /** End of what it wrote to standard error. */
  readonly complaint: string;
}

/** End of standard error that is kept, in characters. */
const MAX_COMPLAINT = 8_192;

/** Runs a program to its end, without a shell. What it started ends with it. Throws only when the signal aborts. */
export async function runProgram(
  program: string,
  words: readonly string[],
  { cwd, env, input, timeoutMs, maxBytes, maxMemoryBytes, signal }: ProgramOptions,
): Promise<ProgramResult | Problem> {
  using scope = createAbortScope({ signals: [signal], timeoutMs });
  scope.signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<ProgramResult | Problem>();
  const child = spawn(program, words, { cwd, env, shell: false, detached: true, stdio: 'pipe' });
  const chunks: Buffer[] = [];
  let [size, complaint] = [0, ''];
  const end = (): void => {
    endGroup(child.pid);
    // A program that has left the group may still hold them.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  };
  using _ = onAbort(scope.signal, () => {
    end();
    if (signal.aborted) reject(signal.reason as Error);
    else resolve({ problem: `it did not end within ${timeoutMs / 1_000} s` });
  });
  using _watch = watchMemory(child.pid, maxMemoryBytes, () => {
    end();
    resolve({
      problem: `it takes more than ${maxMemoryBytes} bytes of memory`,
      hint: "where it needs that many, the operator's configuration says so: charts: { maxMemoryBytes: … }",
    });
  });
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
    else {
      end();
      resolve({ problem: `it prints more than ${maxBytes} bytes` });
    }
  });
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => (complaint = (complaint + text).slice(-MAX_COMPLAINT)));
  // It may end without having read all of it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  child.once('error', (error) => resolve({ problem: `${program} cannot be run: ${errorMessage(error)}` }));
  child.once('close', (code) => resolve({ exitCode: code ?? -1, output: Buffer.concat(chunks), complaint }));
  return await promise;
}

/** A program that fills its memory makes a gigabyte in a second. */
const MEMORY_LOOK_MS = 50;
/** Pages of Linux on the processors that Node runs on, but for those that say otherwise; larger ones end a program earlier, never later. */
const PAGE_BYTES = 4_096;

/** Looks again and again how much memory a process has. A limit of the address space would not do: Go reserves far more than it takes. */
function watchMemory(pid: number | undefined, maxBytes: number, onMore: () => void): Disposable {
  const timer = setInterval(() => {
    const bytes = pid === undefined ? null : residentBytes(pid);
    if (bytes !== null && bytes > maxBytes) onMore();
  }, MEMORY_LOOK_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Memory of a process (proc(5), statm); `null` where nobody tells. */
function residentBytes(pid: number): number | null {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
    return Number.isFinite(pages) ? pages * PAGE_BYTES : null;
  } catch {
    // It has ended, or this is no Linux.
    return null;
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended already.
  }
}

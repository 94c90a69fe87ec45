import { spawn } from 'node:child_process';
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
  { cwd, env, input, timeoutMs, maxBytes, signal }: ProgramOptions,
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

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended already.
  }
}

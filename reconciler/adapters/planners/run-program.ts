import { spawn } from 'node:child_process';
import { createAbortScope, onAbort } from '../../base/abort-scope.ts';
import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import { own } from '../../base/values.ts';

export interface ProgramOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** End of what a program prints that is kept, in characters. */
const MAX_OUTPUT = 16_384;

/** Variables that a program gets of ours: nothing that is secret. */
const PASSED = [
  'PATH',
  'LANG',
  'LC_ALL',
  'TMPDIR',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
];

/** Runs a program to its end, without a shell and with no input. Throws BUILD_FAILED where it cannot be run or takes too long, and the signal's reason. */
export async function runProgram(
  program: string,
  words: readonly string[],
  { cwd, env, timeoutMs, signal }: ProgramOptions,
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const late = () =>
    new ReconcilerError('BUILD_FAILED', `${program} did not end within ${timeoutMs / 1_000} s`);
  using scope = createAbortScope({ signals: [signal], timeoutMs, timeoutReason: late });
  scope.signal.throwIfAborted();
  const passed = Object.fromEntries(
    PASSED.map((name) => [name, own(env, name)] as const).filter(([, value]) => value !== undefined),
  );
  const { promise, resolve, reject } = Promise.withResolvers<{ exitCode: number; output: string }>();
  // A group of its own: what it starts ends with it.
  const child = spawn(program, words, {
    cwd,
    env: { ...passed, HOME: cwd },
    shell: false,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => (output = (output + text).slice(-MAX_OUTPUT)));
  }
  using _ = onAbort(scope.signal, () => {
    endGroup(child.pid);
    child.stdout.destroy();
    child.stderr.destroy();
    reject(scope.signal.reason as Error);
  });
  child.once('error', (error) => {
    const message = `${program} cannot be run: ${errorMessage(error)}`;
    reject(new ReconcilerError('BUILD_FAILED', message, { cause: error }));
  });
  child.once('close', (code) => resolve({ exitCode: code ?? -1, output }));
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

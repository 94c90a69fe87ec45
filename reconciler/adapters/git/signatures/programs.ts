import { spawn } from 'node:child_process';
import { ReconcilerError } from '../../../base/errors.ts';
import { errnoOf } from '../errors.ts';

export interface ProgramRun {
  readonly input?: Uint8Array;
  /** Variables besides PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface ProgramResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const MAX_ERROR_CHARACTERS = 16_384;
const PACKAGES = { 'ssh-keygen': 'openssh-client', gpg: 'gpg' } as const;

/** Runs a program to its end, with nothing of the environment but PATH. Throws GIT_NOT_INSTALLED where there is none, and the signal's reason. */
export async function runProgram(
  program: keyof typeof PACKAGES,
  args: readonly string[],
  { input, env, signal }: ProgramRun = {},
): Promise<ProgramResult> {
  signal?.throwIfAborted();
  const child = spawn(program, args, { env: { PATH: process.env['PATH'], LC_ALL: 'C', ...env }, signal });
  const chunks: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => void chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk.toString('utf8')}`.slice(-MAX_ERROR_CHARACTERS);
  });
  // One that ends early closes its input; its exit code says why.
  child.stdin.on('error', () => undefined);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on('error', (error) => reject(errnoOf(error) === 'ENOENT' ? missingProgram(program) : error));
  child.on('close', (code) => resolve(code ?? -1));
  child.stdin.end(input ?? '');
  try {
    const exitCode = await promise;
    signal?.throwIfAborted();
    return { exitCode, stdout: Buffer.concat(chunks), stderr };
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

function missingProgram(program: keyof typeof PACKAGES): ReconcilerError {
  return new ReconcilerError(
    'GIT_NOT_INSTALLED',
    `signatures of commits are required (git.signatures), and there is no ${program} on the PATH: nothing new is applied until it is installed (Debian, Ubuntu: apt-get install ${PACKAGES[program]})`,
  );
}

/** The error for a machine without git. */
export function missingGit(): ReconcilerError {
  return new ReconcilerError(
    'GIT_NOT_INSTALLED',
    'signatures of commits are required (git.signatures), and there is no git on the PATH: nothing new is applied until it is installed, 2.34 or newer (Debian, Ubuntu: apt-get install git)',
  );
}

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { errnoOf, gitError, gitNotInstalled } from '../errors.ts';

/** The system's git: a faster reader of objects, and the only way to SSH remotes. */
export interface GitCommand {
  /** Tells whether the command can be run; asked once. */
  available(): Promise<boolean>;
  /** Runs to the end. Throws GIT_NOT_INSTALLED, GIT_ERROR when the output is too large, and the signal's reason. */
  run(args: readonly string[], options?: RunOptions): Promise<GitResult>;
  /** Starts and hands over; whoever asked ends it. */
  spawn(args: readonly string[]): ChildProcessWithoutNullStreams;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Most bytes of output. Default 256 MiB. */
  readonly maxOutputBytes?: number;
  /** Called on every sign of life, with the number of bytes. */
  readonly onOutput?: (bytes: number) => void;
}

export interface GitResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Settings with which Git passes large contents through instead of holding them in memory: a pack may unfold to any size. */
export const FRUGAL: readonly string[] = ['-c', 'core.bigFileThreshold=16m'];

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const MAX_ERROR_CHARACTERS = 16_384;

/**
 * Variables with which a surrounding Git process (a hook) points its children at its own repository; they must not
 * reach ours. Settings of the user such as GIT_SSH_COMMAND stay.
 */
const REPOSITORY_VARIABLES = new Set([
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_COMMON_DIR',
  'GIT_CONFIG',
  'GIT_CONFIG_COUNT',
  'GIT_CONFIG_PARAMETERS',
  'GIT_DIR',
  'GIT_GRAFT_FILE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_NAMESPACE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_PREFIX',
  'GIT_QUARANTINE_PATH',
  'GIT_REPLACE_REF_BASE',
  'GIT_SHALLOW_FILE',
  'GIT_WORK_TREE',
]);

/** @param command path or name of the program; `null` acts as if none were installed */
export function createGitCommand(command: string | null = 'git'): GitCommand {
  let available: Promise<boolean> | undefined;
  const start = (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): ChildProcessWithoutNullStreams => {
    if (command === null) throw gitNotInstalled('this');
    return spawn(command, args, { env: { ...gitEnvironment(), ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  };
  const run = async (args: readonly string[], options: RunOptions = {}): Promise<GitResult> => {
    const result = await collect(() => start(args, options.env), options);
    // One that did something can be run.
    if (result.exitCode === 0) available = Promise.resolve(true);
    return result;
  };
  return {
    available: () =>
      (available ??=
        command === null
          ? Promise.resolve(false)
          : run(['--version']).then(
              ({ exitCode }) => exitCode === 0,
              () => false,
            )),
    run,
    spawn: (args) => start(args),
  };
}

/** The first line of an error output that says something, without Git's prefix. */
export function firstErrorLine(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^(fatal|error): /, '').trim());
  return lines.find((line) => line !== '' && !line.startsWith('warning:')) ?? 'git failed without a message';
}

function gitEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !REPOSITORY_VARIABLES.has(name));
  return {
    ...Object.fromEntries(inherited),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
  };
}

async function collect(start: () => ChildProcessWithoutNullStreams, options: RunOptions): Promise<GitResult> {
  options.signal?.throwIfAborted();
  const child = start();
  const { promise, resolve, reject } = Promise.withResolvers<GitResult>();
  const { maxOutputBytes = MAX_OUTPUT_BYTES } = options;
  const chunks: Buffer[] = [];
  let size = 0;
  let stderr = '';
  const abort = (): void => void child.kill('SIGKILL');
  options.signal?.addEventListener('abort', abort, { once: true });
  child.stdout.on('data', (chunk: Buffer) => {
    options.onOutput?.(chunk.length);
    size += chunk.length;
    if (size > maxOutputBytes) child.kill('SIGKILL');
    else chunks.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    options.onOutput?.(chunk.length);
    stderr = `${stderr}${chunk.toString('utf8')}`.slice(-MAX_ERROR_CHARACTERS);
  });
  // A child that ends early closes its input; its exit code and message say why.
  child.stdin.on('error', () => undefined);
  child.on('error', (error) =>
    reject(errnoOf(error) === 'ENOENT' ? gitNotInstalled('this') : gitError('git cannot be started', error)),
  );
  child.on('close', (code) => {
    if (options.signal?.aborted) reject(options.signal.reason);
    else if (size > maxOutputBytes) reject(gitError('git wrote more than can be read'));
    else resolve({ exitCode: code ?? -1, stdout: Buffer.concat(chunks), stderr });
  });
  child.stdin.end(options.input ?? '');
  try {
    return await promise;
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
}

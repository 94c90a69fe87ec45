import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { Readable } from 'node:stream';
import type { Writable } from 'node:stream';
import { onAbort } from '../../base/abort-scope.ts';
import { readWithin } from '../../base/bytes.ts';
import { errorMessage, ReconcilerError } from '../../base/errors.ts';

/** A program of the machine that keeps backups elsewhere, and what it is always told. */
export interface Program {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Call {
  readonly args: readonly string[];
  /** Given on standard input. Default: none. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Says of a failure, by all that it said and its exit code, that there is nothing of that name; the answer is empty then. */
  readonly isNothing?: (said: string, code: number | null) => boolean;
  readonly signal: AbortSignal;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const MAX_OUTPUT_BYTES = 64 * 1_024 ** 2;
const MAX_WORDS = 4_096;
const GRACE_MS = 10_000;

/** Runs a program to its end and gives what it printed. Throws STORE_UNAVAILABLE, STORE_FULL, the signal's reason, and what the input throws. */
export async function callProgram(program: Program, call: Call): Promise<string> {
  const { input, signal } = call;
  const run = startProgram(program, call);
  using _ = onAbort(signal, () => end(run.child));
  const output = readWithin(run.child.stdout, MAX_OUTPUT_BYTES);
  try {
    if (input === undefined) run.child.stdin.end();
    else await feed(run.child, input);
    const bytes = await output;
    return (await run.ended) === 'done' ? bytes.toString('utf8') : '';
  } catch (error) {
    end(run.child);
    run.child.stdout.resume();
    await Promise.allSettled([output, run.ended]);
    signal.throwIfAborted();
    throw error;
  }
}

/** Streams what a program prints, piece by piece as it is asked for. Whoever stops reading early ends it. */
export async function* streamProgram(program: Program, call: Call): AsyncGenerator<Uint8Array> {
  const { signal } = call;
  const run = startProgram(program, call);
  using _ = onAbort(signal, () => end(run.child));
  run.child.stdin.end();
  try {
    yield* run.child.stdout;
    await run.ended;
  } finally {
    end(run.child);
    await run.ended.catch(() => undefined);
    signal.throwIfAborted();
  }
}

/** Interrupts a program, so that it takes away what it has locked, and does not wait for it for long. */
function end(child: Child): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  timer.unref();
  child.once('close', () => clearTimeout(timer));
}

/** A program that reads no further has a reason, which is what counts. */
async function feed({ stdin }: Child, input: AsyncIterable<Uint8Array>): Promise<void> {
  const broken = Promise.withResolvers<'broken'>();
  stdin.on('error', () => broken.resolve('broken'));
  for await (const chunk of input) {
    if (stdin.write(chunk)) continue;
    const drained = new Promise<'drained'>((resolve) => stdin.once('drain', () => resolve('drained')));
    if ((await Promise.race([drained, broken.promise])) === 'broken') return;
  }
  stdin.end();
}

function startProgram(
  { name, args, env }: Program,
  call: Call,
): { readonly child: Child; readonly ended: Promise<'done' | 'nothing'> } {
  const { isNothing = () => false, signal } = call;
  signal.throwIfAborted();
  const child = spawn(name, [...args, ...call.args], { env, shell: false, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-MAX_WORDS)));
  const { promise, resolve, reject } = Promise.withResolvers<'done' | 'nothing'>();
  child.once('error', (error) => reject(cannotRun(name, error)));
  child.once('close', (code) => {
    if (code === 0) resolve('done');
    else if (isNothing(said, code)) resolve('nothing');
    else reject(toStoreError(name, said, code));
  });
  promise.catch(() => undefined);
  return { child, ended: promise };
}

function cannotRun(name: string, error: Error): ReconcilerError {
  const isMissing = 'code' in error && error.code === 'ENOENT';
  const message = isMissing
    ? `${name} is not installed where the daemon runs (Debian: apt-get install ${name})`
    : `${name} cannot be run: ${errorMessage(error)}`;
  return new ReconcilerError('STORE_UNAVAILABLE', message, { cause: error, retryable: true });
}

function toStoreError(name: string, said: string, code: number | null): ReconcilerError {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const reason =
    (lines.find((line) => line.startsWith('Fatal:')) ?? lines.at(-1))?.trim().slice(0, 400) ??
    `it ended with ${code ?? 'a signal'}`;
  const isFull = /no space left|quota/i.test(said);
  return new ReconcilerError(isFull ? 'STORE_FULL' : 'STORE_UNAVAILABLE', `${name}: ${reason}`, {
    retryable: true,
  });
}

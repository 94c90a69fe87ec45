import { setTimeout as delay } from 'node:timers/promises';
import { Duplex } from 'node:stream';
import type { Readable, Writable } from 'node:stream';
import { onAbort } from '../../../base/abort-scope.ts';
import { createBeginning } from '../../../base/bytes.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import { defined } from '../../../base/values.ts';
import type { ExecResult, StreamedProgram } from '../../../ports/target-capabilities.ts';
import { ANSWERS } from './answer-shapes.ts';
import type { Engine } from './engine.ts';
import type { Transport } from './transport.ts';

/** More output than this of each stream is cut off. */
const MAX_OUTPUT_BYTES = 1_048_576;
/** Bytes that are kept of the errors of a streamed program; the last ones tell why it ended. */
const MAX_STDERR_BYTES = 16_384;
const HEADER_BYTES = 8;
/** The engine may close the streams a moment before it knows how the program ended. */
const END_ATTEMPTS = 40;
const END_PAUSE_MS = 50;

/** Runs programs in containers. */
export function execCalls(transport: Transport): Pick<Engine, 'exec' | 'execAs' | 'execStream'> {
  const runToEnd = async (prepared: Prepared, signal: AbortSignal): Promise<ExecResult> => {
    const run = await prepare(transport, prepared, signal);
    const stream = await transport.stream(startOf(run, signal));
    const output = await readOutput(stream, signal);
    return { ...output, exitCode: await readExitCode(transport, run, signal) };
  };
  return {
    exec: (id, argv, signal) => runToEnd({ id, argv, hasInput: false }, signal),
    execAs(id, { command, user, privileged, workingDir, env }, signal) {
      const given = Object.entries(env ?? {}).map(([name, value]) => `${name}=${value}`);
      const settings = defined({
        User: user,
        Privileged: privileged,
        WorkingDir: workingDir,
        Env: env === undefined ? undefined : given,
      });
      return runToEnd({ id, argv: command, hasInput: false, settings }, signal);
    },
    async execStream(id, program, signal) {
      const { argv, input } = program;
      const run = await prepare(transport, { id, argv, hasInput: input !== undefined }, signal);
      const request = startOf(run, signal);
      const stderr =
        input === undefined
          ? await passOutput(await transport.stream(request), program, signal)
          : await talk(transport, { request, program, input }, signal);
      return { exitCode: await readExitCode(transport, run, signal), stderr };
    },
  };
}

interface Prepared {
  readonly id: string;
  readonly argv: readonly string[];
  readonly hasInput: boolean;
  /** More members of the request. */
  readonly settings?: object;
}

async function prepare(
  transport: Transport,
  { id, argv, hasInput, settings }: Prepared,
  signal: AbortSignal,
): Promise<string> {
  const { Id } = await transport.json<{ Id: string }>({
    method: 'POST',
    path: `/containers/${id}/exec`,
    body: {
      ...settings,
      Cmd: argv,
      AttachStdin: hasInput,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
    },
    answer: ANSWERS.made,
    doing: 'prepare a program in a container',
    signal,
  });
  return Id;
}

function startOf(run: string, signal: AbortSignal) {
  const path = `/exec/${run}/start`;
  const body = { Detach: false, Tty: false };
  return { method: 'POST', path, body, doing: 'run a program in a container', signal } as const;
}

async function readExitCode(transport: Transport, run: string, signal: AbortSignal): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const { ExitCode, Running } = await transport.json<{ ExitCode: number | null; Running?: boolean }>({
      method: 'GET',
      path: `/exec/${run}/json`,
      answer: ANSWERS.ended,
      doing: 'ask how a program ended',
      signal,
    });
    if (Running !== true || attempt === END_ATTEMPTS) return ExitCode ?? -1;
    await delay(END_PAUSE_MS, undefined, { signal });
  }
}

interface Conversation {
  readonly request: ReturnType<typeof startOf>;
  readonly program: StreamedProgram;
  readonly input: AsyncIterable<Uint8Array>;
}

/** Writes and reads at the same time: a program that waits for somebody to read what it says reads nothing itself. */
async function talk(
  transport: Transport,
  { request, program, input }: Conversation,
  signal: AbortSignal,
): Promise<string> {
  const connection = await transport.stream({ ...request, hijack: true });
  if (!(connection instanceof Duplex)) {
    connection.destroy();
    throw new ReconcilerError('TARGET_UNSUPPORTED', `the engine at ${transport.address} takes no input`);
  }
  const stopped = new AbortController();
  // A program that ends early takes no more; what it says about that, and its exit code, tell why.
  connection.on('error', () => undefined);
  const writing = passInput(connection, input, stopped.signal).catch((error: unknown) => {
    connection.destroy();
    throw error;
  });
  writing.catch(() => undefined);
  try {
    const stderr = await passOutput(connection, program, signal);
    stopped.abort();
    await writing;
    return stderr;
  } catch (error) {
    stopped.abort();
    // The input is the reason where it failed: the connection was only closed because of it.
    await writing;
    throw error;
  }
}

async function passInput(to: Writable, input: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  for await (const chunk of input) {
    if (signal.aborted || to.destroyed || to.writableEnded) return;
    if (!to.write(chunk)) await drained(to, signal);
  }
  if (!to.destroyed) to.end();
}

async function drained(to: Writable, signal: AbortSignal): Promise<void> {
  if (to.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => resolve();
  to.once('drain', done).once('close', done).once('error', done);
  using _ = onAbort(signal, done);
  await promise;
  to.off('drain', done).off('close', done).off('error', done);
}

/** Resolves to the end of what the program said on stderr. */
async function passOutput(
  stream: Readable,
  { onOutput }: StreamedProgram,
  signal: AbortSignal,
): Promise<string> {
  let errors: Buffer = Buffer.alloc(0);
  await eachFrame(stream, signal, async ({ name, content }) => {
    if (name === 'stdout') await onOutput(content);
    else errors = Buffer.concat([errors, content]).subarray(-MAX_STDERR_BYTES);
  });
  return errors.toString('utf8');
}

async function readOutput(
  stream: Readable,
  signal: AbortSignal,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const kept = { stdout: createBeginning(MAX_OUTPUT_BYTES), stderr: createBeginning(MAX_OUTPUT_BYTES) };
  await eachFrame(stream, signal, async ({ name, content }) => kept[name].add(content));
  return { stdout: kept.stdout.text(), stderr: kept.stderr.text() };
}

async function eachFrame(
  stream: Readable,
  signal: AbortSignal,
  take: (frame: Frame) => Promise<void>,
): Promise<void> {
  using _ = onAbort(signal, () => stream.destroy());
  try {
    for await (const frame of readFrames(stream)) await take(frame);
    signal.throwIfAborted();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    stream.destroy();
  }
}

interface Frame {
  readonly name: 'stdout' | 'stderr';
  readonly content: Buffer;
}

/**
 * Splits the multiplexed stream: each frame starts with its stream (2 is stderr) and, in bytes 4 to 7, its length. A frame comes in the pieces in which
 * it arrives: its length is the engine's word only, and nothing is kept for it.
 */
export async function* readFrames(stream: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let head: Buffer = Buffer.alloc(0);
  let name: Frame['name'] = 'stdout';
  let left = 0;
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length;) {
      if (left > 0) {
        const content = chunk.subarray(at, at + left);
        at += content.length;
        left -= content.length;
        yield { name, content };
        continue;
      }
      const part = chunk.subarray(at, at + HEADER_BYTES - head.length);
      at += part.length;
      head = Buffer.concat([head, part]);
      if (head.length < HEADER_BYTES) break;
      name = head[0] === 2 ? 'stderr' : 'stdout';
      left = head.readUInt32BE(4);
      head = Buffer.alloc(0);
    }
  }
}

import type { Readable } from 'node:stream';
import type { Engine } from './engine.ts';
import type { Transport } from './transport.ts';

/** More output than this of each stream is cut off. */
const MAX_BYTES = 1_048_576;
const HEADER_BYTES = 8;

/** Runs programs in containers. */
export function execCalls(transport: Transport): Pick<Engine, 'exec'> {
  return {
    async exec(id, argv, signal) {
      const { Id } = await transport.json<{ Id: string }>({
        method: 'POST',
        path: `/containers/${id}/exec`,
        body: { Cmd: argv, AttachStdout: true, AttachStderr: true, Tty: false },
        doing: 'prepare a program in a container',
        signal,
      });
      const stream = await transport.stream({
        method: 'POST',
        path: `/exec/${Id}/start`,
        body: { Detach: false, Tty: false },
        doing: 'run a program in a container',
        signal,
      });
      const output = await readOutput(stream, signal);
      const { ExitCode } = await transport.json<{ ExitCode: number | null }>({
        method: 'GET',
        path: `/exec/${Id}/json`,
        doing: 'ask how a program ended',
        signal,
      });
      return { ...output, exitCode: ExitCode ?? -1 };
    },
  };
}

async function readOutput(
  stream: Readable,
  signal: AbortSignal,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const parts: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  const sizes = { stdout: 0, stderr: 0 };
  const stop = () => stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const { name, content } of readFrames(stream)) {
      const kept = content.subarray(0, MAX_BYTES - sizes[name]);
      parts[name].push(kept);
      sizes[name] += kept.length;
    }
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
  const text = (name: 'stdout' | 'stderr') => Buffer.concat(parts[name]).toString('utf8');
  return { stdout: text('stdout'), stderr: text('stderr') };
}

interface Frame {
  readonly name: 'stdout' | 'stderr';
  readonly content: Buffer;
}

/** Splits the multiplexed stream: each frame starts with its stream (2 is stderr) and, in bytes 4 to 7, its length. */
export async function* readFrames(stream: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + rest.readUInt32BE(4);
      if (rest.length < end) break;
      yield { name: rest[0] === 2 ? 'stderr' : 'stdout', content: rest.subarray(HEADER_BYTES, end) };
      rest = rest.subarray(end);
    }
  }
}

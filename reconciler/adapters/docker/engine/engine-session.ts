import { Duplex } from 'node:stream';
import { onAbort } from '../../../base/abort-scope.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { ExecSession, SessionOptions } from '../../../ports/target-capabilities.ts';
import { ANSWERS } from './answer-shapes.ts';
import type { Engine } from './engine.ts';
import { readFrames } from './engine-exec.ts';
import type { Transport } from './transport.ts';

/** Runs programs in containers with somebody at the other end. */
export function sessionCalls(transport: Transport): Pick<Engine, 'openSession'> {
  return { openSession: (id, options) => openSession(transport, id, options) };
}

async function openSession(
  transport: Transport,
  id: string,
  { argv, tty = false, signal }: SessionOptions,
): Promise<ExecSession> {
  const streams = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
  const { Id } = await transport.json<{ Id: string }>({
    method: 'POST',
    path: `/containers/${id}/exec`,
    body: { Cmd: argv, ...streams, Tty: tty },
    answer: ANSWERS.made,
    doing: 'prepare a program in a container',
    signal,
  });
  const socket = await transport.stream({
    method: 'POST',
    path: `/exec/${Id}/start`,
    body: { Detach: false, Tty: tty },
    hijack: true,
    doing: 'run a program in a container',
    signal,
  });
  if (!(socket instanceof Duplex)) {
    socket.destroy();
    throw new ReconcilerError('TARGET_UNSUPPORTED', `the engine at ${transport.address} takes no input`);
  }
  const listening = onAbort(signal, () => socket.destroy());
  const exit = Promise.withResolvers<number>();
  exit.promise.catch(() => undefined);
  const askExit = async (): Promise<number> => {
    const path = `/exec/${Id}/json`;
    const request = { method: 'GET', path, answer: ANSWERS.ended, doing: 'ask how a program ended' } as const;
    const { ExitCode } = await transport.json<{ ExitCode?: number | null }>({ ...request, signal });
    return ExitCode ?? -1;
  };
  socket.once('close', () => {
    listening[Symbol.dispose]();
    askExit().then(exit.resolve, exit.reject);
  });
  // The exit code, which then cannot be had, tells that the connection broke.
  socket.on('error', () => undefined);
  return {
    output: tty ? readTerminal(socket) : readBoth(socket),
    exitCode: exit.promise,
    write: (bytes) => void socket.write(bytes),
    drained: () => drained(socket),
    end: () => void socket.end(),
    async resize({ columns, rows }) {
      const path = `/exec/${Id}/resize`;
      const query = { h: rows, w: columns };
      await transport.json({ method: 'POST', path, query, doing: 'resize a terminal', signal });
    },
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  };
}

async function drained(socket: Duplex): Promise<void> {
  if (!socket.writableNeedDrain || socket.destroyed) return;
  const heard = Promise.withResolvers<void>();
  socket.once('drain', heard.resolve).once('close', heard.resolve);
  await heard.promise;
  socket.off('drain', heard.resolve).off('close', heard.resolve);
}

type Chunk = { readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array };

async function* readTerminal(socket: Duplex): AsyncGenerator<Chunk> {
  for await (const chunk of socket) yield { stream: 'stdout', bytes: chunk as Uint8Array };
}

async function* readBoth(socket: Duplex): AsyncGenerator<Chunk> {
  for await (const { name, content } of readFrames(socket)) yield { stream: name, bytes: content };
}

import { PassThrough } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ExecSession, SessionOptions } from '../../../reconciler/index.ts';
import { asFields, asString } from '../../../reconciler/index.ts';
import { RemoteError } from '../terminal/failure.ts';
import type { RemoteClient } from './client.ts';
import { fieldsOf, textAt } from './decode.ts';

/** Largest frame of the daemon, in bytes. */
const MAX_FRAME_BYTES = 16 * 1024 ** 2;
const HANDSHAKE_MS = 30_000;
/** The daemon has so long to say goodbye, in milliseconds. */
const GOODBYE_MS = 1_000;
const MAX_WAITING_BYTES = 262_144;
const LOOK_MS = 20;
const STREAMS = { 1: 'stdout', 2: 'stderr' } as const;

type Chunk = { readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array };

/** Runs a program in a service of a daemon: a ticket over the API, then a web socket. */
export async function execRemotely(
  client: RemoteClient,
  servicePath: string,
  { argv, tty = false, pod, container, signal }: SessionOptions,
): Promise<ExecSession> {
  const body = { command: argv, tty, pod, container };
  const answer = fieldsOf(await client.post(`${servicePath}/exec`, { body, signal }), 'ticket');
  const url = client.address('/exec');
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.searchParams.set('ticket', textAt(answer, 'ticket'));
  // Loaded for the one command that wants it.
  const ws = await import('ws');
  const socket = new ws.WebSocket(url, {
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_MS,
  });
  const talk = listen(socket);
  const close = () => {
    socket.close();
    setTimeout(() => socket.terminate(), GOODBYE_MS).unref();
  };
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  try {
    await talk.opened;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  return toSession(socket, talk, close);
}

interface Listening {
  readonly opened: Promise<void>;
  readonly exitCode: Promise<number>;
  readonly output: AsyncIterable<Chunk>;
}

function listen(socket: WebSocket): Listening {
  const [opened, exit] = [Promise.withResolvers<void>(), Promise.withResolvers<number>()];
  opened.promise.catch(() => undefined);
  exit.promise.catch(() => undefined);
  const output = new PassThrough({ objectMode: true });
  output.on('drain', () => socket.resume());
  const fail = (error: RemoteError): void => {
    opened.reject(error);
    exit.reject(error);
    output.end();
  };
  let trouble = '';
  socket.on('message', (data: unknown, isBinary: boolean) => {
    if (!(data instanceof Uint8Array)) return;
    if (isBinary) {
      const chunk = toChunk(data);
      if (chunk !== null && !output.write(chunk)) socket.pause();
      return;
    }
    const frame = asFields(JSON.parse(new TextDecoder().decode(data))) ?? {};
    if (frame['type'] === 'opened') opened.resolve();
    if (frame['type'] === 'exit') exit.resolve(Number(frame['code']));
    if (frame['type'] === 'error')
      fail(new RemoteError(asString(frame['code']) ?? 'SERVER_ERROR', asString(frame['message']) ?? ''));
  });
  socket.on('error', ({ message }) => (trouble = message));
  socket.on('close', (_code, reason) => {
    const why = reason.toString() || trouble || 'the connection was closed';
    fail(new RemoteError('SERVER_UNREACHABLE', `the connection to the daemon was lost: ${why}`));
  });
  return { opened: opened.promise, exitCode: exit.promise, output };
}

function toChunk(frame: Uint8Array): Chunk | null {
  const [mark] = frame;
  if (mark !== 1 && mark !== 2) return null;
  return { stream: STREAMS[mark], bytes: frame.subarray(1) };
}

function toSession(socket: WebSocket, { exitCode, output }: Listening, close: () => void): ExecSession {
  const isOpen = () => socket.readyState === socket.OPEN;
  const tell = (frame: object) => {
    if (isOpen()) socket.send(JSON.stringify(frame));
  };
  return {
    output,
    exitCode,
    write(bytes) {
      // Larger frames are refused.
      for (let at = 0; at < bytes.byteLength && isOpen(); at += FRAME_BYTES)
        socket.send(bytes.subarray(at, at + FRAME_BYTES));
    },
    async drained() {
      while (isOpen() && socket.bufferedAmount > MAX_WAITING_BYTES)
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    },
    end: () => tell({ type: 'end' }),
    resize: async ({ columns, rows }) => tell({ type: 'resize', columns, rows }),
    async [Symbol.asyncDispose]() {
      close();
    },
  };
}

/** Size of the frames that input is cut into, in bytes. */
const FRAME_BYTES = 32_768;

import type { WebSocket } from 'ws';

export interface SocketMessage {
  readonly bytes: Uint8Array;
  readonly isText: boolean;
}

/** One end of a web socket. */
export interface SocketChannel {
  /** Frames as they come; to be read once. No more are taken from the network than are read. Ends when the other side has gone. */
  readonly messages: AsyncIterable<SocketMessage>;
  /** Aborts when the other side has gone, or has to go. */
  readonly signal: AbortSignal;
  /** Resolves when it was handed to the network, or there is nobody left to send it to. */
  send(data: string | Uint8Array): Promise<void>;
  /** @param reason at most 123 bytes are sent */
  close(code: number, reason: string): void;
}

export interface ChannelOptions {
  /** Ends the channel; its reason is told. */
  readonly signal: AbortSignal;
  /** The other side is asked this often whether it is still there, in milliseconds. */
  readonly heartbeatMs: number;
}

/** Frames that wait for whoever reads them. */
const MAX_WAITING = 16;
/** The other side has so long to say goodbye, in milliseconds. */
const GOODBYE_MS = 2_000;
const GOING_AWAY = 1_001;
const MAX_REASON_BYTES = 123;

export function createChannel(socket: WebSocket, { signal, heartbeatMs }: ChannelOptions): SocketChannel {
  const gone = new AbortController();
  const queue = createQueue(socket, gone.signal);
  const close = (code: number, reason: string): void => {
    socket.close(code, shorten(reason));
    if (socket.isPaused) socket.resume();
    setTimeout(() => socket.terminate(), GOODBYE_MS).unref();
  };
  const end = (): void => {
    const { reason } = signal as { readonly reason: unknown };
    close(GOING_AWAY, reason instanceof Error ? reason.message : 'the server is stopping');
    gone.abort(reason);
  };
  const heartbeat = keepAsking(socket, heartbeatMs);
  // The end follows each error.
  socket.on('error', () => undefined);
  socket.once('close', () => {
    clearInterval(heartbeat);
    signal.removeEventListener('abort', end);
    gone.abort(new Error('the client went away'));
  });
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  return {
    messages: queue,
    signal: gone.signal,
    send: (data) => send(socket, data),
    close,
  };
}

function send(socket: WebSocket, data: string | Uint8Array): Promise<void> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve();
  // The callback comes with an error, too, when the socket goes.
  return new Promise((resolve) => socket.send(data, () => resolve()));
}

/** A side that has not answered from one time to the next is not there any more. One that is held back cannot be heard. */
function keepAsking(socket: WebSocket, heartbeatMs: number): NodeJS.Timeout {
  let isThere = true;
  socket.on('pong', () => (isThere = true));
  return setInterval(() => {
    if (socket.isPaused || socket.readyState !== socket.OPEN) return;
    if (!isThere) return socket.terminate();
    isThere = false;
    socket.ping();
  }, heartbeatMs);
}

/** Listens from now on; the frames are given to whoever reads. */
function createQueue(socket: WebSocket, gone: AbortSignal): AsyncIterable<SocketMessage> {
  const waiting: SocketMessage[] = [];
  let wake: () => void = () => undefined;
  socket.on('message', (data: unknown, isBinary: boolean) => {
    // Frames come as buffers unless the socket is told otherwise.
    if (data instanceof Uint8Array) waiting.push({ bytes: data, isText: !isBinary });
    if (waiting.length >= MAX_WAITING) socket.pause();
    wake();
  });
  gone.addEventListener('abort', () => wake(), { once: true });
  async function* read(): AsyncGenerator<SocketMessage> {
    for (;;) {
      const next = waiting.shift();
      if (next === undefined && gone.aborted) return;
      if (next === undefined) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      if (socket.isPaused) socket.resume();
      yield next;
    }
  }
  return read();
}

function shorten(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return new TextDecoder().decode(bytes.subarray(0, MAX_REASON_BYTES)).replace(/\uFFFD+$/u, '');
}

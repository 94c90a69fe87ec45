import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';

/** Largest frame of a client, in bytes; one that is larger ends its socket (1009). */
export const MAX_FRAME_BYTES = 65_536;

/** A connection on which nothing moves for so long before it is a web socket is closed, in milliseconds. */
const SILENCE_MS = 60_000;

/** Tells which requests leave HTTP: others that offer it, for HTTP/2 say, are answered as they are. */
export function isSocketRequest({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/** Answer to a request for a web socket: an ordinary one where it is refused. */
export class UpgradeResponse extends ServerResponse {
  readonly #head: Buffer;

  constructor(request: IncomingMessage, socket: Socket, head: Buffer) {
    super(request);
    // A copy: the buffer is a piece of a larger one, which would be kept.
    this.#head = Buffer.from(head);
    this.shouldKeepAlive = false;
    this.assignSocket(socket);
    this.once('finish', () => socket.destroySoon());
    // Nobody else looks after it any more.
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
  }

  /** Shakes hands; a request that does not know how is refused without a word to us. */
  upgrade(accept: (socket: WebSocket) => void): void {
    const { req, socket } = this;
    if (socket === null || socket.destroyed) return;
    this.statusCode = 101;
    socket.setTimeout(0);
    const options = { noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false } as const;
    new WebSocketServer({ ...options, clientTracking: false }).handleUpgrade(req, socket, this.#head, accept);
  }
}

/** Has requests for web sockets go through the application as all others do; routes that answer them take the socket over. */
export function answerUpgrades(server: Server, handle: RequestListener): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const response = takeOver(request, socket, head);
    if (response === null) socket.destroy();
    else handle(request, response);
  });
}

/** `null` for a connection on which an earlier request has not been answered yet. */
function takeOver(request: IncomingMessage, socket: Duplex, head: Buffer): UpgradeResponse | null {
  if (!(socket instanceof Socket)) return null;
  try {
    return new UpgradeResponse(request, socket, head);
  } catch {
    return null;
  }
}

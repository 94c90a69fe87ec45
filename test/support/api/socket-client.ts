import { once } from 'node:events';
import { WebSocket } from 'ws';

/** Somebody at the other end of a web socket. */
export interface SocketClient extends AsyncDisposable {
  readonly socket: WebSocket;
  /** Frames so far: texts as they are, binary ones as `1:text` with their first byte. */
  readonly frames: readonly string[];
  /** Resolves to the code and the reason of the end. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** The next frame for which this is true, of those before as well; fails when the socket ends first. */
  frame(matches: (frame: string) => boolean): Promise<string>;
}

/** Opens a web socket. Rejects with `status body` when it is refused. */
export async function openSocket(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<SocketClient> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers, perMessageDeflate: false });
  const frames: string[] = [];
  let heard = Promise.withResolvers<void>();
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    frames.push(isBinary ? `${data[0]}:${data.subarray(1).toString()}` : data.toString());
    heard.resolve();
    heard = Promise.withResolvers();
  });
  const end = Promise.withResolvers<{ readonly code: number; readonly reason: string }>();
  socket.on('close', (code, reason) => {
    end.resolve({ code, reason: reason.toString() });
    heard.resolve();
  });
  const refused = new Promise<never>((_, reject) => {
    socket.once('unexpected-response', (_request, response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        reject(new Error(`${response.statusCode} ${Buffer.concat(parts).toString()}`)),
      );
    });
  });
  refused.catch(() => undefined);
  await Promise.race([once(socket, 'open'), refused]);
  socket.on('error', () => undefined);
  return {
    socket,
    frames,
    closed: end.promise,
    async frame(matches) {
      for (;;) {
        const found = frames.find(matches);
        if (found !== undefined) return found;
        if (socket.readyState === socket.CLOSED) throw new Error(`it ended after ${frames.join(' | ')}`);
        await heard.promise;
      }
    },
    async [Symbol.asyncDispose]() {
      if (socket.readyState === socket.CLOSED) return;
      socket.terminate();
      await end.promise;
    },
  };
}

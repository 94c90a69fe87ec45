import type { Server } from 'node:http';
import { duplexPair } from 'node:stream';

export interface Answer {
  readonly status: number;
  readonly type: string;
  /** Bytes of the body as they came, not put together where they came in chunks. */
  readonly body: string;
  /** Tells whether it ended by itself. */
  readonly isComplete: boolean;
}

/** A stream of events is not waited for; anything else has to be there by then, in milliseconds. */
const EVENTS_MS = 30;
const PATIENCE_MS = 4_000;

/** Sends bytes to a server, as if they had come over a connection of their own, and waits for the answer. */
export function send(server: Server, bytes: Uint8Array): Promise<Answer> {
  const [here, there] = duplexPair();
  const { promise, resolve } = Promise.withResolvers<Answer>();
  let text = '';
  const finish = (isComplete: boolean) => {
    clearTimeout(timer);
    here.destroy();
    resolve(readAnswer(text, isComplete));
  };
  let timer = setTimeout(() => finish(false), PATIENCE_MS);
  here.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (!/^content-type: text\/event-stream/im.test(text.slice(0, 1_000))) return;
    clearTimeout(timer);
    timer = setTimeout(() => finish(true), EVENTS_MS);
  });
  here.on('end', () => finish(true));
  here.on('error', () => finish(true));
  server.emit('connection', there);
  here.write(bytes);
  return promise;
}

function readAnswer(text: string, isComplete: boolean): Answer {
  const end = text.indexOf('\r\n\r\n');
  const head = end === -1 ? text : text.slice(0, end);
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0),
    type: /^content-type: ([^\r\n]*)/im.exec(head)?.[1] ?? '',
    body: end === -1 ? '' : Buffer.from(text.slice(end + 4), 'latin1').toString('utf8'),
    isComplete,
  };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import type { TransformCallback } from 'node:stream';
import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gitTestEnvironment } from './git-repo.ts';

/**
 * A status in place of Git's answer; `hang`: no answer at all; `reset`: the connection is cut; `half`: cut in the middle of the answer;
 * `slow`: the answer trickles; `lost`: done, and cut before the answer.
 */
export type GitServerFault =
  | number
  | 'hang'
  | 'reset'
  | 'half'
  | 'slow'
  | 'lost'
  | { readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly silentMs: number };

export interface GitServerOptions {
  /** Bare repository that is served for reading and writing. */
  readonly repository: string;
  /** Address that it listens at. Default 127.0.0.1. */
  readonly address?: string;
  /** Default: everybody may do everything. */
  readonly auth?: { readonly username: string; readonly password: string } | { readonly bearer: string };
  /** Decides what is wrong with an answer; `null`: nothing. */
  readonly fault?: (request: IncomingMessage) => GitServerFault | null;
  /** Newest version of Git's protocol that it speaks. Default 2. */
  readonly protocol?: 0 | 2;
}

/** A Git server: `git http-backend` behind `node:http` on a port of its own, as a forge serves it. */
export interface GitServer extends AsyncDisposable {
  /** `http://<address>:<port>/<repository>` */
  readonly url: string;
  /** Requests that reached it, as `METHOD /path?query`. */
  readonly requests: readonly string[];
  /** Bytes that came and went, with everything around them. */
  traffic(): number;
  /** Nothing answers at the address any more, open connections are cut. */
  stop(): Promise<void>;
  /** Serves again at the same address. */
  start(): Promise<void>;
}

export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  const requests: string[] = [];
  const sockets = new Map<Socket, number>();
  const { address = '127.0.0.1' } = options;
  let server: Server | undefined;
  let port = 0;
  const start = async (): Promise<void> => {
    server = createServer((request, response) => {
      requests.push(`${request.method} ${request.url}`);
      handle(options, request, response);
    });
    server.on('connection', (socket) => {
      sockets.set(socket, 0);
      socket.on('close', () => sockets.set(socket, socket.bytesRead + socket.bytesWritten));
    });
    server.listen(port, address);
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  const stop = async (): Promise<void> => {
    const running = server;
    server = undefined;
    if (running === undefined) return;
    const closed = once(running, 'close');
    running.close();
    running.closeAllConnections();
    await closed;
  };
  await start();
  return {
    url: `http://${address}:${port}/${basename(options.repository)}`,
    requests,
    traffic: () =>
      [...sockets].reduce(
        (sum, [socket, ended]) => sum + (ended === 0 ? socket.bytesRead + socket.bytesWritten : ended),
        0,
      ),
    start,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function handle(options: GitServerOptions, request: IncomingMessage, response: ServerResponse): void {
  const fault = options.fault?.(request) ?? null;
  if (fault === 'hang') return;
  if (fault === 'reset') {
    request.socket.destroy();
  } else if (typeof fault === 'number') {
    response.writeHead(fault).end();
  } else if (typeof fault === 'object' && fault !== null && 'status' in fault) {
    response.writeHead(fault.status, fault.headers).end();
  } else if (typeof fault === 'object' && fault !== null) {
    setTimeout(() => handle({ ...options, fault: () => null }, request, response), fault.silentMs);
  } else if (!isAllowed(options.auth, request.headers.authorization)) {
    const scheme = options.auth !== undefined && 'bearer' in options.auth ? 'Bearer' : 'Basic realm="git"';
    response.writeHead(401, { 'www-authenticate': scheme }).end();
  } else {
    runBackend(options, request, response, fault);
  }
}

function isAllowed(auth: GitServerOptions['auth'], header: string | undefined): boolean {
  if (auth === undefined) return true;
  if ('bearer' in auth) return header === `Bearer ${auth.bearer}`;
  return header === `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
}

function runBackend(
  { repository, protocol = 2 }: GitServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  fault: 'half' | 'slow' | 'lost' | null,
): void {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const version = protocol === 2 ? request.headers['git-protocol'] : undefined;
  const child = spawn('git', ['-c', 'http.receivepack=true', 'http-backend'], {
    env: {
      ...gitTestEnvironment(),
      GIT_PROJECT_ROOT: dirname(repository),
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      ...(typeof version === 'string' ? { GIT_PROTOCOL: version } : {}),
      REMOTE_ADDR: '127.0.0.1',
      REMOTE_USER: 'test',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => undefined);
  request.pipe(child.stdin);
  let head: Buffer = Buffer.alloc(0);
  const onHead = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    child.stdout.off('data', onHead);
    const { status, headers } = parseCgiHead(head.toString('latin1', 0, end));
    response.writeHead(status, headers);
    if (fault === 'lost') {
      child.on('close', () => request.socket.destroy());
      child.stdout.resume();
      return;
    }
    const body = fault === null ? response : new FaultyBody(fault);
    if (body !== response) body.on('error', () => request.socket.destroy()).pipe(response);
    body.write(head.subarray(end + 4));
    child.stdout.pipe(body);
  };
  child.stdout.on('data', onHead);
  child.on('close', () => {
    if (fault === null || !response.headersSent) response.end();
  });
}

/** Passes 400 bytes every 150 ms on, or the first half of the first piece and then an error. */
class FaultyBody extends Transform {
  readonly #fault: 'half' | 'slow';

  constructor(fault: 'half' | 'slow') {
    super();
    this.#fault = fault;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#fault === 'half') {
      this.push(chunk.subarray(0, chunk.length >> 1));
      setTimeout(() => done(new Error('cut in the middle')), 20);
    } else {
      void this.#trickle(chunk, done);
    }
  }

  async #trickle(chunk: Buffer, done: TransformCallback): Promise<void> {
    for (let start = 0; start < chunk.length; start += 400) {
      this.push(chunk.subarray(start, start + 400));
      await sleep(150);
    }
    done();
  }
}

function parseCgiHead(text: string): { readonly status: number; readonly headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  let status = 200;
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    if (name === 'status') status = Number.parseInt(value, 10);
    else headers[name] = value;
  }
  return { status, headers };
}

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import http, { createServer } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** A line to an API server that can be cut. Plain HTTP on our side, so that single requests can be told apart. */
export interface ApiProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Requests so far, `PATCH /api/v1/…`. */
  readonly requests: string[];
  /** Breaks the connection of the n-th request from now on, before (`asked`) or after (`answered`) it took effect. */
  breakAt(nth: number, when: 'asked' | 'answered'): void;
  /** Cuts every open connection. */
  cut(): void;
  /** Watches say nothing until `tell`; every other answer comes through. */
  hush(): void;
  tell(): void;
  /** Nobody gets through until `open`. */
  close(): Promise<void>;
  open(): Promise<void>;
}

export interface Upstream {
  readonly url: string;
  /** Default: none is sent. */
  readonly token?: string;
}

interface Planned {
  left: number;
  readonly when: 'asked' | 'answered';
}

export async function startApiProxy(upstream: Upstream): Promise<ApiProxy> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const base = new URL(upstream.url);
  // No connection is kept: one that the server's restart has killed would be a fault that no test asked for.
  const agent =
    base.protocol === 'https:' ? new https.Agent({ rejectUnauthorized: false }) : new http.Agent();
  const watches = new Set<IncomingMessage>();
  let hushed = false;
  let planned: Planned | null = null;
  let port = 0;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const when = planned && --planned.left === 0 ? planned.when : null;
    if (when !== null) planned = null;
    if (when === 'asked') return void request.socket.destroy();
    const onAnswer = (answer: IncomingMessage): void => {
      if (!isWatch(request)) return;
      watches.add(answer);
      answer.on('close', () => watches.delete(answer));
      if (hushed) answer.pause();
    };
    forward({ base, agent, token: upstream.token }, request, {
      response,
      lose: when === 'answered',
      onAnswer,
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  async function open(): Promise<void> {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  }
  async function close(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    cut();
    await closed;
  }
  await open();
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    breakAt: (nth, when) => void (planned = { left: nth, when }),
    cut,
    hush() {
      hushed = true;
      for (const answer of watches) answer.pause();
    },
    tell() {
      hushed = false;
      for (const answer of watches) answer.resume();
    },
    close,
    open,
    async [Symbol.asyncDispose]() {
      await close();
      agent.destroy();
    },
  };
}

interface Line {
  readonly base: URL;
  readonly agent: http.Agent;
  readonly token: string | undefined;
}

interface Forwarding {
  readonly response: ServerResponse;
  /** The answer gets lost. */
  readonly lose: boolean;
  readonly onAnswer: (answer: IncomingMessage) => void;
}

function isWatch({ url = '' }: IncomingMessage): boolean {
  return /[?&]watch=/.test(url);
}

function forward(
  { base, agent, token }: Line,
  request: IncomingMessage,
  { response, lose, onAnswer }: Forwarding,
): void {
  const { host: _host, connection: _connection, ...headers } = request.headers;
  const transport = base.protocol === 'https:' ? https : http;
  const onward = transport.request(
    new URL(request.url ?? '/', base),
    {
      method: request.method ?? 'GET',
      agent,
      headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    },
    (answer) => {
      if (lose) {
        // It has taken effect; nobody hears of it.
        answer.resume();
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      onAnswer(answer);
      answer.on('error', () => request.socket.destroy());
    },
  );
  onward.on('error', () => request.socket.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { createAbortScope, onAbort, withAbortScope } from '../../../base/abort-scope.ts';
import { parseJsonWithin, readBeginning, readLines, readWithin } from '../../../base/bytes.ts';
import { ApiError, isApiError } from './api-error.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path from the root of the server, encoded: `/api/v1/namespaces/shop/configmaps/web`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** Default application/json. */
  readonly contentType?: string;
  /** Default application/json. */
  readonly accept?: string;
  readonly signal: AbortSignal;
}

export interface ApiAnswer {
  readonly status: number;
  /** Parsed JSON. */
  readonly body: unknown;
}

/**
 * Plain requests to one API server. Throws ApiError for every answer that is no success, the system's error for none. A server that
 * is busy and says when to come back (429 or 503 with Retry-After; it has not begun then) is asked again until `timeoutMs` are over.
 */
export interface ApiClient {
  /** `https://10.0.0.1:6443` */
  readonly address: string;
  request(request: ApiRequest): Promise<ApiAnswer>;
  /** Resolves when the server has begun to answer, to the answer line by line: for watches and logs. Ends with the connection. */
  lines(request: Omit<ApiRequest, 'body' | 'method'>): Promise<AsyncIterable<string>>;
  /** Returns the configuration that it connects with, for protocols that are no requests. */
  config(): Promise<KubeConfig>;
  close(): void;
}

export interface ApiClientOptions {
  /** Asked once, when first used; throws what the caller shall see. */
  readonly loadConfig: () => Promise<KubeConfig>;
  /** Deadline of an answer to a request, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
}

interface Connection {
  readonly base: URL;
  readonly config: KubeConfig;
  agents: { readonly key: string; readonly agent: http.Agent } | null;
}

/** Largest answer: a list of a page of objects has a tenth of it. */
const MAX_ANSWER_BYTES = 32 * 1024 ** 2;
/** Values in an answer, or in a line of one. */
const MAX_ANSWER_VALUES = 1_000_000;
export const MAX_LINE_VALUES = 200_000;
const MAX_REFUSAL_BYTES = 1024 ** 2;
/** Longest line of a watch or a log, in characters; a server refuses objects of more than 1.5 MiB. */
const MAX_LINE_LENGTH = 8 * 1024 ** 2;
/** Connections that are kept for the next request. */
const MAX_FREE_SOCKETS = 64;

export function createApiClient({ loadConfig, timeoutMs = 30_000 }: ApiClientOptions): ApiClient {
  let connecting: Promise<Connection> | undefined;
  let address = 'an address not known yet';
  let agent: http.Agent | undefined;
  const connect = (): Promise<Connection> => {
    connecting ??= open(loadConfig);
    connecting.catch(() => (connecting = undefined));
    return connecting;
  };
  async function send(request: ApiRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    const connection = await connect();
    address = connection.base.origin;
    const options = await optionsFor(connection, request);
    agent = options.agent instanceof http.Agent ? options.agent : undefined;
    const payload = request.body === undefined ? undefined : JSON.stringify(request.body);
    return sendOnce({ url: urlOf(connection.base, request), options, payload, signal });
  }
  return {
    get address() {
      return address;
    },
    async request(request) {
      request.signal.throwIfAborted();
      // A server finishes a change that is called off all the same: its answer is awaited.
      const signals = request.method === 'GET' ? [request.signal] : [];
      using scope = createAbortScope({ signals, timeoutMs });
      const { signal } = scope;
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        try {
          return await readAnswer(await send(request, signal));
        } catch (error) {
          const pause = pauseBeforeNext(error);
          if (pause === null || performance.now() + pause > deadline) throw error;
          await pauseFor(pause, request.signal, signal);
        }
      }
    },
    async lines(request) {
      const connection = new AbortController();
      // Until it begins to answer, a server has no more time than for any other answer.
      using scope = createAbortScope({ signals: [request.signal], timeoutMs });
      using _ = onAbort(scope.signal, () => connection.abort(scope.signal.reason));
      const message = await send({ ...request, method: 'GET' }, connection.signal);
      if (!isSuccess(message)) await readAnswer(message);
      const listening = onAbort(request.signal, () => connection.abort(request.signal.reason));
      message.once('close', () => listening[Symbol.dispose]());
      return splitLines(message);
    },
    config: async () => (await connect()).config,
    close: () => agent?.destroy(),
  };
}

/** Waits between two attempts, while nothing is under way. */
async function pauseFor(pauseMs: number, caller: AbortSignal, deadline: AbortSignal): Promise<void> {
  await withAbortScope({ signals: [caller, deadline] }, (signal) =>
    sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted()),
  );
}

async function open(loadConfig: ApiClientOptions['loadConfig']): Promise<Connection> {
  const config = await loadConfig();
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error('the configuration names no cluster');
  return { base: new URL(server), config, agents: null };
}

function urlOf(base: URL, { path, query = {} }: ApiRequest): URL {
  const url = new URL(base.pathname.replace(/\/$/, '') + path, base);
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(key, String(value));
  }
  return url;
}

/** Credentials may be made anew at any time (tokens that expire): they are asked for each request. */
async function optionsFor(connection: Connection, request: ApiRequest): Promise<https.RequestOptions> {
  const options: https.RequestOptions = {};
  await connection.config.applyToHTTPSOptions(options);
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername, auth } = options;
  const headers: http.OutgoingHttpHeaders = {
    ...credentialsIn(options.headers),
    accept: request.accept ?? 'application/json',
    ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
  };
  const proxied = connection.config.getCurrentCluster()?.proxyUrl !== undefined;
  const tls = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
  const agent = proxied && options.agent instanceof http.Agent ? options.agent : agentOf(connection, tls);
  return { method: request.method, headers, agent, ...(auth ? { auth } : {}) };
}

function credentialsIn(headers: https.RequestOptions['headers']): http.OutgoingHttpHeaders {
  return headers === undefined || Array.isArray(headers) ? {} : (headers as http.OutgoingHttpHeaders);
}

/** One agent as long as the certificates stay the same: connections are kept. */
function agentOf(connection: Connection, tls: https.AgentOptions): http.Agent {
  const key = JSON.stringify(tls);
  if (connection.agents?.key === key) return connection.agents.agent;
  connection.agents?.agent.destroy();
  const plain = connection.base.protocol === 'http:';
  const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
  // Watches keep their connections to themselves, so there is no limit on sockets here.
  const agent = plain
    ? new http.Agent({ keepAlive: true, maxFreeSockets: MAX_FREE_SOCKETS })
    : new https.Agent({ keepAlive: true, maxFreeSockets: MAX_FREE_SOCKETS, ...given });
  connection.agents = { key, agent };
  return agent;
}

interface Sending {
  readonly url: URL;
  readonly options: https.RequestOptions;
  readonly payload: string | undefined;
  readonly signal: AbortSignal;
}

function sendOnce(sending: Sending, again = true): Promise<http.IncomingMessage> {
  const { url, options, payload, signal } = sending;
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const transport = url.protocol === 'http:' ? http : https;
  const request = transport.request(url, { ...options, signal }, resolve);
  // Node leaves it out of a DELETE, whose body is lost then.
  if (payload !== undefined) request.setHeader('content-length', Buffer.byteLength(payload));
  request.on('error', (error) => {
    // The server has closed a connection that was kept just as it was used again; it has not read the request.
    const stale = request.reusedSocket && 'code' in error && error.code === 'ECONNRESET';
    if (stale && again && !signal.aborted) resolve(sendOnce(sending, false));
    else reject(signal.aborted && signal.reason instanceof Error ? signal.reason : error);
  });
  request.end(payload);
  return promise;
}

/** Milliseconds; `null`: asking again would not help, or might do twice what was asked for. */
function pauseBeforeNext(error: unknown): number | null {
  return isApiError(error, 429) || isApiError(error, 503) ? error.retryAfterMs : null;
}

function isSuccess({ statusCode = 0 }: http.IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

async function readAnswer(message: http.IncomingMessage): Promise<ApiAnswer> {
  const status = message.statusCode ?? 0;
  if (isSuccess(message)) {
    const bytes = await readWithin(message, MAX_ANSWER_BYTES);
    return { status, body: parse(bytes.toString('utf8')) };
  }
  const text = (await readBeginning(message, MAX_REFUSAL_BYTES)).toString('utf8');
  const body = parseAny(text);
  const fallback = text.trim().slice(0, 500) || `HTTP status ${status}`;
  throw new ApiError(status, body, fallback, message.headers['retry-after']);
}

/** `undefined` for a refusal that is nothing that is meant to be read. */
function parseAny(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return parseJsonWithin(text, MAX_ANSWER_VALUES);
  } catch (error) {
    // Proxies answer in HTML; who reads the body finds nothing in it.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function* splitLines(message: http.IncomingMessage): AsyncGenerator<string> {
  try {
    for await (const line of readLines(message, MAX_LINE_LENGTH)) if (line !== '') yield line;
  } finally {
    message.destroy();
  }
}

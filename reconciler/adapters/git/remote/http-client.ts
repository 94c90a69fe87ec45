import type { IncomingMessage, RequestOptions } from 'node:http';
import { Agent as PlainAgent, request as sendPlain } from 'node:http';
import { Agent as TlsAgent, request as sendTls } from 'node:https';
import { isReconcilerError } from '../../../base/errors.ts';
import type { Deadline } from './deadline.ts';
import {
  asGitError,
  errnoOf,
  notFound,
  PassingError,
  RemoteError,
  unauthorized,
  unreachable,
} from '../errors.ts';
import type { Credentials } from '../location.ts';
import { MAX_PACK_BYTES, packTooLarge } from './pack-size.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes out in one piece with its length, which some servers insist on. */
  readonly body?: readonly Uint8Array[];
  /** False for one that changes something: it is not sent twice, whatever became of the first. Default true. */
  readonly isRepeatable?: boolean;
}

export interface HttpResponse {
  readonly statusCode: number;
  readonly statusMessage: string;
  /** Values by name in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  /** Ends with an error when the connection does before the answer is whole. To be read once. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface HttpClient {
  /** Throws REPOSITORY_UNREACHABLE, and what the deadline ends with. */
  request(request: HttpRequest): Promise<HttpResponse>;
}

/** Makes a client for one operation: it authenticates, obeys the deadline, and follows no redirects. */
export type HttpClientFactory = (deadline: Deadline) => HttpClient;

/** Largest list of refs (a million of them), or answer that is no success. */
const MAX_LIST_BYTES = 64 * 1024 ** 2;
const MAX_STATUS_LENGTH = 200;

/**
 * A token is sent as the password of basic authentication, which GitHub, GitLab, Gitea, Forgejo and Azure take, and as a bearer
 * token to servers that ask for one.
 */
export function createHttpClient(
  credentials: Credentials | undefined,
  maxPackBytes = MAX_PACK_BYTES,
): HttpClientFactory {
  let scheme: 'basic' | 'bearer' = 'basic';
  // Node's own agents give up on a server that is silent for five seconds: how long is too long, the deadline says.
  const agents: Agents = {
    plain: new PlainAgent({ keepAlive: true }),
    tls: new TlsAgent({ keepAlive: true }),
  };
  return (deadline) => {
    const sendOnce = async (request: HttpRequest): Promise<HttpResponse> => {
      const authorization = formatAuthorization(credentials, scheme);
      const message = await send(agents, request, { authorization, signal: deadline.signal });
      deadline.touch();
      const { statusCode = 0, statusMessage = '' } = message;
      const maxBytes = request.method === 'POST' && statusCode === 200 ? maxPackBytes : MAX_LIST_BYTES;
      // Nobody reads more of an answer that is no success; the next request has the connection.
      if (statusCode !== 200) message.resume();
      return {
        statusCode,
        statusMessage: statusMessage.slice(0, MAX_STATUS_LENGTH),
        headers: readHeaders(message),
        body: observe(message, { deadline, maxBytes, place: placeOf(request.url) }),
      };
    };
    return {
      request: async (request) => {
        const response = await sendOnce(request);
        const challenge = response.headers['www-authenticate'] ?? '';
        const wantsBearer = response.statusCode === 401 && /\bbearer\b/i.test(challenge);
        if (!wantsBearer || scheme === 'bearer' || !isToken(credentials)) return response;
        scheme = 'bearer';
        return sendOnce(request);
      },
    };
  };
}

interface Agents {
  readonly plain: PlainAgent;
  readonly tls: TlsAgent;
}

interface Sending {
  readonly authorization: string | null;
  readonly signal: AbortSignal;
}

/** Sends a request; once more where the server has closed a connection that was kept open, before it could know of the request. */
async function send(agents: Agents, request: HttpRequest, sending: Sending): Promise<IncomingMessage> {
  for (;;) {
    const sent = startRequest(agents, request, sending);
    try {
      return await sent.answer;
    } catch (error) {
      const isStale = sent.isReused() && /^(ECONNRESET|EPIPE)$/.test(errnoOf(error) ?? '');
      if (!isStale || request.isRepeatable === false || sending.signal.aborted)
        throw failedConnection(placeOf(request.url), error, sending.signal);
    }
  }
}

/** Nothing here gives up on a silent connection, nor a kept one whose server has said how long it keeps it: the signal does. */
function startRequest(agents: Agents, { url, method, headers, body = [] }: HttpRequest, sending: Sending) {
  const { authorization, signal } = sending;
  const isTls = url.startsWith('https:');
  const content = Buffer.concat(body);
  const options: RequestOptions = {
    method,
    agent: isTls ? agents.tls : agents.plain,
    signal,
    headers: {
      'user-agent': 'git/kombinator',
      ...headers,
      ...(method === 'POST' ? { 'content-length': content.length } : {}),
      ...(authorization === null ? {} : { authorization }),
    },
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = (isTls ? sendTls : sendPlain)(url, options, resolve);
  sent.on('error', reject);
  sent.end(content);
  return { answer: promise, isReused: () => sent.reusedSocket };
}

function readHeaders({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : `${value}`,
    ]),
  );
}

/** Turns an answer other than 200 into the error that says what to do. `now` is in milliseconds since the epoch. */
export function failedResponse(
  location: string,
  response: Pick<HttpResponse, 'statusCode' | 'statusMessage' | 'headers'>,
  { anonymous, now = Date.now() }: { readonly anonymous: boolean; readonly now?: number },
): Error {
  const { statusCode: status, statusMessage, headers } = response;
  switch (true) {
    case status === 401 || status === 203:
      return unauthorized(
        location,
        anonymous ? 'the server asks for credentials' : 'the server refuses the credentials',
      );
    case status === 403:
      return unauthorized(location, 'the server forbids this with these credentials');
    case status === 404 || status === 410:
      return notFound(location, 'there is no such repository, or these credentials may not see it');
    case status >= 300 && status < 400:
      return notFound(location, `it has moved to ${withoutQuery(headers['location'])}, use that address`);
    case status >= 500 || status === 408 || status === 429:
      return new PassingError(location, `the server answers ${status} ${statusMessage}`.trimEnd(), {
        pauseMs: readRetryAfter(headers['retry-after'], now),
      });
    default:
      return new RemoteError(`${location}: the server answers ${status} ${statusMessage}`);
  }
}

/** `Retry-After`: seconds, or a date (RFC 9110, 10.2.3), as milliseconds from now; `null` where it is neither. */
function readRetryAfter(text: string | undefined, now: number): number | null {
  if (text === undefined) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

const TLS = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;
/** Node's codes for a connection that ended before the answer was whole. */
const CUT = /^(ECONNRESET|EPIPE|ERR_STREAM_PREMATURE_CLOSE)$/;

/** Tells what went wrong below HTTP. */
export function failedConnection(location: string, error: unknown, signal: AbortSignal): unknown {
  if (isReconcilerError(error) || signal.aborted) return error;
  const code = errnoOf(error);
  if (code !== undefined && TLS.test(code)) {
    return unreachable(
      location,
      `its certificate is not trusted (${code}); NODE_EXTRA_CA_CERTS names a file of further authorities`,
      error,
    );
  }
  if (code !== undefined && CUT.test(code))
    return new PassingError(location, `the connection ended before the answer was whole (${code})`, {
      cause: error,
    });
  if (code?.startsWith('HPE_') === true)
    return unreachable(location, `the server does not answer in HTTP (${code})`, error);
  if (code !== undefined && /^E[A-Z_]+$/.test(code)) return unreachable(location, code, error);
  return asGitError(error, location, signal);
}

function withoutQuery(url: string | undefined): string {
  return (url ?? 'another address').replace(/\/info\/refs.*$|\?.*$/, '').replace(/\/\/[^/@]*@/, '//');
}

/** The repository that a request is about, as it is told of. */
function placeOf(url: string): string {
  return withoutQuery(url).replace(/\/git-(upload|receive)-pack$/, '');
}

function isToken(
  credentials: Credentials | undefined,
): credentials is Extract<Credentials, { readonly token: unknown }> {
  return credentials !== undefined && 'token' in credentials;
}

function formatAuthorization(
  credentials: Credentials | undefined,
  scheme: 'basic' | 'bearer',
): string | null {
  if (credentials === undefined) return null;
  if (isToken(credentials)) {
    const token = credentials.token.reveal();
    return scheme === 'bearer' ? `Bearer ${token}` : basic('x-access-token', token);
  }
  return basic(credentials.username ?? '', credentials.password?.reveal() ?? '');
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

interface Observing {
  readonly deadline: Deadline;
  readonly maxBytes: number;
  readonly place: string;
}

async function* observe(
  body: AsyncIterable<Uint8Array>,
  { deadline, maxBytes, place }: Observing,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  try {
    for await (const chunk of body) {
      deadline.touch(chunk.byteLength);
      size += chunk.byteLength;
      if (size > maxBytes) throw packTooLarge(maxBytes);
      yield chunk;
    }
  } catch (error) {
    throw failedConnection(place, error, deadline.signal);
  }
}

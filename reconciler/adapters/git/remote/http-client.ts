import { Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { GitHttpRequest, GitHttpResponse, HttpClient } from 'isomorphic-git';
import { request as sendRequest } from 'isomorphic-git/http/node';
import { isReconcilerError } from '../../../base/errors.ts';
import type { Deadline } from './deadline.ts';
import { asGitError, errnoOf, gitError, notFound, unauthorized, unreachable } from '../errors.ts';
import type { Credentials } from '../location.ts';
import { MAX_PACK_BYTES, packTooLarge } from './pack-size.ts';

/** Largest list of refs (a million of them), or answer that is no success. */
const MAX_LIST_BYTES = 64 * 1024 ** 2;
const MAX_STATUS_LENGTH = 200;

/** Makes an isomorphic-git HTTP client for one operation: it authenticates, obeys the deadline, and follows no redirects. */
export type HttpClientFactory = (deadline: Deadline) => HttpClient;

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
  const agents = {
    'http:': new PlainAgent({ keepAlive: true }),
    'https:': new TlsAgent({ keepAlive: true }),
  };
  return (deadline) => {
    const send = async (request: GitHttpRequest): Promise<GitHttpResponse> => {
      const authorization = formatAuthorization(credentials, scheme);
      const response = await sendRequest({
        ...request,
        agent: request.url.startsWith('https:') ? agents['https:'] : agents['http:'],
        headers: { ...request.headers, ...(authorization === null ? {} : { Authorization: authorization }) },
        signal: deadline.signal,
        // A redirect could carry the credentials to another server, or over plain http.
        fetchOptions: { followRedirects: false },
      });
      deadline.touch();
      const maxBytes =
        request.method === 'POST' && response.statusCode === 200 ? maxPackBytes : MAX_LIST_BYTES;
      const statusMessage = response.statusMessage.slice(0, MAX_STATUS_LENGTH);
      return { ...response, statusMessage, body: observe(response.body, deadline, maxBytes) };
    };
    return {
      request: async (request) => {
        const response = await send(request);
        const challenge = response.headers?.['www-authenticate'] ?? '';
        const wantsBearer = response.statusCode === 401 && /\bbearer\b/i.test(challenge);
        if (!wantsBearer || scheme === 'bearer' || !isToken(credentials)) return response;
        scheme = 'bearer';
        return send(request);
      },
    };
  };
}

/** Turns an answer other than 200 into the error that says what to do. */
export function failedResponse(
  location: string,
  response: Pick<GitHttpResponse, 'statusCode' | 'statusMessage' | 'headers'>,
  anonymous: boolean,
): Error {
  const { statusCode: status, statusMessage } = response;
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
      return notFound(
        location,
        `it has moved to ${withoutQuery(response.headers?.['location'])}, use that address`,
      );
    case status >= 500 || status === 408 || status === 429:
      return unreachable(location, `the server answers ${status} ${statusMessage}`);
    default:
      return gitError(`${location}: the server answers ${status} ${statusMessage}`);
  }
}

const TLS = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;

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
  // isomorphic-git's own errors carry its class name as their code.
  if (code !== undefined && /^(E[A-Z_]+|UND_ERR.*)$/.test(code)) return unreachable(location, code, error);
  return asGitError(error, location, signal);
}

function withoutQuery(url: string | undefined): string {
  return (url ?? 'another address').replace(/\/info\/refs.*$|\?.*$/, '').replace(/\/\/[^/@]*@/, '//');
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

async function* observe(
  body: AsyncIterable<Uint8Array> | undefined,
  deadline: Deadline,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body ?? []) {
    deadline.touch(chunk.byteLength);
    size += chunk.byteLength;
    if (size > maxBytes) throw packTooLarge(maxBytes);
    yield chunk;
  }
}

import { createAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import { cutText, showLine } from '../../base/shown-text.ts';
import { asFields, asString } from '../../base/values.ts';
import { createTextMask } from '../../model/secret.ts';

export interface HostFetchOptions {
  /** Default: that of the process. */
  readonly fetch?: typeof fetch;
  /** Time for a request with its answer, in milliseconds. Default 20,000. */
  readonly timeoutMs?: number;
  /** Bytes of an answer that are read. Default 16 MiB. */
  readonly maxBytes?: number;
}

export interface HostFetchRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Default: only the time limit ends it. */
  readonly signal?: AbortSignal;
}

/** One request. Its body has been read; any status but 2xx is thrown. */
export type HostFetch = (url: string, request: HostFetchRequest) => Promise<Response>;

/** An answer that says no. */
export class HostAnswer extends ReconcilerError {
  readonly status: number;

  constructor(
    status: number,
    [code, message]: readonly ['HOST_UNREACHABLE' | 'HOST_UNAUTHORIZED' | 'HOST_REFUSED', string],
    retryAfterMs?: number,
  ) {
    super(code, message, {
      retryable: code === 'HOST_UNREACHABLE',
      ...(retryAfterMs !== undefined && { details: { retryAfterMs } }),
    });
    this.status = status;
  }
}

const MAX_BYTES = 16 * 1_024 ** 2;
const MAX_REDIRECTS = 3;
const MAX_REASON = 200;
/** Pause of a host that has had enough and does not say for how long, in milliseconds; GitHub asks for a minute. */
const UNTOLD_PAUSE_MS = 60_000;
/** Longest time that a host is believed when it says when to come back, in milliseconds. */
const MAX_PAUSE_MS = 3_600_000;

/**
 * Requests to one host, with a limit of time and bytes. Redirects are followed on the same origin only, so that a token goes where it was meant
 * to. A host that has had enough is left alone for as long as it says. Throws HOST_UNREACHABLE, HOST_UNAUTHORIZED, HOST_REFUSED; no message
 * holds what `Authorization` does.
 */
export function createHostFetch(options: HostFetchOptions = {}): HostFetch {
  const { timeoutMs = 20_000, maxBytes = MAX_BYTES } = options;
  const sendRequest = options.fetch ?? fetch;
  let pausedUntil = 0;

  async function send(url: URL, request: HostFetchRequest, redirects: number): Promise<Response> {
    const { method, headers, body, signal } = request;
    const response = await sendRequest(url, {
      method,
      headers,
      redirect: 'manual',
      ...(body !== undefined && { body }),
      ...(signal !== undefined && { signal }),
    });
    const next = redirectOf(url, response);
    if (next === null) return response;
    await response.body?.cancel();
    // Another method would follow the older codes, and do something else.
    const isSame = method === 'GET' || response.status === 307 || response.status === 308;
    if (next.origin === url.origin && redirects > 0 && isSame) return send(next, request, redirects - 1);
    const message = `${url.host} would lead ${method} ${url.pathname} to ${next.host}, which is not followed: name the new address in the configuration`;
    throw new HostAnswer(response.status, ['HOST_REFUSED', message]);
  }

  return async (address, request) => {
    const url = new URL(address);
    const mask = maskOf(request.headers);
    const waitMs = pausedUntil - performance.now();
    if (waitMs > 0)
      throw new HostAnswer(429, ['HOST_UNREACHABLE', `${url.host} takes no more requests for now`], waitMs);
    using scope = createAbortScope({
      signals: request.signal === undefined ? [] : [request.signal],
      timeoutMs,
    });
    try {
      const response = await send(url, { ...request, signal: scope.signal }, MAX_REDIRECTS);
      const text = await readText(response, maxBytes);
      const { status, headers } = response;
      if (response.ok) return new Response(hasNoBody(status) ? null : text, { status, headers });
      const failure = toAnswer(`${url.host} answered ${status} to ${request.method} ${url.pathname}`, {
        status,
        headers,
        reason: mask(reasonIn(text)),
      });
      if (isLimit(status, headers))
        pausedUntil = performance.now() + (failure.details.retryAfterMs ?? UNTOLD_PAUSE_MS);
      throw failure;
    } catch (error) {
      request.signal?.throwIfAborted();
      if (error instanceof HostAnswer) throw error;
      const reason = scope.timedOut ? `no answer within ${timeoutMs / 1_000} s` : reasonOf(error);
      throw new ReconcilerError('HOST_UNREACHABLE', `${url.host}: ${mask(reason)}`, { retryable: true });
    }
  };
}

/** Hides the whole of `Authorization`, and what stands behind its scheme. */
function maskOf(headers: Readonly<Record<string, string>>): (text: string) => string {
  const authorization = headers['authorization'] ?? '';
  const [, value = ''] = authorization.split(' ');
  return createTextMask([authorization, value, Buffer.from(value, 'base64').toString('utf8')]);
}

function redirectOf(url: URL, { status, headers }: Response): URL | null {
  if (status < 300 || status >= 400) return null;
  const written = headers.get('location') ?? '';
  return URL.canParse(written, url.href) ? new URL(written, url.href) : null;
}

function hasNoBody(status: number): boolean {
  return status === 204 || status === 205;
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    // Leaving the loop ends the connection.
    if (size > maxBytes)
      throw new HostAnswer(response.status, ['HOST_REFUSED', `an answer has more than ${maxBytes} bytes`]);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

interface Failure {
  readonly status: number;
  readonly headers: Headers;
  readonly reason: string;
}

function toAnswer(what: string, { status, headers, reason }: Failure): HostAnswer {
  const message = reason === '' ? what : `${what}: ${reason}`;
  if (isLimit(status, headers) || status === 408 || status >= 500)
    return new HostAnswer(status, ['HOST_UNREACHABLE', message], retryAfterOf(headers));
  return new HostAnswer(status, [status === 401 ? 'HOST_UNAUTHORIZED' : 'HOST_REFUSED', message]);
}

/** GitHub says with 403, too, that there were too many requests. */
function isLimit(status: number, headers: Headers): boolean {
  if (status === 429) return true;
  return status === 403 && (headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0');
}

/** Milliseconds to wait (RFC 9110 10.2.3, or the end of the window as hosts tell it, in seconds since the epoch); `undefined`: it is not said. */
function retryAfterOf(headers: Headers): number | undefined {
  const written = headers.get('retry-after');
  const seconds = Number(written ?? Number.NaN);
  const at = Number.isNaN(seconds) ? Date.parse(written ?? '') : Date.now() + seconds * 1_000;
  const reset = headers.get('x-ratelimit-reset') ?? headers.get('ratelimit-reset');
  const until = Number.isNaN(at) && reset !== null ? Number(reset) * 1_000 : at;
  return Number.isNaN(until) ? undefined : Math.min(Math.max(0, until - Date.now()), MAX_PAUSE_MS);
}

/** Reason of a refusal, as hosts put it into JSON; pages of proxies say nothing. */
function reasonIn(text: string): string {
  const fields = asFields(parse(text));
  const inner = asFields(fields?.['error'])?.['message'];
  const reason = asString(fields?.['message']) ?? asString(inner) ?? asString(fields?.['error']) ?? '';
  return cutText(showLine(reason), MAX_REASON);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `fetch` itself says no more than that it failed. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : errorMessage(error);
}

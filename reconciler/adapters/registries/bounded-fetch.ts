import { createAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, ReconcilerError } from '../../base/errors.ts';

export interface FetchAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Host that it would lead to; `null`: nowhere else. */
  readonly location: string | null;
}

export interface FetchRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Limit of the answer. Default 256 KiB. */
  readonly maxBytes?: number;
  readonly signal: AbortSignal;
}

/** One request. Throws TARGET_UNREACHABLE (retryable). */
export type Fetch = (url: URL, request: FetchRequest) => Promise<FetchAnswer>;

/** More of an answer is not read, unless the request says otherwise. */
const MAX_BYTES = 256 * 1_024;
const MAX_REDIRECTS = 3;

/** Requests with a limit of time and bytes, which follow redirects on the same host only: credentials go where they were meant to. */
export function createBoundedFetch(options: {
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
}): Fetch {
  return async (url, request) => {
    using scope = createAbortScope({ signals: [request.signal], timeoutMs: options.timeoutMs });
    const { signal } = scope;
    try {
      return await send(options.fetch, url, { ...request, signal }, MAX_REDIRECTS);
    } catch (error) {
      request.signal.throwIfAborted();
      const reason = scope.timedOut ? `no answer within ${options.timeoutMs / 1_000} s` : reasonOf(error);
      throw new ReconcilerError('TARGET_UNREACHABLE', `${url.host}: ${reason}`, {
        cause: error,
        retryable: true,
      });
    }
  };
}

async function send(
  sendRequest: typeof fetch,
  url: URL,
  request: FetchRequest,
  redirects: number,
): Promise<FetchAnswer> {
  const { maxBytes: _maxBytes, ...init } = request;
  const response = await sendRequest(url, { ...init, redirect: 'manual' });
  const { status, headers } = response;
  const written = headers.get('location') ?? '';
  const next =
    status >= 300 && status < 400 && URL.canParse(written, url.href) ? new URL(written, url.href) : null;
  if (next?.origin === url.origin && redirects > 0 && request.method !== 'POST') {
    await response.body?.cancel();
    return send(sendRequest, next, request, redirects - 1);
  }
  return {
    status,
    headers,
    text: await readText(response, request.maxBytes ?? MAX_BYTES),
    location: next?.host ?? null,
  };
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    // Leaving the loop ends the connection.
    if (size > maxBytes) throw new Error(`it answers more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** `fetch` itself says no more than that it failed. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : errorMessage(error);
}

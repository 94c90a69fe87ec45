import { createAbortScope } from '../../base/abort-scope.ts';
import { errorMessage } from '../../base/errors.ts';
import type { Problem } from '../../base/problem.ts';

export interface FetchOptions {
  readonly fetch: typeof fetch;
  /** Tells whether an address may be asked, those that a server leads on to included; `null`: it may. */
  readonly whyNot: (url: string) => Problem | null;
  /** Time for all requests of one fetch together. */
  readonly time: FetchTime;
  readonly maxBytes: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Says what an address wants to see, as `Authorization`; `undefined`: nothing. Default: nothing. */
  readonly authorize?: (url: string) => string | undefined;
  readonly signal: AbortSignal;
}

export interface FetchTime {
  readonly limitMs: number;
  /** Moment at which it ends, as `performance.now` counts. */
  readonly endsAt: number;
}

export interface FetchedBytes {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  /** Address that answered. */
  readonly url: string;
}

const MAX_REDIRECTS = 5;
/** Code of a server that has not answered in time. */
export const SILENT = 'SERVER_SILENT';

/** Gets what is at an address, with limits. Throws only when the signal aborts. */
export async function fetchBytes(address: string, options: FetchOptions): Promise<FetchedBytes | Problem> {
  const { time, signal } = options;
  const timeoutMs = Math.max(1, Math.ceil(time.endsAt - performance.now()));
  using scope = createAbortScope({ signals: [signal], timeoutMs });
  try {
    return await follow(address, { ...options, signal: scope.signal });
  } catch (error) {
    signal.throwIfAborted();
    if (scope.timedOut)
      return { code: SILENT, problem: `${hostOf(address)} did not answer within ${time.limitMs / 1_000} s` };
    const cause = error instanceof Error && error.cause !== undefined ? `: ${errorMessage(error.cause)}` : '';
    return { problem: `${hostOf(address)} cannot be asked: ${errorMessage(error)}${cause}` };
  }
}

async function follow(address: string, options: FetchOptions): Promise<FetchedBytes | Problem> {
  const { authorize = () => undefined } = options;
  let [url, given] = [address, options.headers ?? {}];
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const refused = options.whyNot(url);
    if (refused !== null) return hop === 0 ? refused : ledOn(address, refused);
    const authorization = authorize(url);
    const headers = authorization === undefined ? given : { authorization, ...given };
    const answer = await options.fetch(url, { headers, redirect: 'manual', signal: options.signal });
    const location = answer.headers.get('location');
    if (answer.status >= 300 && answer.status < 400 && location !== null && URL.canParse(location, url)) {
      await answer.body?.cancel();
      const next = new URL(location, url).href;
      // Credentials are for the server that they were given for, and for its way in.
      if (new URL(next).origin !== new URL(url).origin) given = {};
      url = next;
      continue;
    }
    const bytes = await readBody(answer, options.maxBytes);
    if (bytes === null) return { problem: `${hostOf(url)} sends more than ${options.maxBytes} bytes` };
    return { status: answer.status, headers: answer.headers, bytes, url };
  }
  return { problem: `${hostOf(address)} leads on more than ${MAX_REDIRECTS} times` };
}

function ledOn(address: string, refused: Problem): Problem {
  return { ...refused, problem: `${hostOf(address)} leads on to another server: ${refused.problem}` };
}

async function readBody(answer: Response, maxBytes: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (answer.body === null) return Buffer.alloc(0);
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Returns the host of an address: a query may hold what is nobody's business. */
export function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : address;
}

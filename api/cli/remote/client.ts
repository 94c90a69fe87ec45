import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, asText } from '../../../reconciler/index.ts';
import { RemoteError } from '../terminal/failure.ts';

export interface RemoteOptions {
  /** Address at which the daemon listens, `http://127.0.0.1:5260`; a path is kept as a prefix. */
  readonly url: string;
  /** Option that gave the address, for errors about it. Default `--server`. */
  readonly option?: string;
  readonly apiKey?: string;
  /** Path of the dialect. Default `/api/v1`. */
  readonly prefix?: '/api/v1' | '/v1/api' | '';
}

export interface RemoteRequest {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

export interface RemoteEvent {
  readonly event: string;
  readonly data: unknown;
}

/** Requests to a daemon's API, below its prefix. Throws RemoteError for every answer that is not a good one. */
export interface RemoteClient {
  get(path: string, request: RemoteRequest): Promise<unknown>;
  post(path: string, request: RemoteRequest): Promise<unknown>;
  delete(path: string, request: RemoteRequest): Promise<unknown>;
  /** Address of the daemon itself, without a slash at the end. */
  root(): string;
  /** Full address of a path. */
  address(path: string): URL;
  /** Server-sent events until the server ends the stream. */
  events(path: string, request: RemoteRequest): AsyncIterable<RemoteEvent>;
}

export function createRemoteClient(options: RemoteOptions): RemoteClient {
  const { url, option = '--server', apiKey, prefix = '/api/v1' } = options;
  const root = toBase(url, option);
  const base = `${root}${prefix}`;

  async function send(
    method: string,
    path: string,
    accept: string,
    request: RemoteRequest,
  ): Promise<Response> {
    const target = new URL(`${base}${path}`);
    for (const [key, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) target.searchParams.set(key, String(value));
    }
    const headers: Record<string, string> = { accept };
    if (apiKey !== undefined) headers['x-api-key'] = apiKey;
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    if (body !== undefined) headers['content-type'] = 'application/json';
    const init = { method, headers, signal: request.signal, ...(body !== undefined && { body }) };
    try {
      return await fetchPatiently(target, init);
    } catch (error) {
      request.signal.throwIfAborted();
      throw new RemoteError('SERVER_UNREACHABLE', `no daemon answers at ${url}: ${errorMessage(error)}`, {
        hint: `check ${option}, and that \`kombinator serve\` runs there`,
      });
    }
  }

  async function json(method: string, path: string, request: RemoteRequest): Promise<unknown> {
    const response = await send(method, path, 'application/json', request);
    const document = await readJson(response, { url, option });
    if (!response.ok) throw toRemoteError(response.status, document);
    return document;
  }

  return {
    get: (path, request) => json('GET', path, request),
    post: (path, request) => json('POST', path, request),
    delete: (path, request) => json('DELETE', path, request),
    root: () => root,
    address: (path) => new URL(`${base}${path}`),
    async *events(path, request) {
      const response = await send('GET', path, 'text/event-stream', request);
      if (!response.ok || response.body === null)
        throw toRemoteError(response.status, await readJson(response, { url, option }));
      yield* readEvents(response.body);
    },
  };
}

/** One that was asked too often has done nothing: it is asked again when it says so. */
async function fetchPatiently(
  target: URL,
  init: RequestInit & { readonly signal: AbortSignal },
): Promise<Response> {
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(target, init);
    const seconds = Number(response.headers.get('Retry-After'));
    if (response.status !== 429 || tries === MAX_TRIES || !(seconds > 0 && seconds <= MAX_WAIT_SECONDS))
      return response;
    await response.body?.cancel();
    await sleep(seconds * 1_000, undefined, { signal: init.signal });
  }
}

const MAX_TRIES = 5;
const MAX_WAIT_SECONDS = 10;

function toBase(url: string, option: string): string {
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new RemoteError('BAD_OPTIONS', `${option}: "${url}" is not an address`, {
      hint: 'write for example http://127.0.0.1:5260',
    });
  }
  return url.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
}

async function readJson(
  response: Response,
  { url, option }: Required<Pick<RemoteOptions, 'url' | 'option'>>,
): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // A proxy's page, or something else than a daemon.
    throw new RemoteError(
      'NOT_A_DAEMON',
      `what answers at ${url} is no Kombinator (status ${response.status})`,
      {
        hint: `check ${option}`,
      },
    );
  }
}

function toRemoteError(status: number, document: unknown): RemoteError {
  const error: unknown = isRecord(document) ? document['error'] : undefined;
  if (typeof error === 'string' && isRecord(document))
    return new RemoteError(`HTTP_${status}`, withDetails(error, document['details']), hintOf(status));
  if (!isRecord(error)) return new RemoteError('SERVER_ERROR', `the daemon answered ${status}`);
  const code = typeof error['reason'] === 'string' ? error['reason'] : asText(error['code']);
  return new RemoteError(code, withDetails(asText(error['message']), error['details']), hintOf(status));
}

function withDetails(message: string, details: unknown): string {
  const list: readonly unknown[] = Array.isArray(details) ? details : [];
  const findings = list.flatMap((detail) =>
    isRecord(detail) && typeof detail['message'] === 'string'
      ? [`  ${asText(detail['field'])}: ${detail['message']}`]
      : [],
  );
  return [message, ...findings].join('\n');
}

function hintOf(status: number): { readonly hint?: string } {
  return status === 401 ? { hint: KEY_HINT } : {};
}

const KEY_HINT =
  'give a key with KOMBINATOR_API_KEY or --api-key-file; the daemon writes its admin key to admin.key in its state directory';

/** Events of a stream: `event:` and `data:` lines, ended by an empty one; comments are skipped. */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<RemoteEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]),
      );
      const data = fields.get('data');
      if (data !== undefined)
        yield { event: fields.get('event') ?? 'message', data: JSON.parse(data) as unknown };
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

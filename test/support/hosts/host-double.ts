import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HookDelivery } from '../../../reconciler/ports/hosts/git-host.ts';
import type { HostWorld, WorldEvent } from './host-world.ts';
import { createHostWorld } from './host-world.ts';

export interface DoubleRequest {
  readonly method: string;
  /** Below the API, with escapes. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
}

export interface DoubleAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Words of a host: what it answers, and how it tells. */
export interface HostDialect {
  /** Path of the API below the origin. */
  readonly apiPath: string;
  /** Answers a request with a right token; `null`: there is no such thing. */
  answer(request: DoubleRequest, world: HostWorld): DoubleAnswer | null;
  /** Tells whether a request has a right token. */
  isAuthorized(headers: IncomingHttpHeaders, world: HostWorld): boolean;
  /** Headers and body of a hook, signed with the secret. */
  hook(
    event: WorldEvent,
    signing: HookSigning,
  ): { readonly headers: Record<string, string>; readonly body: string };
}

export interface HookSigning {
  readonly world: HostWorld;
  readonly origin: string;
  readonly secret: string;
  readonly delivery: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A double of a host on a port of its own. */
export interface HostDouble extends AsyncDisposable {
  readonly world: HostWorld;
  readonly origin: string;
  readonly api: string;
  /** Web address of the repository. */
  readonly address: string;
  /** Requests so far, `POST /repos/…`. */
  readonly requests: string[];
  /** Values of `Authorization` so far. */
  readonly authorizations: (string | undefined)[];
  /** Next requests are answered so, whatever they ask; `hang`: not at all. */
  fail(answer: DoubleAnswer | 'hang' | 'cut', times?: number): void;
  hook(
    event: WorldEvent,
    signing: Partial<Pick<HookSigning, 'delivery' | 'now'>> & { readonly secret: string },
  ): HookDelivery;
}

export async function startHostDouble(dialect: HostDialect): Promise<HostDouble> {
  const world = createHostWorld();
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const failures: (DoubleAnswer | 'hang' | 'cut')[] = [];
  let origin = '';
  let deliveries = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin);
    const path = url.pathname.slice(dialect.apiPath.length);
    requests.push(`${request.method} ${path}`);
    authorizations.push(request.headers.authorization);
    const body = await readText(request);
    const failure = failures.shift();
    if (failure === 'hang') return;
    if (failure === 'cut') return void request.socket.destroy();
    const answer = failure ?? respond(request, { url, path, body });
    const { status, headers = {} } = answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    response.end(status === 204 ? undefined : text);
  }

  function respond(
    { method = 'GET', headers }: IncomingMessage,
    { url, path, body }: { readonly url: URL; readonly path: string; readonly body: string },
  ): DoubleAnswer {
    if (!url.pathname.startsWith(dialect.apiPath)) return { status: 404, body: { message: 'Not Found' } };
    if (!dialect.isAuthorized(headers, world)) return { status: 401, body: { message: 'Bad credentials' } };
    const parsed = body === '' ? {} : (JSON.parse(body) as Record<string, unknown>);
    const request = { method, path, query: url.searchParams, headers, body: parsed, origin };
    return dialect.answer(request, world) ?? { status: 404, body: { message: 'Not Found' } };
  }

  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    world,
    origin,
    api: `${origin}${dialect.apiPath}`,
    address: `${origin}/${world.repository}`,
    requests,
    authorizations,
    fail(answer, times = 1) {
      for (let count = 0; count < times; count += 1) failures.push(answer);
    },
    hook(event, { secret, delivery = `delivery-${(deliveries += 1)}`, now = Date.now() }) {
      const { headers, body } = dialect.hook(event, { world, origin, secret, delivery, now });
      return { headers: { 'content-type': 'application/json', ...headers }, body: Buffer.from(body), now };
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

/** A part of a list, and the header that leads to the next one. */
export function page<T>(
  entries: readonly T[],
  { query, path, origin }: DoubleRequest,
  { size, apiPath }: { readonly size: number; readonly apiPath: string },
): { readonly entries: readonly T[]; readonly next: string | null } {
  const number = Number(query.get('page') ?? '1');
  const begin = (number - 1) * size;
  const next = new URLSearchParams(query);
  next.set('page', `${number + 1}`);
  const hasMore = begin + size < entries.length;
  return {
    entries: entries.slice(begin, begin + size),
    next: hasMore ? `${origin}${apiPath}${path}?${next.toString()}` : null,
  };
}

import { Router } from '@koa/router';
import type { RouterContext } from '@koa/router';
import type { Middleware } from 'koa';
import { callerOf } from '../auth/identity.ts';
import type { Authenticate, Identity } from '../auth/identity.ts';
import type { Auditor } from './audit/auditor.ts';
import type { RequestWatch } from './audit/watch-request.ts';
import { watchRequest } from './audit/watch-request.ts';
import { readBody, readJsonBody } from './body.ts';
import type { ReadBody } from './body.ts';
import { createEventStream } from './event-stream.ts';
import { identify } from './pages/identify.ts';
import type { OwnPages } from './pages/own-pages.ts';
import { HttpProblem } from './problem.ts';
import type { ApiRequest, Reply, Route, ServerEvent } from './route.ts';
import type { Parse } from './shape.ts';
import { shape } from './shape.ts';
import { acceptSocket, assertSocketRequest } from './sockets/serve-socket.ts';
import type { StreamCount } from './stream-count.ts';
import { toProblem } from './to-problem.ts';

/** Values that the plumbing leaves on a request for the log. */
export interface RequestState {
  requestId: string;
  /** Address of the client. */
  address?: string;
  /** The caller, by name or address. */
  caller?: string;
  /** Path of the route with its parameters unfilled. */
  route?: string;
}

export interface MountOptions<Deps> {
  readonly prefix: string;
  /** Address that requests have come by, and that is not in their paths any more. */
  readonly base: string;
  readonly routes: readonly Route<Deps>[];
  readonly deps: Deps;
  readonly authenticate: Authenticate;
  readonly parse: Parse;
  /** Aborts when the server stops: waiting requests and event streams end. */
  readonly stopping: AbortSignal;
  readonly heartbeatMs: number;
  /** Counts open event streams, of all tables together. */
  readonly streams: StreamCount;
  readonly formatProblem: (problem: HttpProblem) => unknown;
  /** Takes a token from the query as well, as `token`. Default false. */
  readonly takesTokenParameter?: boolean;
  /** Takes the sessions of browsers as well, from pages of this server. Default: their cookie counts for nothing. */
  readonly pages?: OwnPages;
  /** Writes down what is asked for. Default: nobody does. */
  readonly auditor?: Auditor;
  /** Origins of pages that may open web sockets, besides the server's own. Default: none. */
  readonly socketOrigins?: readonly string[];
  /** Streams and sockets are ended when their caller may not any more; that is looked at this often, in milliseconds. */
  readonly recheckMs: number;
}

const ANYTHING = shape<unknown>({});
/** Time in which the rest of an event stream that is ended is taken, in milliseconds. */
const GOODBYE_MS = 2_000;

/** Serves the table. Answers 405 for a known path with another method. */
export function mountRoutes<Deps>(options: MountOptions<Deps>): Middleware<RequestState> {
  const { prefix, routes } = options;
  const at = segmentAt(prefix);
  const parts = new Map<string, Middleware<RequestState>>();
  const others = routes.filter(({ path }) => isOpenSegment(firstSegment(path)));
  // A router looks at all of its routes for each request: those that begin with another word are out of the question.
  for (const word of new Set(routes.map(({ path }) => firstSegment(path))))
    if (!isOpenSegment(word))
      parts.set(
        word,
        routerOf(
          routes.filter((route) => firstSegment(route.path) === word || others.includes(route)),
          options,
        ),
      );
  const rest = others.length === 0 ? undefined : routerOf(others, options);
  return (ctx, next) => {
    const word = at(ctx.path);
    const part = word === undefined ? undefined : (parts.get(word) ?? rest);
    return part === undefined ? next() : part(ctx, next);
  };
}

/** Returns what finds the first segment of a path below the prefix; `undefined` for a path elsewhere. */
function segmentAt(prefix: string): (path: string) => string | undefined {
  return (path) => {
    if (path === prefix) return '';
    return path.startsWith(`${prefix}/`) ? firstSegment(path.slice(prefix.length)) : undefined;
  };
}

function firstSegment(path: string): string {
  return path.split('/', 2)[1] ?? '';
}

/** Tells whether a segment of a route stands for more than itself. */
function isOpenSegment(segment: string): boolean {
  return /[:*({]/.test(segment);
}

function routerOf<Deps>(
  routes: readonly Route<Deps>[],
  options: MountOptions<Deps>,
): Middleware<RequestState> {
  // Limits, origins and the words of errors go by the path as it is written: in another case it is another path.
  const router = new Router<RequestState>({ prefix: options.prefix, sensitive: true });
  for (const route of routes) {
    router.register(
      route.path,
      [route.method],
      (ctx: RouterContext<RequestState>) => serve(ctx, route, options),
      {},
    );
  }
  const dispatch = router.routes() as Middleware<RequestState>;
  const answerOthers = router.allowedMethods() as Middleware<RequestState>;
  return (ctx, next) => dispatch(ctx, () => answerOthers(ctx, next));
}

async function serve<Deps>(
  ctx: RouterContext<RequestState>,
  route: Route<Deps>,
  options: MountOptions<Deps>,
): Promise<void> {
  const { method, path, params } = ctx;
  const address = ctx.state.address ?? '';
  const watched = { method, path: options.base + path, params, address };
  const watch = watchRequest(options.auditor, route, watched);
  try {
    watch.answered(await answer(ctx, route, { ...options, watch }));
  } catch (error) {
    watch.failed(error);
    throw error;
  }
}

async function answer<Deps>(
  ctx: RouterContext<RequestState>,
  route: Route<Deps>,
  options: MountOptions<Deps> & { readonly watch: RequestWatch },
): Promise<Reply> {
  const { watch } = options;
  ctx.state.route = `${options.prefix}${route.path}`;
  if (route.socket === true) assertSocketRequest(ctx.req, ctx.res, options.socketOrigins ?? []);
  const onIdentity = (identity: Identity) => {
    ctx.state.caller = callerOf(identity);
    watch.identified(identity);
  };
  const identifyAgain = () => identify(ctx, route, { ...options, onIdentity });
  const identity = await identifyAgain();
  onIdentity(identity);
  const ending = endingOf(ctx, options.stopping);
  const caller = { identity, identifyAgain, signal: ending.signal, note: watch.note };
  const request = await readRequest(ctx, route, options, caller);
  const reply = await handleOrStop(route, request, options);
  send(ctx, reply, { ...caller, ending }, options);
  return reply;
}

/** Runs a handler. Its error says nothing when its signal aborted: the reason for that does. */
async function handleOrStop<Deps>(
  route: Route<Deps>,
  request: ApiRequest,
  { deps, stopping }: MountOptions<Deps>,
): Promise<Reply> {
  try {
    return await route.handle(request, deps);
  } catch (error) {
    if (!request.signal.aborted) throw error;
    const message = stopping.aborted ? 'the server is stopping' : 'the client went away';
    throw new HttpProblem('SERVICE_UNAVAILABLE', message, { cause: error });
  }
}

async function readRequest<Deps>(
  ctx: RouterContext<RequestState>,
  route: Route<Deps>,
  { parse, pages }: MountOptions<Deps>,
  caller: Pick<ApiRequest, 'identity' | 'identifyAgain' | 'signal' | 'note'>,
): Promise<ApiRequest> {
  const query = parse(route.query ?? ANYTHING, { ...ctx.query }, { what: 'query', coerce: true });
  const body = await bodyOf(ctx, route);
  const form = body?.kind === 'form' ? body.form : null;
  const value = body?.kind === 'json' ? body.value : (form?.fields ?? {});
  return {
    ...caller,
    params: ctx.params,
    query,
    body: parse(route.body?.json ?? ANYTHING, value, { what: 'body' }),
    text: body?.kind === 'text' ? body.text : null,
    files: form?.files ?? [],
    address: ctx.state.address ?? '',
    querystring: ctx.querystring,
    authorization: ctx.get('Authorization') || undefined,
    cookie: ctx.get('Cookie') || undefined,
    isSecure: pages?.isSecure(ctx.req) ?? false,
    userAgent: ctx.get('User-Agent'),
    accept: ctx.get('Accept'),
    lastEventId: ctx.get('Last-Event-ID') || undefined,
    ifMatch: ctx.get('If-Match').replaceAll('"', '') || undefined,
  };
}

function bodyOf<Deps>(ctx: RouterContext<RequestState>, { body }: Route<Deps>): Promise<ReadBody> | null {
  if (body === undefined) return null;
  return body.anyType === true ? readJsonBody(ctx.req) : readBody(ctx.req, body);
}

type Caller = Pick<ApiRequest, 'identity' | 'identifyAgain'> & { readonly ending: AbortController };

function send<Deps>(
  ctx: RouterContext<RequestState>,
  reply: Reply,
  caller: Caller,
  options: MountOptions<Deps>,
): void {
  switch (reply.kind) {
    case 'json':
      ctx.status = reply.status;
      ctx.body = reply.body;
      ctx.set({ ...reply.headers });
      return;
    case 'text':
      ctx.body = reply.text;
      ctx.set('Content-Type', reply.contentType);
      return;
    case 'redirect':
      ctx.status = 307;
      ctx.set({ ...reply.headers, Location: reply.location });
      ctx.body = '';
      return;
    case 'events':
      return sendEvents(ctx, reply.events, caller, options);
    case 'socket': {
      const { ending, identifyAgain } = caller;
      ctx.res.once('close', keepChecking(reply.recheck ?? identifyAgain, ending, options.recheckMs));
      ctx.status = 101;
      ctx.respond = false;
      acceptSocket(ctx.res, reply, {
        signal: ending.signal,
        heartbeatMs: options.heartbeatMs,
        onFault: (error) => ctx.app.emit('error', error, ctx),
      });
      return;
    }
    default:
      reply satisfies never;
  }
}

function sendEvents<Deps>(
  ctx: RouterContext<RequestState>,
  events: AsyncIterable<ServerEvent>,
  { identity, identifyAgain, ending }: Caller,
  { heartbeatMs, formatProblem, streams, recheckMs }: MountOptions<Deps>,
): void {
  const { signal } = ending;
  if (ctx.res.destroyed) throw new HttpProblem('SERVICE_UNAVAILABLE', 'the client went away');
  // However the answer ends: one to HEAD has no body that anybody reads.
  const release = streams.take(callerOf(identity));
  const stopChecking = keepChecking(identifyAgain, ending, recheckMs);
  // A client that does not read is not waited for once it is over.
  const cut = () => void setTimeout(() => ctx.res.destroy(), GOODBYE_MS).unref();
  signal.addEventListener('abort', cut, { once: true });
  ctx.res.once('close', () => {
    stopChecking();
    release();
    signal.removeEventListener('abort', cut);
    ending.abort();
  });
  const toErrorEvent = (error: unknown) => ({ event: 'error', data: formatProblem(toProblem(error)) });
  ctx.type = 'text/event-stream';
  ctx.set('X-Accel-Buffering', 'no');
  ctx.body = createEventStream(events, { signal, heartbeatMs, toErrorEvent });
}

/**
 * Ends what goes on for long once its caller may not any more. That nobody can tell at the moment is no reason.
 *
 * @returns stops looking
 */
function keepChecking(check: () => Promise<unknown>, ending: AbortController, everyMs: number): () => void {
  const timer = setInterval(() => {
    check().catch((error: unknown) => {
      const { status } = toProblem(error);
      if (status === 401 || status === 403) ending.abort(error);
    });
  }, everyMs);
  return () => clearInterval(timer);
}

/** Ends when the client goes away or the server stops, and lets go of both when the answer is sent. */
function endingOf(ctx: RouterContext<RequestState>, stopping: AbortSignal): AbortController {
  const controller = new AbortController();
  const stop = (): void => controller.abort(stopping.reason);
  // Somebody may have gone away while it was found out who they are.
  if (stopping.aborted || ctx.res.destroyed) stop();
  else stopping.addEventListener('abort', stop);
  ctx.res.once('close', () => {
    stopping.removeEventListener('abort', stop);
    if (!ctx.res.writableFinished) controller.abort();
  });
  return controller;
}

import { randomUUID } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import type { Logger } from '../../reconciler/index.ts';
import type { ClientAddress } from './client-address.ts';
import type { RequestState } from './mount.ts';

/** One answered request, as logged and as counted. */
export interface RequestRecord {
  readonly requestId: string;
  readonly method: string;
  /** Path with its query, without the values of `api_key` and its like. */
  readonly url: string;
  /** `/api/v1/stacks/:id`; `null` when no route took the request. */
  readonly route: string | null;
  readonly status: number;
  readonly durationMs: number;
  readonly caller: string | null;
  readonly address: string;
}

/** A request id of the caller's is kept when it looks like one; it comes back in the answer and stands in the log. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

export function createRequestLog(
  logger: Logger,
  onRequest: (record: RequestRecord) => void,
  addressOf: ClientAddress,
): Middleware<RequestState> {
  return async (ctx, next) => {
    const started = performance.now();
    ctx.state.address = addressOf(ctx.req);
    const given = ctx.get('X-Request-Id');
    ctx.state.requestId = REQUEST_ID.test(given) ? given : randomUUID();
    ctx.set('X-Request-Id', ctx.state.requestId);
    ctx.res.once('close', () => {
      const record = buildRecord(ctx, ctx.state, performance.now() - started);
      onRequest(record);
      const level = record.status >= 500 ? 'warn' : isProbe(record) ? 'debug' : 'info';
      logger[level](record, 'Request');
    });
    await next();
  };
}

function buildRecord(ctx: Context, state: RequestState, durationMs: number): RequestRecord {
  return {
    requestId: state.requestId,
    method: ctx.method,
    url: withoutKey(ctx.originalUrl),
    route: state.route ?? null,
    status: ctx.res.headersSent || isSwitched(ctx) ? ctx.res.statusCode : 499,
    durationMs: Math.round(durationMs * 10) / 10,
    caller: state.caller ?? null,
    address: state.address ?? '',
  };
}

/** A web socket has no answer of HTTP's. */
function isSwitched({ res }: Context): boolean {
  return res.statusCode === 101;
}

/** Asked every few seconds by machines. */
function isProbe({ route }: RequestRecord): boolean {
  return route !== null && /\/(health|metrics)(\/|$)/.test(route);
}

/** Names, in whatever spelling, that people give what they sign in with. */
const CREDENTIAL =
  /^(?:x?apikey|key|code|token|accesstoken|idtoken|authtoken|auth|authorization|bearer|password|secret|jwt|ticket)$/;

/** The URL as it may be logged. A parameter's name counts as it is understood, however it is escaped or spelled. */
export function withoutKey(url: string): string {
  const [path = '', query] = url.split('?', 2);
  if (query === undefined) return path;
  const parts = query.split('&').map((part) => {
    const name = part.split('=', 1)[0] ?? '';
    const [understood = ''] = new URLSearchParams(name).keys();
    return CREDENTIAL.test(understood.toLowerCase().replaceAll(/[^a-z]/g, '')) ? `${name}=***` : part;
  });
  return `${path}?${parts.join('&')}`;
}

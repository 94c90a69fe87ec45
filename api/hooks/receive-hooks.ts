import type { IncomingMessage } from 'node:http';
import type { Context, Middleware } from 'koa';
import type { GitHost, HookNews, Logger, Reconciler, Secret } from '../../reconciler/index.ts';
import { errorMessage, isReconcilerError, own } from '../../reconciler/index.ts';
import type { Auditor } from '../http/audit/auditor.ts';
import { watchRequest } from '../http/audit/watch-request.ts';
import type { RequestState } from '../http/mount.ts';
import { HttpProblem } from '../http/problem.ts';
import { decideHook } from './decide-hook.ts';
import { createDeliveries } from './deliveries.ts';
import type { BodyLimits, WithBody } from './hook-bodies.ts';
import { createHookBodies } from './hook-bodies.ts';

/** Source of hooks: a host that keeps a repository. */
export interface HookSource {
  readonly host: Pick<GitHost, 'kind' | 'verifyHook'>;
  /** Looks the secret up as it is now. Throws SECRET_NOT_FOUND; `null`: the operator has named none. */
  readonly secret: () => Secret | null;
}

export interface ReceiveHooksOptions {
  /** Sources by the last part of their address. */
  readonly sources: Readonly<Record<string, HookSource>>;
  /** Address that requests have come by, and that is not in their paths any more. Default: none. */
  readonly base?: string;
  readonly reconciler: Pick<Reconciler, 'requestSync' | 'noteHook' | 'repository'>;
  readonly logger: Logger;
  /** Default: nobody writes hooks down. */
  readonly auditor?: Auditor;
  /** Default: those that hosts keep within. */
  readonly limits?: BodyLimits;
}

const PREFIX = '/api/hooks';
const ROUTE = { id: 'receiveHook', access: 'open' } as const;
/** The same reason is logged once in this time, in milliseconds: anybody can be refused as often as they like. */
const SAME_REASON_MS = 60_000;

/** Tells whether a path is one of hooks. */
export function isHook(path: string): boolean {
  return path === PREFIX || path.startsWith(`${PREFIX}/`);
}

interface Answer {
  readonly status: 200 | 202;
  readonly accepted: boolean;
}

/**
 * `POST /api/hooks/<source>`: takes what a host has signed, and nothing else, as a hint to look. Answers 202, 200 for what came before, 401 for what is
 * not signed rightly, 404 for sources that are not set up, 413 and 429 for too much; never 5xx, since hosts give up on those who fail.
 */
export function receiveHooks(options: ReceiveHooksOptions): Middleware<RequestState> {
  const { logger, auditor, sources, base = '' } = options;
  const receive = createReceiver(options);
  return async (ctx, next) => {
    if (!isHook(ctx.path)) return next();
    ctx.state.route = `${PREFIX}/:source`;
    const { method, path } = ctx;
    const name = path.slice(PREFIX.length + 1);
    const watched = { method, path: base + path, params: { source: name }, address: ctx.state.address ?? '' };
    const watch = watchRequest(auditor, ROUTE, watched);
    try {
      const { status, accepted } = await receive(ctx, own(sources, name));
      ctx.status = status;
      ctx.body = { accepted };
      watch.answered({ kind: 'json', status, body: null });
    } catch (error) {
      const problem = toRefusal(error, logger);
      watch.failed(problem);
      throw problem;
    }
  };
}

/** Faults of ours are no answer of 5xx either: nothing was taken. */
function toRefusal(error: unknown, logger: Logger): unknown {
  if (error instanceof HttpProblem || isReconcilerError(error, 'HOOK_REFUSED')) return error;
  logger.error({ error: errorMessage(error) }, 'a hook could not be read');
  return new HttpProblem('BAD_REQUEST', 'the hook could not be read', { cause: error });
}

type Receive = (ctx: Context, source: HookSource | undefined) => Promise<Answer>;

function createReceiver({ reconciler, logger, limits }: ReceiveHooksOptions): Receive {
  const withBody: WithBody = createHookBodies(limits);
  const deliveries = createDeliveries();
  const tell = createTeller(logger);

  return async (ctx, source) => {
    if (ctx.method !== 'POST')
      throw new HttpProblem('METHOD_NOT_ALLOWED', 'hooks are sent with POST', { headers: { Allow: 'POST' } });
    const secret = source === undefined ? null : secretOf(source, tell);
    if (source === undefined || secret === null)
      throw new HttpProblem('NOT_FOUND', `no hooks are taken at ${ctx.path}`);
    return withBody(ctx.req, (ctx.state as RequestState).address ?? '', async (body) => {
      const news = await verify(source, { headers: headersOf(ctx.req), body, secret }, tell);
      if (!deliveries.take(news.delivery, body)) return { status: 200, accepted: false };
      act(news, reconciler, logger);
      return { status: 202, accepted: true };
    });
  };
}

interface Received {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly secret: Secret;
}

async function verify(
  { host }: HookSource,
  { headers, body, secret }: Received,
  tell: Tell,
): Promise<HookNews> {
  try {
    return await host.verifyHook({ headers, body, now: Date.now() }, secret);
  } catch (error) {
    if (isReconcilerError(error, 'HOOK_REFUSED')) tell('a hook was refused', error.message);
    throw error;
  }
}

function secretOf({ secret }: HookSource, tell: Tell): Secret | null {
  try {
    const found = secret();
    if (found === null) tell('a hook came that there is no secret for', 'set git.host.webhook.secret');
    return found;
  } catch (error) {
    tell('a hook came whose secret cannot be read', errorMessage(error));
    return null;
  }
}

function isPushOfBranch(news: HookNews): boolean {
  return news.type === 'push' && news.ref.startsWith('refs/heads/');
}

/** News are taken by now: what fails here is told of in the log. */
function act(news: HookNews, reconciler: ReceiveHooksOptions['reconciler'], logger: Logger): void {
  try {
    const decision = decideHook(news, reconciler.repository().branch);
    logger.info({ type: news.type, decision, ...(news.type === 'push' && { ref: news.ref }) }, 'a hook came');
    // A push of tags comes as a hook of its own.
    if (decision === 'sync') reconciler.requestSync({ tags: !isPushOfBranch(news) });
    if (decision === 'note') reconciler.noteHook(news);
  } catch (error) {
    logger.error({ error: errorMessage(error) }, 'a hook came, and could not be acted on');
  }
}

function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value] as const],
  );
  return Object.fromEntries(entries);
}

type Tell = (message: string, reason: string) => void;

/** Logs each reason once in a while. Reasons quote nothing that was sent, so there are few. */
function createTeller(logger: Logger): Tell {
  const told = new Map<string, number>();
  return (message, reason) => {
    const now = performance.now();
    if (now - (told.get(reason) ?? Number.NEGATIVE_INFINITY) < SAME_REASON_MS) return;
    told.set(reason, now);
    logger.warn({ reason }, message);
  };
}

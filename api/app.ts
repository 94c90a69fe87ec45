import Koa from 'koa';
import type { AuditRecords, ExecRight, Instances, Logger, Reconciler } from '../reconciler/index.ts';
import type { Accounts } from './accounts/accounts.ts';
import type { Sessions } from './accounts/sessions/sessions.ts';
import type { AuthOptions } from './auth/authenticate.ts';
import type { KeyRecords } from './auth/make-key.ts';
import { createAuthenticator } from './auth/authenticate.ts';
import { formatKombifyProblem, KOMBIFY_PREFIX, kombifyRoutes } from './dialects/kombify/kombify.ts';
import type { ExecTicket, KombifyDeps } from './dialects/kombify/exec/deps.ts';
import { formatKomposeProblem } from './dialects/kompose/envelope.ts';
import { KOMPOSE_PREFIX, komposeFallbacks, komposeRoutes } from './dialects/kompose/kompose.ts';
import { formatProvisionerProblem, translateProvisionerProblem } from './dialects/provisioner/problem.ts';
import { isProvisioner, provisionerRoutes } from './dialects/provisioner/provisioner.ts';
import { formatWorkflowProblem, translateWorkflowProblem } from './dialects/workflows/problem.ts';
import {
  helloRoute,
  isWorkflows,
  WORKFLOWS_PREFIX,
  workflowPlatformRoutes,
} from './dialects/workflows/workflows.ts';
import { requireKeys } from './auth/require-keys.ts';
import type { HookSource } from './hooks/receive-hooks.ts';
import { isHook, receiveHooks } from './hooks/receive-hooks.ts';
import type { Auditor } from './http/audit/auditor.ts';
import { createAuditor } from './http/audit/auditor.ts';
import type { ProblemDialect } from './http/answer-problems.ts';
import { answerProblems } from './http/answer-problems.ts';
import { createOwnPages } from './http/pages/own-pages.ts';
import { createClientAddress } from './http/client-address.ts';
import { allowOrigins } from './http/cors.ts';
import { assertLocalRequest } from './http/loopback.ts';
import type { MountOptions, RequestState } from './http/mount.ts';
import { mountRoutes } from './http/mount.ts';
import type { RequestRecord } from './http/request-log.ts';
import { limitRate } from './http/rate-limit.ts';
import { createRequestLog } from './http/request-log.ts';
import { createTickets } from './http/sockets/tickets.ts';
import { createStreamCount } from './http/stream-count.ts';
import type { Route } from './http/route.ts';
import { parse } from './http/shape.ts';
import type { ApiDeps } from './operations/deps.ts';
import type { SourceList } from './operations/sources.ts';
import type { PageFiles } from './pages/page-files.ts';
import { servePage } from './pages/serve-page.ts';
import { createEventFeed } from './operations/live/event-feed.ts';

export interface MetricsSource {
  readonly contentType: string;
  text(): Promise<string>;
  /** Answer without a key. Meant for a server that listens on loopback only. Default false: the role viewer is needed. */
  readonly open?: boolean;
}

export interface AppOptions {
  readonly reconciler: Reconciler;
  readonly auth: AuthOptions;
  readonly logger: Logger;
  /** Version of the program. */
  readonly version: string;
  /** Moment of the start, by `performance.now()`. */
  readonly startedAt: number;
  /** Served at the root, in the words of the pod provisioner. Default: not at all. */
  readonly instances?: Instances;
  /** Users who sign in over the API of the workflow platform; their tokens count in all dialects. Default: there are none. */
  readonly accounts?: Accounts;
  /** Sessions of browsers, whose cookie counts below `/api/v1`. Default: there are none. */
  readonly sessions?: Sessions;
  /** API keys, to be made and deleted by admins. Default: nobody can over the API. */
  readonly keys?: KeyRecords;
  /** Place where requests that change or open something are written down. Default: nowhere. */
  readonly audit?: AuditRecords;
  /** Address of this server as browsers reach it: pages of it are this server's own. Default: what requests say. */
  readonly publicUrl?: string;
  /** Served at `/metrics`. */
  readonly metrics?: MetricsSource;
  /** Further parts for `/health`: `ok`, or what is wrong, in words that everybody may read. */
  readonly checks?: () => Readonly<Record<string, string>>;
  /** Aborts when the server stops: event streams and waiting requests end. */
  readonly stopping?: AbortSignal;
  /** Interval at which a quiet event stream sends a comment. Default 15,000. */
  readonly heartbeatMs?: number;
  /** Origins of pages that may use the API of the workflow platform. Default `http://localhost:3001`, where its own pages are. */
  readonly origins?: readonly string[];
  /** Addresses or networks of proxies, whose `X-Forwarded-For` tells who asks. Default: none. */
  readonly proxies?: readonly string[];
  /** People who may run programs in containers. Default `admins`. */
  readonly execRight?: ExecRight;
  /** Streams and sockets are ended when their caller may not any more; that is looked at this often, in milliseconds. Default 10,000. */
  readonly recheckMs?: number;
  /** Address below the server's that requests of this API have come by, without a slash at the end: `/sources/team-a`. Default: it is the server's own. */
  readonly base?: string;
  /** Repositories of the daemon. Default: this one alone. */
  readonly sources?: SourceList;
  /** The page, served at `/ui/`. Default: not at all. */
  readonly page?: PageFiles;
  /** Host of the config repository, whose hooks are taken at `/api/hooks/config`. Default: none are. */
  readonly hooks?: HookSource;
  /** Told about every answered request, for counters. */
  readonly onRequest?: (record: RequestRecord) => void;
}

/**
 * The API as a Koa application; listening is the caller's job.
 * Throws BAD_OPTIONS when authentication is off and the host is not loopback, or a token secret is too short.
 */
export function createApp(options: AppOptions): Koa<RequestState> {
  const app = new Koa<RequestState>();
  const { logger, metrics, accounts = null, execRight = 'admins' } = options;
  const auth = withPeople(options);
  const common = { ...toPlumbing(options), authenticate: createAuthenticator(auth) };
  app.use(
    createRequestLog(logger, options.onRequest ?? (() => {}), createClientAddress(options.proxies ?? [])),
  );
  allowPages(app, options);
  app.use(answerProblems(logger, (path) => problemDialect(path, options.instances !== undefined)));
  app.use(async (ctx, next) => {
    ctx.set({ 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' });
    if (options.auth.mode === 'off') assertLocalRequest(ctx.req);
    await next();
  });
  if (options.page !== undefined) app.use(servePage(options.page, options.base));
  app.use(limitRate({ covers: isWorkflows, perSecond: 10, burst: 20 }));
  takeHooks(app, options, common);
  const kombify = {
    ...common,
    deps: toKombifyDeps(options, common),
    formatProblem: formatKombifyProblem,
    socketOrigins: options.origins ?? [],
  };
  const pages = createOwnPages({ proxies: options.proxies ?? [], publicUrl: options.publicUrl });
  mount(app, { ...kombify, pages, prefix: KOMBIFY_PREFIX, routes: kombifyRoutes });
  const kompose = { ...common, formatProblem: formatKomposeProblem, prefix: KOMPOSE_PREFIX };
  mount(app, { ...kompose, routes: [...komposeRoutes, ...komposeFallbacks] });
  const workflows = {
    ...common,
    deps: { ...common.deps, accounts, execRight },
    socketOrigins: options.origins ?? PLATFORM_ORIGINS,
    formatProblem: formatWorkflowProblem,
    takesTokenParameter: true,
  };
  mount(app, { ...workflows, prefix: WORKFLOWS_PREFIX, routes: workflowPlatformRoutes });
  mount(app, { ...workflows, prefix: '', routes: [helloRoute] });
  const { instances, version } = options;
  if (instances !== undefined) {
    mount(app, {
      ...common,
      authenticate: requireKeys(auth, common.authenticate),
      deps: { instances, version, texts: new WeakMap() },
      formatProblem: formatProvisionerProblem,
      prefix: '',
      routes: provisionerRoutes,
    });
  }
  if (metrics !== undefined) mount(app, { ...kombify, prefix: '', routes: [metricsRoute(metrics)] });
  // Answered requests do not come here; what does is a connection that broke in the middle.
  app.on('error', (error: unknown) => logger.debug({ err: error }, 'A connection broke'));
  return app;
}

/** Hooks need no key: what a host has signed counts. */
function takeHooks(
  app: Koa<RequestState>,
  { hooks, reconciler, logger, base = '' }: AppOptions,
  { auditor }: { readonly auditor?: Auditor },
): void {
  app.use(limitRate({ covers: isHook, perSecond: 20, burst: 100 }));
  const sources = hooks === undefined ? {} : { config: hooks };
  app.use(receiveHooks({ sources, base, reconciler, logger, ...(auditor !== undefined && { auditor }) }));
}

/** Says which pages of other origins may call. */
function allowPages(app: Koa<RequestState>, { auth, origins = PLATFORM_ORIGINS }: AppOptions): void {
  const isOpen = auth.mode === 'off';
  app.use(allowOrigins({ covers: isKompose, origins: isOpen ? 'loopback' : 'any' }));
  app.use(
    allowOrigins({
      covers: isWorkflows,
      methods: 'GET, POST, PUT, DELETE, PATCH, OPTIONS',
      origins: isOpen ? 'loopback' : origins,
    }),
  );
}

function withPeople({ auth, accounts, sessions }: AppOptions): AuthOptions {
  if (auth.mode === 'off') return auth;
  return {
    ...auth,
    ...(accounts !== undefined && { users: accounts.identify }),
    ...(sessions !== undefined && { sessions: sessions.identify }),
  };
}

const PLATFORM_ORIGINS = ['http://localhost:3001'];

/** `/api` and below, but for what another dialect has there. */
function isKompose(path: string): boolean {
  if (path === KOMBIFY_PREFIX || path.startsWith(`${KOMBIFY_PREFIX}/`) || isHook(path)) return false;
  return path === KOMPOSE_PREFIX || path.startsWith(`${KOMPOSE_PREFIX}/`);
}

function problemDialect(path: string, hasInstances: boolean): ProblemDialect {
  if (isWorkflows(path)) return { format: formatWorkflowProblem, translate: translateWorkflowProblem };
  if (isKompose(path)) return { format: formatKomposeProblem };
  if (hasInstances && isProvisioner(path))
    return { format: formatProvisionerProblem, translate: translateProvisionerProblem };
  return { format: formatKombifyProblem };
}

function mount<Deps>(app: Koa<RequestState>, options: MountOptions<Deps>): void {
  app.use(mountRoutes(options));
}

/** Parts that all dialects share. */
function toPlumbing(options: AppOptions) {
  const { audit: records, logger } = options;
  return {
    deps: toDeps(options),
    parse,
    stopping: options.stopping ?? new AbortController().signal,
    heartbeatMs: options.heartbeatMs ?? 15_000,
    recheckMs: options.recheckMs ?? 10_000,
    streams: createStreamCount(),
    base: options.base ?? '',
    ...(records !== undefined && { auditor: createAuditor({ records, logger }) }),
  };
}

function toDeps({ reconciler, logger, version, startedAt, checks = () => ({}) }: AppOptions): ApiDeps {
  return { reconciler, logger, version, startedAt, checks };
}

interface CommonParts {
  readonly deps: ApiDeps;
  readonly stopping: AbortSignal;
}

function toKombifyDeps(options: AppOptions, { deps, stopping }: CommonParts): KombifyDeps {
  const { accounts = null, sessions = null, audit = null, instances = null, auth } = options;
  const { keys = null, execRight = 'admins' } = options;
  const tickets = createTickets<ExecTicket>();
  const feed = createEventFeed({ reconciler: deps.reconciler, stopping });
  const isOpen = auth.mode === 'off';
  const alone = { current: '', all: () => [{ name: '', address: '', reconciler: deps.reconciler }] };
  const { sources = alone } = options;
  return { ...deps, accounts, sessions, keys, audit, instances, execRight, tickets, feed, isOpen, sources };
}

function metricsRoute(metrics: MetricsSource): Route<ApiDeps> {
  return {
    method: 'GET',
    path: '/metrics',
    id: 'getMetrics',
    tag: 'System',
    summary: 'Metrics in the Prometheus text format',
    access: metrics.open === true ? 'open' : 'viewer',
    responses: { 200: { description: 'Metrics.', content: { [metrics.contentType]: { type: 'string' } } } },
    handle: async () => ({ kind: 'text', contentType: metrics.contentType, text: await metrics.text() }),
  };
}

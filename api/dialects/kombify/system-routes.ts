import { HttpProblem } from '../../http/problem.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { findNotReady, readHealth } from '../../operations/health.ts';
import { findWebAddresses } from '../../operations/web-addresses.ts';
import type { Diagnostic } from '../../../reconciler/index.ts';
import type { PageQuery } from '../../http/page.ts';
import { ALL_OR_PAGE, pageParameters, takePage } from '../../http/page.ts';
import { answers, listSchema } from './answers.ts';
import { DIAGNOSTIC, record, refer } from './schemas.ts';

const TAG = 'System';
const STATUS_ONLY = (status: string) => record({ status: { const: status } });

const syncQuery = shape<{ readonly wait?: boolean }>({
  type: 'object',
  properties: {
    wait: { type: 'boolean', description: 'Answer when the repository has been read. Default false.' },
  },
});

const PER_PAGE = 50;

interface FindingsQuery extends PageQuery {
  readonly severity?: Diagnostic['severity'];
  readonly code?: string;
  readonly file?: string;
}

const findingsQuery = shape<FindingsQuery>({
  type: 'object',
  properties: {
    severity: { enum: ['error', 'warning'] },
    code: { type: 'string', minLength: 1, description: 'Findings of one kind, such as UNKNOWN_KEY.' },
    file: { type: 'string', minLength: 1, description: 'A file, or a directory.' },
    ...pageParameters(1_000),
  },
});

export const systemRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/health',
    id: 'getHealth',
    tag: TAG,
    summary: 'Health check and version info',
    access: 'open',
    responses: { 200: answers('How the daemon is, degraded or not.', refer('Health')) },
    handle(_, deps: ApiDeps) {
      const { uptimeMs, ...report } = readHealth(deps);
      return ok({ ...report, uptime: formatUptime(uptimeMs) });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/health/live',
    id: 'getLiveness',
    tag: TAG,
    summary: 'Whether the process answers',
    access: 'open',
    responses: { 200: answers('It does.', STATUS_ONLY('alive')) },
    handle: () => ok({ status: 'alive' }),
  }),
  defineRoute({
    method: 'GET',
    path: '/health/ready',
    id: 'getReadiness',
    tag: TAG,
    summary: 'Whether requests can be served',
    description: '503 until the repository has been read once, and while a check fails.',
    access: 'open',
    responses: { 200: answers('They can.', STATUS_ONLY('ready')), 503: answers('Not now.', refer('Error')) },
    handle(_, deps: ApiDeps) {
      const details = findNotReady(readHealth(deps)).map(([field, message]) => ({ field, message }));
      if (details.length === 0) return ok({ status: 'ready' });
      throw new HttpProblem('SERVICE_UNAVAILABLE', 'not ready', { details });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/repository',
    id: 'getRepository',
    tag: TAG,
    summary: 'The config repository and every finding in it',
    access: 'viewer',
    responses: { 200: answers('As it was read last.', refer('Repository')) },
    handle(_, { reconciler }: ApiDeps) {
      const repository = reconciler.repository();
      const { location, root, host = null } = repository;
      const web = findWebAddresses(location, repository.host, root);
      return ok({ ...repository, host, stacks: reconciler.stackNames(), web });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/repository/findings',
    id: 'listFindings',
    tag: TAG,
    summary: 'Findings in the config repository',
    description: ALL_OR_PAGE,
    access: 'viewer',
    query: findingsQuery,
    responses: { 200: answers('By file and line.', listSchema('findings', DIAGNOSTIC)) },
    handle({ query }, { reconciler }: ApiDeps) {
      const { severity, code, file } = query;
      const found = reconciler
        .repository()
        .diagnostics.filter(
          (one) =>
            (severity === undefined || one.severity === severity) &&
            (code === undefined || one.code === code) &&
            (file === undefined || one.file === file || one.file?.startsWith(`${file}/`) === true),
        );
      const { items: findings, pagination } = takePage(found, query, PER_PAGE);
      return ok({ findings, pagination });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/sync',
    id: 'sync',
    tag: TAG,
    summary: 'Read the config repository now',
    description: 'For Git hooks and CI; nobody has to wait for the next poll.',
    access: 'deployer',
    query: syncQuery,
    responses: {
      200: answers('Accepted, or with wait=true the revision that was read.', {
        ...record({ status: { enum: ['accepted', 'read'] }, revision: { type: ['string', 'null'] } }),
      }),
    },
    async handle({ query, signal }, { reconciler }: ApiDeps) {
      if (query.wait === true) {
        const { revision } = await reconciler.refresh(signal);
        return ok({ status: 'read', revision: revision?.commit ?? null });
      }
      reconciler.requestSync();
      return ok({ status: 'accepted', revision: reconciler.repository().revision?.commit ?? null });
    },
  }),
];

/** `72h15m30s` */
export function formatUptime(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m${seconds % 60}s`;
}

import { readLast } from '../../operations/stack-logs.ts';
import type { LogLine } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { Route, ServerEvent } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { listOf, record } from './schemas.ts';
import { STACK_ID } from './stack-routes.ts';

const DEFAULT_TAIL = 100;

interface LogQuery {
  readonly tail?: number;
  readonly since?: string;
  readonly follow?: boolean;
}

const logQuery = shape<LogQuery>({
  type: 'object',
  properties: {
    tail: { type: 'integer', minimum: 0, maximum: 10_000, description: 'Last lines. Default 100.' },
    since: { type: 'string', format: 'date-time' },
    follow: { type: 'boolean', description: 'Server-sent events, one per line. Default false.' },
  },
});

const LINE = record({
  time: { type: 'string' },
  stream: { enum: ['stdout', 'stderr'] },
  msg: { type: 'string' },
});

export const logRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/stacks/:id/services/:service/logs',
    id: 'getServiceLogs',
    tag: 'Stacks',
    summary: 'What a service printed',
    description: 'Followed, it answers log events until the service ends or the client goes away.',
    access: 'viewer',
    params: { ...STACK_ID, service: 'Name of the service.' },
    query: logQuery,
    responses: {
      200: {
        description: 'Oldest first; the newest 4 MiB.',
        content: {
          'application/json': record({ logs: listOf(LINE) }),
          'text/event-stream': { type: 'string' },
        },
      },
    },
    async handle({ params, query, accept, signal }, deps: ApiDeps) {
      const { id = '', service = '' } = params;
      assertService(deps, id, service);
      const follow = query.follow === true || accept.includes('text/event-stream');
      const since = query.since === undefined ? {} : { since: new Date(query.since) };
      const options = { tail: query.tail ?? DEFAULT_TAIL, ...since, follow, signal };
      const lines = deps.reconciler.logs(id, service, options);
      if (follow) return { kind: 'events', events: toServerEvents(lines) };
      const logs = await readLast(lines);
      return ok({ logs: logs.map(toLine) });
    },
  }),
];

/** Found out before the answer begins: an event stream has no status to say it with. */
function assertService({ reconciler }: ApiDeps, id: string, service: string): void {
  const { services } = reconciler.getStack(id);
  if (services.some(({ name }) => name === service)) return;
  const known = services.map(({ name }) => name).join(', ') || 'none';
  throw new ReconcilerError('UNKNOWN_SERVICE', `${id} has no service ${service}; it has: ${known}`);
}

async function* toServerEvents(lines: AsyncIterable<LogLine>): AsyncGenerator<ServerEvent> {
  for await (const line of lines) yield { event: 'log', data: toLine(line) };
}

function toLine({ time, stream, text }: LogLine) {
  return { time, stream, msg: text };
}

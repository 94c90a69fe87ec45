import type { StackLogEvent } from '../../operations/follow/follow-logs.ts';
import { followStackLogs } from '../../operations/follow/follow-logs.ts';
import { chooseServices, readLast, readStackLogs } from '../../operations/stack-logs.ts';
import type { StackLogLine } from '../../operations/stack-logs.ts';
import type { LogLine } from '../../../reconciler/index.ts';
import { HttpProblem } from '../../http/problem.ts';
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
  readonly previous?: boolean;
}

const LOG_QUERY = {
  tail: { type: 'integer', minimum: 0, maximum: 10_000, description: 'Last lines. Default 100.' },
  since: { type: 'string', format: 'date-time' },
  follow: { type: 'boolean', description: 'Server-sent events, one per line. Default false.' },
  previous: {
    type: 'boolean',
    description:
      'What was written before the run that is there now; on clusters by the run before. Not with follow. Default false.',
  },
};

const logQuery = shape<LogQuery>({ type: 'object', properties: LOG_QUERY });

interface StackLogQuery extends LogQuery {
  readonly services?: string;
}

const stackLogQuery = shape<StackLogQuery>({
  type: 'object',
  properties: {
    services: {
      type: 'string',
      minLength: 1,
      maxLength: 10_000,
      description: 'Names with commas between. Default: all.',
    },
    ...LOG_QUERY,
  },
});

const LINE = record({
  time: { type: 'string' },
  stream: { enum: ['stdout', 'stderr'] },
  msg: { type: 'string' },
});

const SERVICE_LINE = record({
  service: { type: 'string' },
  time: { type: 'string' },
  stream: { enum: ['stdout', 'stderr'] },
  msg: { type: 'string' },
});

export const logRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/stacks/:id/logs',
    id: 'getStackLogs',
    tag: 'Stacks',
    summary: 'What the services of a stack printed, as one',
    description:
      'Followed, it answers log events, and failure events ({service, message}) of services that cannot be read now, until the client goes away; containers that take the place of others are followed as well.',
    access: 'viewer',
    params: STACK_ID,
    query: stackLogQuery,
    responses: {
      200: {
        description: 'Oldest first; the newest 4 MiB. failures: services that could not be read, and why.',
        content: {
          'application/json': record({ logs: listOf(SERVICE_LINE), failures: { type: 'object' } }),
          'text/event-stream': { type: 'string' },
        },
      },
    },
    async handle({ params, query, accept, signal }, deps: ApiDeps) {
      const stack = params['id'] ?? '';
      const { tail = DEFAULT_TAIL, previous = false } = query;
      const services = chooseServices(deps, stack, query.services?.split(','));
      const since = query.since === undefined ? {} : { since: new Date(query.since) };
      if (isFollowed(query, accept)) {
        const followed = followStackLogs(deps, { stack, services, tail, ...since, signal });
        return { kind: 'events', events: toStackEvents(followed) };
      }
      const request = { stack, services, lines: tail, previous, ...since, signal };
      const { lines, failures } = await readStackLogs(deps, request);
      return ok({ logs: lines.map(toServiceLine), failures });
    },
  }),
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
      chooseServices(deps, id, [service]);
      const follow = isFollowed(query, accept);
      const since = query.since === undefined ? {} : { since: new Date(query.since) };
      const { tail = DEFAULT_TAIL, previous = false } = query;
      const options = { tail, previous, ...since, follow, signal };
      const lines = deps.reconciler.logs(id, service, options);
      if (follow) return { kind: 'events', events: toServerEvents(lines) };
      const logs = await readLast(lines);
      return ok({ logs: logs.map(toLine) });
    },
  }),
];

/** Found out before the answer begins: an event stream has no status to say it with. */
function isFollowed({ follow = false, previous = false }: LogQuery, accept: string): boolean {
  const isWanted = follow || accept.includes('text/event-stream');
  if (isWanted && previous)
    throw new HttpProblem('BAD_REQUEST', 'previous cannot stand beside follow: that run has ended');
  return isWanted;
}

async function* toServerEvents(lines: AsyncIterable<LogLine>): AsyncGenerator<ServerEvent> {
  for await (const line of lines) yield { event: 'log', data: toLine(line) };
}

function toLine({ time, stream, text }: LogLine) {
  return { time, stream, msg: text };
}

async function* toStackEvents(events: AsyncIterable<StackLogEvent>): AsyncGenerator<ServerEvent> {
  for await (const event of events) {
    if (event.type === 'line') yield { event: 'log', data: toServiceLine(event.line) };
    else yield { event: 'failure', data: { service: event.service, message: event.message } };
  }
}

function toServiceLine({ service, ...line }: StackLogLine) {
  return { service, ...toLine(line) };
}

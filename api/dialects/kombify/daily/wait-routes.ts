import type { ApiDeps } from '../../../operations/deps.ts';
import type { SyncReport, SyncRequest } from '../../../operations/daily/wait-for-sync.ts';
import { waitForSync } from '../../../operations/daily/wait-for-sync.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route, ServerEvent } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { answers } from '../answers.ts';
import { listOf, record, refer } from '../schemas.ts';

const DEFAULT_SECONDS = 300;
const MAYBE = { type: ['string', 'null'] };

interface WaitQuery {
  readonly stacks?: string;
  readonly revision?: string;
  readonly timeout?: number;
  readonly follow?: boolean;
}

const waitQuery = shape<WaitQuery>({
  type: 'object',
  properties: {
    stacks: {
      type: 'string',
      minLength: 1,
      maxLength: 10_000,
      description: 'Names with commas between. Default: all.',
    },
    revision: {
      type: 'string',
      pattern: '^[0-9a-f]{7,40}$',
      description: 'A commit: what counts begins with it. Default: what was read last.',
    },
    timeout: { type: 'integer', minimum: 0, maximum: 86_400, description: 'Seconds. Default 300.' },
    follow: { type: 'boolean', description: 'Server-sent events. Default false.' },
  },
});

const REPORT = record({
  outcome: { enum: ['in_sync', 'failed', 'timed_out', null] },
  revision: MAYBE,
  reached: { type: 'boolean' },
  stacks: listOf(record({ name: { type: 'string' }, state: { type: 'string' }, message: MAYBE })),
  error: MAYBE,
});

export const waitRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/wait',
    id: 'waitForSync',
    tag: 'Stacks',
    summary: 'Wait until stacks are in sync',
    description:
      'At once when they are. Followed, it answers a report event whenever something has changed; the last one has an outcome.',
    access: 'viewer',
    query: waitQuery,
    responses: {
      200: {
        description: 'All are in sync.',
        content: { 'application/json': REPORT, 'text/event-stream': { type: 'string' } },
      },
      404: answers('There is no such stack.', refer('Error')),
      409: answers('The time is over (TIMED_OUT).', refer('Error')),
      503: answers('One of them will not be, unless somebody does something (NOT_IN_SYNC).', refer('Error')),
    },
    async handle({ query, accept, signal }, deps: ApiDeps) {
      const reports = waitForSync(deps, toRequest(query), signal);
      if (query.follow === true || accept.includes('text/event-stream'))
        return { kind: 'events', events: toEvents(reports) };
      for await (const report of reports) if (report.outcome !== null) return ok(toAnswer(report));
      throw new HttpProblem('SERVICE_UNAVAILABLE', 'it ended before that could be told');
    },
  }),
];

function toRequest({ stacks, revision = '', timeout = DEFAULT_SECONDS }: WaitQuery): SyncRequest {
  return {
    stacks: stacks?.split(',').filter((name) => name !== '') ?? null,
    revision: revision === '' ? null : revision,
    timeoutMs: timeout * 1_000,
  };
}

async function* toEvents(reports: AsyncIterable<SyncReport>): AsyncGenerator<ServerEvent> {
  for await (const report of reports) yield { event: 'report', data: toView(report) };
}

/** Anything but stacks that are in sync is an error, so that no script takes it for one. */
function toAnswer(report: SyncReport) {
  if (report.outcome === 'in_sync') return toView(report);
  const hasFailed = report.outcome === 'failed';
  const waiting = report.stacks.filter(({ state }) => state !== 'in_sync' && state !== 'removed');
  const details = waiting.map(({ name, state, message }) => ({
    field: name,
    message: message === null ? state : `${state}: ${message}`,
  }));
  throw new HttpProblem(hasFailed ? 'SERVICE_UNAVAILABLE' : 'CONFLICT', explain(report), {
    reason: hasFailed ? 'NOT_IN_SYNC' : 'TIMED_OUT',
    details,
  });
}

function explain({ outcome, hasReached, error }: SyncReport): string {
  if (outcome === 'failed') return 'not all stacks will be in sync';
  if (hasReached) return 'not all stacks were in sync in time';
  const why = error === null ? '' : `: ${error}`;
  return `the revision was not read in time${why}`;
}

function toView({ hasReached, ...report }: SyncReport) {
  return { ...report, reached: hasReached };
}

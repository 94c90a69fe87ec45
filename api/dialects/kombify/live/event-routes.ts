import { isReconcilerError } from '../../../../reconciler/index.ts';
import { defineRoute } from '../../../http/route.ts';
import type { Route, ServerEvent } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { readWords } from './word-list.ts';
import type { FeedEvent, FeedItem, FeedPlace, FeedType } from '../../../operations/live/event-feed.ts';
import { FEED_TYPES } from '../../../operations/live/event-feed.ts';
import { answers } from '../answers.ts';
import type { KombifyDeps } from '../exec/deps.ts';
import { toJob, toLog, toStep } from '../job-view.ts';
import { refer } from '../schemas.ts';
import { toStack } from '../stack-view.ts';

interface EventsQuery {
  readonly types?: string;
  readonly stack?: string;
  readonly job?: string;
  readonly after?: string;
}

const eventsQuery = shape<EventsQuery>({
  type: 'object',
  properties: {
    types: {
      type: 'string',
      maxLength: 200,
      description: `Some of ${FEED_TYPES.join(', ')}, with commas between; gone comes with stack. Default: all but step and log, which come where job is given.`,
    },
    stack: {
      type: 'string',
      minLength: 1,
      description: 'Of what is about a stack, only what is about this one.',
    },
    job: { type: 'string', minLength: 1, description: 'Of jobs, steps and lines, only those of this one.' },
    after: {
      type: 'string',
      maxLength: 100,
      description: 'Id of the event to go on after, where no Last-Event-ID says so.',
    },
  },
});

export const eventRoutes: readonly Route<KombifyDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/events',
    id: 'followEvents',
    tag: 'System',
    summary: 'Everything that happens, as it happens',
    description:
      'Server-sent events until the client goes away. First hello ({epoch, revision, sequence}); then stack (a stack as in GET /stacks, the newest only, about five a second of each), gone ({name}), repository, node, health, job, step and log. Ids are <epoch>-<sequence>: Last-Event-ID goes on after one of the newest 5,000 events. Where that cannot be, or a reader was too slow, reset (as hello) says that something is missing.',
    access: 'viewer',
    query: eventsQuery,
    responses: {
      200: { description: 'The events.', content: { 'text/event-stream': { type: 'string' } } },
      404: answers('The stack or the job is not known.', refer('Error')),
    },
    handle({ query, lastEventId, signal }, deps: KombifyDeps) {
      const { stack, job } = query;
      const types = readTypes(query);
      const after = lastEventId ?? query.after;
      if (stack !== undefined && after === undefined) deps.reconciler.getStackRow(stack);
      if (job !== undefined) deps.reconciler.getJob(job);
      const filter = {
        types,
        ...(stack === undefined ? {} : { stack }),
        ...(job === undefined ? {} : { job }),
      };
      return { kind: 'events', events: toServerEvents(deps, deps.feed.follow(filter, after, signal)) };
    },
  }),
];

const OF_JOBS: readonly FeedType[] = ['step', 'log'];

function readTypes({ types, job }: EventsQuery): ReadonlySet<FeedType> {
  if (types === undefined)
    return new Set(FEED_TYPES.filter((type) => job !== undefined || !OF_JOBS.includes(type)));
  const wanted = new Set(readWords('types', types, FEED_TYPES));
  return wanted.has('stack') ? wanted.add('gone') : wanted;
}

async function* toServerEvents(
  deps: KombifyDeps,
  items: AsyncIterable<FeedItem>,
): AsyncGenerator<ServerEvent> {
  for await (const item of items) {
    const event =
      item.kind === 'event' ? toSharedEvent(deps, item.event, item.place) : toPlaceEvent(deps, item);
    if (event !== null) yield event;
  }
}

function toPlaceEvent({ reconciler }: KombifyDeps, { kind, place }: FeedItem): ServerEvent {
  const revision = reconciler.repository().revision?.commit ?? null;
  return { event: kind, id: toId(place), data: { ...place, revision } };
}

function toId({ epoch, sequence }: FeedPlace): string {
  return `${epoch}-${sequence}`;
}

/** Events as they are sent: made once, however many read them. */
const sent = new WeakMap<FeedEvent, ServerEvent>();

/** @returns `null` for a stack that has gone meanwhile; that is told by an event of its own */
function toSharedEvent(deps: KombifyDeps, event: FeedEvent, place: FeedPlace): ServerEvent | null {
  const known = sent.get(event);
  if (known !== undefined) return known;
  const data = toData(deps, event);
  if (data === null) return null;
  const made = { event: event.type, id: toId(place), data };
  sent.set(event, made);
  return made;
}

function toData(deps: KombifyDeps, event: FeedEvent): object | null {
  switch (event.type) {
    case 'stack':
      return findRow(deps, event.stack);
    case 'gone':
      return { name: event.stack };
    case 'repository':
      return { revision: event.revision, error: event.error };
    case 'node':
      return {
        name: event.node,
        address: event.address,
        status: event.reachable ? 'online' : 'offline',
        message: event.message,
      };
    case 'health': {
      const { status, reason } = event.health;
      return { stack_id: event.stack, resource: event.resource, status, message: reason ?? null };
    }
    case 'job':
      return toJob(event.job);
    case 'step':
      return { job_id: event.step.jobId, stack_id: event.stack, ...toStep(event.step) };
    case 'log':
      return { job_id: event.log.jobId, stack_id: event.stack, ...toLog(event.log) };
    default:
      return event satisfies never;
  }
}

function findRow({ reconciler }: KombifyDeps, stack: string): object | null {
  try {
    return toStack(reconciler.getStackRow(stack));
  } catch (error) {
    if (isReconcilerError(error, 'UNKNOWN_STACK')) return null;
    throw error;
  }
}

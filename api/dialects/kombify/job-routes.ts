import type { JobFilter } from '../../../reconciler/index.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { Route, ServerEvent } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import type { JobEvent } from '../../operations/follow/follow-job.ts';
import { followJob } from '../../operations/follow/follow-job.ts';
import type { JobTypeWord } from './job-view.ts';
import { JOB_TYPE_WORDS, toJob, toJobType, toLog, toPlannedJob, toStep } from './job-view.ts';
import type { PageQuery } from '../../http/page.ts';
import { pageParameters, readPage, toPagination, toRange } from '../../http/page.ts';
import { answers, listSchema } from './answers.ts';
import { refer } from './schemas.ts';
import { toEndedJob, WAITED_ANSWERS } from './ended-job.ts';
import { waitForJob } from '../../operations/plans.ts';

const TAG = 'Jobs';
const DEFAULT_PER_PAGE = 50;
const STATUSES = ['queued', 'running', 'completed', 'failed', 'cancelled'] as const;

interface JobQuery extends PageQuery {
  readonly stack_id?: string;
  readonly status?: (typeof STATUSES)[number];
  readonly type?: JobTypeWord;
  readonly except?: JobTypeWord;
  readonly since?: string;
}

const listQuery = shape<JobQuery>({
  type: 'object',
  properties: {
    stack_id: { type: 'string' },
    status: { enum: STATUSES },
    type: { enum: JOB_TYPE_WORDS, description: 'deploy and apply are the same.' },
    except: { enum: JOB_TYPE_WORDS, description: 'All types but this one.' },
    since: { type: 'string', format: 'date-time', description: 'Created at or after.' },
    ...pageParameters(200),
  },
});

const getQuery = shape<{ readonly follow?: boolean; readonly wait?: boolean }>({
  type: 'object',
  properties: {
    follow: {
      type: 'boolean',
      description: 'Server-sent events, as with Accept: text/event-stream. Default false.',
    },
    wait: {
      type: 'boolean',
      description:
        'Answer when the job has ended; one that has failed is the error that it ended with. Default false.',
    },
  },
});

export const jobRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/jobs',
    id: 'listJobs',
    tag: TAG,
    summary: 'List all jobs',
    description: 'Newest first, 50 on a page unless per_page says otherwise.',
    access: 'viewer',
    query: listQuery,
    responses: { 200: answers('Jobs without their steps and logs.', listSchema('jobs', refer('Job'))) },
    handle({ query }, deps: ApiDeps) {
      const page = readPage(query, DEFAULT_PER_PAGE) ?? { page: 1, perPage: DEFAULT_PER_PAGE };
      const { jobs, total } = deps.reconciler.listJobs({ ...toFilter(query), ...toRange(page) });
      return ok({ jobs: jobs.map(toJob), pagination: toPagination(page, total) });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/jobs/:id',
    id: 'getJob',
    tag: TAG,
    summary: 'Get job details and logs',
    description:
      'Followed, it answers events until the job has ended: step (a step as it stands now), log (one line, its id is the sequence to resume after with Last-Event-ID) and complete (the job).',
    access: 'viewer',
    params: { id: 'Id of the job.' },
    query: getQuery,
    responses: {
      200: {
        description: 'The job with steps and logs, or its events.',
        content: { 'application/json': refer('JobDetail'), 'text/event-stream': { type: 'string' } },
      },
      ...WAITED_ANSWERS,
    },
    async handle({ params, query, accept, lastEventId, signal }, deps: ApiDeps) {
      const detail = deps.reconciler.getJob(params['id'] ?? '');
      if (query.wait === true) return ok(toEndedJob(await waitForJob(deps, detail.job.id, signal)));
      if (query.follow !== true && !accept.includes('text/event-stream')) {
        const { planId } = detail.job;
        return ok(toPlannedJob(detail, planId === null ? undefined : deps.reconciler.getPlan(planId)));
      }
      const events = followJob(deps, detail.job.id, Number(lastEventId) || 0, signal);
      return { kind: 'events', events: toServerEvents(events) };
    },
  }),
];

function toFilter({ stack_id: stack, status, type, except, since }: JobQuery): JobFilter {
  return {
    ...(stack === undefined ? {} : { stack }),
    ...(status === undefined ? {} : { status }),
    ...(type === undefined ? {} : { type: toJobType(type) }),
    ...(except === undefined ? {} : { except: toJobType(except) }),
    ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
  };
}

async function* toServerEvents(events: AsyncIterable<JobEvent>): AsyncGenerator<ServerEvent> {
  for await (const event of events) yield toServerEvent(event);
}

function toServerEvent(event: JobEvent): ServerEvent {
  switch (event.type) {
    case 'step':
      return { event: 'step', data: toStep(event.step) };
    case 'log':
      return { event: 'log', id: String(event.log.sequence), data: toLog(event.log) };
    case 'complete':
      return { event: 'complete', data: toJob(event.job) };
    default:
      return event satisfies never;
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type {
  HistoryEntry,
  JobDetail,
  JobStep,
  LogOptions,
  Plan,
  ValidationReport,
} from '../../../reconciler/index.ts';
import { errorMessage, hasErrors } from '../../../reconciler/index.ts';
import type { DailySession } from '../session/daily-session.ts';
import { MAX_TAIL_LINES } from '../session/daily-session.ts';
import type { DataSession } from '../session/data-session.ts';
import type { TagSession } from '../session/tag-session.ts';
import { createRemoteTags } from '../session/tag-session.ts';
import type { InventorySession } from '../session/inventory-session.ts';
import type { AdoptionSession } from '../adopt/adoption-session.ts';
import { createRemoteAdoptions } from '../adopt/adoption-session.ts';
import { createRemoteInventory } from '../session/inventory-session.ts';
import type { BuildSession } from '../session/build-session.ts';
import { createRemoteBuilds } from '../session/build-session.ts';
import type { NotifySession } from '../session/notify-session.ts';
import { createRemoteNotify } from '../session/notify-session.ts';
import { createRemoteData } from '../session/data-session.ts';
import { createRemoteWorkflows } from '../workflow/remote-workflows.ts';
import type { WorkflowSession } from '../workflow/workflow-session.ts';
import { RemoteError, unknownStack } from '../terminal/failure.ts';
import { createRemoteClient, type RemoteClient, type RemoteOptions } from './client.ts';
import {
  fieldsOf,
  hasEnded,
  listAt,
  textAt,
  textOrNull,
  toDiagnostic,
  toJob,
  toJobDetail,
  toHistoryEntry,
  toLogLine,
  toPlan,
  toStackView,
  toStep,
} from './decode.ts';
import { readPages } from './pages.ts';
import { createRemoteDaily } from './daily.ts';
import { execRemotely } from './exec.ts';
import { generateRemotely } from './generate.ts';
import type { RemovedStack, RepositorySummary, Session } from '../session/session.ts';

/** A stream that breaks is opened again after this, in milliseconds. */
const RECONNECT_MS = 500;
const MAX_JOBS_PER_PAGE = 200;

/** Works on a running daemon over its API. */
export function createRemoteSession(options: RemoteOptions): Session {
  const client = createRemoteClient(options);
  const ended = new AbortController();
  return {
    ...readingPart(client),
    ...changingPart(client),
    ...createRemoteDaily({
      client,
      withNames: (answer, stack, signal) => withNames(client, stack, answer, signal),
    }),
    ...createRemoteTags(client),
    ...createRemoteInventory(client),
    ...createRemoteNotify(client),
    ...createRemoteAdoptions(client),
    ...createRemoteBuilds(createRemoteClient({ ...options, prefix: '/v1/api' })),
    ...createRemoteWorkflows(createRemoteClient({ ...options, prefix: '/v1/api' })),
    ...createRemoteData({
      client,
      withNames: (answer, stack, signal) => withNames(client, stack, answer, signal),
    }),
    followJob: (id, onStep, signal) => followJob(client, id, onStep, AbortSignal.any([signal, ended.signal])),
    stop() {
      ended.abort(new RemoteError('CANCELLED', 'no longer followed; the daemon goes on with it'));
      return Promise.resolve('the daemon goes on with what it has begun');
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

type ChangingPart = 'plan' | 'apply' | 'control' | 'deleteStacks' | 'rollback' | 'acceptDrift' | 'exec';
type ReadingPart = Exclude<
  keyof Session,
  | ChangingPart
  | keyof DailySession
  | keyof DataSession
  | keyof InventorySession
  | keyof TagSession
  | keyof BuildSession
  | keyof WorkflowSession
  | keyof NotifySession
  | keyof AdoptionSession
  | 'followJob'
  | 'stop'
  | typeof Symbol.asyncDispose
>;

function readingPart(client: RemoteClient): Pick<Session, ReadingPart> {
  return {
    repository: (signal) => readRepository(client, signal),
    async leftovers(signal) {
      const { items } = await readPages(client, '/stacks', 'stacks', { decode: toStackView, signal });
      return items.filter(({ file }) => file === '');
    },
    async validate(text, file, signal) {
      return toReport(await client.post('/unifier/validate', { body: { yaml: text, file }, signal }));
    },
    suggestPolicy: () => Promise.reject(new Error('internal: the configuration is on the other machine')),
    generate: (request, signal) => generateRemotely(client, request, signal),
    async observe(name, signal) {
      const answer = client.get(stackPath(name), { query: { refresh: true }, signal });
      return toStackView(await withNames(client, name, answer, signal));
    },
    async listJobs({ stack, status, type, except, since, limit = 50 }, signal) {
      const per_page = Math.min(limit, MAX_JOBS_PER_PAGE);
      const query = { stack_id: stack, status, type, except, since, per_page };
      return listAt(fieldsOf(await client.get('/jobs', { query, signal }), 'jobs'), 'jobs', toJob);
    },
    async getJob(id, signal) {
      return toJobDetail(await client.get(`/jobs/${encodeURIComponent(id)}`, { signal }));
    },
    async getPlan(id, signal) {
      try {
        return toPlan(await client.get(`/plans/${encodeURIComponent(id)}`, { signal }));
      } catch (error) {
        if (error instanceof RemoteError && error.code === 'NOT_FOUND') return undefined;
        throw error;
      }
    },
    async history(stack, signal): Promise<readonly HistoryEntry[]> {
      const answer = client.get(`${stackPath(stack)}/deployments`, { signal });
      const newestFirst = listAt(
        fieldsOf(await withNames(client, stack, answer, signal), 'deployments'),
        'deployments',
        toHistoryEntry,
      );
      return newestFirst.toReversed();
    },
    logs: (stack, service, options) => readLogs(client, `${servicePath(stack, service)}/logs`, options),
  };
}

/** The lines of files are for people: a large plan need not carry them to a daemon. */
function withoutContents(plan: Plan): Plan {
  return { ...plan, changes: plan.changes.map(({ contents: _contents, ...change }) => change) };
}

function changingPart(client: RemoteClient): Pick<Session, ChangingPart> {
  /** Ids of plans that this daemon made, so that a large plan need not be sent back. */
  const planIds = new WeakMap<Plan, string>();
  return {
    async plan({ stack, mode = 'apply', volumes = false, newest }, signal) {
      const body = { mode, volumes, ...(newest === true ? { newest } : {}) };
      const request = client.post(`${stackPath(stack)}/plan`, { body, signal });
      const answer = await withNames(client, stack, request, signal);
      const plan = toPlan(answer);
      const planId = textAt(fieldsOf(answer, 'plan'), 'plan_id');
      if (planId !== '') planIds.set(plan, planId);
      return { plan, planId };
    },
    async apply({ stack, mode = 'apply', volumes = false, confirm = false, overrideFreeze, plan }, signal) {
      const id = plan === undefined ? undefined : planIds.get(plan);
      const asPlanned =
        id !== undefined ? { plan_id: id } : plan !== undefined ? { plan: withoutContents(plan) } : {};
      const frozen = overrideFreeze === true ? { override_freeze: true } : {};
      const body = { mode, volumes, confirm, ...frozen, ...asPlanned };
      return toJob(
        await withNames(client, stack, client.post(`${stackPath(stack)}/apply`, { body, signal }), signal),
      );
    },
    exec: (stack, service, request) =>
      withNames(client, stack, execRemotely(client, servicePath(stack, service), request), request.signal),
    async acceptDrift(stack, signal) {
      const body = { action: 'accept_actual' };
      const request = client.post(`${stackPath(stack)}/drift/resolve`, { body, signal });
      const answer = fieldsOf(await withNames(client, stack, request, signal), 'drift');
      const write = { commit: textAt(answer, 'commit'), file: textAt(answer, 'file') };
      return { write, unplaced: listAt(answer, 'unplaced', String) };
    },
    async control(stack, action, signal) {
      const request = client.post(`${stackPath(stack)}/${action}`, { signal });
      return toJob(await withNames(client, stack, request, signal));
    },
    async deleteStacks({ stacks, volumes, overrideFreeze }, signal) {
      const answer = await client.post('/stacks/batch-delete', {
        body: { stacks, volumes, ...(overrideFreeze ? { override_freeze: true } : {}) },
        query: { wait: true },
        signal,
      });
      const fields = fieldsOf(answer, 'removal');
      return { commit: textOrNull(fields, 'commit'), stacks: listAt(fields, 'stacks', toRemovedStack) };
    },
    async rollback(stack, to, signal) {
      const request = client.post(`${stackPath(stack)}/rollback`, { body: { to }, signal });
      const answer = fieldsOf(await withNames(client, stack, request, signal), 'commit');
      const files = listAt(answer, 'files', String);
      return { commit: textAt(answer, 'commit'), file: textAt(answer, 'file'), files };
    },
  };
}

function toRemovedStack(value: unknown): RemovedStack {
  const fields = fieldsOf(value, 'stack');
  const error = fields['error'] === null ? null : fieldsOf(fields['error'], 'error');
  return {
    stack: textAt(fields, 'name'),
    jobId: textOrNull(fields, 'job_id'),
    error: error && { code: textAt(error, 'code'), message: textAt(error, 'message') },
  };
}

function stackPath(stack: string): string {
  return `/stacks/${encodeURIComponent(stack)}`;
}

function servicePath(stack: string, service: string): string {
  return `${stackPath(stack)}/services/${encodeURIComponent(service)}`;
}

/** The answer, or for an unknown stack an error that names those there are. */
async function withNames<T>(
  client: RemoteClient,
  stack: string,
  answer: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof RemoteError) || error.code !== 'UNKNOWN_STACK') throw error;
    throw unknownStack(stack, (await readRepository(client, signal)).stacks);
  }
}

async function readRepository(client: RemoteClient, signal: AbortSignal): Promise<RepositorySummary> {
  const fields = fieldsOf(await client.get('/repository', { signal }), 'repository');
  const revision = fields['revision'] === null ? null : fieldsOf(fields['revision'], 'revision');
  const error = fields['error'] === null ? null : fieldsOf(fields['error'], 'error');
  return {
    location: textAt(fields, 'location'),
    branch: textAt(fields, 'branch'),
    // A daemon of an earlier version reads the whole repository.
    root: typeof fields['root'] === 'string' ? fields['root'] : '',
    commit: revision === null ? null : textAt(revision, 'commit'),
    dirty: revision?.['dirty'] === true,
    stacks: listAt(fields, 'stacks', String),
    diagnostics: listAt(fields, 'diagnostics', toDiagnostic),
    error: error === null ? null : { code: textAt(error, 'code'), message: textAt(error, 'message') },
    tagError: null,
  };
}

/** Follows the event stream; a stream that breaks is taken up again, and the job itself says when it is over. */
async function followJob(
  client: RemoteClient,
  id: string,
  onStep: (step: JobStep) => void,
  signal: AbortSignal,
): Promise<JobDetail> {
  const path = `/jobs/${encodeURIComponent(id)}`;
  const report = onlyNews(onStep);
  for (;;) {
    await readSteps(client, path, (data) => report(toStep(data, id)), signal);
    const detail = toJobDetail(await client.get(path, { signal }));
    if (hasEnded(detail.job)) {
      detail.steps.forEach(report);
      return detail;
    }
    await sleep(RECONNECT_MS, undefined, { signal });
  }
}

/** Resolves when the stream has ended, also because it broke. */
async function readSteps(
  client: RemoteClient,
  path: string,
  onStep: (data: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const { event, data } of client.events(path, { query: { follow: true }, signal })) {
      if (event === 'step') onStep(data);
    }
  } catch (error) {
    signal.throwIfAborted();
    // An objection of the daemon itself is final.
    if (error instanceof RemoteError && error.code !== 'SERVER_UNREACHABLE') throw error;
  }
}

function onlyNews(onStep: (step: JobStep) => void): (step: JobStep) => void {
  const last = new Map<number, string>();
  return (step) => {
    const state = `${step.status}\0${step.message ?? ''}`;
    if (last.get(step.index) === state) return;
    last.set(step.index, state);
    onStep(step);
  };
}

async function* readLogs(
  client: RemoteClient,
  path: string,
  { tail, since, follow, previous, signal }: LogOptions,
) {
  const query = {
    tail: Math.min(tail ?? MAX_TAIL_LINES, MAX_TAIL_LINES),
    since: since?.toISOString(),
    follow,
    previous,
  };
  if (follow !== true) {
    yield* listAt(fieldsOf(await client.get(path, { query, signal }), 'logs'), 'logs', toLogLine);
    return;
  }
  for await (const { event, data } of client.events(path, { query, signal })) {
    if (event === 'log') yield toLogLine(data);
    else if (event === 'error')
      throw new RemoteError('SERVER_ERROR', errorMessage(textOrNull(fieldsOf(data, 'error'), 'message')));
  }
}

function toReport(answer: unknown): ValidationReport {
  const fields = fieldsOf(answer, 'validation');
  const of = (key: 'errors' | 'warnings', severity: 'error' | 'warning') =>
    listAt(fields, key, (finding) => ({ ...toDiagnostic(finding), severity }));
  const diagnostics = [...of('errors', 'error'), ...of('warnings', 'warning')];
  const resolved = fieldsOf(fields['resolved'] ?? {}, 'resolved');
  return {
    valid: !hasErrors(diagnostics),
    diagnostics,
    services: listAt(resolved, 'services', String),
    dependencies: {},
  };
}

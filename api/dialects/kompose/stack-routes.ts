import { isReconcilerError } from '../../../reconciler/index.ts';
import type { ExtendedQuery } from '../../http/extended.ts';
import { extendedParameter, isExtended } from '../../http/extended.ts';
import { HttpProblem } from '../../http/problem.ts';
import { defineRoute } from '../../http/route.ts';
import type { ApiRequest, Reply, Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import { controlStack } from '../../operations/control.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { readStackLogs } from '../../operations/stack-logs.ts';
import { getStack } from '../../operations/stacks.ts';
import { failure, success } from './envelope.ts';
import { DATA, fails, succeeds } from './schemas.ts';
import { formatControl, formatLogs, formatStatus, toService, toStackItem } from './stack-view.ts';

const TAG = 'Stacks';
const NAME = { name: 'Name of the stack.' };
const DEFAULT_LINES = 100;

const PAST = { start: 'started', stop: 'stopped', restart: 'restarted' } as const;
type Control = keyof typeof PAST;
export const CONTROLS: readonly Control[] = ['start', 'stop', 'restart'];

interface LogQuery {
  readonly lines?: number;
  readonly tail?: number;
  readonly service?: string;
  readonly since?: string;
}

export const logQuery = shape<LogQuery>({
  type: 'object',
  properties: {
    lines: { type: 'integer', minimum: 0, maximum: 10_000, description: 'Last lines. Default 100.' },
    tail: { type: 'integer', minimum: 0, maximum: 10_000, description: 'The same as lines.' },
    service: { type: 'string', description: 'One service only.' },
    since: { type: 'string', format: 'date-time' },
  },
});

const listQuery = shape<ExtendedQuery>({ type: 'object', properties: { ...extendedParameter } });

export const stackRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/stacks',
    id: 'listKomposeStacks',
    tag: TAG,
    summary: 'All stacks',
    access: 'viewer',
    query: listQuery,
    responses: { 200: succeeds('By name.', DATA.stacks) },
    handle: ({ query }, deps: ApiDeps) => {
      const stacks = deps.reconciler.listStacks();
      return success(
        'Stacks retrieved',
        stacks.map((stack) => toStackItem(stack, isExtended(query))),
      );
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/stacks/:name',
    id: 'getKomposeStack',
    tag: TAG,
    summary: 'Status of a stack',
    access: 'viewer',
    params: NAME,
    responses: { 200: succeeds('As a table, and as data.', DATA.stack) },
    handle: showStatus,
  }),
  ...CONTROLS.map((action) =>
    defineRoute({
      method: 'POST',
      path: `/stacks/:name/${action}`,
      id: `${action}KomposeStack`,
      tag: TAG,
      summary: `${action.charAt(0).toUpperCase()}${action.slice(1)} a stack`,
      description:
        'Acts on the containers without touching Git. A stopped stack stays stopped until it is started, applied or changed by a commit.',
      access: 'deployer',
      params: NAME,
      responses: { 200: succeeds('When it is done.', DATA.control), 500: fails('A part of it failed.') },
      handle: (request, deps: ApiDeps) => control(action, request, deps),
    }),
  ),
  defineRoute({
    method: 'GET',
    path: '/stacks/:name/logs',
    id: 'getKomposeLogs',
    tag: TAG,
    summary: 'What the services of a stack printed',
    access: 'viewer',
    params: NAME,
    query: logQuery,
    responses: { 200: succeeds('Oldest first.', DATA.logs), 500: fails('No service could be read.') },
    handle: showLogs,
  }),
];

async function showStatus({ params, signal }: ApiRequest, deps: ApiDeps): Promise<Reply> {
  const stack = await known(params['name'], (name) => getStack(deps, name, false, signal));
  return success('Stack status retrieved', {
    stack: stack.name,
    output: formatStatus(stack),
    state: stack.state,
    message: stack.message,
    services: stack.services.map(toService),
  });
}

async function control(action: Control, { params, identity, signal }: ApiRequest, deps: ApiDeps) {
  const detail = await known(params['name'], (stack) =>
    controlStack(deps, { stack, action, actor: identity }, signal),
  );
  const { job } = detail;
  if (job.status !== 'completed')
    return failure(500, `Failed to ${action} stack: ${job.error?.message ?? job.status}`);
  return success(`Stack ${PAST[action]} successfully`, {
    stack: job.stack,
    action,
    output: formatControl(action, detail),
    state: deps.reconciler.getStack(job.stack).state,
    job_id: job.id,
  });
}

/** Also for the methods that the table does not name: the reference asks for none. */
export async function showLogs({ params, query, signal }: ApiRequest<LogQuery>, deps: ApiDeps) {
  const wanted = query.lines ?? query.tail ?? DEFAULT_LINES;
  const { lines, failures } = await known(params['name'], (stack) =>
    readStackLogs(deps, {
      stack,
      lines: wanted,
      signal,
      ...(query.service === undefined ? {} : { services: [query.service] }),
      ...(query.since === undefined ? {} : { since: new Date(query.since) }),
    }),
  );
  const reasons = Object.entries(failures).map(([service, reason]) => `${service}: ${reason}`);
  if (lines.length === 0 && reasons.length > 0)
    return failure(500, `Failed to get logs: ${reasons.join('; ')}`);
  return success('Logs retrieved', {
    stack: params['name'],
    logs: formatLogs(lines),
    lines: lines.length,
    entries: lines.map(({ service, stream, time, text }) => ({ service, stream, time, text })),
    failures,
  });
}

/** The stack by its name, or the answer that this dialect gives for one, or a service of it, that is not there. */
async function known<T>(name: string | undefined, ask: (name: string) => Promise<T> | T): Promise<T> {
  try {
    return await ask(name ?? '');
  } catch (error) {
    if (isReconcilerError(error, 'UNKNOWN_SERVICE'))
      throw new HttpProblem('BAD_REQUEST', error.message, { cause: error });
    if (!isReconcilerError(error, 'UNKNOWN_STACK')) throw error;
    throw new HttpProblem('NOT_FOUND', `Stack not found: ${name}`, { cause: error });
  }
}

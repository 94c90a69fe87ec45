import { isReconcilerError } from '../../../../reconciler/index.ts';
import type { Identity } from '../../../auth/identity.ts';
import { requireExec } from '../../../auth/require-exec.ts';
import type { ServerEvent } from '../../../http/route.ts';
import { defineRoute } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import type { SocketChannel } from '../../../http/sockets/channel.ts';
import { toProblem } from '../../../http/to-problem.ts';
import { DEFAULT_SIZE, joinSession } from '../../../operations/sessions/join-session.ts';
import { answers, answersEvents } from '../answers.ts';
import type { WorkflowDeps } from '../deps.ts';
import { BAD_RESOURCE_ID, RESOURCE_ID, UNKNOWN_RESOURCE } from '../resources/resource-routes.ts';
import { record, TEXT } from '../schemas.ts';
import type { Pod } from './pod.ts';
import { findPod } from './pod.ts';
import { readInput, toFrame } from './terminal-frames.ts';

const TAG = 'Resources';
const TAIL = 100;
const MIN_TAIL = 50;
const MAX_TAIL = 5_000;
/** Longest line that is sent whole, in characters. */
const MAX_LINE = 65_536;
const SHELL = ['/bin/sh'];
const CONTAINER = { type: 'string', maxLength: 253, description: 'Default: the first.' };

interface LogQuery {
  readonly container?: string;
  readonly follow?: boolean;
  readonly tail?: number;
  readonly sinceSeconds?: number;
}

const logQuery = shape<LogQuery>({
  type: 'object',
  properties: {
    container: CONTAINER,
    follow: { type: 'boolean', description: 'Goes on until the pod ends. Default true.' },
    tail: {
      type: 'integer',
      description: `Last lines: ${MIN_TAIL} to ${MAX_TAIL}, others count as the nearest of these. Default ${TAIL}.`,
    },
    sinceSeconds: { type: 'integer', minimum: 1, maximum: 1e9, description: 'Only the last seconds.' },
  },
});

interface TerminalQuery {
  readonly container?: string;
  readonly shell?: string;
}

const terminalQuery = shape<TerminalQuery>({
  type: 'object',
  properties: {
    container: CONTAINER,
    shell: { type: 'string', maxLength: 253, description: 'Without effect: it is /bin/sh.' },
  },
});

export const podRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/resources/:id/logs/stream',
    id: 'followPodLogs',
    tag: TAG,
    summary: 'What a container of a pod prints',
    description:
      'Server-sent events: metadata (JSON), log for each line (text: time and line), error and complete (text). Containers of engines have logs, too.',
    access: 'viewer',
    params: RESOURCE_ID,
    query: logQuery,
    responses: {
      200: answersEvents('Until the pod ends.'),
      400: BAD_RESOURCE_ID,
      404: UNKNOWN_RESOURCE,
    },
    async handle(request, deps: WorkflowDeps) {
      const pod = await findPod(deps, request, 'Only pods have logs. This resource is not a pod.');
      return { kind: 'events', events: followLogs(deps, pod, request.query, request.signal) };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/resources/:id/exec/terminal',
    id: 'openTerminal',
    tag: TAG,
    summary: 'A terminal in a container of a pod (web socket)',
    description:
      'Text frames {type, data}: metadata, output, error, close of the server, input and resize (cols, rows) of the client. For admins, unless the operator has decided otherwise (exec). Each terminal is recorded; it ends after 30 minutes in which nothing was typed or printed.',
    access: 'deployer',
    socket: true,
    params: RESOURCE_ID,
    query: terminalQuery,
    responses: {
      101: answers('Frames both ways.', record({ type: TEXT, data: TEXT })),
      400: BAD_RESOURCE_ID,
      404: UNKNOWN_RESOURCE,
    },
    async handle(request, deps: WorkflowDeps) {
      const { identity, identifyAgain, address } = request;
      requireExec(identity, deps.execRight);
      const pod = await findPod(deps, request, 'Only pods support terminal access');
      return {
        kind: 'socket',
        recheck: async () => requireExec(await identifyAgain(), deps.execRight),
        accept: (channel) => serveTerminal(deps, pod, { identity, address }, channel),
      };
    },
  }),
];

async function* followLogs(
  { reconciler }: WorkflowDeps,
  { object, container, metadata }: Pod,
  { follow = true, tail = TAIL, sinceSeconds }: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  yield { event: 'metadata', data: metadata };
  const options = {
    follow,
    tail: Math.min(MAX_TAIL, Math.max(MIN_TAIL, tail)),
    ...(sinceSeconds === undefined ? {} : { since: new Date(Date.now() - sinceSeconds * 1_000) }),
    ...(container === undefined ? {} : { container }),
    signal,
  };
  try {
    for await (const { time, text } of reconciler.logsAt(object, options))
      yield { event: 'log', text: `${time} ${text.slice(0, MAX_LINE)}` };
  } catch (error) {
    if (!signal.aborted) yield { event: 'error', text: toProblem(error).message };
    return;
  }
  if (!signal.aborted) yield { event: 'complete', text: 'Log stream completed' };
}

interface Client {
  readonly identity: Identity;
  readonly address: string;
}

/** Tells in frames what goes wrong: the status line of the answer is long gone. */
async function serveTerminal(
  { reconciler, logger }: WorkflowDeps,
  { object, container, metadata }: Pod,
  { identity, address }: Client,
  channel: SocketChannel,
): Promise<void> {
  const { signal } = channel;
  const tell = (type: Parameters<typeof toFrame>[0], data: string) => channel.send(toFrame(type, data));
  const where = container === undefined ? {} : { container };
  const request = { argv: SHELL, tty: true, actor: identity, via: 'api', address, signal, ...where } as const;
  let isOpen = false;
  try {
    await using session = await reconciler.openSessionAt(object, request);
    isOpen = true;
    await session.resize(DEFAULT_SIZE).catch(() => undefined);
    await tell('metadata', JSON.stringify(metadata));
    // A character may come in two pieces.
    const decoder = new TextDecoder();
    await joinSession(session, {
      input: readInput(channel.messages),
      onOutput: (_, bytes) => tell('output', decoder.decode(bytes, { stream: true })),
    });
    await tell('close', 'Terminal session completed');
  } catch (error) {
    const { code, message } = toProblem(error);
    // A client that goes away ends it, and that is no fault.
    if (code === 'INTERNAL_ERROR' && !signal.aborted)
      logger.error({ err: error }, 'A terminal failed unexpectedly');
    // A page opens an ended one again by itself, and one that was closed not.
    if (isReconcilerError(error, 'CANCELLED')) await tell('close', `Terminal session completed: ${message}`);
    else if (isOpen) await tell('error', `Terminal session ended unexpectedly: ${message}`);
    else await tell('error', `Failed to create terminal session: ${message}`);
  }
}

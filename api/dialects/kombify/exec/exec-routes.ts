import type { AccessRecord } from '../../../../reconciler/index.ts';
import { ReconcilerError } from '../../../../reconciler/index.ts';
import { requireExec } from '../../../auth/require-exec.ts';
import { created, defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import type { SocketChannel } from '../../../http/sockets/channel.ts';
import { toProblem } from '../../../http/to-problem.ts';
import { DEFAULT_SIZE, joinSession } from '../../../operations/sessions/join-session.ts';
import { callerOf } from '../../../auth/identity.ts';
import { answers } from '../answers.ts';
import { listOf, record } from '../schemas.ts';
import { STACK_ID } from '../stack-routes.ts';
import type { ExecTicket, KombifyDeps } from './deps.ts';
import { readInput, toOutputFrame } from './frames.ts';

const TAG = 'Programs';
const TEXT = { type: 'string' };
const TIME = { type: 'string', format: 'date-time' };
const NAME = { type: 'string', minLength: 1, maxLength: 253 };
const CHARACTERS = { type: 'integer', minimum: 1, maximum: 1_000 };

interface ExecBody {
  readonly command: readonly string[];
  readonly tty?: boolean;
  readonly pod?: string;
  readonly container?: string;
  readonly columns?: number;
  readonly rows?: number;
}

const execBody = shape<ExecBody>({
  type: 'object',
  required: ['command'],
  additionalProperties: false,
  properties: {
    command: {
      type: 'array',
      minItems: 1,
      maxItems: 1_000,
      items: { type: 'string', maxLength: 131_072 },
      description: 'The program and its arguments; no shell reads them.',
    },
    tty: { type: 'boolean', description: 'With a terminal: all output is stdout then. Default false.' },
    pod: { ...NAME, description: 'On a cluster. Default: the newest pod that runs.' },
    container: {
      ...NAME,
      description: 'Container of a pod, or of a service that has several. Default: the first that runs.',
    },
    columns: { ...CHARACTERS, description: 'Width of the terminal. Default 80.' },
    rows: { ...CHARACTERS, description: 'Height of the terminal. Default 24.' },
  },
});

const socketQuery = shape<{ readonly ticket: string }>({
  type: 'object',
  required: ['ticket'],
  properties: { ticket: { ...TEXT, maxLength: 100, description: 'Of POST …/exec; counts once.' } },
});

const accessQuery = shape<{ readonly limit?: number }>({
  type: 'object',
  properties: { limit: { type: 'integer', minimum: 1, maximum: 1_000, description: 'Default 100.' } },
});

const FRAME = {
  description: 'A text frame of the server.',
  oneOf: [
    record({ type: { const: 'opened' } }),
    record({ type: { const: 'exit' }, code: { type: 'integer' } }),
    record({ type: { const: 'error' }, code: TEXT, message: TEXT }),
  ],
};

export const execRoutes: readonly Route<KombifyDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/stacks/:id/services/:service/exec',
    id: 'createExecTicket',
    tag: TAG,
    summary: 'A ticket to run a program in a service',
    description:
      'For admins, unless the operator has decided otherwise (exec). The ticket counts once, for 30 seconds, at the path of the answer.',
    access: 'deployer',
    params: { ...STACK_ID, service: 'Name of the service.' },
    body: { json: execBody },
    responses: {
      201: answers('The ticket.', record({ ticket: TEXT, path: TEXT, expires_at: TIME })),
    },
    handle({ params, body, identity, identifyAgain, address }, deps: KombifyDeps) {
      const { reconciler, tickets, execRight } = deps;
      requireExec(identity, execRight);
      const { id: stack = '', service = '' } = params;
      assertService(deps, stack, service);
      const { command: argv, columns, rows, ...where } = body;
      const size = { columns: columns ?? DEFAULT_SIZE.columns, rows: rows ?? DEFAULT_SIZE.rows };
      const recheck = async () => requireExec(await identifyAgain(), execRight);
      const request = { argv, ...where, actor: identity, via: 'api', address } as const;
      const { name } = reconciler.getStack(stack);
      const value: ExecTicket = { stack: name, service, request, caller: identity, size, recheck };
      const { ticket, expiresAt } = tickets.issue(value, callerOf(identity));
      const path = `/api/v1/exec?ticket=${ticket}`;
      return created({ ticket, path, expires_at: new Date(expiresAt).toISOString() });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/exec',
    id: 'runProgram',
    tag: TAG,
    summary: 'Run the program of a ticket (web socket)',
    description:
      'Binary frames of the client are input, text frames {"type":"resize","columns","rows"} and {"type":"end"}. Binary frames of the server are output, after a byte for the stream (1 stdout, 2 stderr). It ends when the program does, and after 30 minutes in which nothing was typed or printed.',
    access: 'open',
    socket: true,
    query: socketQuery,
    responses: { 101: answers('Frames both ways.', FRAME) },
    handle({ query, note }, deps: KombifyDeps) {
      const ticket = deps.tickets.redeem(query.ticket);
      note({ identity: ticket.caller, object: { id: ticket.stack, service: ticket.service } });
      return {
        kind: 'socket',
        recheck: ticket.recheck,
        accept: (channel) => runProgram(deps, ticket, channel),
      };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/accesses',
    id: 'listAccesses',
    tag: TAG,
    summary: 'Who ran which program in which container',
    description: 'The newest first; kept for 90 days. Without the arguments of programs.',
    access: 'admin',
    query: accessQuery,
    responses: {
      200: answers(
        'Sessions; those that go on have no end.',
        record({
          accesses: listOf(
            record({
              id: TEXT,
              subject: TEXT,
              container: { type: ['string', 'null'] },
              actor: TEXT,
              via: { enum: ['api', 'cli'] },
              address: { type: ['string', 'null'] },
              program: TEXT,
              tty: { type: 'boolean' },
              started_at: TIME,
              ended_at: { type: ['string', 'null'], format: 'date-time' },
              outcome: { type: ['string', 'null'] },
            }),
          ),
        }),
      ),
    },
    handle: ({ query }, { reconciler }: KombifyDeps) =>
      ok({ accesses: reconciler.listAccesses(query.limit ?? 100).map(toAccess) }),
  }),
];

function toAccess({ isTerminal, startedAt, endedAt, ...access }: AccessRecord) {
  return {
    ...access,
    tty: isTerminal,
    started_at: new Date(startedAt).toISOString(),
    ended_at: endedAt === null ? null : new Date(endedAt).toISOString(),
  };
}

function assertService({ reconciler }: KombifyDeps, stack: string, service: string): void {
  const { services } = reconciler.getStack(stack);
  if (services.some(({ name }) => name === service)) return;
  const known = services.map(({ name }) => name).join(', ') || 'none';
  throw new ReconcilerError('UNKNOWN_SERVICE', `${stack} has no service ${service}; it has: ${known}`);
}

/** Tells errors in a frame: the status line of the answer is long gone. */
async function runProgram(
  { reconciler, logger }: KombifyDeps,
  { stack, service, request, size }: ExecTicket,
  channel: SocketChannel,
): Promise<void> {
  const tell = (frame: object) => channel.send(JSON.stringify(frame));
  try {
    const { signal } = channel;
    await using session = await reconciler.openSession(stack, service, { ...request, signal });
    if (request.tty === true && size !== undefined) await session.resize(size).catch(() => undefined);
    await tell({ type: 'opened' });
    const code = await joinSession(session, {
      input: readInput(channel.messages),
      onOutput: (stream, bytes) => channel.send(toOutputFrame(stream, bytes)),
    });
    await tell({ type: 'exit', code });
  } catch (error) {
    const { code, reason, message } = toProblem(error);
    // A client that goes away ends it, and that is no fault.
    if (code === 'INTERNAL_ERROR' && !channel.signal.aborted)
      logger.error({ err: error }, 'A session failed unexpectedly');
    await tell({ type: 'error', code: reason ?? code, message });
  }
}

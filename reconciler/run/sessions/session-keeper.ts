import type { AbortScope } from '../../base/abort-scope.ts';
import { createAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import { createMonotonicUlids } from '../../base/ids.ts';
import type { AccessLog, AccessRecord } from '../../ports/sessions/access-log.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ExecSession } from '../../ports/target-capabilities.ts';
import type { SessionRequest } from '../../public/sessions/sessions.ts';

/** Sessions at a time, of all and of one caller: each holds a connection, and a program on somebody's machine. */
const MAX_SESSIONS = 64;
const MAX_SESSIONS_OF_ONE = 16;
const IDLE_MS = 30 * 60_000;
const KEEP_MS = 90 * 86_400_000;
const MAX_PROGRAM = 200;

export interface SessionKeeperOptions {
  readonly store: AccessLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds without a byte after which a session ends. Default 1,800,000. */
  readonly idleMs: number | undefined;
}

export interface SessionKeeper {
  /**
   * Opens a session within the bounds, and records it.
   *
   * @param subject see `AccessRecord`
   * @throws TOO_MANY_SESSIONS, and what the store and `connect` throw
   */
  open(
    subject: string,
    request: SessionRequest,
    connect: (signal: AbortSignal) => Promise<ExecSession>,
  ): Promise<ExecSession>;
}

export function createSessionKeeper(options: SessionKeeperOptions): SessionKeeper {
  const { store, clock, idleMs = IDLE_MS } = options;
  const ids = createMonotonicUlids({
    now: () => clock.now(),
    random: () => clock.random(),
    newest: () => store.listAccesses(1)[0]?.id.slice(ID_PREFIX.length),
  });
  const open = new Map<string, number>();
  return {
    async open(subject, request, connect) {
      const release = take(open, request.actor.email);
      const timeoutReason = () =>
        new ReconcilerError('CANCELLED', `nothing was typed or printed for ${spoken(idleMs)}`);
      const scope = createAbortScope({ signals: [request.signal], timeoutMs: idleMs, timeoutReason });
      let note: (outcome: string) => void = () => undefined;
      const finish = (outcome: string): void => {
        scope[Symbol.dispose]();
        release();
        note(outcome);
        note = () => undefined;
      };
      try {
        const record = toRecord(ID_PREFIX + ids(), subject, request, clock.now());
        store.pruneAccesses(clock.now() - KEEP_MS);
        store.saveAccess(record);
        note = (outcome) => noteEnd(options, record, outcome);
        return watch(await connect(scope.signal), scope, finish);
      } catch (error) {
        finish(`failed: ${errorMessage(error)}`);
        throw error;
      }
    },
  };
}

const ID_PREFIX = 'acc_';

/** Counts one more of a caller, until what it returns is called. */
function take(open: Map<string, number>, caller: string): () => void {
  const own = open.get(caller) ?? 0;
  const all = [...open.values()].reduce((sum, count) => sum + count, 0);
  if (own >= MAX_SESSIONS_OF_ONE || all >= MAX_SESSIONS) {
    const message = `${own >= MAX_SESSIONS_OF_ONE ? own : all} sessions are open, as many as there may be: close one`;
    throw new ReconcilerError('TOO_MANY_SESSIONS', message, { retryable: true });
  }
  open.set(caller, own + 1);
  let isTaken = true;
  return () => {
    if (!isTaken) return;
    isTaken = false;
    const left = (open.get(caller) ?? 1) - 1;
    if (left > 0) open.set(caller, left);
    else open.delete(caller);
  };
}

function toRecord(
  id: string,
  subject: string,
  { argv, actor, via, address, tty, pod, container }: SessionRequest,
  now: number,
): AccessRecord {
  const [program = ''] = argv;
  return {
    id,
    subject: pod === undefined ? subject : `${subject}/${pod}`,
    container: container ?? null,
    actor: actor.email,
    via,
    address: address ?? null,
    program: program.slice(0, MAX_PROGRAM),
    isTerminal: tty === true,
    startedAt: now,
    endedAt: null,
    outcome: null,
  };
}

/** Writes the end down; nobody is thrown out because that cannot be done. */
function noteEnd(
  { store, clock, logger }: SessionKeeperOptions,
  record: AccessRecord,
  outcome: string,
): void {
  try {
    store.saveAccess({ ...record, endedAt: clock.now(), outcome: outcome.slice(0, 500) });
  } catch (error) {
    logger.warn(
      { access: record.id, error: errorMessage(error) },
      'the end of a session could not be recorded',
    );
  }
}

/** The session, with each byte a sign of life, and its end told once. */
function watch(session: ExecSession, scope: AbortScope, finish: (outcome: string) => void): ExecSession {
  async function* output(): ExecSession['output'] & AsyncGenerator {
    for await (const chunk of session.output) {
      scope.touch();
      yield chunk;
    }
  }
  const exitCode = session.exitCode.then(
    (code) => {
      finish(`exit ${code}`);
      return code;
    },
    (error: unknown) => {
      const reason: unknown = scope.signal.aborted ? scope.signal.reason : error;
      finish(scope.timedOut ? 'idle' : scope.signal.aborted ? 'closed' : `failed: ${errorMessage(error)}`);
      throw reason;
    },
  );
  exitCode.catch(() => undefined);
  let hasInput = true;
  return {
    output: output(),
    exitCode,
    // Streams fail when they are written to after their end, with nobody to tell.
    write(bytes) {
      if (!hasInput) return;
      scope.touch();
      session.write(bytes);
    },
    drained: () => session.drained(),
    end() {
      if (hasInput) session.end();
      hasInput = false;
    },
    resize: (size) => session.resize(size),
    async [Symbol.asyncDispose]() {
      finish('closed');
      await session[Symbol.asyncDispose]();
    },
  };
}

function spoken(milliseconds: number): string {
  return milliseconds >= 60_000 ? `${Math.round(milliseconds / 60_000)} minutes` : `${milliseconds} ms`;
}

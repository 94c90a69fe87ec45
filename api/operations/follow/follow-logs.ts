import { errorMessage, isReconcilerError } from '../../../reconciler/index.ts';
import type { ApiDeps } from '../deps.ts';
import type { StackLogLine } from '../stack-logs.ts';

export interface FollowLogsRequest {
  readonly stack: string;
  readonly services: readonly string[];
  /** Last lines of each service that come first. */
  readonly tail: number;
  readonly since?: Date;
  readonly signal: AbortSignal;
  /** Pause before a log that has ended is looked at again, in milliseconds. Default 2,000. */
  readonly pauseMs?: number;
}

export type StackLogEvent =
  | { readonly type: 'line'; readonly line: StackLogLine }
  /** A service that cannot be read now, and why; it is tried again. */
  | { readonly type: 'failure'; readonly service: string; readonly message: string };

/**
 * Follows what services write, until the signal aborts. It goes on with containers that take the place of others. Each is read no further than
 * one line ahead of whoever asks.
 */
export async function* followStackLogs(
  { reconciler }: Pick<ApiDeps, 'reconciler'>,
  request: FollowLogsRequest,
): AsyncGenerator<StackLogEvent, void, undefined> {
  const ended = new AbortController();
  const signal = AbortSignal.any([request.signal, ended.signal]);
  const waiting: { readonly event: StackLogEvent; readonly taken: () => void }[] = [];
  let failure: { readonly error: unknown } | null = null;
  let wake = Promise.withResolvers<void>();
  const give = async (event: StackLogEvent): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push({ event, taken: resolve });
    wake.resolve();
    await promise;
  };
  const stop = () => wake.resolve();
  signal.addEventListener('abort', stop);
  for (const service of request.services) {
    readOn({ reconciler }, { ...request, service, signal }, give).catch((error: unknown) => {
      failure ??= { error };
      wake.resolve();
    });
  }
  try {
    while (!signal.aborted) {
      throwFailure(failure);
      const next = waiting.shift();
      if (next === undefined) {
        await wake.promise;
        wake = Promise.withResolvers();
        continue;
      }
      next.taken();
      yield next.event;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    ended.abort();
    for (const { taken } of waiting) taken();
  }
}

function throwFailure(failure: { readonly error: unknown } | null): void {
  if (failure !== null) throw failure.error;
}

type ReadOn = FollowLogsRequest & { readonly service: string };

/** Reads the log of a service again and again from where it was read to. */
async function readOn(
  deps: Pick<ApiDeps, 'reconciler'>,
  request: ReadOn,
  give: (event: StackLogEvent) => Promise<void>,
): Promise<void> {
  const { service, signal, pauseMs = 2_000 } = request;
  const position: Position = { last: null };
  let told = '';
  while (!signal.aborted) {
    const begun = new Date().toISOString();
    try {
      await readToEnd(deps, request, position, give);
      position.last ??= begun;
      told = '';
    } catch (error) {
      if (signal.aborted) return;
      if (!isReconcilerError(error)) throw error;
      const message = errorMessage(error);
      if (message !== told) await give({ type: 'failure', service, message });
      told = message;
    }
    await pause(pauseMs, signal);
  }
}

/** Place up to which a log has been read. */
interface Position {
  /** Time of the newest line. */
  last: string | null;
}

async function readToEnd(
  { reconciler }: Pick<ApiDeps, 'reconciler'>,
  { stack, service, tail, since, signal }: ReadOn,
  position: Position,
  give: (event: StackLogEvent) => Promise<void>,
): Promise<void> {
  const before = position.last;
  const first = { tail, ...(since === undefined ? {} : { since }) };
  const from = before === null ? first : { since: new Date(before) };
  for await (const line of reconciler.logs(stack, service, { ...from, follow: true, signal })) {
    if (before !== null && line.time <= before) continue;
    if (position.last === null || line.time > position.last) position.last = line.time;
    await give({ type: 'line', line: { ...line, service } });
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    resolve();
  };
  const timer = setTimeout(end, milliseconds);
  signal.addEventListener('abort', end);
  return promise;
}

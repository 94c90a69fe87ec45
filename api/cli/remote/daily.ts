import { setTimeout as sleep } from 'node:timers/promises';
import type { SyncReport, SyncRequest, StackSync } from '../../operations/daily/wait-for-sync.ts';
import type { DailySession } from '../session/daily-session.ts';
import { RemoteError } from '../terminal/failure.ts';
import type { RemoteClient, RemoteRequest } from './client.ts';
import { fieldsOf, listAt, textAt, textOrNull } from './decode.ts';

/** A stream that breaks is opened again after this, in milliseconds. */
const RECONNECT_MS = 500;

export function createRemoteDaily(client: RemoteClient): DailySession {
  return {
    waitForSync: (request, signal) => waitRemotely(client, request, signal),
  };
}

/** A stream that breaks is opened again for the time that is left. */
async function* waitRemotely(
  client: RemoteClient,
  { stacks, revision, timeoutMs }: SyncRequest,
  signal: AbortSignal,
): AsyncGenerator<SyncReport, void, undefined> {
  const ends = performance.now() + timeoutMs;
  const query = { stacks: stacks?.join(','), revision: revision ?? undefined, follow: true };
  for (;;) {
    const left = Math.max(0, ends - performance.now());
    const request = { query: { ...query, timeout: Math.ceil(left / 1_000) }, signal };
    for await (const report of readReports(client, request, left === 0)) {
      yield report;
      if (report.outcome !== null) return;
    }
    await sleep(RECONNECT_MS, undefined, { signal });
  }
}

/** Ends with the stream, also when that broke, unless it was the last try. An objection of the daemon itself is final. */
async function* readReports(
  client: RemoteClient,
  request: RemoteRequest,
  isLast: boolean,
): AsyncGenerator<SyncReport, void, undefined> {
  try {
    for await (const { event, data } of client.events('/wait', request)) {
      if (event === 'error') throw toError(data);
      if (event === 'report') yield toReport(data);
    }
  } catch (error) {
    request.signal.throwIfAborted();
    const isAway = !(error instanceof RemoteError) || error.code === 'SERVER_UNREACHABLE';
    if (!isAway || isLast) throw error;
  }
}

function toError(data: unknown): RemoteError {
  const error = fieldsOf(fieldsOf(data, 'event')['error'], 'error');
  const code = textOrNull(error, 'reason') ?? textAt(error, 'code');
  return new RemoteError(code, textAt(error, 'message'));
}

function toReport(data: unknown): SyncReport {
  const fields = fieldsOf(data, 'report');
  const outcome = textOrNull(fields, 'outcome');
  return {
    outcome: outcome === 'in_sync' || outcome === 'failed' || outcome === 'timed_out' ? outcome : null,
    revision: textOrNull(fields, 'revision'),
    hasReached: fields['reached'] === true,
    stacks: listAt(fields, 'stacks', toStackSync),
    error: textOrNull(fields, 'error'),
  };
}

function toStackSync(value: unknown): StackSync {
  const fields = fieldsOf(value, 'stack');
  const state = textAt(fields, 'state') as StackSync['state'];
  return { name: textAt(fields, 'name'), state, message: textOrNull(fields, 'message') };
}

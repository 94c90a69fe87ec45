import { setTimeout as sleep } from 'node:timers/promises';
import type {
  ImageUpdateList,
  ImageUpdateView,
  PrunedRemnant,
  RemnantList,
  RemnantView,
  ServiceAddress,
  ServiceStats,
} from '../../../reconciler/index.ts';
import { own } from '../../../reconciler/index.ts';
import type { SyncReport, SyncRequest, StackSync } from '../../operations/daily/wait-for-sync.ts';
import type { StackLogEvent } from '../../operations/follow/follow-logs.ts';
import type { StackLogLine } from '../../operations/stack-logs.ts';
import type { DailySession } from '../session/daily-session.ts';
import { MAX_TAIL_LINES } from '../session/daily-session.ts';
import { RemoteError } from '../terminal/failure.ts';
import type { RemoteClient, RemoteRequest } from './client.ts';
import { fieldsOf, listAt, textAt, textOrNull, toJob, toLogLine } from './decode.ts';

/** A stream that breaks is opened again after this, in milliseconds. */
const RECONNECT_MS = 500;

export interface RemoteDailyOptions {
  readonly client: RemoteClient;
  /** Adds the known names to an answer that a stack is not known. */
  readonly withNames: <T>(answer: Promise<T>, stack: string, signal: AbortSignal) => Promise<T>;
}

export function createRemoteDaily({ client, withNames }: RemoteDailyOptions): DailySession {
  return {
    async *stackLogs({ stack, services, tail, since, follow = false, previous, signal }) {
      const path = `/stacks/${encodeURIComponent(stack)}/logs`;
      const query = {
        services: services.length === 0 ? undefined : services.join(','),
        tail: Math.min(tail ?? MAX_TAIL_LINES, MAX_TAIL_LINES),
        since: since?.toISOString(),
        previous,
        follow,
      };
      if (follow) return yield* followRemotely(client, path, { query, signal });
      const answer = fieldsOf(await withNames(client.get(path, { query, signal }), stack, signal), 'logs');
      for (const line of listAt(answer, 'logs', toStackLine)) yield { type: 'line', line };
      for (const [service, message] of Object.entries(textsAt(answer, 'failures')))
        yield { type: 'failure', service, message };
    },
    async addresses(stack, signal) {
      const answer = client.get(`/stacks/${encodeURIComponent(stack)}/addresses`, { signal });
      return listAt(fieldsOf(await withNames(answer, stack, signal), 'addresses'), 'addresses', toAddress);
    },
    async pull(stack, signal) {
      const answer = client.post(`/stacks/${encodeURIComponent(stack)}/pull`, { signal });
      return toJob(await withNames(answer, stack, signal));
    },
    async listImageUpdates(stacks, signal) {
      const answer = client.get('/image-updates', { query: { stacks: stacks?.join(',') }, signal });
      const [only = '', ...others] = stacks ?? [];
      const whole = only === '' || others.length > 0 ? answer : withNames(answer, only, signal);
      return toImageUpdates(fieldsOf(await whole, 'images'));
    },
    async listRemnants(signal) {
      const fields = fieldsOf(await client.get('/prune', { signal }), 'remnants');
      return { remnants: listAt(fields, 'remnants', toRemnant), notes: listAt(fields, 'notes', toNote) };
    },
    async prune(ids, signal) {
      const answer = fieldsOf(await client.post('/prune', { body: { ids }, signal }), 'pruned');
      return listAt(answer, 'pruned', toPruned);
    },
    async runStats(stack, signal) {
      const answer = client.get(`/stacks/${encodeURIComponent(stack)}/stats`, { signal });
      const fields = fieldsOf(await withNames(answer, stack, signal), 'stats');
      return { stats: listAt(fields, 'stats', toStats), failures: textsAt(fields, 'failures') };
    },
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

async function* followRemotely(
  client: RemoteClient,
  path: string,
  request: RemoteRequest,
): AsyncGenerator<StackLogEvent, void, undefined> {
  for await (const { event, data } of client.events(path, request)) {
    if (event === 'error') throw toError(data);
    if (event === 'log') yield { type: 'line', line: toStackLine(data) };
    if (event !== 'failure') continue;
    const fields = fieldsOf(data, 'failure');
    yield { type: 'failure', service: textAt(fields, 'service'), message: textAt(fields, 'message') };
  }
}

function toStackLine(data: unknown): StackLogLine {
  return { ...toLogLine(data), service: textAt(fieldsOf(data, 'line'), 'service') };
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

function toStats(value: unknown): ServiceStats {
  const fields = fieldsOf(value, 'stats');
  const network = fields['network'] === null ? null : fieldsOf(fields['network'], 'network');
  return {
    id: textAt(fields, 'resource') as ServiceStats['id'],
    service: textOrNull(fields, 'service'),
    node: textAt(fields, 'node'),
    name: textAt(fields, 'name'),
    cpuMillis: Number(fields['cpu_millis']),
    memoryBytes: Number(fields['memory_bytes']),
    memoryLimitBytes: numberOrNull(fields['memory_limit_bytes']),
    network: network && {
      receivedBytes: Number(network['received_bytes']),
      sentBytes: Number(network['sent_bytes']),
    },
  };
}

/** Texts by their names. */
function textsAt(fields: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, string>> {
  const texts = fieldsOf(own(fields, key), key);
  return Object.fromEntries(Object.keys(texts).map((name) => [name, textAt(texts, name)]));
}

function toAddress(value: unknown): ServiceAddress {
  const fields = fieldsOf(value, 'address');
  const kind = fields['kind'] === 'route' ? 'route' : 'port';
  return {
    service: textOrNull(fields, 'service'),
    node: textAt(fields, 'node'),
    kind,
    address: textAt(fields, 'address'),
  };
}

function toRemnant(value: unknown): RemnantView {
  const fields = fieldsOf(value, 'remnant');
  return {
    id: textAt(fields, 'id'),
    kind: textAt(fields, 'kind') as RemnantView['kind'],
    node: textOrNull(fields, 'node'),
    names: listAt(fields, 'names', String),
    sizeBytes: numberOrNull(fields['size_bytes']),
    stack: textOrNull(fields, 'stack'),
  };
}

function toNote(value: unknown): RemnantList['notes'][number] {
  const fields = fieldsOf(value, 'note');
  return { subject: textAt(fields, 'subject'), message: textAt(fields, 'message') };
}

function toImageUpdates(fields: ReturnType<typeof fieldsOf>): ImageUpdateList {
  const settings = fields['settings'];
  return {
    services: listAt(fields, 'services', (value) => {
      const one = fieldsOf(value, 'service');
      return {
        stack: textAt(one, 'stack'),
        service: textAt(one, 'service'),
        file: textAt(one, 'file'),
        image: textOrNull(one, 'image'),
        policy: textAt(one, 'policy') as ImageUpdateView['policy'],
        next: textOrNull(one, 'next'),
        reason: textOrNull(one, 'reason'),
      };
    }),
    settings:
      settings === null
        ? null
        : {
            schedule: textAt(fieldsOf(settings, 'settings'), 'schedule'),
            as: readPlace(textAt(fieldsOf(settings, 'settings'), 'as')),
          },
  };
}

function toPruned(value: unknown): PrunedRemnant {
  const fields = fieldsOf(value, 'pruned');
  const freedBytes = numberOrNull(fields['freed_bytes']);
  return { id: textAt(fields, 'id'), freedBytes, message: textOrNull(fields, 'message') };
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** The place where newer images are written; a word of a later version is as good as a branch. */
function readPlace(text: string): 'commit' | 'branch' | 'pull' {
  return text === 'commit' || text === 'pull' ? text : 'branch';
}

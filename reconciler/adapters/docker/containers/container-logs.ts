import type { ContainerInspectInfo } from 'dockerode';
import { ReconcilerError } from '../../../base/errors.ts';
import type { ResourceId } from '../../../model/resource.ts';
import type {
  LogLine,
  LogOptions,
  PlaceLogOptions,
  RunningPlace,
} from '../../../ports/target-capabilities.ts';
import type { Adapter } from '../adapter.ts';
import { toStreamError } from '../engine/engine-errors.ts';
import { closeAfter, readLogLines } from '../logs.ts';
import { maskOf } from '../secrets/secret-texts.ts';
import type { OwnedContainer } from './container-group.ts';
import { findNamed, readGroup } from './container-group.ts';

/** Reads what the container of a resource printed, without the secrets that it was given. */
export async function* readLogs(
  adapter: Adapter,
  { stack, id }: { readonly stack: string; readonly id: ResourceId },
  options: LogOptions,
): AsyncGenerator<LogLine> {
  const name = id.split('/').slice(2).join('/');
  const { current, next } = await readGroup(adapter.engine, stack, name, options.signal);
  const container = next ?? current;
  if (container === null)
    throw new ReconcilerError('TARGET_ERROR', `${id} has no container`, { retryable: true });
  yield* readContainer(adapter, { stack, id, container }, options);
}

/** The same for a container that is named. */
export async function* readLogsAt(
  adapter: Adapter,
  { stack, name }: RunningPlace,
  options: PlaceLogOptions,
): AsyncGenerator<LogLine> {
  const container = await requireNamed(adapter, { stack, name }, options.signal);
  yield* readContainer(adapter, { stack, id: container.owner.id, container }, options);
}

/** Throws TARGET_ERROR where the stack has no container of this name. */
export async function requireNamed(
  { engine }: Adapter,
  { stack, name }: Pick<RunningPlace, 'stack' | 'name'>,
  signal: AbortSignal,
): Promise<OwnedContainer> {
  const found = await findNamed(engine, stack, name, signal);
  if (found !== null) return found;
  throw new ReconcilerError('TARGET_ERROR', `${stack} has no container ${name}`, { retryable: true });
}

interface Read {
  readonly stack: string;
  readonly id: ResourceId;
  readonly container: OwnedContainer;
}

async function* readContainer(
  adapter: Adapter,
  { stack, id, container }: Read,
  { signal, tail, since, follow, previous = false }: LogOptions,
): AsyncGenerator<LogLine> {
  const query = {
    follow: follow ?? false,
    // The last lines are those of the present run.
    ...(tail === undefined || previous ? {} : { tail }),
    ...(since === undefined ? {} : { since: since.getTime() / 1_000 }),
  };
  const inspect = await adapter.engine.inspectContainer(container.id, signal);
  if (inspect === null) throw new ReconcilerError('TARGET_ERROR', `${id} has gone`, { retryable: true });
  const mask = await maskOf(adapter, { stack, id }, { inspect, what: 'log' }, signal);
  const stream = await adapter.engine.containerLogs(container.id, query, signal);
  try {
    const all = closeAfter(stream, readLogLines(stream, container.owner.spec['tty'] === true));
    const lines = previous ? linesBefore(all, endOfPrevious(inspect), tail) : all;
    for await (const line of lines) yield { ...line, text: mask(line.text) };
  } catch (error) {
    // A reader who follows a log ends it by aborting.
    if (!signal.aborted) throw toStreamError(error, adapter.engine.address);
  }
}

/** An engine says of a run when it began, and of the one before it when that had ended; lines of a run may be a little older than its beginning. */
function endOfPrevious({ State: { Running, StartedAt, FinishedAt } }: ContainerInspectInfo): string {
  return Running ? FinishedAt : StartedAt;
}

/** Lines up to a moment, or the last ones of them. */
async function* linesBefore(
  lines: AsyncIterable<LogLine>,
  moment: string,
  tail: number | undefined,
): AsyncGenerator<LogLine> {
  const end = comparableTime(moment);
  const kept: LogLine[] = [];
  for await (const line of lines) {
    if (comparableTime(line.time) > end) break;
    if (tail === undefined) yield line;
    else kept.push(line);
    if (kept.length > (tail ?? 0)) kept.shift();
  }
  yield* kept;
}

/** Times of an engine have as many digits as they need. */
function comparableTime(time: string): string {
  const [seconds = '', fraction = ''] = time.replace(/Z$/, '').split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}`;
}

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
  { signal, tail, since, follow }: LogOptions,
): AsyncGenerator<LogLine> {
  const query = {
    follow: follow ?? false,
    ...(tail === undefined ? {} : { tail }),
    ...(since === undefined ? {} : { since: since.getTime() / 1_000 }),
  };
  const inspect = await adapter.engine.inspectContainer(container.id, signal);
  if (inspect === null) throw new ReconcilerError('TARGET_ERROR', `${id} has gone`, { retryable: true });
  const mask = await maskOf(adapter, { stack, id }, { inspect, what: 'log' }, signal);
  const stream = await adapter.engine.containerLogs(container.id, query, signal);
  try {
    const lines = closeAfter(stream, readLogLines(stream, container.owner.spec['tty'] === true));
    for await (const line of lines) yield { ...line, text: mask(line.text) };
  } catch (error) {
    // A reader who follows a log ends it by aborting.
    if (!signal.aborted) throw toStreamError(error, adapter.engine.address);
  }
}

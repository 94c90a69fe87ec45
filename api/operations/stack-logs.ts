import type { LogLine } from '../../reconciler/index.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';

export interface StackLogsRequest {
  readonly stack: string;
  /** Services of the stack. Default: all. */
  readonly services?: readonly string[];
  /** Last lines of all services together. */
  readonly lines: number;
  readonly since?: Date;
  /** Only lines from before the run that is there now, see `LogOptions`. Default false. */
  readonly previous?: boolean;
  readonly signal: AbortSignal;
}

export interface StackLogLine extends LogLine {
  readonly service: string;
}

export interface StackLogs {
  /** Oldest first. */
  readonly lines: readonly StackLogLine[];
  /** Services that could not be read, and why: not made yet, a log driver that cannot be read. */
  readonly failures: Readonly<Record<string, string>>;
}

/** The services that are meant, in their order in the stack. Throws UNKNOWN_STACK, UNKNOWN_SERVICE. */
export function chooseServices(
  { reconciler }: Pick<ApiDeps, 'reconciler'>,
  stack: string,
  wanted: readonly string[] | undefined,
): readonly string[] {
  const known = reconciler.getStack(stack).services.map(({ name }) => name);
  const unknown = wanted?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const names = known.join(', ') || 'none';
    throw new ReconcilerError('UNKNOWN_SERVICE', `${stack} has no service ${unknown}; it has: ${names}`);
  }
  return wanted === undefined ? known : known.filter((name) => wanted.includes(name));
}

/** Reads what the services of a stack wrote, as one. Throws UNKNOWN_STACK, UNKNOWN_SERVICE. */
export async function readStackLogs(
  deps: Pick<ApiDeps, 'reconciler'>,
  request: StackLogsRequest,
): Promise<StackLogs> {
  const wanted = chooseServices(deps, request.stack, request.services);
  const failures = new Map<string, string>();
  const read = async (name: string): Promise<readonly StackLogLine[]> => {
    try {
      return await readService(deps, request, name);
    } catch (error) {
      if (request.signal.aborted || !isReconcilerError(error)) throw error;
      failures.set(name, errorMessage(error));
      return [];
    }
  };
  const waiting = [...wanted];
  let newest: readonly StackLogLine[] = [];
  const readNext = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const lines = await read(name);
      newest = newestOf([...newest, ...lines], request.lines, wanted);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_SERVICES }, readNext));
  return { lines: newest, failures: Object.fromEntries(failures) };
}

/** Services that are read at a time; of those before, no more is kept than fits into one answer. */
const PARALLEL_SERVICES = 4;

/** The newest lines of several services, oldest first, as far as they fit into one answer. Those of one moment stand in the order of the services. */
function newestOf(
  lines: readonly StackLogLine[],
  count: number,
  services: readonly string[],
): readonly StackLogLine[] {
  const rank = new Map(services.map((name, index) => [name, index]));
  const rankOf = ({ service }: StackLogLine) => rank.get(service) ?? 0;
  const sorted = lines.toSorted(
    (a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0) || rankOf(a) - rankOf(b),
  );
  const earliest = Math.max(0, sorted.length - count);
  let first = sorted.length;
  for (let length = 0; first > earliest; first -= 1) {
    length += sorted[first - 1]?.text.length ?? 0;
    if (length > MAX_ANSWER_LENGTH) break;
  }
  return sorted.slice(first);
}

async function readService(
  { reconciler }: Pick<ApiDeps, 'reconciler'>,
  { stack, lines, since, previous = false, signal }: StackLogsRequest,
  service: string,
): Promise<readonly StackLogLine[]> {
  const options = { tail: lines, previous, signal, ...(since === undefined ? {} : { since }) };
  const found = await readLast(reconciler.logs(stack, service, options));
  return found.map((line) => ({ ...line, service }));
}

/** Text of an answer that is not streamed, in characters. */
const MAX_ANSWER_LENGTH = 4 * 1024 ** 2;

/** Reads to the end and keeps the newest lines, as far as they fit into one answer. */
export async function readLast<T extends LogLine>(lines: AsyncIterable<T>): Promise<readonly T[]> {
  let kept: T[] = [];
  let length = 0;
  let first = 0;
  for await (const line of lines) {
    kept.push(line);
    length += line.text.length;
    for (; length > MAX_ANSWER_LENGTH; first += 1) length -= kept[first]?.text.length ?? 0;
    if (first > kept.length / 2) {
      kept = kept.slice(first);
      first = 0;
    }
  }
  return kept.slice(first);
}

import { createAbortScope } from '../../../base/abort-scope.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { ResourceId } from '../../../model/resource.ts';
import { asFields, asText, asList, asNumber, compareText } from '../../../base/values.ts';
import { createTextMask } from '../../../model/secret.ts';
import type { Fields } from '../../../base/values.ts';
import type {
  LogLine,
  LogOptions,
  PlaceLogOptions,
  RunningPlace,
} from '../../../ports/target-capabilities.ts';
import { isApiError } from '../api/api-error.ts';
import type { Cluster } from '../cluster.ts';
import { assertContainer, containersOf, findPod, readPod } from './named-pod.ts';
import { podsOf } from './version-pods.ts';

/** Pause between looks for pods that have come since. */
const LOOK_MS = 2_000;

interface Place {
  readonly stack: string;
  readonly id: ResourceId;
}

/** One run of a container whose log is read. */
interface Writer {
  /** `pod/container/restarts`: each run has a log of its own. */
  readonly key: string;
  readonly path: string;
  readonly container: string;
  /** It has not ended as far as is known. */
  readonly running: boolean;
  /** The container has had a run before this one. */
  readonly hasPrevious: boolean;
  /** Before its lines, where there are several. */
  readonly mark: string;
}

/**
 * Logs of the pods of a workload, or of one pod, as one: what is there in the order of time, with `follow` lines as they are written,
 * also those of pods that take the place of others and of containers that are started again. `tail` counts for each container. Where there are
 * several, lines tell which pod they are from. Containers that have not begun have none yet.
 */
export async function* readLogs(
  cluster: Cluster,
  stack: string,
  id: ResourceId,
  options: LogOptions,
): AsyncGenerator<LogLine> {
  await cluster.owned(options.signal, [], ({ kind }) => kind === 'Secret');
  const mask = createMaskOf(cluster, stack);
  for await (const line of readUnmasked(cluster, { stack, id }, options))
    yield { ...line, text: mask(line.text) };
}

/** Time for which the values of the stack's Secrets are taken for those of now, in milliseconds. */
const MASK_AGE_MS = 1_000;

/** Takes out what pods of the stack were given; a log that is followed may outlive that. */
function createMaskOf(cluster: Cluster, stack: string): (text: string) => string {
  let mask = createTextMask(cluster.secretsOf(stack));
  let at = cluster.clock.elapsed();
  return (text) => {
    if (cluster.clock.elapsed() - at > MASK_AGE_MS) {
      mask = createTextMask(cluster.secretsOf(stack));
      at = cluster.clock.elapsed();
    }
    return mask(text);
  };
}

/** The log of one container of a pod that is named; followed, it ends when the pod does, and not with a container that is started again. */
export async function* readLogsAt(
  cluster: Cluster,
  place: RunningPlace,
  { container, ...options }: PlaceLogOptions,
): AsyncGenerator<LogLine> {
  const pod = await readPod(cluster, place, options.signal);
  if (container !== undefined) assertContainer(pod, container);
  const [first = ''] = containersOf(pod);
  const only = container ?? first;
  const source: PodSource = {
    find: async (signal) => [await findPod(cluster, place, signal)].filter((one) => one !== undefined),
    writersOf: (one) => writersOf(one).filter((writer) => writer.container === only),
  };
  await cluster.owned(options.signal, [], ({ kind }) => kind === 'Secret');
  const mask = createMaskOf(cluster, place.stack);
  for await (const line of readSource(cluster, source, options)) yield { ...line, text: mask(line.text) };
}

/** The pods whose logs are read, and which of their containers. */
interface PodSource {
  find(signal: AbortSignal): Promise<readonly Fields[]>;
  writersOf(pod: Fields): readonly Writer[];
}

async function* readUnmasked(
  cluster: Cluster,
  { stack, id }: Place,
  options: LogOptions,
): AsyncGenerator<LogLine> {
  const find: PodSource['find'] = (signal) => findPods(cluster, { stack, id }, signal);
  const pods = await find(options.signal);
  if (pods.length === 0) throw new ReconcilerError('TARGET_ERROR', `${id} has no pods`, { retryable: true });
  yield* readSource(cluster, { find, writersOf }, options, pods);
}

async function* readSource(
  cluster: Cluster,
  source: PodSource,
  options: LogOptions,
  known?: readonly Fields[],
): AsyncGenerator<LogLine> {
  if (options.follow === true) return yield* followAll(cluster, source, options);
  const pods = known ?? (await source.find(options.signal));
  const all = pods.flatMap((pod) => source.writersOf(pod));
  const marked = all.length > 1;
  const writers = options.previous === true ? all.filter(({ hasPrevious }) => hasPrevious) : all;
  yield* inOrder(writers.map((writer) => readOne(cluster, writer, { ...options, marked })));
}

/** Takes the oldest of the next lines each time: a log may be longer than memory. */
async function* inOrder(logs: readonly AsyncGenerator<LogLine>[]): AsyncGenerator<LogLine> {
  try {
    const heads = new Map<AsyncGenerator<LogLine>, LogLine>();
    const advance = async (log: AsyncGenerator<LogLine>): Promise<void> => {
      const next = await log.next();
      if (next.done === true) heads.delete(log);
      else heads.set(log, next.value);
    };
    await Promise.all(logs.map(advance));
    while (heads.size > 0) {
      const [first] = [...heads].sort(([, a], [, b]) => compareText(a.time, b.time));
      if (first === undefined) return;
      yield first[1];
      await advance(first[0]);
    }
  } finally {
    await Promise.allSettled(logs.map((log) => log.return(undefined)));
  }
}

async function findPods(
  cluster: Cluster,
  { stack, id }: Place,
  signal: AbortSignal,
): Promise<readonly Fields[]> {
  const live = await cluster.find(stack, id, signal);
  if (live === undefined) return [];
  return live.kind === 'Pod' ? [live] : podsOf(cluster, live, signal);
}

/** Lists the runs of a pod's containers that write now, or have written last. */
function writersOf(pod: Fields): readonly Writer[] {
  const metadata = asFields(pod['metadata']) ?? {};
  const name = asText(metadata['name']);
  const path = `/api/v1/namespaces/${asText(metadata['namespace'])}/pods/${name}/log`;
  const containers = containersOf(pod);
  return containers.flatMap((container) => {
    const run = runOf(pod, container);
    if (run === null) return [];
    const mark = containers.length > 1 ? `[${name}/${container}] ` : `[${name}] `;
    const { number, running, hasPrevious } = run;
    return [{ key: `${name}/${container}/${number}`, path, container, mark, running, hasPrevious }];
  });
}

/**
 * The last run of a container, by the number of times that it was started again; `null` when it has not begun. A server answers to the log of a pod
 * that no node has been found for with an empty one, and of a container that waits to be started with an error.
 */
function runOf(
  pod: Fields,
  container: string,
): (Pick<Writer, 'running' | 'hasPrevious'> & { readonly number: number }) | null {
  const status = asFields(pod['status']);
  const all = (asList(status?.['containerStatuses']) ?? []).map(asFields);
  const found = all.find((one) => one?.['name'] === container);
  const none = { number: 0, running: false, hasPrevious: false };
  if (found === undefined) return status?.['phase'] === 'Pending' ? null : none;
  const state = asFields(found['state']);
  const hasRun = asFields(asFields(found['lastState'])?.['terminated']) !== undefined;
  if (state?.['waiting'] !== undefined && !hasRun) return null;
  const number = asNumber(found['restartCount']) ?? 0;
  return { number, running: state?.['running'] !== undefined, hasPrevious: hasRun };
}

type ReadOptions = LogOptions & { readonly marked: boolean };

async function* readOne(
  { client }: Cluster,
  { path, container, mark }: Writer,
  { tail, since, follow, previous, signal, marked }: ReadOptions,
): AsyncGenerator<LogLine> {
  const query = {
    container,
    timestamps: 'true',
    tailLines: tail,
    sinceTime: since?.toISOString(),
    ...(follow === true ? { follow: 'true' } : {}),
    ...(previous === true ? { previous: 'true' } : {}),
  };
  try {
    for await (const line of await client.lines({ path, query, signal })) {
      const space = line.indexOf(' ');
      const text = line.slice(space + 1);
      // The API has both streams in one and does not tell them apart.
      yield { stream: 'stdout', time: line.slice(0, space), text: marked ? mark + text : text };
    }
  } catch (error) {
    // A reader who follows a log ends it by aborting.
    if (!signal.aborted) throw error;
  }
}

/** Ends when all pods that it knows have ended and no other has come. */
async function* followAll(cluster: Cluster, source: PodSource, options: LogOptions): AsyncGenerator<LogLine> {
  using ended = createAbortScope({ signals: [options.signal] });
  const { signal } = ended;
  const pumps = createPumps(cluster, { ...options, signal });
  const discover = async (isFirst: boolean) => {
    const pods = await source.find(signal);
    const writers = pods.flatMap((pod) => source.writersOf(pod));
    const begun = pumps.begin(writers, isFirst ? options : {});
    return begun || pods.some(mayWrite);
  };
  try {
    await discover(true);
    while (!signal.aborted) {
      const line = pumps.take();
      if (line !== undefined) {
        yield line;
        continue;
      }
      if (pumps.isIdle() && !(await discover(false))) return;
      await pumps.wait(LOOK_MS);
      if (!signal.aborted) await discover(false);
    }
  } finally {
    ended.abort();
    pumps.close();
  }
}

/** Options that say from where a log is read. */
type Beginning = Pick<LogOptions, 'tail' | 'since'>;

/** Tells of a pod whether its containers may be started, or started again. */
function mayWrite(pod: Fields): boolean {
  const phase = asFields(pod['status'])?.['phase'];
  return phase === 'Pending' || phase === 'Running';
}

interface Pumps {
  /** Reads those that are not read yet. @returns whether there is anything to wait for */
  begin(writers: readonly Writer[], from: Beginning): boolean;
  /** The next line; throws what a log could not be read for. */
  take(): LogLine | undefined;
  isIdle(): boolean;
  /** Until there is something to take, at most so long. */
  wait(milliseconds: number): Promise<void>;
  close(): void;
}

/** A log that is read, or was read to where it ended. */
interface Reading {
  /** Time of the last line that was read. */
  last: string | undefined;
  /** Time at which it ended, of a clock that only goes forward. Left out: it is being read. */
  endedAt?: number;
}

/** A log may end before its writer does: a proxy cuts it, or it was asked for in the moment of the start. */
function isToRead({ running }: Writer, reading: Reading | undefined, now: number): boolean {
  if (reading === undefined) return true;
  return running && reading.endedAt !== undefined && now - reading.endedAt >= LOOK_MS;
}

/** Remembers which logs are read, and how far. */
function createReadings(clock: Cluster['clock']) {
  const known = new Map<string, Reading>();
  const marks = new Set<string>();
  return {
    isEmpty: () => known.size === 0,
    /** Tells whether lines have to say which pod they are from. */
    areMarked: () => marks.size > 1,
    /** Returns those that are to be read now, from where they were read to. */
    begin(writers: readonly Writer[]): readonly (readonly [Writer, Reading])[] {
      const now = clock.elapsed();
      const fresh = writers.filter((writer) => isToRead(writer, known.get(writer.key), now));
      return fresh.map((writer) => {
        const reading: Reading = { last: known.get(writer.key)?.last };
        known.set(writer.key, reading);
        marks.add(writer.mark);
        return [writer, reading];
      });
    },
    forget: ({ key }: Writer) => void known.delete(key),
  };
}

/** Each log is read no further than one line ahead of whoever asks. */
function createPumps(cluster: Cluster, { tail: _tail, since: _since, ...options }: LogOptions): Pumps {
  const readings = createReadings(cluster.clock);
  const lines: { readonly line: LogLine; readonly taken: () => void }[] = [];
  const failures: unknown[] = [];
  let open = 0;
  let wake = Promise.withResolvers<void>();
  async function pump(writer: Writer, reading: Reading, from: Beginning): Promise<void> {
    const { last } = reading;
    const since = last === undefined ? from : { since: new Date(last) };
    const marked = readings.areMarked();
    for await (const line of readOne(cluster, writer, { ...options, ...since, marked })) {
      if (last !== undefined && compareText(line.time, last) <= 0) continue;
      reading.last = line.time;
      const { promise, resolve } = Promise.withResolvers<void>();
      lines.push({ line, taken: resolve });
      wake.resolve();
      await promise;
    }
    reading.endedAt = cluster.clock.elapsed();
  }
  function failed(writer: Writer, error: unknown): void {
    // A pod that has not begun to run, or is gone by now, is looked for again.
    if (isApiError(error, 400) || isApiError(error, 404)) readings.forget(writer);
    else failures.push(error);
  }
  return {
    begin(writers, from) {
      const fresh = readings.begin(writers);
      for (const [writer, reading] of fresh) {
        open += 1;
        pump(writer, reading, from)
          .catch((error: unknown) => failed(writer, error))
          .finally(() => {
            open -= 1;
            wake.resolve();
          });
      }
      return fresh.length > 0 || readings.isEmpty();
    },
    take() {
      const [failure] = failures;
      if (failure !== undefined) throw failure;
      const next = lines.shift();
      next?.taken();
      return next?.line;
    },
    isIdle: () => open === 0 && lines.length === 0,
    async wait(milliseconds) {
      const pause = cluster.clock.sleep(milliseconds, options.signal).catch(() => undefined);
      await Promise.race([wake.promise, pause]);
      wake = Promise.withResolvers();
    },
    close() {
      for (const { taken } of lines) taken();
    },
  };
}

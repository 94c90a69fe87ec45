import { PassThrough } from 'node:stream';
import { createAbortScope, onAbort, untilAborted } from '../../../base/abort-scope.ts';
import { createBeginning } from '../../../base/bytes.ts';
import { errorMessage, ReconcilerError } from '../../../base/errors.ts';
import type { ResourceId } from '../../../model/resource.ts';
import { asFields, asList, asString } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';
import type {
  ExecResult,
  ExecSession,
  RunningPlace,
  SessionOptions,
} from '../../../ports/target-capabilities.ts';
import type { Cluster } from '../cluster.ts';
import { assertContainer, nameOf, readPod, runningContainer } from './named-pod.ts';
import { redact } from './read-health.ts';
import { podsOf } from './version-pods.ts';

/** More output than this of each stream is cut off when it is kept. */
const MAX_OUTPUT_BYTES = 1_048_576;
const RESIZE_CHANNEL = 4;
const HANDSHAKE_MS = 30_000;
/** Input that waits on the way to a program is looked at this often, and is held up beyond so many bytes. */
const DRAIN_LOOK_MS = 20;
const MAX_WAITING_BYTES = 262_144;

/** Runs a program in a pod of a workload to its end. Secrets of the stack are masked in what comes on its error stream. */
export async function execIn(
  cluster: Cluster,
  { stack, id, argv }: { readonly stack: string; readonly id: ResourceId; readonly argv: readonly string[] },
  signal: AbortSignal,
): Promise<ExecResult> {
  await using session = await openSession(cluster, { stack, id }, { argv, signal });
  session.end();
  const kept = { stdout: createBeginning(MAX_OUTPUT_BYTES), stderr: createBeginning(MAX_OUTPUT_BYTES) };
  for await (const { stream, bytes } of session.output) kept[stream].add(bytes);
  const exitCode = await session.exitCode;
  const stderr = redact(cluster, stack, [kept.stderr.text()]).join('');
  return { exitCode, stdout: kept.stdout.text(), stderr };
}

/** Runs a program in a pod of a workload that runs, by default the newest, with input and output, over a web socket. */
export async function openSession(
  cluster: Cluster,
  place: { readonly stack: string; readonly id: ResourceId },
  options: SessionOptions,
): Promise<ExecSession> {
  return openIn(cluster, await findRunning(cluster, place, options), options);
}

/** Does the same in a pod that is named. */
export async function openSessionAt(
  cluster: Cluster,
  place: RunningPlace,
  options: SessionOptions,
): Promise<ExecSession> {
  const pod = await readPod(cluster, place, options.signal);
  return openIn(cluster, requireRunning(pod, options.container), options);
}

async function openIn(
  cluster: Cluster,
  { namespace, pod, container }: Running,
  { argv, tty = false, signal }: SessionOptions,
): Promise<ExecSession> {
  const { Exec } = await import('@kubernetes/client-node');
  const exec = new Exec(await cluster.client.config());
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const exit = Promise.withResolvers<number>();
  exit.promise.catch(() => undefined);
  const onStatus = (status: unknown) => settleExit(status, exit);
  const given = tty ? null : stderr;
  const connecting = exec.exec(namespace, pod, container, [...argv], stdout, given, stdin, tty, onStatus);
  const socket = await openedSoon(connecting, signal).catch((error: unknown) => {
    throw new ReconcilerError('TARGET_ERROR', `cannot run a program in ${pod}: ${whyRefused(error)}`, {
      cause: error,
      retryable: true,
    });
  });
  const close = holdBack(socket, [stdout, stderr]);
  const listening = onAbort(signal, close);
  // The whole output has been handed on by now; without a status before, the connection was lost.
  socket.addEventListener('close', () => {
    listening[Symbol.dispose]();
    stdout.end();
    stderr.end();
    exit.reject(signal.aborted ? signal.reason : lost(pod));
  });
  return {
    output: merge(stdout, stderr),
    exitCode: exit.promise,
    write: (bytes) => void stdin.write(bytes),
    async drained() {
      while (socket.readyState === socket.OPEN && socket.bufferedAmount > MAX_WAITING_BYTES)
        await cluster.clock.sleep(DRAIN_LOOK_MS, signal);
    },
    end: () => void stdin.end(),
    async resize({ columns, rows }) {
      const text = Buffer.from(JSON.stringify({ Width: columns, Height: rows }));
      socket.send(Buffer.concat([Buffer.of(RESIZE_CHANNEL), text]));
    },
    async [Symbol.asyncDispose]() {
      listening[Symbol.dispose]();
      close();
    },
  };
}

/** Members of a web socket that are used here. */
interface Socket {
  pause(): void;
  resume(): void;
  close(): void;
  addEventListener(type: 'message', listener: () => void): void;
}

/**
 * Takes no more from a socket than what is read of it: the client would keep all that a program prints, however much that is.
 *
 * @returns closes the socket; what waits is not held back any more, so that the end is heard
 */
function holdBack(socket: Socket, streams: readonly PassThrough[]): () => void {
  let isOver = false;
  const isFull = () => streams.some(({ writableNeedDrain }) => writableNeedDrain);
  socket.addEventListener('message', () => {
    if (!isOver && isFull()) socket.pause();
  });
  for (const stream of streams)
    stream.on('drain', () => {
      if (!isFull()) socket.resume();
    });
  return () => {
    isOver = true;
    socket.resume();
    socket.close();
  };
}

/** Waits for a connection. The client would wait for a server that does not answer for as long as that likes; one that comes too late is closed. */
async function openedSoon<T extends { close(): void }>(
  connecting: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  using scope = createAbortScope({ signals: [signal], timeoutMs: HANDSHAKE_MS });
  try {
    return await untilAborted(connecting, scope.signal);
  } catch (error) {
    if (scope.signal.aborted) connecting.then((late) => late.close()).catch(() => undefined);
    throw scope.timedOut ? new Error('it did not answer in time') : error;
  }
}

function lost(pod: string): ReconcilerError {
  const message = `the connection to the program in ${pod} was lost`;
  return new ReconcilerError('TARGET_UNREACHABLE', message, { retryable: true });
}

/** Says why a web socket failed: it fails with an event. */
function whyRefused(error: unknown): string {
  if (error instanceof Error) return errorMessage(error);
  return asString(asFields(error)?.['message']) ?? 'the connection was refused';
}

/** The last message: how it ended. */
function settleExit(status: unknown, exit: PromiseWithResolvers<number>): void {
  const fields = asFields(status) ?? {};
  if (fields['status'] === 'Success') return exit.resolve(0);
  const causes = (asList(asFields(fields['details'])?.['causes']) ?? []).map(asFields);
  const code = Number(causes.find((one) => one?.['reason'] === 'ExitCode')?.['message']);
  if (Number.isInteger(code)) return exit.resolve(code);
  const message = asString(fields['message']) ?? 'the program could not be run';
  exit.reject(new ReconcilerError('TARGET_ERROR', message, { retryable: true }));
}

interface Running {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

async function findRunning(
  cluster: Cluster,
  { stack, id }: { readonly stack: string; readonly id: ResourceId },
  { pod: wanted, container, signal }: SessionOptions,
): Promise<Running> {
  const live = await cluster.find(stack, id, signal);
  const pods = live?.kind === 'Pod' ? [live] : live ? await podsOf(cluster, live, signal) : [];
  if (wanted !== undefined) {
    const named = pods.find((pod) => nameOf(pod) === wanted);
    const known = pods.map(nameOf).join(', ') || 'none';
    if (named === undefined)
      throw new ReconcilerError('BAD_OPTIONS', `${id} has no pod ${wanted}; it has: ${known}`);
    return requireRunning(named, container);
  }
  const [first] = pods;
  if (first !== undefined && container !== undefined) assertContainer(first, container);
  for (const pod of pods) {
    const running = runningContainer(pod, container);
    if (running === undefined || asFields(pod['metadata'])?.['deletionTimestamp'] !== undefined) continue;
    return toRunning(pod, running);
  }
  throw new ReconcilerError('TARGET_ERROR', `${id} has no running pod`, { retryable: true });
}

/** Throws BAD_OPTIONS for a container that the pod has not, TARGET_ERROR for one that does not run. */
function requireRunning(pod: Fields, wanted: string | undefined): Running {
  if (wanted !== undefined) assertContainer(pod, wanted);
  const container = runningContainer(pod, wanted);
  if (container !== undefined) return toRunning(pod, container);
  const message =
    wanted === undefined
      ? `no container of ${nameOf(pod)} runs`
      : `the container ${wanted} of ${nameOf(pod)} does not run`;
  throw new ReconcilerError('TARGET_ERROR', message, { retryable: true });
}

function toRunning(pod: Fields, container: string): Running {
  const namespace = asString(asFields(pod['metadata'])?.['namespace']) ?? '';
  return { namespace, pod: nameOf(pod), container };
}

type Chunk = { readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array };

async function* merge(stdout: PassThrough, stderr: PassThrough): AsyncGenerator<Chunk> {
  const streams = { stdout, stderr };
  const next = async (stream: 'stdout' | 'stderr', iterator: AsyncIterator<unknown>) => {
    const { done, value } = await iterator.next();
    return { stream, iterator, done: done === true, bytes: value instanceof Uint8Array ? value : null };
  };
  const waiting = new Map(
    (['stdout', 'stderr'] as const).map((stream) => {
      const iterator = streams[stream][Symbol.asyncIterator]();
      return [stream, next(stream, iterator)] as const;
    }),
  );
  while (waiting.size > 0) {
    const { stream, iterator, done, bytes } = await Promise.race(waiting.values());
    if (done) waiting.delete(stream);
    else waiting.set(stream, next(stream, iterator));
    if (bytes) yield { stream, bytes };
  }
}

import { createAbortScope } from '../../../base/abort-scope.ts';
import type { ResourceId } from '../../../model/resource.ts';
import type { ExecSession, StreamedEnd, StreamedProgram } from '../../../ports/target-capabilities.ts';
import type { Cluster } from '../cluster.ts';
import { redact } from './read-health.ts';
import { openSession } from './session.ts';

/** Bytes that are kept of the errors of a streamed program; the last ones tell why it ended. */
const MAX_STDERR_BYTES = 16_384;
/** Input goes out in messages of this size. */
const PIECE_BYTES = 32_768;

/** Runs a program in a pod of a workload to its end, for input and output of any length. Secrets of the stack are masked in what it says of errors. */
export async function streamIn(
  cluster: Cluster,
  {
    stack,
    id,
    program,
  }: { readonly stack: string; readonly id: ResourceId; readonly program: StreamedProgram },
  signal: AbortSignal,
): Promise<StreamedEnd> {
  const { argv, input, onOutput } = program;
  using scope = createAbortScope({ signals: [signal] });
  await using session = await openSession(cluster, { stack, id }, { argv, signal: scope.signal });
  // Writes and reads at the same time: a program that waits for somebody to read what it says reads nothing itself.
  const writing = input === undefined ? Promise.resolve() : passInput(session, input, scope.signal);
  let isOver = false;
  let broken: { readonly reason: unknown } | null = null;
  const written = writing.catch((reason: unknown) => {
    if (isOver) return;
    // An input that breaks off ends the program, and is the reason of that.
    broken = { reason };
    scope.abort(reason);
  });
  let said = Buffer.alloc(0);
  for await (const { stream, bytes } of session.output) {
    if (stream === 'stdout') await onOutput(bytes);
    else said = Buffer.concat([said, bytes]).subarray(-MAX_STDERR_BYTES);
  }
  const exitCode = await session.exitCode;
  isOver = true;
  scope.abort(new Error('the program has ended'));
  await written;
  if (broken !== null) throw (broken as { readonly reason: unknown }).reason;
  return { exitCode, stderr: redact(cluster, stack, [said.toString('utf8')]).join('') };
}

async function passInput(
  session: ExecSession,
  input: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  for await (const chunk of input) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      signal.throwIfAborted();
      session.write(chunk.subarray(at, at + PIECE_BYTES));
      await session.drained();
    }
  }
}

import { ReconcilerError } from '../../../base/errors.ts';
import type { DesiredResource, ResourceId } from '../../../model/resource.ts';
import type {
  ExecResult,
  ExecSession,
  RunningPlace,
  SessionOptions,
  StreamedEnd,
  StreamedProgram,
} from '../../../ports/target-capabilities.ts';
import type { ApplyContext } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';
import { requireNamed } from './container-logs.ts';
import { startAgain, stopContainer } from './container.ts';
import { membersOf, readGroup } from './container-group.ts';
import { maskOf } from '../secrets/secret-texts.ts';
import { containerSpec } from './specs.ts';

/** Stops every container of a resource; other kinds of resources do not run. */
export async function stopResource(
  adapter: Adapter,
  stack: string,
  id: ResourceId,
  signal: AbortSignal,
): Promise<void> {
  const [, kind, ...rest] = id.split('/');
  if (kind !== 'container') return;
  const group = await readGroup(adapter.engine, stack, rest.join('/'), signal);
  for (const member of membersOf(group)) await stopContainer(adapter, member, signal);
}

interface Place {
  readonly stack: string;
  readonly id: ResourceId;
}

/** Runs a program in the container of a resource. Secrets that the container has are masked in what comes on its error stream. */
export async function execIn(
  adapter: Adapter,
  { argv, ...place }: Place & { readonly argv: readonly string[] },
  signal: AbortSignal,
): Promise<ExecResult> {
  const container = await findRunning(adapter, place, signal);
  const result = await adapter.engine.exec(container, argv, signal);
  return {
    ...result,
    stderr: await withoutSecrets(adapter, { ...place, container, text: result.stderr }, signal),
  };
}

/** The same for a program whose input and output are of any length. */
export async function streamIn(
  adapter: Adapter,
  { program, ...place }: Place & { readonly program: StreamedProgram },
  signal: AbortSignal,
): Promise<StreamedEnd> {
  const container = await findRunning(adapter, place, signal);
  const end = await adapter.engine.execStream(container, program, signal);
  return { ...end, stderr: await withoutSecrets(adapter, { ...place, container, text: end.stderr }, signal) };
}

/** Masks secrets in the output of a program: people read it, and some programs complain of the password that they were given. */
async function withoutSecrets(
  adapter: Adapter,
  { stack, id, container, text }: Place & { readonly container: string; readonly text: string },
  signal: AbortSignal,
): Promise<string> {
  if (text === '') return text;
  const inspect = await adapter.engine.inspectContainer(container, signal);
  if (inspect === null) throw new ReconcilerError('TARGET_ERROR', `${id} has gone`, { retryable: true });
  return (await maskOf(adapter, { stack, id }, { inspect, what: 'message' }, signal))(text);
}

/** Does what `execIn` does, with somebody at the other end. */
export async function openSession(
  adapter: Adapter,
  place: { readonly stack: string; readonly id: ResourceId },
  options: SessionOptions,
): Promise<ExecSession> {
  return adapter.engine.openSession(await findRunning(adapter, place, options.signal), options);
}

/** Opens one in a container that is named. */
export async function openSessionAt(
  adapter: Adapter,
  place: RunningPlace,
  options: SessionOptions,
): Promise<ExecSession> {
  const { id, name, info } = await requireNamed(adapter, place, options.signal);
  if (info.State === 'running') return adapter.engine.openSession(id, options);
  throw new ReconcilerError('TARGET_ERROR', `the container ${name} does not run`, { retryable: true });
}

async function findRunning(
  { engine }: Adapter,
  { stack, id }: { readonly stack: string; readonly id: ResourceId },
  signal: AbortSignal,
): Promise<string> {
  const group = await readGroup(engine, stack, id.split('/').slice(2).join('/'), signal);
  const container = membersOf(group).find(({ info }) => info.State === 'running');
  if (container !== undefined) return container.id;
  throw new ReconcilerError('TARGET_ERROR', `${id} has no running container`, { retryable: true });
}

/** Starts the container of a resource as it is. */
export async function startResource(
  adapter: Adapter,
  desired: DesiredResource,
  context: ApplyContext,
): Promise<void> {
  if (desired.kind !== 'container') return;
  const { engine } = adapter;
  const { current, next } = await readGroup(engine, context.stack, desired.name, context.signal);
  const container = current ?? next;
  const inspect = container === null ? null : await engine.inspectContainer(container.id, context.signal);
  if (inspect === null) throw new ReconcilerError('TARGET_ERROR', `${desired.id} has no container to start`);
  await startAgain({ adapter, desired, spec: containerSpec(desired), context }, inspect);
}

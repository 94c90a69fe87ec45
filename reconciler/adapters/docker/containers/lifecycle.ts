import { withAbortScope } from '../../../base/abort-scope.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../../base/errors.ts';
import { asFields, asList, asText, defined, toRecord } from '../../../base/values.ts';
import type { LifecycleSpec } from '../../../model/docker/docker-spec.ts';
import type { ResourceId } from '../../../model/resource.ts';
import type { Adapter } from '../adapter.ts';
import { maskLines } from '../logs.ts';
import { maskOf } from '../secrets/secret-texts.ts';

/*
 * Commands that are run in a container after its start and before its stop (`post_start`, `pre_stop`), as docker-compose 2.40 does: one after the
 * other, and no more after one that fails. Other than there, a container is stopped although a command before its stop failed: what is described
 * now may be what mends that.
 */

/** Time that one command may take, in milliseconds. */
const LIMIT_MS = 300_000;
/** Lines of its output that are told of a command that failed. */
const LINES_TOLD = 5;

interface Place {
  readonly stack: string;
  readonly id: ResourceId;
  /** Id of the container. */
  readonly container: string;
}

/** Runs the commands that follow a start. Throws HOOK_FAILED with the last lines of the first that does not end with 0. */
export async function runPostStart(
  adapter: Adapter,
  commands: readonly LifecycleSpec[],
  { progress, ...place }: Place & { readonly progress: (line: string) => void },
  signal: AbortSignal,
): Promise<void> {
  for (const [index, command] of commands.entries()) {
    progress(`post_start: ${command.command.join(' ')}`);
    await runOne(adapter, command, { ...place, label: `post_start[${index}]` }, signal);
  }
}

/** Runs the commands that precede a stop. One that fails is told in the log of this process. */
export async function runPreStop(
  adapter: Adapter,
  commands: readonly LifecycleSpec[],
  place: Place,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (const [index, command] of commands.entries())
      await runOne(adapter, command, { ...place, label: `pre_stop[${index}]` }, signal);
  } catch (error) {
    if (!isReconcilerError(error) || signal.aborted) throw error;
    const { stack } = place;
    adapter.logger.warn({ stack, error: errorMessage(error) }, 'a command before a stop failed');
  }
}

async function runOne(
  adapter: Adapter,
  command: LifecycleSpec,
  { label, stack, id, container }: Place & { readonly label: string },
  signal: AbortSignal,
): Promise<void> {
  const timeoutReason = () =>
    new ReconcilerError('HOOK_FAILED', `${id}: ${label} did not end within ${LIMIT_MS / 1_000} s`);
  const scope = { signals: [signal], timeoutMs: LIMIT_MS, timeoutReason };
  const { exitCode, stdout, stderr } = await withAbortScope(scope, (until) =>
    adapter.engine.execAs(container, command, until),
  );
  if (exitCode === 0) return;
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  const inspect = await adapter.engine.inspectContainer(container, signal);
  const mask = inspect && (await maskOf(adapter, { stack, id }, { inspect, what: 'message' }, signal));
  const told = mask ? maskLines(lines.slice(-LINES_TOLD), mask).join('; ') : '';
  const message = `${id}: ${label} ended with ${exitCode}`;
  throw new ReconcilerError('HOOK_FAILED', told === '' ? message : `${message}: ${told}`);
}

/** Reads commands from the label of a container, which this or an earlier version has written. */
export function lifecycleOf(
  spec: Readonly<Record<string, unknown>>,
  key: 'postStart' | 'preStop',
): readonly LifecycleSpec[] {
  return (asList(spec[key]) ?? []).flatMap((item): readonly LifecycleSpec[] => {
    const { command, user, privileged, workingDir, env } = asFields(item) ?? {};
    const words = asList(command)?.map(asText);
    if (words === undefined) return [];
    const variables = Object.entries(asFields(env) ?? {}).map(
      ([name, value]) => [name, asText(value)] as const,
    );
    return [
      defined({
        command: words,
        user: typeof user === 'string' ? user : undefined,
        privileged: privileged === true || undefined,
        workingDir: typeof workingDir === 'string' ? workingDir : undefined,
        env: variables.length === 0 ? undefined : toRecord(variables),
      }),
    ];
  });
}

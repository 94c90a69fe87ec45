import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { formatOrigin } from '../../model/git/source-root.ts';
import { HOOK_STAGES } from '../../model/stack.ts';
import type { HookStage } from '../../model/stack.ts';
import type { DesiredHook } from '../../model/stack.ts';
import type { TargetReference } from '../../model/target.ts';
import { hasChanges } from '../../plan/build-plan.ts';
import { hasCapability, requireCapability } from '../../ports/target-capabilities.ts';
import type { ApplyContext } from '../../ports/target.ts';
import type { RunContext } from '../context.ts';
import { isDeployment } from '../record/deployed.ts';
import type { JobRecorder } from '../record/job-store.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';

/** Everything before a deployment changes something. */
export const PRE_STAGES: readonly HookStage[] = HOOK_STAGES.filter((stage) => stage !== 'post_deploy');

/**
 * Runs the hooks of these stages one after the other; their output goes into the job. Throws HOOK_FAILED at the first that
 * fails, or what its engine says.
 */
export async function runHooks(
  context: RunContext,
  planned: PlannedStack,
  stages: readonly HookStage[],
  { job, signal }: { readonly job: JobRecorder; readonly signal: AbortSignal },
): Promise<void> {
  for (const hook of planned.description.hooks) {
    if (!stages.includes(hook.stage)) continue;
    signal.throwIfAborted();
    await runHook(context, planned, hook, { job, signal });
  }
}

/** Tells whether hooks before the deployment have to run: not twice for one that is being continued. */
export function needsPreHooks(context: RunContext, { plan, description }: PlannedStack): boolean {
  if (description.hooks.length === 0 || !hasChanges(plan) || !isDeployment(context, plan)) return false;
  return context.hooked.get(plan.stack) !== plan.desired;
}

async function runHook(
  context: RunContext,
  { plan, description, references }: PlannedStack,
  hook: DesiredHook,
  { job, signal }: { readonly job: JobRecorder; readonly signal: AbortSignal },
): Promise<void> {
  const { resource, image, timeoutMs } = hook;
  const label = `${hook.stage} ${hook.name}`;
  const reference = references.get(resource.target) ?? targetOf(description.targets, resource.target);
  const log = (text: string) => job.log('info', text, label);
  log(`runs on ${resource.target}`);
  const applying: ApplyContext = {
    stack: plan.stack,
    revision: plan.revision,
    branch: formatOrigin(context.source),
    signal,
    readBlob: async (blob) => context.desired.inlineBlob(blob) ?? context.source.readBlob(blob),
    progress: log,
  };
  const code = await tellWhich(label, () =>
    requireCapability(context.pool.get(reference), 'runsContainers').runOneOff(
      { resource, image, timeoutMs, onLine: log },
      applying,
    ),
  );
  if (code !== 0) throw new ReconcilerError('HOOK_FAILED', `hook ${label} ended with ${code}`);
  log('completed');
}

async function tellWhich<T>(label: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isReconcilerError(error) || error.code === 'CANCELLED') throw error;
    const { code, retryable } = error;
    throw new ReconcilerError(code, `hook ${label}: ${error.message}`, { cause: error, retryable });
  }
}

function targetOf(targets: readonly TargetReference[], name: string): TargetReference {
  const found = targets.find((target) => target.name === name);
  if (found === undefined) throw new Error(`internal: no engine for a hook on ${name}`);
  return found;
}

/** Removes what a process that was killed has left running of its hooks. */
export async function sweepHooks(
  { pool, source, logger }: RunContext,
  reference: TargetReference,
  signal: AbortSignal,
): Promise<void> {
  const leftovers = await pool.probeUnlessAway(reference, async (target) =>
    hasCapability(target, 'runsContainers') ? target.leftovers(signal) : [],
  );
  for (const { id, name, stack, revision, branch } of leftovers) {
    // Another repository, or another branch or root of this one, may be at work on the same engine.
    if (branch !== formatOrigin(source) || revision === null || (await source.contains(revision)) !== true)
      continue;
    try {
      await pool.probe(reference, (target) =>
        requireCapability(target, 'runsContainers').removeLeftover(id, signal),
      );
      logger.info({ stack, container: name }, 'removed what a hook has left');
    } catch (error) {
      logger.warn({ stack, container: name, error: errorMessage(error) }, 'a hook has left a container');
    }
  }
}

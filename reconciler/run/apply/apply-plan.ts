import { withAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { formatOrigin } from '../../model/git/source-root.ts';
import type { ObservedResource } from '../../model/resource.ts';
import { resourceId } from '../../model/resource.ts';
import { targetKey } from '../../model/target.ts';
import { formatSummary } from '../../plan/format-plan.ts';
import type { Change, Plan } from '../../plan/plan.ts';
import type { JobStep } from '../../ports/store.ts';
import type { Target } from '../../ports/target.ts';
import { recallStack, rememberStack, savePlan, stableMsOf } from '../context.ts';
import type { RunContext } from '../context.ts';
import { observeDescribed } from '../observe/plan-stack.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';
import { deployedAs, isDeployment, isNoted, wasDeployment } from '../record/deployed.ts';
import { endFailed } from '../record/end-job.ts';
import { noteFetched } from '../upkeep/fetched-images.ts';
import type { JobRecorder } from '../record/job-store.ts';
import { noteDeployed } from '../record/pending-tags.ts';
import { noteBegun, noteUnfinished, recordDeployment } from '../record/record-deployment.ts';
import { noEffect, withoutEffect } from './effect.ts';
import { executePlan } from './execute-plan.ts';
import { isDisturbed, partlyApplied } from './execution.ts';
import type { ChangeTarget, ExecuteResult, StepFailure, StepUpdate } from './execution.ts';
import { needsPreHooks, PRE_STAGES, runHooks } from './run-hooks.ts';
import { againIn } from './failed-jobs.ts';
import { startingAgain } from './stopped.ts';

export interface ApplyRun {
  readonly signal: AbortSignal;
  /** It only does once more what was done a moment ago, and somebody has undone: there is a tag of that. Default false. */
  readonly repeats?: boolean;
}

/**
 * Stage 5: carries a plan out and has it recorded. Ends the job and shows how it ended in every case; throws when it failed, so that the
 * queue can decide about another try.
 */
export async function applyPlan(
  context: RunContext,
  planned: PlannedStack,
  job: JobRecorder,
  { signal, repeats = false }: ApplyRun,
): Promise<void> {
  const { plan } = planned;
  const { stack } = plan;
  context.stacks.enter(stack, { at: 'working' });
  context.stacks.setSynced(stack, '');
  job.start({ revision: plan.revision, summary: plan.summary, planId: savePlan(context, plan) });
  context.stacks.setJob(stack, job.job);
  job.log('info', formatSummary(plan.summary));
  if (needsPreHooks(context, planned)) await runPreHooks(context, planned, job, signal);
  const ran = [...(recallStack(context, stack).stopped?.resources ?? []), ...againIn(plan)];
  const begun = noteBegun(context, planned);
  const execution = { ...planned, through: (target: Target) => startingAgain(target, ran) };
  const result = await execute(context, execution, job, signal);
  const failure = insistNoMore(context, plan, result, failureOf(result, signal));
  const partly = failure === null ? partlyApplied(plan) : null;
  const seen = failure ?? (partly === null ? await missEffect(context, planned, job) : null);
  const ended = insistOnEffect(context, plan, seen);
  const error = partly ?? (ended !== null && hasWorked(context, plan) ? insist(ended) : ended);
  if (error === null) {
    const isNew = isNewDeployment(context, plan, result.changed);
    const hasHooks = isNew && isDeployment(context, plan);
    if (isNew && (!repeats || begun.before)) noteDeployed(context, plan, job);
    await finish(context, planned, job, { hasHooks, signal });
    return;
  }
  const isOver = cannotHelp(error);
  noteUnfinished(context, plan, begun, { isOver, changed: result.changed > 0 });
  if (isOver) context.hooked.delete(stack);
  endFailed(context, job, error, result.cancelled);
  throw error;
}

/**
 * Says whether the targets have come to what no tag tells of yet. Where nothing was, nothing was removed; what an earlier attempt began to remove, and
 * nobody sees any more, was.
 */
function isNewDeployment(context: RunContext, plan: Plan, changed: number): boolean {
  if (changed > 0) return true;
  if (!recallStack(context, plan.stack).untagged) return false;
  return plan.mode === 'apply' || ![null, plan.desired].includes(deployedAs(context, plan));
}

/**
 * There was nothing to change: completes what an earlier process or attempt began, and ends the job.
 *
 * @param untold what runs is known to be no tag's, although nobody remembers that it was begun
 */
export async function complete(
  context: RunContext,
  planned: PlannedStack,
  job: JobRecorder,
  { untold = false, signal }: { readonly untold?: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const { plan } = planned;
  const isNew = isNewDeployment(context, plan, 0);
  const noted = isNew && isNoted(context, plan);
  const hasHooks = isNew && (noted ? await wasDeployment(context, plan) : isDeployment(context, plan));
  if ((isNew && !noted) || untold) noteDeployed(context, plan, job);
  await finish(context, planned, job, { hasHooks, signal });
}

/** Does what is left once the targets are as planned; ends the job. */
async function finish(
  context: RunContext,
  planned: PlannedStack,
  job: JobRecorder,
  { hasHooks, signal }: { readonly hasHooks: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const unfinished = hasHooks ? await runPostHooks(context, planned, job, signal) : null;
  context.hooked.delete(planned.plan.stack);
  await recordDeployment(context, planned, job, unfinished);
}

/** The newest deployment is of the same description: what fails now is a repair. */
export function hasWorked(context: RunContext, plan: Plan): boolean {
  return plan.mode === 'apply' && deployedAs(context, plan) === plan.desired;
}

/**
 * Nobody can mend a description that has worked: its refusal is tried again like a target that is away, or what was broken by chance would
 * stay down. But what was put back is not exchanged again and again.
 */
function insist(error: Error): Error {
  if (!(error instanceof ReconcilerError) || error.code === 'CANCELLED' || error.code === 'UNHEALTHY')
    return error;
  return new ReconcilerError(error.code, error.message, { cause: error, retryable: true });
}

/** A service that ends itself looks as if somebody had stopped it: after so many times in a row that is no chance any more. */
const MAX_DISTURBANCES = 3;

/** Counts how often something from outside came between. @returns the failure, as one for good where that was too often */
function insistNoMore(
  { disturbed }: RunContext,
  { stack, desired }: Plan,
  { failures }: ExecuteResult,
  failure: Error | null,
): Error | null {
  if (failure === null || !failures.some(({ error }) => isDisturbed(error))) {
    disturbed.delete(stack);
    return failure;
  }
  const before = disturbed.get(stack);
  const times = before?.desired === desired ? before.times + 1 : 1;
  disturbed.set(stack, { desired, times });
  if (times < MAX_DISTURBANCES) return failure;
  const message = `${failure.message}; that has happened ${times} times in a row`;
  return new ReconcilerError('UNHEALTHY', message, { cause: failure.cause });
}

/**
 * A hand that comes between a change and the look at it makes it seem to have done nothing: it is tried again, as often as after other disturbances.
 * @returns the failure, one that is tried again where that helps
 */
function insistOnEffect(
  { disturbed }: RunContext,
  { stack, desired }: Plan,
  failure: Error | null,
): Error | null {
  const key = `${stack} without effect`;
  if (!isReconcilerError(failure, 'NO_EFFECT')) {
    disturbed.delete(key);
    return failure;
  }
  const before = disturbed.get(key);
  const times = before?.desired === desired ? before.times + 1 : 1;
  disturbed.set(key, { desired, times });
  if (times >= MAX_DISTURBANCES) return failure;
  return new ReconcilerError(failure.code, failure.message, { cause: failure, retryable: true });
}

/** Waiting is of no use: the same description would fail the same way. */
function cannotHelp(error: unknown): boolean {
  return isReconcilerError(error) && !error.retryable && error.code !== 'CANCELLED';
}

/** Nothing has been changed yet when one of them fails: the job ends, and the description waits for a person. */
async function runPreHooks(
  context: RunContext,
  planned: PlannedStack,
  job: JobRecorder,
  signal: AbortSignal,
): Promise<void> {
  const { stack, desired } = planned.plan;
  try {
    await runHooks(context, planned, PRE_STAGES, { job, signal });
    context.hooked.set(stack, desired);
  } catch (error) {
    if (cannotHelp(error)) rememberStack(context, stack, { heldDesired: desired });
    endFailed(context, job, error, signal.aborted);
    throw error;
  }
}

/** Runs the last hooks. The services are right by then, and stay: only the job tells that a hook failed. */
async function runPostHooks(
  context: RunContext,
  planned: PlannedStack,
  job: JobRecorder,
  signal: AbortSignal,
): Promise<Error | null> {
  try {
    await runHooks(context, planned, ['post_deploy'], { job, signal });
    return null;
  } catch (error) {
    // The hook did not fail: it is run again as soon as its target can.
    if (isReconcilerError(error, 'TARGET_UNREACHABLE') || signal.aborted) throw error;
    const message = `deployed, but not all is done: ${errorMessage(error)}`;
    return new ReconcilerError('HOOK_FAILED', message, { cause: error });
  }
}

/**
 * Finds steps whose effect is not there: they have failed, whatever their target said. A target that cannot be asked now does not undo what
 * was done.
 */
async function missEffect(
  context: RunContext,
  planned: PlannedStack,
  job: JobRecorder,
): Promise<ReconcilerError | null> {
  const { plan, desired } = planned;
  const missing = withoutEffect(plan, desired, await observeAgain(context, planned));
  if (missing.length === 0) return null;
  const error = noEffect(missing);
  for (let index = 0, step = job.stepAt(0); step !== undefined; step = job.stepAt(++index)) {
    if (!missing.some((id) => id === step?.name)) continue;
    job.step(index, { status: 'failed', message: error.message });
    job.log('error', `${step.action} ${step.name}: ${error.message}`, step.name);
  }
  return error;
}

/**
 * Observes the stack once more, for the job reports as its end what the targets say then.
 *
 * @returns nothing when the targets could not be asked
 */
async function observeAgain(
  context: RunContext,
  { plan, description }: PlannedStack,
): Promise<readonly ObservedResource[]> {
  try {
    const observation = await withAbortScope({ signals: [], timeoutMs: LOOK_TIMEOUT_MS }, (signal) =>
      observeDescribed(context, description, { mode: plan.mode, signal }),
    );
    return observation.resources;
  } catch (error) {
    context.logger.warn(
      { stack: plan.stack, error: errorMessage(error) },
      'the targets could not be asked after an apply',
    );
    return [];
  }
}

const LOOK_TIMEOUT_MS = 10_000;

/** The parts of a planned stack that `execute` needs. */
export interface Execution extends Pick<PlannedStack, 'plan' | 'desired' | 'references' | 'aliases'> {
  /** Returns what carries out the changes instead of the target itself. */
  readonly through?: (target: Target) => ChangeTarget;
  /** Word for the action in the log. Default: the action of each change. */
  readonly verb?: string;
}

export function execute(
  context: RunContext,
  { plan, desired, references, aliases, through = (target) => target, verb }: Execution,
  job: JobRecorder,
  signal: AbortSignal,
): Promise<ExecuteResult> {
  const { pool, clock, concurrency } = context;
  const work = plan.changes.filter((change) => change.action !== 'no-op' || change.verify);
  const indexes = new Map(work.map((change, index) => [change.id, index]));
  job.plan(work.map((change, index) => newStep(job.job.id, index, change)));
  // The targets of all changes are remembered before anything is made: the description may be gone when somebody looks next.
  for (const { target } of work) {
    const reference = references.get(target);
    if (reference !== undefined) context.stacks.sawOn(plan.stack, reference);
  }
  const referenceOf = ({ id, target }: Change) => {
    const reference = references.get(target);
    if (reference === undefined) throw new Error(`internal: no engine for ${id}`);
    return reference;
  };
  return executePlan({
    plan,
    desired,
    targetOf: (change) => through(pool.get(referenceOf(change))),
    slotsOf(change) {
      const reference = referenceOf(change);
      return { target: targetKey(reference), slots: pool.get(reference).parallelChanges ?? concurrency };
    },
    asKnown(change) {
      const target = aliases.get(change.target);
      if (target === undefined) return change;
      return { ...change, target, id: resourceId(target, change.kind, change.name) };
    },
    clock,
    stableMs: stableMsOf(context, plan.stack),
    branch: formatOrigin(context.source),
    readBlob: async (blob) => context.desired.inlineBlob(blob) ?? context.source.readBlob(blob),
    onStep(change, update) {
      recordStep(context, job, indexes.get(change.id) ?? -1, { change, update, verb });
      if (update.status === 'completed') noteFetched(context, referenceOf(change), change);
    },
    signal,
  });
}

function recordStep(
  context: RunContext,
  job: JobRecorder,
  index: number,
  {
    change,
    update,
    verb,
  }: { readonly change: Change; readonly update: StepUpdate; readonly verb: string | undefined },
): void {
  const now = new Date(context.clock.now()).toISOString();
  const { status, message } = update;
  const previous = job.stepAt(index);
  const started = previous?.startedAt ?? (status === 'running' ? now : null);
  job.step(index, {
    status,
    startedAt: started,
    endedAt: status === 'running' || status === 'pending' ? null : now,
    message: message ?? (status === 'completed' ? null : (previous?.message ?? null)),
    health: update.health?.status ?? null,
  });
  const level =
    status === 'failed' || status === 'reverted' ? 'error' : status === 'running' ? 'debug' : 'info';
  const word = verb ?? (change.verify ? 'wait for' : change.action);
  job.log(level, `${word} ${change.id}: ${message ?? status}`, change.id);
}

function newStep(jobId: string, index: number, change: Change): JobStep {
  return {
    jobId,
    index,
    name: change.id,
    action: change.action,
    status: 'pending',
    message: change.cause,
    health: null,
    startedAt: null,
    endedAt: null,
  };
}

export function failureOf(result: ExecuteResult, signal: AbortSignal): Error | null {
  if (result.failures.length === 0) return result.cancelled ? cancelled(signal) : null;
  const [first] = result.failures as readonly [StepFailure];
  const message = result.failures.map(({ id, error }) => describeFailure(id, error)).join('; ');
  const code = first.error instanceof ReconcilerError ? first.error.code : 'TARGET_ERROR';
  // One failure that waiting cannot help is enough: trying again would fail there again, and stop what runs for it.
  const retryable = result.failures.every(
    ({ error }) => !(error instanceof ReconcilerError) || error.retryable || error.code === 'NAME_TAKEN',
  );
  return new ReconcilerError(code, message, { cause: first.error, retryable });
}

function describeFailure(id: string, error: unknown): string {
  const message = errorMessage(error);
  return message.includes(id) ? message : `${id}: ${message}`;
}

function cancelled(signal: AbortSignal): ReconcilerError {
  return new ReconcilerError('CANCELLED', errorMessage(signal.reason));
}

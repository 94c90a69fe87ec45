import { withAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { resourceId } from '../../model/resource.ts';
import { stackDigest } from '../../model/stack.ts';
import { targetKey } from '../../model/target.ts';
import { formatSummary } from '../../plan/format-plan.ts';
import { hasChanges } from '../../plan/build-plan.ts';
import type { Change, Plan } from '../../plan/plan.ts';
import type { JobStep } from '../../ports/store.ts';
import type { Target } from '../../ports/target.ts';
import { recallStack, rememberStack, savePlan } from '../context.ts';
import type { RunContext } from '../context.ts';
import { executePlan } from './execute-plan.ts';
import type { ChangeTarget, ExecuteResult, StepFailure, StepUpdate } from './execution.ts';
import { needsPreHooks, PRE_STAGES, runHooks } from './hooks.ts';
import type { JobRecorder } from '../record/job-store.ts';
import { planStack } from '../observe/plan-stack.ts';
import { partlyApplied } from '../observe/unreachable.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';
import { startingAgain } from './stopped.ts';

/**
 * Stages 5 and 6: carries a plan out, records every step, tags the revision. Ends the job in every case; throws when it failed, so that the
 * queue can decide about another try.
 */
export async function applyPlan(
  context: RunContext,
  planned: PlannedStack,
  job: JobRecorder,
  signal: AbortSignal,
): Promise<void> {
  const { plan } = planned;
  const { stack } = plan;
  context.stacks.setState(stack, 'applying');
  context.stacks.setSynced(stack, '');
  job.start({ revision: plan.revision, summary: plan.summary, planId: savePlan(context, plan) });
  context.stacks.setJob(stack, job.job);
  job.log('info', formatSummary(plan.summary));
  if (needsPreHooks(context, planned)) await runPreHooks(context, planned, job, signal);
  const destroyed = destroyedDigest(context, plan);
  const record = recallStack(context, stack);
  const ran = record.stopped?.resources ?? [];
  const untagged = record.untagged || (hasChanges(plan) && destroyed === null);
  // Written ahead: should this process die now, the next one knows that a deployment is to be completed, and that what was
  // half destroyed is not to be put back.
  rememberStack(context, stack, { untagged, heldDesired: destroyed, synced: null, stopped: null });
  const execution = { ...planned, through: (target: Target) => startingAgain(target, ran) };
  const result = await execute(context, execution, job, signal);
  const failure = failureOf(result, signal);
  const unfinished = failure !== null && hasWorked(context, plan) ? insist(failure) : failure;
  const error = unfinished ?? partlyApplied(plan);
  if (error === null) {
    await lookAgain(context, planned);
    await complete(context, planned, job, { ...result, signal });
    return;
  }
  const hold = error instanceof ReconcilerError && !error.retryable && error.code !== 'CANCELLED';
  rememberStack(context, stack, {
    heldDesired: destroyed ?? (hold ? plan.desired : null),
    untagged: untagged && !hold,
  });
  if (hold) context.hooked.delete(stack);
  const state = result.cancelled ? 'pending' : unfinished === null ? 'degraded' : 'failed';
  context.stacks.setState(stack, state, errorMessage(error));
  job.end(result.cancelled ? 'cancelled' : 'failed', error);
  context.stacks.setJob(stack, job.job);
  throw error;
}

/** The newest deployment is of the same description: what fails now is a repair. */
function hasWorked({ deployments }: RunContext, { stack, mode, desired }: Plan): boolean {
  return mode === 'apply' && deployments.knownLatest(stack)?.desired === desired;
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
    const isOver = isReconcilerError(error) && !error.retryable && error.code !== 'CANCELLED';
    if (isOver) rememberStack(context, stack, { heldDesired: desired });
    context.stacks.setState(stack, signal.aborted ? 'pending' : 'failed', errorMessage(error));
    job.end(signal.aborted ? 'cancelled' : 'failed', error);
    context.stacks.setJob(stack, job.job);
    throw error;
  }
}

/** What runs is right, and stays: only the job tells that the last hook failed. */
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
    const message = `deployed, but not all is done: ${errorMessage(error)}`;
    return new ReconcilerError('HOOK_FAILED', message, { cause: error });
  }
}

/** Tags what an apply changed, also one that an earlier process or attempt began; ends the job. */
export async function complete(
  context: RunContext,
  planned: PlannedStack,
  job: JobRecorder,
  result: Pick<ExecuteResult, 'changed'> & { readonly signal: AbortSignal },
): Promise<void> {
  const { plan } = planned;
  const { stack, revision } = plan;
  const record = recallStack(context, stack);
  // Where nothing was, nothing was removed, whatever had been begun before.
  const isNew = result.changed > 0 || (record.untagged && plan.mode === 'apply');
  const unfinished = isNew ? await runPostHooks(context, planned, job, result.signal) : null;
  context.hooked.delete(stack);
  if (revision !== null && isNew) await tag(context, plan, job);
  const now = new Date(context.clock.now()).toISOString();
  const described = context.desired.get(stack);
  const heldDesired = destroyedDigest(context, plan);
  const isCurrent = described !== undefined && stackDigest(described.resources) === plan.desired;
  if (isCurrent) context.stacks.setSynced(stack, plan.desired);
  if (heldDesired !== null) context.stacks.setState(stack, 'pending', DESTROYED);
  else if (described === undefined) context.stacks.setState(stack, 'removed', keptOf(plan));
  // Not current: a newer description came in at the last moment, and its own run is due.
  else
    context.stacks.setState(
      stack,
      isCurrent ? 'in_sync' : 'pending',
      unfinished?.message ?? unprunedOf(plan),
    );
  rememberStack(context, stack, {
    untagged: false,
    heldDesired,
    stopped: null,
    lastAppliedRevision: revision,
    lastAppliedAt: now,
    unpushedTags: context.deployments.pending().filter((name) => name.startsWith(`deploy/${stack}/`)),
  });
  if (unfinished === null) job.end('completed');
  else job.end('failed', unfinished);
  context.stacks.setJob(stack, job.job);
}

/** What a plan leaves although nothing describes it, in words; `null` when it leaves nothing. */
export function keptOf({ changes }: Plan): string | null {
  const kept = changes.filter(({ after, origin }) => after !== null && origin === null).map(({ id }) => id);
  return kept.length === 0
    ? null
    : `${kept.join(', ')} kept, because data is only deleted with an explicit yes`;
}

/** What a plan leaves because nothing is pruned, in words; `null` when it leaves nothing but data. */
export function unprunedOf({ changes }: Plan): string | null {
  const kept = changes.filter(
    ({ after, origin, kind }) => after !== null && origin === null && kind !== 'volume',
  );
  return kept.length === 0 ? null : `kept, though not described: ${kept.map(({ id }) => id).join(', ')}`;
}

/** Destroyed by hand, yet still described: it stays away until the description changes or somebody applies it. */
function destroyedDigest(context: RunContext, { stack, mode }: Plan): string | null {
  const described = mode === 'destroy' ? context.desired.get(stack) : undefined;
  return described === undefined ? null : stackDigest(described.resources);
}

async function tag(context: RunContext, plan: Plan, job: JobRecorder): Promise<void> {
  try {
    const { id: jobId, actor, trigger, startedAt } = job.job;
    const { revision } = context.desired;
    const deployed = {
      plan,
      revision: plan.revision ?? '',
      jobId,
      author: actor ?? (revision?.commit === plan.revision ? (revision?.author.name ?? null) : null),
      file: context.desired.get(plan.stack)?.file ?? null,
      trigger,
      durationMs: startedAt === null ? null : context.clock.now() - Date.parse(startedAt),
    };
    const deployment = await withAbortScope({ signals: [], timeoutMs: TAG_PUSH_TIMEOUT_MS }, (signal) =>
      context.deployments.record(deployed, signal),
    );
    job.update({ tag: deployment.tag });
    job.log('info', `tagged ${deployment.tag}`, 'tag');
    const { pushError } = context.deployments;
    if (pushError !== null)
      job.log('warn', `${deployment.tag} is not pushed yet and will be tried again: ${pushError}`, 'tag');
  } catch (error) {
    // What runs is right; only the mark in Git is missing. The next change of this stack is tagged again.
    job.log('error', `the deployment could not be tagged: ${errorMessage(error)}`, 'tag');
    context.logger.error(
      { stack: plan.stack, error: errorMessage(error) },
      'the deployment could not be tagged',
    );
  }
}

/** What the job reports as its end is what the targets say then. A target that fails now does not undo what was done. */
async function lookAgain(context: RunContext, { plan }: PlannedStack): Promise<void> {
  const order = { stack: plan.stack, mode: plan.mode, deleteVolumes: false };
  try {
    await withAbortScope({ signals: [], timeoutMs: LOOK_TIMEOUT_MS }, (signal) =>
      planStack(context, order, signal),
    );
  } catch (error) {
    context.logger.warn(
      { stack: plan.stack, error: errorMessage(error) },
      'the targets could not be asked after an apply',
    );
  }
}

const LOOK_TIMEOUT_MS = 10_000;
/** The stack is described, but somebody destroyed it by hand. */
export const DESTROYED = 'destroyed by hand; apply it, or change its description, to bring it back';

const TAG_PUSH_TIMEOUT_MS = 15_000;

/** What `execute` needs of a planned stack. */
export interface Execution extends Pick<PlannedStack, 'plan' | 'desired' | 'references' | 'aliases'> {
  /** What carries out the changes instead of the engine's target itself. */
  readonly through?: (target: Target) => ChangeTarget;
  /** What is done, for the log. Default: the action of each change. */
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
  // What is about to be made is known of before it is there: the description may be gone when somebody looks next.
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
    engineOf(change) {
      const reference = referenceOf(change);
      return { engine: targetKey(reference), slots: pool.get(reference).parallelChanges ?? concurrency };
    },
    asKnown(change) {
      const target = aliases.get(change.target);
      if (target === undefined) return change;
      return { ...change, target, id: resourceId(target, change.kind, change.name) };
    },
    clock,
    branch: context.source.branch,
    readBlob: async (blob) => context.desired.inlineBlob(blob) ?? context.source.readBlob(blob),
    onStep: (change, update) =>
      recordStep(context, job, indexes.get(change.id) ?? -1, { change, update, verb }),
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
    ({ error }) => !(error instanceof ReconcilerError) || error.retryable,
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

import { hasErrors } from '../../base/diagnostic.ts';
import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { formatSummary } from '../../plan/format-plan.ts';
import type { Plan } from '../../plan/plan.ts';
import { applyPlan, complete, hasWorked } from '../apply/apply-plan.ts';
import { partlyApplied } from '../apply/execution.ts';
import { recallFor, recallStack, savePlan } from '../context.ts';
import type { RunContext } from '../context.ts';
import type { Decision, Gate, Hold } from '../decide/decide.ts';
import { unwellOf } from '../decide/words.ts';
import { recordDriftCheck } from '../drift/drift-check.ts';
import { describedNow, showInvalid } from '../observe/invalid-stack.ts';
import { NotYetAnswered } from '../observe/target-entry.ts';
import { planStack } from '../observe/plan-stack.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';
import { isUntold } from '../record/deployed.ts';
import { isRecorded } from '../record/last-job.ts';
import { endFailed, showFailure } from '../record/end-job.ts';
import type { JobRecorder } from '../record/job-store.ts';
import { decideStack, forget, noteDrift, showDecision } from './decide-stack.ts';
import type { ReconcileParts } from './parts.ts';
import type { Triggered } from './pending-requests.ts';
import { putBackInvalid, putBackReplaced, putBackSkipped } from './put-back.ts';
import { repairBeside } from './repair-beside.ts';
import { DONE, heldBy, LATER, lookAgainAt, REPORTED } from './result.ts';
import type { Result } from './result.ts';

interface Run extends Triggered {
  readonly signal: AbortSignal;
}

/** Brings a stack in line because something set off a look at it. */
export async function reconcileUnasked(parts: ReconcileParts, stack: string, run: Run): Promise<Result> {
  const { context, schedule } = parts;
  const { trigger, signal } = run;
  const described = await describedNow(context, stack, signal);
  if (described !== undefined && hasErrors(described.diagnostics)) {
    await putBackInvalid(context, stack, signal);
    showInvalid(context, described);
    return REPORTED;
  }
  const planned = await planUnasked(parts, stack, run);
  if (planned === null) return DONE;
  if (planned === 'later') return LATER;
  schedule.note(stack, planned.description.policy.driftSchedule);
  const decision = await decideStack(parts, planned, { requested: false });
  // The observation is old already; the run that is due next reads again.
  if (signal.aborted) return DONE;
  noteDrift(context, planned.plan);
  if (trigger === 'schedule') recordDriftCheck(context, { stack, trigger, actor: null });
  if (decision.kind === 'apply') return applyUnasked(parts, planned, { ...run, repairs: decision.repairs });
  await putBackReplaced(context, planned, decision.kind);
  return settle(parts, planned, decision, run);
}

/** Decisions that change nothing, and are no holds, but are worth a line in the log. */
const TOLD: ReadonlySet<Decision['kind']> = new Set(['unwell', 'unreachable', 'report-drift']);

/** Holds of a push that nothing else records; for the others there is a job that says why. */
const RECORDED: ReadonlySet<Decision['kind']> = new Set(['frozen', 'blocked', 'waiting', 'out-of-turn']);

/** There is nothing to carry out: shows it, and does what is left to do. */
async function settle(
  parts: ReconcileParts,
  planned: PlannedStack,
  decision: Exclude<Decision, { kind: 'apply' }>,
  run: Run,
): Promise<Result> {
  const { context, proposals } = parts;
  const { plan } = planned;
  if (decision.kind === 'in-sync') {
    // Not shown before its tag stands.
    await completeEarlier(context, planned, { ...run, untold: await isUntold(context, planned) });
    // A push meanwhile: what is in line is the description before it.
    if (run.signal.aborted) return DONE;
    showDecision(parts, planned, decision);
    return DONE;
  }
  const isNews = showDecision(parts, planned, decision);
  if (isNews && TOLD.has(decision.kind))
    context.logger.info(
      { stack: plan.stack, reason: context.stacks.message(plan.stack) },
      'a stack is not as described',
    );
  switch (decision.kind) {
    case 'unwell':
      insistOnHealth(context, plan);
      return lookAgainAt(planned.observed);
    case 'unreachable':
      return reportAway(context, plan, run.trigger);
    case 'report-drift':
      await proposals.report(planned, run.signal);
      if (run.signal.aborted) return DONE;
      showDecision(parts, planned, decision);
      return REPORTED;
    default:
      if (decision.kind === 'contested') {
        if (parts.repairs.tell(plan)) tellContest(context, plan, decision);
        return heldBy(decision);
      }
      if (isNews) tellHold(context, plan, decision);
      if (run.trigger === 'push' && RECORDED.has(decision.kind)) recordPush(context, plan, decision);
      return heldBy(decision);
  }
}

/** @returns `null` when there is nothing to plan (any more), or another run is due */
async function planUnasked(
  parts: ReconcileParts,
  stack: string,
  { trigger, signal }: Run,
): Promise<PlannedStack | 'later' | null> {
  const { context } = parts;
  try {
    return await planStack(context, { stack, mode: 'apply', deleteVolumes: false, unasked: true }, signal);
  } catch (error) {
    if (isReconcilerError(error, 'UNKNOWN_STACK')) forget(parts, stack);
    if (isReconcilerError(error, 'UNKNOWN_STACK') || signal.aborted) return null;
    if (error instanceof NotYetAnswered) {
      parts.pending.triggeredBy(stack, trigger);
      return 'later';
    }
    const isNew = showFailure(context, stack, error, false);
    if (isNew) createJob(context, stack, trigger).end('failed', error);
    throw error;
  }
}

async function applyUnasked(
  parts: ReconcileParts,
  planned: PlannedStack,
  { trigger, signal, repairs }: Run & { readonly repairs: boolean },
): Promise<Result> {
  const { context, repairs: limiter } = parts;
  const { plan } = planned;
  const job = createJob(context, plan.stack, repairs && trigger !== 'push' ? 'drift' : trigger);
  // A repair that failed has left something to do, which is no repair by name; it is one all the same.
  const isRepair = repairs || hasWorked(context, plan);
  if (!isRepair) limiter.release(plan.stack);
  const repeats = isRepair && limiter.repeats(plan);
  const carryOut = (until: AbortSignal) => applyPlan(context, planned, job, { signal: until, repeats });
  let isEnded = false;
  try {
    if (isRepair) isEnded = await repairBeside(context, planned, signal, carryOut);
    else await carryOut(signal);
  } catch (error) {
    // Another program that is faster than our look has undone it.
    if (isRepair && isReconcilerError(error, 'NO_EFFECT')) limiter.repaired(plan);
    endFailed(context, job, error, signal.aborted);
    if (!signal.aborted) await putBackSkipped(context, planned, job, error);
    throw error;
  }
  if (isRepair) limiter.repaired(plan);
  return isEnded ? reconcileUnasked(parts, plan.stack, { trigger: 'drift', signal }) : DONE;
}

/** Completes what an earlier process or attempt began, and what has come to its end by itself since. */
async function completeEarlier(
  context: RunContext,
  planned: PlannedStack,
  { trigger, signal, untold }: Run & { readonly untold: boolean },
): Promise<void> {
  const { stack, summary } = planned.plan;
  const isLeft = recallStack(context, stack).untagged || untold;
  if (!isLeft || (planned.plan.mode === 'destroy' && (await isWithoutTags(context, stack)))) return;
  const job = createJob(context, stack, trigger);
  job.start({ summary });
  job.log('info', 'completes a deployment that was begun before');
  try {
    await complete(context, planned, job, { untold, signal });
  } catch (error) {
    endFailed(context, job, error, signal.aborted);
    throw error;
  }
}

/** A tag says that something is gone only where one says that it was there. */
async function isWithoutTags({ deployments }: RunContext, stack: string): Promise<boolean> {
  const latest = await deployments.latest(stack);
  return latest === null || latest.isRemoval;
}

/** A deployment that was begun is not over before everything is well: throws, to look again with growing pauses. */
function insistOnHealth(context: RunContext, plan: Plan): void {
  const { untagged, heldDesired } = recallFor(context, plan);
  // The description failed for good: only another one, or a person, makes something else of it.
  if (!untagged || heldDesired === plan.desired) return;
  throw new ReconcilerError('UNHEALTHY', unwellOf(plan), { retryable: true });
}

/** Throws, to look again with growing pauses; one job tells of it. */
function reportAway(context: RunContext, plan: Plan, trigger: string): Result {
  const error = partlyApplied(plan);
  if (error === null) return REPORTED;
  const isNew = context.stacks.setError(plan.stack, `${error.code} ${error.message}`);
  if (isNew) createJob(context, plan.stack, trigger).end('failed', error);
  throw error;
}

function tellHold({ logger }: RunContext, { stack }: Plan, { kind, reason, waitsFor }: Hold): void {
  logger.info({ stack, hold: kind, reason, waitsFor }, 'a stack waits');
}

/** Tells of a fight that ends, where others look for what was deployed, too: once, however long it goes on. */
function tellContest(context: RunContext, plan: Plan, hold: Hold): void {
  tellHold(context, plan, hold);
  recordPlan(context, plan, { trigger: 'drift', code: 'CONFIRMATION_REQUIRED', reason: hold.reason });
}

/** Records what a push would change, and what it waits for, so that plans, jobs and history tell of it. */
function recordPush(context: RunContext, plan: Plan, { kind, reason }: Hold): void {
  const code =
    kind === 'frozen' ? 'FROZEN' : kind === 'out-of-turn' ? 'DEPENDENCY_NOT_READY' : 'CONFIRMATION_REQUIRED';
  if (!isRecorded(context, plan, code)) recordPlan(context, plan, { trigger: 'push', code, reason });
}

interface HeldPlan {
  readonly trigger: 'push' | 'drift';
  readonly code: Gate['code'];
  readonly reason: string;
}

function recordPlan(context: RunContext, plan: Plan, { trigger, code, reason }: HeldPlan): void {
  const { stack, revision, summary } = plan;
  const job = context.jobs.create({ type: 'plan', stack, trigger, actor: null, revision });
  job.start({ summary, planId: savePlan(context, plan) });
  job.log('info', formatSummary(summary));
  job.end('completed', new ReconcilerError(code, reason, { retryable: true }));
}

function createJob({ jobs, desired }: RunContext, stack: string, trigger: string): JobRecorder {
  const type = desired.get(stack) === undefined ? 'destroy' : 'apply';
  return jobs.create({ type, stack, trigger, actor: null, revision: desired.revision?.commit ?? null });
}

import { hasErrors } from '../../base/diagnostic.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { formatSummary } from '../../plan/format-plan.ts';
import type { Plan } from '../../plan/plan.ts';
import type { ApplyRequest } from '../../public/reconciler.ts';
import { applyPlan, complete, DESTROYED, keptOf, unprunedOf } from '../apply/apply-plan.ts';
import { recallStack, savePlan } from '../context.ts';
import type { RunContext } from '../context.ts';
import { runControl, whyStopped } from '../apply/control-stack.ts';
import { decide, isDrift } from './decide.ts';
import type { Decision } from './decide.ts';
import { deployedDigest, noteSynced } from '../record/deployed.ts';
import { recordDriftCheck } from '../drift/drift-check.ts';
import { DriftProposals } from '../drift/drift-proposals.ts';
import { DriftSchedule } from '../drift/drift-schedule.ts';
import { findGate } from './gates.ts';
import type { JobRecorder } from '../record/job-store.ts';
import { lastRun, recallJob, showUnapplied } from '../record/last-job.ts';
import { PendingRequests } from './pending-requests.ts';
import type { PendingApply, PendingControl } from './pending-requests.ts';
import { planStack } from '../observe/plan-stack.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';
import { setInvalid } from '../observe/invalid-stack.ts';
import { RepairLimiter } from './repair-limiter.ts';
import { isReviewed, orderOf, refuseStale } from './requests.ts';
import { describeUnreachable, partlyApplied } from '../observe/unreachable.ts';

/** One run of one stack at a time: what the queue calls. Reads everything again, so a lost or doubled trigger changes nothing. */
export class StackRunner {
  readonly #context: RunContext;
  /** What the next runs carry out. */
  readonly requests: PendingRequests;
  readonly #repairLimiter: RepairLimiter;
  readonly #proposals: DriftProposals;
  readonly #triggers = new Map<string, string>();
  /** Stacks whose disappearance from the repository waits for a yes, and why. */
  readonly blockedRemovals = new Map<string, string>();
  readonly schedule: DriftSchedule;

  readonly #again: (stack: string, delayMs: number) => void;

  /** @param again has a stack looked at again later */
  constructor(context: RunContext, again: (stack: string, delayMs: number) => void) {
    this.#context = context;
    this.#again = again;
    this.requests = new PendingRequests(context);
    this.#repairLimiter = new RepairLimiter(context.clock);
    this.#proposals = new DriftProposals(context);
    this.schedule = new DriftSchedule(context.clock);
  }

  /** Names what sets off the next run that nobody asked for: a push or a schedule, else what came first. */
  triggeredBy(stack: string, trigger: string): void {
    if (trigger === 'push' || trigger === 'schedule' || !this.#triggers.has(stack))
      this.#triggers.set(stack, trigger);
  }

  async run(stack: string, signal: AbortSignal): Promise<void> {
    const pending = this.requests.takeNext(stack);
    if (pending === undefined) await this.#runByItself(stack, signal);
    else if ('control' in pending) await this.#runControl(pending, signal);
    else await this.#runRequest(pending, signal);
    const { stacks, desired } = this.#context;
    stacks.setError(stack, null);
    // Nothing describes it, and nothing of it is kept.
    const isGone = stacks.state(stack) === 'removed' && stacks.message(stack) === null;
    if (isGone && desired.get(stack) === undefined && !this.requests.has(stack)) this.#forget(stack);
  }

  /** Observes and plans, and shows what that says; changes nothing. */
  async look(stack: string, signal: AbortSignal): Promise<void> {
    const description = this.#context.desired.get(stack);
    if (description !== undefined) recallJob(this.#context, stack);
    if (description !== undefined && hasErrors(description.diagnostics)) {
      setInvalid(this.#context, description);
      return;
    }
    const planned = await planStack(this.#context, { stack, mode: 'apply', deleteVolumes: false }, signal);
    const confirmed = this.#mayRemove(planned.plan) && this.#whyNotRemoved(stack) === null;
    const decision = await this.#decide(planned, false, confirmed);
    const state = this.#context.stacks.state(stack);
    // A job tells more than a look at what it is doing, or has left undone.
    if (state === 'applying' || (state === 'failed' && decision.kind === 'apply')) return;
    if (decision.kind === 'apply') {
      const drifted = isDrift({
        plan: planned.plan,
        deployedDesired: deployedDigest(this.#context, stack),
      });
      this.#settle(planned, { kind: 'report-drift' });
      if (!drifted) showUnapplied(this.#context, planned.plan);
    } else this.#settle(planned, decision);
  }

  async #runRequest(pending: PendingApply, signal: AbortSignal): Promise<void> {
    const { request, job } = pending;
    const { stack } = request;
    try {
      job.start();
      const planned = await planStack(this.#context, orderOf(request), signal);
      signal.throwIfAborted();
      if (request.plan !== undefined) refuseStale(request.plan, planned.plan);
      await this.#carryOut(planned, pending, signal);
    } catch (error) {
      if (job.job.endedAt === null) job.end(signal.aborted ? 'cancelled' : 'failed', error);
      if (signal.aborted) throw error;
      if (isReconcilerError(error, 'UNKNOWN_STACK')) return;
      this.#noteFailure(stack, error);
      if (isReconcilerError(error) && FOR_WHOEVER_ASKED.has(error.code)) return;
      throw error;
    }
  }

  async #runControl({ control, job }: PendingControl, signal: AbortSignal): Promise<void> {
    const { stack } = control;
    this.#repairLimiter.release(stack);
    await runControl(this.#context, {
      request: control,
      job,
      signal,
      look: () => this.look(stack, signal),
      noteFailure: (error) => void this.#noteFailure(stack, error),
    });
  }

  async #carryOut(
    planned: PlannedStack,
    { request, job, reviewed }: PendingApply,
    signal: AbortSignal,
  ): Promise<void> {
    const unseen = planned.plan.confirmations.find((one) => !isReviewed(one, request, reviewed));
    if (request.confirm === true && unseen !== undefined) {
      const message = `more has to be confirmed than when it was asked for: ${unseen.message}`;
      throw new ReconcilerError('CONFIRMATION_REQUIRED', message);
    }
    const decision = await this.#decide(planned, true, request.confirm === true);
    switch (decision.kind) {
      case 'blocked':
        throw new ReconcilerError('CONFIRMATION_REQUIRED', decision.reason);
      case 'in-sync':
        job.update({ summary: planned.plan.summary });
        job.log('info', 'nothing to do');
        await complete(this.#context, planned, job, { changed: 0, signal });
        this.#settle(planned, decision);
        return;
      case 'unreachable':
        throw partlyApplied(planned.plan) ?? new Error('internal: every node answered');
      default:
        await this.#lookAtDependencies(planned, signal);
        this.#throwIfGated(planned, request);
        this.#repairLimiter.release(request.stack);
        this.blockedRemovals.delete(request.stack);
        await applyPlan(this.#context, planned, job, signal);
    }
  }

  async #runByItself(stack: string, signal: AbortSignal): Promise<void> {
    const trigger = this.#triggers.get(stack) ?? 'resync';
    this.#triggers.delete(stack);
    const description = this.#context.desired.get(stack);
    if (description !== undefined && hasErrors(description.diagnostics)) {
      setInvalid(this.#context, description);
      return;
    }
    let planned: PlannedStack;
    try {
      planned = await planStack(this.#context, { stack, mode: 'apply', deleteVolumes: false }, signal);
    } catch (error) {
      this.#failBeforePlan(stack, trigger, error, signal);
      return;
    }
    this.schedule.note(stack, planned.description.policy.driftSchedule);
    const confirmed = this.#mayRemove(planned.plan) && this.#whyNotRemoved(stack) === null;
    const decision = await this.#decide(planned, false, confirmed);
    // What was read is old already; the run that is due next reads again.
    if (signal.aborted) return;
    this.#settle(planned, decision);
    if (decision.kind === 'unwell') this.#insistOnHealth(planned.plan);
    if (decision.kind === 'report-drift') await this.#proposals.report(planned, signal);
    if (trigger === 'schedule') recordDriftCheck(this.#context, { stack, trigger, actor: null });
    if (decision.kind === 'in-sync') return this.#completeEarlier(planned, trigger, signal);
    if (decision.kind === 'unreachable') return this.#reportAway(planned, trigger);
    if (decision.kind === 'waiting' && trigger === 'push') this.#recordPlan(planned.plan);
    if (decision.kind !== 'apply' || this.#isGated(planned)) return;
    const drifted = deployedDigest(this.#context, stack) === planned.plan.desired;
    if (drifted) this.#holdBack(stack);
    else this.#repairLimiter.release(stack);
    const job = this.#newJob(stack, drifted && trigger !== 'push' ? 'drift' : trigger);
    try {
      await applyPlan(this.#context, planned, job, signal);
      if (drifted) this.#repairLimiter.repaired(stack);
    } catch (error) {
      if (job.job.endedAt === null) job.end('failed', error);
      this.#noteFailure(stack, error);
      throw error;
    }
  }

  /** A single command has not looked at other stacks yet. */
  async #lookAtDependencies({ description }: PlannedStack, signal: AbortSignal): Promise<void> {
    const { stacks, desired } = this.#context;
    for (const name of description.dependsOn) {
      const state = stacks.state(name) ?? 'unknown';
      if (state === 'unknown' && desired.get(name) !== undefined) await this.look(name, signal);
    }
  }

  #throwIfGated(planned: PlannedStack, { overrideFreeze = false, stack }: ApplyRequest): void {
    const gate = findGate(this.#context, planned, { overrideFreeze, requested: true });
    if (gate === null) return;
    if (gate.againInMs !== undefined) this.#again(stack, gate.againInMs);
    throw new ReconcilerError(gate.code, gate.reason);
  }

  /** What is gated waits as pending: the end of a window or another stack sets off the next look. */
  #isGated(planned: PlannedStack): boolean {
    const { stack } = planned.plan;
    const gate = findGate(this.#context, planned, { overrideFreeze: false, requested: false });
    if (gate === null) return false;
    this.#context.stacks.setState(stack, 'pending', gate.reason);
    if (gate.againInMs !== undefined) this.#again(stack, gate.againInMs);
    return true;
  }

  async #decide(planned: PlannedStack, requested: boolean, confirmed: boolean): Promise<Decision> {
    const { plan, description } = planned;
    await this.#context.deployments.latest(plan.stack);
    const record = recallStack(this.#context, plan.stack);
    return decide({
      plan,
      policy: description.policy,
      requested,
      confirmed,
      heldDesired: record.heldDesired,
      stoppedDesired: record.stopped?.desired ?? null,
      deployedDesired: deployedDigest(this.#context, plan.stack),
    });
  }

  /** A stack that left the repository is removed without asking, unless it came from elsewhere. */
  #mayRemove(plan: Plan): boolean {
    if (this.#context.desired.get(plan.stack) !== undefined) return false;
    return plan.confirmations.every(({ code }) => code === 'DELETES_STACK');
  }

  /** Many left at once, or a broken file may be the one that describes it. */
  #whyNotRemoved(stack: string): string | null {
    const { desired } = this.#context;
    if (desired.get(stack) !== undefined) return null;
    const [file] = desired.nameless();
    const doubt = `${file} does not tell which stack it describes; mend it, or destroy ${stack} by hand`;
    const { prune } = desired.settings().policy;
    const kept =
      prune === 'yes' ? null : `no longer described; policy.prune is ${prune}, so destroy it by hand`;
    return this.blockedRemovals.get(stack) ?? (file === undefined ? kept : doubt);
  }

  /** Brings the shown state in line with what was decided. */
  #settle(planned: PlannedStack, decision: Decision): void {
    const { plan } = planned;
    const { stacks, clock, desired } = this.#context;
    const { stack } = plan;
    const drift = isDrift({ plan, deployedDesired: deployedDigest(this.#context, stack) }) ? plan : null;
    stacks.setDrift(stack, drift, new Date(clock.now()).toISOString());
    if (decision.kind === 'blocked') {
      const isKept = desired.get(stack) === undefined && desired.settings().policy.prune === 'no';
      stacks.setState(stack, isKept ? 'removed' : 'blocked', this.#whyNotRemoved(stack) ?? decision.reason);
    } else if (decision.kind === 'waiting') {
      stacks.setState(stack, 'pending', `${formatSummary(plan.summary)} Apply it: policy.sync is manual`);
    } else if (decision.kind === 'report-drift') {
      stacks.setState(stack, 'drifted', this.#proposals.describe(plan, planned.description.policy));
    } else if (decision.kind === 'unreachable') {
      stacks.setState(stack, 'degraded', describeUnreachable(plan));
    } else if (decision.kind === 'unwell') {
      stacks.setState(stack, 'degraded', unwellResources(plan));
    } else if (decision.kind === 'stopped') {
      stacks.setState(stack, 'stopped', whyStopped(this.#context, planned));
    } else if (decision.kind === 'held') {
      this.#showHeld(stack);
    } else if (decision.kind === 'in-sync') {
      const kept = keptOf(plan);
      if (desired.get(stack) !== undefined) noteSynced(this.#context, plan);
      if (desired.get(stack) !== undefined) stacks.setState(stack, 'in_sync', unprunedOf(plan));
      else if (kept !== null) stacks.setState(stack, 'removed', kept);
      else this.#forget(stack);
    }
  }

  /** Throws, to be asked again later, when the stack was repaired too often to go on at this pace. */
  #holdBack(stack: string): void {
    const reason = this.#repairLimiter.whyWait(stack);
    if (reason === null) return;
    this.#context.stacks.setState(stack, 'degraded', reason);
    throw new ReconcilerError('UNHEALTHY', `${stack}: ${reason}`, { retryable: true });
  }

  /** Why nothing is done by itself, as the job that led to it tells. */
  #showHeld(stack: string): void {
    const { stacks } = this.#context;
    const last = lastRun(this.#context, stack);
    if (last?.type === 'destroy' && last.status === 'completed') stacks.setState(stack, 'pending', DESTROYED);
    else stacks.setState(stack, 'failed', last?.error?.message ?? HELD);
  }

  /** A deployment that was begun is not over before everything is well: look again, with growing pauses. */
  #insistOnHealth({ stack, changes }: Plan): void {
    if (!recallStack(this.#context, stack).untagged) return;
    const message = unwellResources({ changes });
    throw new ReconcilerError('UNHEALTHY', message, { retryable: true });
  }

  /** What an earlier process or attempt began has come to its end by itself: tag it. */
  async #completeEarlier(planned: PlannedStack, trigger: string, signal: AbortSignal): Promise<void> {
    const { stack } = planned.plan;
    if (!recallStack(this.#context, stack).untagged || this.#context.desired.get(stack) === undefined) return;
    const job = this.#newJob(stack, trigger);
    job.start({ summary: planned.plan.summary });
    job.log('info', 'completes a deployment that was begun before');
    await complete(this.#context, planned, job, { changed: 0, signal });
  }

  /** What waits for somebody to apply it can be read as a plan. */
  #recordPlan(plan: Plan): void {
    const { stack, revision, summary } = plan;
    const job = this.#context.jobs.create({ type: 'plan', stack, trigger: 'push', actor: null, revision });
    job.start({ summary, planId: savePlan(this.#context, plan) });
    job.log('info', formatSummary(summary));
    job.end('completed');
  }

  #newJob(stack: string, trigger: string): JobRecorder {
    const { jobs, desired } = this.#context;
    const type = desired.get(stack) === undefined ? 'destroy' : 'apply';
    return jobs.create({ type, stack, trigger, actor: null, revision: desired.revision?.commit ?? null });
  }

  #failBeforePlan(stack: string, trigger: string, error: unknown, signal: AbortSignal): void {
    if (isReconcilerError(error, 'UNKNOWN_STACK')) {
      this.#forget(stack);
      return;
    }
    if (signal.aborted) return;
    const isNew = this.#noteFailure(stack, error);
    if (isNew) this.#newJob(stack, trigger).end('failed', error);
    throw error;
  }

  /** Throws, to look again with growing pauses; one job tells of it. */
  #reportAway({ plan }: PlannedStack, trigger: string): void {
    const error = partlyApplied(plan);
    if (error === null) return;
    const isNew = this.#context.stacks.setError(plan.stack, `${error.code} ${error.message}`);
    if (isNew) this.#newJob(plan.stack, trigger).end('failed', error);
    throw error;
  }

  #forget(stack: string): void {
    this.schedule.note(stack, undefined);
    this.#context.stacks.forget(stack);
    this.#context.deployments.forget(stack);
    this.blockedRemovals.delete(stack);
  }

  #noteFailure(stack: string, error: unknown): boolean {
    const { stacks } = this.#context;
    const code = error instanceof ReconcilerError ? error.code : 'TARGET_ERROR';
    if (code === 'CANCELLED') return false;
    // A job that did what could be done has set the state that tells so.
    const isPartial = code === 'TARGET_UNREACHABLE' && stacks.state(stack) === 'degraded';
    const isGated = code === 'FROZEN' || code === 'DEPENDENCY_NOT_READY';
    const isBlocked = code === 'CONFIRMATION_REQUIRED';
    const state = isBlocked ? 'blocked' : isGated ? 'pending' : isPartial ? 'degraded' : 'failed';
    stacks.setState(stack, state, errorMessage(error));
    return stacks.setError(stack, `${code} ${errorMessage(error)}`);
  }
}

/** Trying again would only meet the same refusal. */
const FOR_WHOEVER_ASKED: ReadonlySet<string> = new Set([
  'PLAN_STALE',
  'CONFIRMATION_REQUIRED',
  'FROZEN',
  'DEPENDENCY_NOT_READY',
]);

const HELD =
  'this description failed for good before, or was destroyed by hand; change it, or apply it to try again';

function unwellResources({ changes }: Pick<Plan, 'changes'>): string {
  return changes
    .filter(({ verify }) => verify)
    .map(({ id, cause }) => `${id}: ${cause}`)
    .join('; ');
}

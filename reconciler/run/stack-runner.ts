import { formatDiagnostic, hasErrors } from '../model/diagnostic.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../model/errors.ts';
import type { DesiredStack } from '../model/stack.ts';
import { findStaleness } from '../plan/compare-plans.ts';
import type { Confirmation, Plan } from '../plan/plan.ts';
import type { ApplyRequest } from '../reconciler.ts';
import { applyPlan, complete, DESTROYED, keptOf } from './apply-plan.ts';
import { recallStack } from './context.ts';
import type { RunContext } from './context.ts';
import { decide, isDrift } from './decide.ts';
import type { Decision } from './decide.ts';
import type { JobRecorder } from './job-book.ts';
import { planStack } from './plan-stack.ts';
import type { PlannedStack, PlanOrder } from './plan-stack.ts';
import { RepairBrake } from './repair-brake.ts';

/** Findings of an invalid stack that go into the log; all of them are in its status. */
const LOGGED_PROBLEMS = 10;

interface Pending {
  readonly request: ApplyRequest;
  readonly job: JobRecorder;
  /** What whoever confirmed could know of: confirmations of the plan at that time; `null` when none could be made. */
  readonly reviewed: readonly Confirmation[] | null;
}

/** One run of one stack at a time: what the queue calls. Reads everything again, so a lost or doubled trigger changes nothing. */
export class StackRunner {
  readonly #context: RunContext;
  readonly #pending = new Map<string, Pending[]>();
  readonly #brake: RepairBrake;
  readonly #triggers = new Map<string, string>();
  /** Stacks whose disappearance from the repository waits for a yes, and why. */
  readonly blockedRemovals = new Map<string, string>();

  constructor(context: RunContext) {
    this.#context = context;
    this.#brake = new RepairBrake(context.clock);
  }

  /** Records a job that the next run of the stack carries out. */
  request(request: ApplyRequest, reviewed: readonly Confirmation[] | null): JobRecorder {
    const { stack, mode, trigger, actor } = request;
    const type = mode === 'destroy' ? 'destroy' : 'apply';
    const revision = this.#context.desired.revision?.commit ?? null;
    const job = this.#context.jobs.create({ type, stack, trigger, actor: actor?.name ?? null, revision });
    this.#pending.set(stack, [...(this.#pending.get(stack) ?? []), { request, job, reviewed }]);
    return job;
  }

  /** Names what sets off the next run that nobody asked for: a push, else what came first. */
  triggeredBy(stack: string, trigger: string): void {
    if (trigger === 'push' || !this.#triggers.has(stack)) this.#triggers.set(stack, trigger);
  }

  hasRequests(stack: string): boolean {
    return (this.#pending.get(stack)?.length ?? 0) > 0;
  }

  async run(stack: string, signal: AbortSignal): Promise<void> {
    const [pending, ...later] = this.#pending.get(stack) ?? [];
    if (later.length > 0) this.#pending.set(stack, later);
    else this.#pending.delete(stack);
    await (pending === undefined ? this.#runByItself(stack, signal) : this.#runRequest(pending, signal));
    this.#context.stacks.setError(stack, null);
  }

  /** Observes and plans, and shows what that says; changes nothing. */
  async look(stack: string, signal: AbortSignal): Promise<void> {
    const description = this.#context.desired.get(stack);
    if (description !== undefined && hasErrors(description.diagnostics)) return;
    const planned = await planStack(this.#context, { stack, mode: 'apply', deleteVolumes: false }, signal);
    const confirmed = this.#mayRemove(planned.plan) && this.#whyNotRemoved(stack) === null;
    const decision = await this.#decide(planned, false, confirmed);
    const state = this.#context.stacks.state(stack);
    // A job tells more than a look at what it is doing, or has left undone.
    if (state === 'applying' || (state === 'failed' && decision.kind === 'apply')) return;
    if (decision.kind === 'apply') {
      const { changes } = planned.plan;
      const drifted = isDrift({
        plan: planned.plan,
        deployedDesired: this.#context.deployments.knownLatest(stack)?.desired ?? null,
      });
      this.#settle(planned, { kind: 'report-drift' });
      if (!drifted)
        this.#context.stacks.setState(
          stack,
          'pending',
          `${changes.filter(({ action }) => action !== 'no-op').length} changes to apply`,
        );
    } else this.#settle(planned, decision);
  }

  /** Requests that no run will carry out any more. */
  cancelPending(reason: string): void {
    for (const { job } of [...this.#pending.values()].flat())
      job.end('cancelled', new ReconcilerError('CANCELLED', reason));
    this.#pending.clear();
  }

  async #runRequest(pending: Pending, signal: AbortSignal): Promise<void> {
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
      if (isReconcilerError(error, 'PLAN_STALE') || isReconcilerError(error, 'CONFIRMATION_REQUIRED')) return;
      throw error;
    }
  }

  async #carryOut(
    planned: PlannedStack,
    { request, job, reviewed }: Pending,
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
        await complete(this.#context, planned, job, { changed: 0 });
        this.#settle(planned, decision);
        return;
      default:
        this.#brake.release(request.stack);
        this.blockedRemovals.delete(request.stack);
        await applyPlan(this.#context, planned, job, signal);
    }
  }

  #setInvalid({ name, diagnostics }: DesiredStack): void {
    const { stacks, logger } = this.#context;
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    // Said once, not again whenever everything is looked at.
    if (!stacks.setState(name, 'invalid', errors[0]?.message)) return;
    const problems = errors.slice(0, LOGGED_PROBLEMS).map(formatDiagnostic);
    const count = errors.length;
    logger.warn({ stack: name, errors: count, problems }, 'a stack is not valid; what runs stays as it is');
  }

  async #runByItself(stack: string, signal: AbortSignal): Promise<void> {
    const trigger = this.#triggers.get(stack) ?? 'resync';
    this.#triggers.delete(stack);
    const description = this.#context.desired.get(stack);
    if (description !== undefined && hasErrors(description.diagnostics)) {
      this.#setInvalid(description);
      return;
    }
    let planned: PlannedStack;
    try {
      planned = await planStack(this.#context, { stack, mode: 'apply', deleteVolumes: false }, signal);
    } catch (error) {
      this.#failBeforePlan(stack, trigger, error, signal);
      return;
    }
    const confirmed = this.#mayRemove(planned.plan) && this.#whyNotRemoved(stack) === null;
    const decision = await this.#decide(planned, false, confirmed);
    // What was read is old already; the run that is due next reads again.
    if (signal.aborted) return;
    this.#settle(planned, decision);
    if (decision.kind === 'unwell') this.#insistOnHealth(planned.plan);
    if (decision.kind === 'in-sync') return this.#completeEarlier(planned, trigger);
    if (decision.kind !== 'apply') return;
    const drifted = this.#context.deployments.knownLatest(stack)?.desired === planned.plan.desired;
    if (drifted) this.#holdBack(stack);
    else this.#brake.release(stack);
    const job = this.#newJob(stack, drifted && trigger !== 'push' ? 'drift' : trigger);
    try {
      await applyPlan(this.#context, planned, job, signal);
      if (drifted) this.#brake.repaired(stack);
    } catch (error) {
      if (job.job.endedAt === null) job.end('failed', error);
      this.#noteFailure(stack, error);
      throw error;
    }
  }

  async #decide(planned: PlannedStack, requested: boolean, confirmed: boolean): Promise<Decision> {
    const { plan, description } = planned;
    const deployed = await this.#context.deployments.latest(plan.stack);
    return decide({
      plan,
      policy: description.policy,
      requested,
      confirmed,
      heldDesired: recallStack(this.#context, plan.stack).heldDesired,
      deployedDesired: deployed?.desired ?? null,
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
    return this.blockedRemovals.get(stack) ?? (file === undefined ? null : doubt);
  }

  /** Brings the shown state in line with what was decided. */
  #settle({ plan }: PlannedStack, decision: Decision): void {
    const { stacks, clock, desired } = this.#context;
    const { stack } = plan;
    const deployed = this.#context.deployments.knownLatest(stack)?.desired ?? null;
    const drift = isDrift({ plan, deployedDesired: deployed }) ? plan : null;
    stacks.setDrift(stack, drift, new Date(clock.now()).toISOString());
    if (decision.kind === 'blocked') {
      stacks.setState(stack, 'blocked', this.#whyNotRemoved(stack) ?? decision.reason);
    } else if (decision.kind === 'report-drift') {
      stacks.setState(
        stack,
        'drifted',
        `${drift?.changes.filter(({ action }) => action !== 'no-op').length ?? 0} resources have drifted`,
      );
    } else if (decision.kind === 'unwell') {
      stacks.setState(stack, 'degraded', unwellResources(plan));
    } else if (decision.kind === 'held') {
      this.#showHeld(stack);
    } else if (decision.kind === 'in-sync') {
      const kept = keptOf(plan);
      if (desired.get(stack) !== undefined) stacks.setState(stack, 'in_sync');
      else if (kept !== null) stacks.setState(stack, 'removed', kept);
      else this.#forget(stack);
    }
  }

  /** Throws, to be asked again later, when the stack was repaired too often to go on at this pace. */
  #holdBack(stack: string): void {
    const reason = this.#brake.whyWait(stack);
    if (reason === null) return;
    this.#context.stacks.setState(stack, 'degraded', reason);
    throw new ReconcilerError('UNHEALTHY', `${stack}: ${reason}`, { retryable: true });
  }

  /** Why nothing is done by itself, as the job that led to it tells. */
  #showHeld(stack: string): void {
    const { stacks, jobs } = this.#context;
    const last = jobs
      .list({ stack, limit: 10 })
      .jobs.find(({ type }) => type === 'apply' || type === 'destroy');
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
  async #completeEarlier(planned: PlannedStack, trigger: string): Promise<void> {
    const { stack } = planned.plan;
    if (!recallStack(this.#context, stack).untagged || this.#context.desired.get(stack) === undefined) return;
    const job = this.#newJob(stack, trigger);
    job.start({ summary: planned.plan.summary });
    job.log('info', 'completes a deployment that was begun before');
    await complete(this.#context, planned, job, { changed: 0 });
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

  #forget(stack: string): void {
    this.#context.stacks.forget(stack);
    this.#context.deployments.forget(stack);
    this.blockedRemovals.delete(stack);
  }

  #noteFailure(stack: string, error: unknown): boolean {
    const { stacks } = this.#context;
    const code = error instanceof ReconcilerError ? error.code : 'TARGET_ERROR';
    if (code === 'CANCELLED') return false;
    stacks.setState(stack, code === 'CONFIRMATION_REQUIRED' ? 'blocked' : 'failed', errorMessage(error));
    return stacks.setError(stack, `${code} ${errorMessage(error)}`);
  }
}

const HELD =
  'this description failed for good before, or was destroyed by hand; change it, or apply it to try again';

/** What a request wants planned; one that names a plan wants what that plan does. */
export function orderOf({ stack, mode = 'apply', volumes = false, plan }: ApplyRequest): PlanOrder {
  const deletes = plan?.changes.some(({ kind, action }) => kind === 'volume' && action === 'delete');
  return { stack, mode, deleteVolumes: deletes ?? volumes };
}

/** A yes covers what the plan said when it was given, and what was asked for by name. */
function isReviewed(
  { code, ids }: Confirmation,
  { mode, volumes }: ApplyRequest,
  reviewed: readonly Confirmation[] | null,
): boolean {
  if (code === 'DELETES_STACK' && mode === 'destroy') return true;
  if (reviewed === null) return code === 'DELETES_DATA' && volumes === true;
  return reviewed.some((one) => one.code === code && ids.every((id) => one.ids.includes(id)));
}

/** Throws PLAN_STALE with everything that moved. */
export function refuseStale(saved: Plan, current: Plan): void {
  const moved = findStaleness(saved, current);
  if (moved.length === 0) return;
  throw new ReconcilerError('PLAN_STALE', `the plan is stale, make a new one: ${moved.join('; ')}`);
}

function unwellResources({ changes }: Pick<Plan, 'changes'>): string {
  return changes
    .filter(({ verify }) => verify)
    .map(({ id, cause }) => `${id}: ${cause}`)
    .join('; ');
}

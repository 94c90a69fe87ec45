import { hasErrors } from '../model/diagnostic.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../model/errors.ts';
import { findStaleness } from '../plan/compare-plans.ts';
import type { Plan } from '../plan/plan.ts';
import type { ApplyRequest } from '../reconciler.ts';
import { applyPlan, complete, DESTROYED } from './apply-plan.ts';
import { recallStack, rememberStack } from './context.ts';
import type { RunContext } from './context.ts';
import { decide, isDrift } from './decide.ts';
import type { Decision } from './decide.ts';
import type { JobRecorder } from './job-book.ts';
import { planStack } from './plan-stack.ts';
import type { PlannedStack } from './plan-stack.ts';

interface Pending {
  readonly request: ApplyRequest;
  readonly job: JobRecorder;
}

/** One run of one stack at a time: what the queue calls. Reads everything again, so a lost or doubled trigger changes nothing. */
export class StackRunner {
  readonly #context: RunContext;
  readonly #pending = new Map<string, Pending[]>();
  readonly #triggers = new Map<string, string>();
  /** Stacks whose disappearance from the repository waits for a yes, and why. */
  readonly blockedRemovals = new Map<string, string>();

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** Records a job that the next run of the stack carries out. */
  request(request: ApplyRequest): JobRecorder {
    const { stack, mode, trigger, actor } = request;
    const type = mode === 'destroy' ? 'destroy' : 'apply';
    const revision = this.#context.desired.revision?.commit ?? null;
    const job = this.#context.jobs.create({ type, stack, trigger, actor: actor?.name ?? null, revision });
    this.#pending.set(stack, [...(this.#pending.get(stack) ?? []), { request, job }]);
    return job;
  }

  /** Names what sets off the next run that nobody asked for; the first one stays. */
  triggeredBy(stack: string, trigger: string): void {
    if (!this.#triggers.has(stack)) this.#triggers.set(stack, trigger);
  }

  hasRequests(stack: string): boolean {
    return (this.#pending.get(stack)?.length ?? 0) > 0;
  }

  async run(stack: string, signal: AbortSignal): Promise<void> {
    const pending = this.#pending.get(stack)?.shift();
    await (pending === undefined ? this.#runByItself(stack, signal) : this.#runRequest(pending, signal));
    this.#context.stacks.setError(stack, null);
  }

  /** Observes and plans, and shows what that says; changes nothing. */
  async look(stack: string, signal: AbortSignal): Promise<void> {
    const description = this.#context.desired.get(stack);
    if (description !== undefined && hasErrors(description.diagnostics)) return;
    const planned = await planStack(this.#context, { stack, mode: 'apply', deleteVolumes: false }, signal);
    const decision = await this.#decide(planned, false, true);
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
    for (const list of this.#pending.values()) {
      for (const { job } of list.splice(0)) job.end('cancelled', new ReconcilerError('CANCELLED', reason));
    }
  }

  async #runRequest({ request, job }: Pending, signal: AbortSignal): Promise<void> {
    const { stack } = request;
    try {
      job.start();
      rememberStack(this.#context, stack, { heldDesired: null });
      const order = {
        stack,
        mode: request.mode ?? 'apply',
        deleteVolumes: request.volumes === true,
      } as const;
      const planned = await planStack(this.#context, order, signal);
      if (request.plan !== undefined) refuseStale(request.plan, planned.plan);
      await this.#carryOut(planned, request, job, signal);
    } catch (error) {
      if (job.job.endedAt === null) job.end(signal.aborted ? 'cancelled' : 'failed', error);
      if (isReconcilerError(error, 'UNKNOWN_STACK')) return;
      this.#noteFailure(stack, error);
      if (isReconcilerError(error, 'PLAN_STALE') || isReconcilerError(error, 'CONFIRMATION_REQUIRED')) return;
      throw error;
    }
  }

  async #carryOut(
    planned: PlannedStack,
    request: ApplyRequest,
    job: JobRecorder,
    signal: AbortSignal,
  ): Promise<void> {
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
        this.blockedRemovals.delete(request.stack);
        await applyPlan(this.#context, planned, job, signal);
    }
  }

  async #runByItself(stack: string, signal: AbortSignal): Promise<void> {
    const trigger = this.#triggers.get(stack) ?? 'resync';
    this.#triggers.delete(stack);
    const description = this.#context.desired.get(stack);
    if (description !== undefined && hasErrors(description.diagnostics)) {
      this.#context.stacks.setState(
        stack,
        'invalid',
        description.diagnostics.find(({ severity }) => severity === 'error')?.message,
      );
      return;
    }
    let planned: PlannedStack;
    try {
      planned = await planStack(this.#context, { stack, mode: 'apply', deleteVolumes: false }, signal);
    } catch (error) {
      this.#failBeforePlan(stack, trigger, error, signal);
      return;
    }
    const decision = await this.#decide(planned, false, this.#mayRemove(planned.plan));
    this.#settle(planned, decision);
    if (decision.kind === 'unwell') this.#insistOnHealth(planned.plan);
    if (decision.kind === 'in-sync') return this.#completeEarlier(planned, trigger);
    if (decision.kind !== 'apply') return;
    const drifted = this.#context.deployments.knownLatest(stack)?.desired === planned.plan.desired;
    const job = this.#newJob(stack, drifted && trigger !== 'push' ? 'drift' : trigger);
    try {
      await applyPlan(this.#context, planned, job, signal);
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

  /** A stack that left the repository is removed without asking, unless many left at once or it came from elsewhere. */
  #mayRemove(plan: Plan): boolean {
    if (this.#context.desired.get(plan.stack) !== undefined || this.blockedRemovals.has(plan.stack))
      return false;
    return plan.confirmations.every(({ code }) => code === 'DELETES_STACK');
  }

  /** Brings the shown state in line with what was decided. */
  #settle({ plan }: PlannedStack, decision: Decision): void {
    const { stacks, clock, desired } = this.#context;
    const { stack } = plan;
    const deployed = this.#context.deployments.knownLatest(stack)?.desired ?? null;
    const drift = isDrift({ plan, deployedDesired: deployed }) ? plan : null;
    stacks.setDrift(stack, drift, new Date(clock.now()).toISOString());
    if (decision.kind === 'blocked') {
      stacks.setState(stack, 'blocked', this.blockedRemovals.get(stack) ?? decision.reason);
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
      const kept = plan.changes
        .filter((change) => change.after !== null && change.origin === null)
        .map(({ id }) => id);
      if (desired.get(stack) !== undefined) stacks.setState(stack, 'in_sync');
      else if (kept.length > 0)
        stacks.setState(
          stack,
          'removed',
          `${kept.join(', ')} kept, because data is only deleted with an explicit yes`,
        );
      else stacks.forget(stack);
    }
  }

  /** Why nothing is done by itself, as the job that led to it tells. */
  #showHeld(stack: string): void {
    const { stacks, jobs } = this.#context;
    const last = jobs
      .list({ stack, limit: 10 })
      .jobs.find(({ type }) => type === 'apply' || type === 'destroy');
    if (last?.type === 'destroy') stacks.setState(stack, 'pending', DESTROYED);
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
      this.#context.stacks.forget(stack);
      return;
    }
    if (signal.aborted) return;
    const isNew = this.#noteFailure(stack, error);
    if (isNew) this.#newJob(stack, trigger).end('failed', error);
    throw error;
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

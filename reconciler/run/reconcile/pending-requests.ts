import { ReconcilerError } from '../../base/errors.ts';
import type { Confirmation } from '../../plan/plan.ts';
import type { JobType } from '../../ports/store.ts';
import type { ApplyRequest, ControlRequest } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';
import type { JobRecorder } from '../record/job-store.ts';

/** Reason why a stack is run: what somebody asked for, with its job, or what set the run off. */
export type Work = PendingApply | PendingControl | Triggered;

export interface Triggered {
  /** `push`, `schedule`, `drift`, `retry`, `resync`, … */
  readonly trigger: string;
}

export interface PendingApply {
  readonly request: ApplyRequest;
  readonly job: JobRecorder;
  readonly admission: Admission;
}

/** The knowledge with which a request was let in. */
export interface Admission {
  /** `null` when no target could be asked then. */
  readonly planned: PlannedStack | null;
  /** Confirmations of the plan at the time of the request, which whoever confirmed could know of; `null` when no plan could be made. */
  readonly reviewed: readonly Confirmation[] | null;
}

export interface PendingControl {
  readonly control: ControlRequest;
  readonly job: JobRecorder;
}

/** The purposes of the next runs of each stack: requests, first come first served, then what set off a run that nobody asked for. */
export class PendingRequests {
  readonly #context: RunContext;
  readonly #byStack = new Map<string, readonly (PendingApply | PendingControl)[]>();
  readonly #triggers = new Map<string, string>();

  constructor(context: RunContext) {
    this.#context = context;
  }

  addApply(request: ApplyRequest, admission: Admission): JobRecorder {
    const job = this.#createJob(request.mode === 'destroy' ? 'destroy' : 'apply', request);
    this.#add(request.stack, { request, job, admission });
    return job;
  }

  addControl(control: ControlRequest): JobRecorder {
    const job = this.#createJob(control.action, control);
    this.#add(control.stack, { control, job });
    return job;
  }

  has(stack: string): boolean {
    return this.#byStack.has(stack);
  }

  /** Names what sets off the next run that nobody asked for: a push or a schedule, else what came first. */
  triggeredBy(stack: string, trigger: string): void {
    if (trigger === 'push' || trigger === 'schedule' || !this.#triggers.has(stack))
      this.#triggers.set(stack, trigger);
  }

  takeNext(stack: string): Work {
    const [first, ...later] = this.#byStack.get(stack) ?? [];
    if (later.length > 0) this.#byStack.set(stack, later);
    else this.#byStack.delete(stack);
    if (first !== undefined) return first;
    const trigger = this.#triggers.get(stack) ?? 'resync';
    this.#triggers.delete(stack);
    return { trigger };
  }

  /** No run will carry them out any more. */
  cancelAll(reason: string): void {
    for (const { job } of [...this.#byStack.values()].flat())
      job.end('cancelled', new ReconcilerError('CANCELLED', reason));
    this.#byStack.clear();
  }

  #add(stack: string, pending: PendingApply | PendingControl): void {
    this.#byStack.set(stack, [...(this.#byStack.get(stack) ?? []), pending]);
  }

  #createJob(
    type: JobType,
    { stack, trigger, actor }: Pick<ApplyRequest, 'stack' | 'trigger' | 'actor'>,
  ): JobRecorder {
    const revision = this.#context.desired.revision?.commit ?? null;
    return this.#context.jobs.create({ type, stack, trigger, actor: actor?.name ?? null, revision });
  }
}

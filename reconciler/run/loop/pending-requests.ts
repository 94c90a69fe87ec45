import { ReconcilerError } from '../../base/errors.ts';
import type { Confirmation } from '../../plan/plan.ts';
import type { JobType } from '../../ports/store.ts';
import type { ApplyRequest, ControlRequest } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import type { JobRecorder } from '../record/job-store.ts';

/** What somebody asked for, with its job, until the next run of the stack carries it out. */
export type PendingRequest = PendingApply | PendingControl;

export interface PendingApply {
  readonly request: ApplyRequest;
  readonly job: JobRecorder;
  /** What whoever confirmed could know of: confirmations of the plan at that time; `null` when none could be made. */
  readonly reviewed: readonly Confirmation[] | null;
}

export interface PendingControl {
  readonly control: ControlRequest;
  readonly job: JobRecorder;
}

/** Requests by stack, first come first served. */
export class PendingRequests {
  readonly #context: RunContext;
  readonly #byStack = new Map<string, readonly PendingRequest[]>();

  constructor(context: RunContext) {
    this.#context = context;
  }

  addApply(request: ApplyRequest, reviewed: readonly Confirmation[] | null): JobRecorder {
    const job = this.#createJob(request.mode === 'destroy' ? 'destroy' : 'apply', request);
    this.#add(request.stack, { request, job, reviewed });
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

  takeNext(stack: string): PendingRequest | undefined {
    const [first, ...later] = this.#byStack.get(stack) ?? [];
    if (later.length > 0) this.#byStack.set(stack, later);
    else this.#byStack.delete(stack);
    return first;
  }

  /** No run will carry them out any more. */
  cancelAll(reason: string): void {
    for (const { job } of [...this.#byStack.values()].flat())
      job.end('cancelled', new ReconcilerError('CANCELLED', reason));
    this.#byStack.clear();
  }

  #add(stack: string, pending: PendingRequest): void {
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

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
    const waiting = this.#find(request.stack, (one) => 'request' in one && isSame(one.request, request));
    if (waiting !== null) return joined(waiting, request);
    const job = this.#createJob(request.mode === 'destroy' ? 'destroy' : 'apply', request);
    this.#add(request.stack, { request, job, admission });
    return job;
  }

  addControl(control: ControlRequest): JobRecorder {
    const waiting = this.#find(
      control.stack,
      (one) => 'control' in one && one.control.action === control.action,
    );
    if (waiting !== null) return joined(waiting, control);
    const job = this.#createJob(control.action, control);
    this.#add(control.stack, { control, job });
    return job;
  }

  has(stack: string): boolean {
    return this.#byStack.has(stack);
  }

  /** A push has set off a run, and none but those that were asked for has begun since. */
  isPushed(stack: string): boolean {
    return this.#triggers.get(stack) === 'push';
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

  /** Takes a request out of the line and ends its job. @returns whether it was there */
  cancel(stack: string, jobId: string, reason: Error): boolean {
    const waiting = this.#byStack.get(stack) ?? [];
    const called = waiting.find(({ job }) => job.job.id === jobId);
    if (called === undefined) return false;
    const left = waiting.filter((one) => one !== called);
    if (left.length > 0) this.#byStack.set(stack, left);
    else this.#byStack.delete(stack);
    called.job.end('cancelled', reason);
    return true;
  }

  /** No run will carry them out any more. */
  cancelAll(reason: string): void {
    for (const { job } of [...this.#byStack.values()].flat())
      job.end('cancelled', new ReconcilerError('CANCELLED', reason));
    this.#byStack.clear();
  }

  /** Only the last in line: whoever asks now wants it done after everything that was asked for before. */
  #find(stack: string, isWanted: (one: PendingApply | PendingControl) => boolean): JobRecorder | null {
    const last = this.#byStack.get(stack)?.at(-1);
    return last !== undefined && isWanted(last) ? last.job : null;
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

/** Tells whether two requests ask for the same; what one of them does is what the other wants. */
export function isSame(a: ApplyRequest, b: ApplyRequest): boolean {
  return keyOf(a) === keyOf(b);
}

export function keyOf({ stack, mode = 'apply', volumes = false, ...how }: ApplyRequest): string {
  const { confirm = false, overrideFreeze = false, plan = null } = how;
  return JSON.stringify([stack, mode, volumes, confirm, overrideFreeze, plan]);
}

function joined(job: JobRecorder, { actor, trigger }: Pick<ApplyRequest, 'actor' | 'trigger'>): JobRecorder {
  job.log('info', `asked for again by ${actor?.name ?? trigger}`);
  return job;
}

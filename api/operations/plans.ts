import type { Actor, Confirmation, Job, JobDetail, Plan, PlanResult } from '../../reconciler/index.ts';
import { isReconcilerError, ReconcilerError } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';
import { newSignal } from './write.ts';

export interface StackPlanRequest {
  readonly stack: string;
  readonly mode: 'apply' | 'destroy';
  readonly volumes: boolean;
  /** See `PlanRequest`. Default false. */
  readonly newest?: boolean;
  readonly actor: Actor;
}

export interface StackApplyRequest extends StackPlanRequest {
  readonly confirm: boolean;
  /** Also while a freeze window is open. Only admins may. */
  readonly overrideFreeze?: boolean;
  /** Also while somebody holds the stack. */
  readonly overrideHold?: boolean;
  /** A plan made earlier, which must still hold. */
  readonly plan: Plan | null;
}

/** An apply that needs a yes, with what it is about to do. */
export class ConfirmationRequiredError extends ReconcilerError {
  override readonly name = 'ConfirmationRequiredError';
  readonly confirmations: readonly Confirmation[];

  constructor(confirmations: readonly Confirmation[], cause: ReconcilerError) {
    super('CONFIRMATION_REQUIRED', cause.message, { cause });
    this.confirmations = confirmations;
  }
}

export function planStack(
  { reconciler }: ApiDeps,
  request: StackPlanRequest,
  signal: AbortSignal,
): Promise<PlanResult> {
  return reconciler.plan({ ...request, trigger: 'api' }, signal);
}

/** Throws UNKNOWN_STACK, PLAN_STALE, `ConfirmationRequiredError`. The job goes on when whoever asked goes away. */
export async function applyStack(deps: ApiDeps, request: StackApplyRequest): Promise<Job> {
  const { plan, ...rest } = request;
  try {
    return await deps.reconciler.apply(
      { ...rest, trigger: 'api', ...(plan === null ? {} : { plan }) },
      newSignal(),
    );
  } catch (error) {
    if (!isReconcilerError(error, 'CONFIRMATION_REQUIRED')) throw error;
    const current = plan ?? (await planStack(deps, rest, newSignal())).plan;
    throw new ConfirmationRequiredError(current.confirmations, error);
  }
}

/** Waits for a job to end; the signal ends the waiting, not the job. */
export function waitForJob({ reconciler }: ApiDeps, id: string, signal: AbortSignal): Promise<JobDetail> {
  return reconciler.waitForJob(id, signal);
}

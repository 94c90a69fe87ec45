import { errorMessage } from '../../base/errors.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Job, JobType } from '../../ports/store.ts';
import { recognize } from '../context.ts';
import type { RunContext } from '../context.ts';

const RUNS: readonly JobType[] = ['apply', 'destroy'];
const CONTROLS: readonly JobType[] = ['start', 'stop', 'restart'];

/** The newest apply or removal of a stack, of whatever process; `null` when there was none, or the store cannot be read. */
export function lastRun(context: RunContext, stack: string): Job | null {
  return newest(context, stack, RUNS);
}

/** A process that has done nothing for a stack yet shows what was done for it last. */
export function recallJob(context: RunContext, stack: string): void {
  if (context.stacks.job(stack) !== null) return;
  const job = newest(context, stack, [...RUNS, ...CONTROLS]);
  if (job !== null) context.stacks.setJob(stack, job);
}

/** The newest apply or removal of a stack, where it was of the same description as the plan. */
export function lastRunOf(context: RunContext, plan: Plan): Job | null {
  const run = lastRun(context, plan.stack);
  return run !== null && isOf(context, plan, run) ? run : null;
}

/** Tells whether the job was about the same description. One that failed before it had a plan has only its revision to tell. */
function isOf(context: RunContext, { desired, revision }: Plan, { planId, revision: tried }: Job): boolean {
  const plan = planId === null ? undefined : context.store.getPlan(planId);
  return plan === undefined ? tried === revision : recognize(context, desired, plan.desired) === desired;
}

/** Plans of a stack that are looked through for one of a push; people make others in between. */
const MAX_PLANS_SEARCHED = 20;

/** Tells whether the newest plan that a push has left is of the same description, and waits for the same: a restart is no news. */
export function isRecorded(context: RunContext, { stack, desired, mode }: Plan, code: string): boolean {
  const { jobs, store, logger } = context;
  try {
    const plans = jobs.list({ stack, type: 'plan', limit: MAX_PLANS_SEARCHED }).jobs;
    const last = plans.find(({ trigger }) => trigger === 'push');
    const plan = last?.planId ? store.getPlan(last.planId) : undefined;
    if (plan === undefined || recognize(context, desired, plan.desired) !== desired) return false;
    return plan.mode === mode && last?.error?.code === code;
  } catch (error) {
    logger.warn({ stack, error: errorMessage(error) }, 'the store cannot be read');
    return true;
  }
}

function newest({ jobs, logger }: RunContext, stack: string, types: readonly JobType[]): Job | null {
  try {
    const found = types.flatMap((type) => jobs.list({ stack, type, limit: 1 }).jobs);
    return found.reduce<Job | null>(
      (last, job) => (last === null || job.createdAt > last.createdAt ? job : last),
      null,
    );
  } catch (error) {
    logger.warn({ stack, error: errorMessage(error) }, 'the store cannot be read');
    return null;
  }
}

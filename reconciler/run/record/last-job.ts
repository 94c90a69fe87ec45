import { errorMessage } from '../../base/errors.ts';
import { countChanges } from '../../plan/format-plan.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Job, JobType } from '../../ports/store.ts';
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

/** There is something to apply: why that did not come about, where it was tried, else how much it is. */
export function showUnapplied(context: RunContext, plan: Plan): void {
  const { stack } = plan;
  const run = lastRun(context, stack);
  if (run?.status === 'failed' && isOf(context, plan, run))
    context.stacks.setState(stack, 'failed', run.error?.message ?? 'the last job failed');
  else if (context.desired.get(stack) === undefined)
    context.stacks.setState(stack, 'pending', 'no longer described: applying removes it');
  else context.stacks.setState(stack, 'pending', countChanges(plan));
}

/** Whether the job was about the same description. One that failed before it had a plan has only its revision to tell. */
function isOf({ store }: RunContext, { desired, revision }: Plan, { planId, revision: tried }: Job): boolean {
  const plan = planId === null ? undefined : store.getPlan(planId);
  return plan === undefined ? tried === revision : plan.desired === desired;
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

import { stackDigest } from '../../model/stack.ts';
import { hasChanges } from '../../plan/build-plan.ts';
import type { Plan } from '../../plan/plan.ts';
import { recallStack, rememberStack } from '../context.ts';
import type { RunContext } from '../context.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';
import type { JobRecorder } from './job-store.ts';
import { settleTags } from './pending-tags.ts';

/** Memory of the moment when a plan began to be carried out. */
export interface Begun {
  /** Once it has come to its end, it is to be tagged. */
  readonly untagged: boolean;
  /** Something that was begun before has not come to its end either. */
  readonly before: boolean;
  /** Digest of the description that stays away, because it is destroyed by hand. */
  readonly destroyed: string | null;
}

/**
 * Written ahead: should this process die now, the next one knows that a deployment is to be completed, and that what was half destroyed is not
 * to be put back.
 */
export function noteBegun(context: RunContext, { plan, destroys: destroyed }: PlannedStack): Begun {
  const before = recallStack(context, plan.stack).untagged;
  const untagged = before || (hasChanges(plan) && destroyed === null);
  rememberStack(context, plan.stack, { untagged, heldDesired: destroyed, synced: null, stopped: null });
  return { untagged, before, destroyed };
}

export interface Unfinished {
  /** The same description would fail the same way: it is held until it changes, or somebody applies it. */
  readonly isOver: boolean;
  /** Something was changed, and stays so. */
  readonly changed: boolean;
}

/** Remembers what is left to do. What was changed in part is tagged once a description says that it is right. */
export function noteUnfinished(
  context: RunContext,
  { stack, desired }: Plan,
  begun: Begun,
  { isOver, changed }: Unfinished,
): void {
  rememberStack(context, stack, {
    heldDesired: begun.destroyed ?? (isOver ? desired : null),
    untagged: begun.untagged && (!isOver || begun.before || changed),
  });
}

/** Stage 6: tags what an apply changed, remembers and shows it, ends the job. `unfinished` says what was left undone although what runs is right. */
export async function recordDeployment(
  context: RunContext,
  { plan, destroys: destroyed }: PlannedStack,
  job: JobRecorder,
  unfinished: Error | null,
): Promise<void> {
  const { stacks, clock } = context;
  const { stack, revision } = plan;
  await settleTags(context, stack);
  const description = context.desired.get(stack);
  const described = description !== undefined;
  const current = described && stackDigest(description.resources) === plan.desired;
  if (current) stacks.setSynced(stack, plan.desired);
  stacks.enter(stack, {
    at: 'applied',
    plan,
    described,
    current,
    destroyed: destroyed !== null,
    unfinished: unfinished?.message ?? null,
  });
  rememberStack(context, stack, {
    untagged: false,
    heldDesired: destroyed,
    stopped: null,
    lastAppliedRevision: revision,
    lastAppliedAt: new Date(clock.now()).toISOString(),
  });
  if (unfinished === null) job.end('completed');
  else job.end('failed', unfinished);
  stacks.setJob(stack, job.job);
}

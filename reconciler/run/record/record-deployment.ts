import { withAbortScope } from '../../base/abort-scope.ts';
import { errorMessage } from '../../base/errors.ts';
import { stackDigest } from '../../model/stack.ts';
import { hasChanges } from '../../plan/build-plan.ts';
import type { Plan } from '../../plan/plan.ts';
import { recallStack, rememberStack } from '../context.ts';
import type { RunContext } from '../context.ts';
import type { JobRecorder } from './job-store.ts';

const TAG_PUSH_TIMEOUT_MS = 15_000;

/** Memory of the moment when a plan began to be carried out. */
export interface Begun {
  /** Once it has come to its end, it is to be tagged. */
  readonly untagged: boolean;
  /** Digest of the description that stays away, because it is destroyed by hand. */
  readonly destroyed: string | null;
}

/**
 * Written ahead: should this process die now, the next one knows that a deployment is to be completed, and that what was half destroyed is not
 * to be put back.
 */
export function noteBegun(context: RunContext, plan: Plan): Begun {
  const destroyed = destroyedDigest(context, plan);
  const untagged = recallStack(context, plan.stack).untagged || (hasChanges(plan) && destroyed === null);
  rememberStack(context, plan.stack, { untagged, heldDesired: destroyed, synced: null, stopped: null });
  return { untagged, destroyed };
}

/** @param isOver the same description would fail the same way: it is held until it changes, or somebody applies it */
export function noteUnfinished(context: RunContext, plan: Plan, begun: Begun, isOver: boolean): void {
  rememberStack(context, plan.stack, {
    heldDesired: begun.destroyed ?? (isOver ? plan.desired : null),
    untagged: begun.untagged && !isOver,
  });
}

export interface Finished {
  /** It changed something that no tag tells of yet. */
  readonly isNew: boolean;
  /** Failure that left something undone although what runs is right. */
  readonly unfinished: Error | null;
}

/** Stage 6: tags what an apply changed, remembers and shows it, ends the job. */
export async function recordDeployment(
  context: RunContext,
  plan: Plan,
  job: JobRecorder,
  { isNew, unfinished }: Finished,
): Promise<void> {
  const { stacks, clock, deployments } = context;
  const { stack, revision } = plan;
  if (revision !== null && isNew) await tag(context, plan, job);
  const description = context.desired.get(stack);
  const destroyed = destroyedDigest(context, plan);
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
    unpushedTags: deployments.pending().filter((name) => name.startsWith(`deploy/${stack}/`)),
  });
  if (unfinished === null) job.end('completed');
  else job.end('failed', unfinished);
  stacks.setJob(stack, job.job);
}

/** Destroyed by hand, yet still described: it stays away until the description changes or somebody applies it. */
function destroyedDigest(context: RunContext, { stack, mode }: Plan): string | null {
  const described = mode === 'destroy' ? context.desired.get(stack) : undefined;
  return described === undefined ? null : stackDigest(described.resources);
}

/** A deployment that cannot be tagged has been made all the same. */
async function tag(context: RunContext, plan: Plan, job: JobRecorder): Promise<void> {
  try {
    const { id: jobId, actor, trigger, startedAt } = job.job;
    const { revision } = context.desired;
    const deployed = {
      plan,
      revision: plan.revision ?? '',
      jobId,
      author: actor ?? (revision?.commit === plan.revision ? (revision?.author.name ?? null) : null),
      file: context.desired.get(plan.stack)?.file ?? null,
      trigger,
      durationMs: startedAt === null ? null : Math.max(0, context.clock.now() - Date.parse(startedAt)),
    };
    const deployment = await withAbortScope({ signals: [], timeoutMs: TAG_PUSH_TIMEOUT_MS }, (signal) =>
      context.deployments.record(deployed, signal),
    );
    job.update({ tag: deployment.tag });
    job.log('info', `tagged ${deployment.tag}`, 'tag');
    const { pushError } = context.deployments;
    if (pushError !== null)
      job.log('warn', `${deployment.tag} is not pushed yet and will be tried again: ${pushError}`, 'tag');
  } catch (error) {
    // The services are right; only the mark in Git is missing. The next change of this stack is tagged again.
    job.log('error', `the deployment could not be tagged: ${errorMessage(error)}`, 'tag');
    context.logger.error(
      { stack: plan.stack, error: errorMessage(error) },
      'the deployment could not be tagged',
    );
  }
}

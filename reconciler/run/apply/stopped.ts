import { isRunner } from '../../model/kubernetes/kubernetes-object.ts';
import type { ObservedResource, ResourceId } from '../../model/resource.ts';
import { summarize } from '../../plan/build-plan.ts';
import type { Change, Plan } from '../../plan/plan.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { Target } from '../../ports/target.ts';
import { recallStack } from '../context.ts';
import type { RunContext } from '../context.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';
import type { ChangeTarget } from './execution.ts';
import { withApply } from './execution.ts';

/**
 * Marks what ended well only because the stack was stopped by hand: it has not done its work, and counts as stopped until it runs again.
 * Engines cannot tell the two apart.
 */
export function withStopped(
  context: RunContext,
  stack: string,
  observed: readonly ObservedResource[],
): readonly ObservedResource[] {
  if (!observed.some(({ health }) => health.status === 'completed')) return observed;
  const ran = recallStack(context, stack).stopped?.resources ?? [];
  return observed.map((resource) =>
    resource.health.status === 'completed' && ran.includes(resource.id)
      ? { ...resource, health: { status: 'stopped', reason: 'stopped by hand' } }
      : resource,
  );
}

/** A target that starts these also when they seem to have done their work. */
export function startingAgain(target: Target, ids: readonly string[]): ChangeTarget {
  return withApply(target, async (change, context) => {
    await target.apply(change, context);
    const { change: decided, desired } = change;
    if (decided.action === 'update' && desired !== null && ids.includes(decided.id))
      await requireCapability(target, 'controls').start(desired, context);
  });
}

/** Tells whether it was up when it was looked at. */
export function isUp({ kind, health: { status } }: ObservedResource): boolean {
  return isRunner(kind) && (status === 'healthy' || status === 'starting' || status === 'unhealthy');
}

/** Jobs of a cluster that failed: whoever asks for an apply asks for them to run again. A look would only find them as they are. */
export function withFailedJobs(planned: PlannedStack): PlannedStack {
  const failed = new Set(planned.observed.filter(hasFailed).map(({ id }) => id));
  const changes = planned.plan.changes.map((change): Change =>
    failed.has(change.id) && change.action === 'no-op' && change.verify
      ? { ...change, action: 'update', cause: 'failed, runs again', verify: false }
      : change,
  );
  return { ...planned, plan: { ...planned.plan, changes, summary: summarize(changes) } };
}

/** Jobs that are to be made anew although nothing of them differs. */
export function againIn({ changes }: Plan): readonly ResourceId[] {
  return changes
    .filter(({ kind, action, fields }) => kind === 'Job' && action === 'update' && fields.length === 0)
    .map(({ id }) => id);
}

/** Tells whether it is a job that has failed. */
export function hasFailed({ kind, health }: ObservedResource): boolean {
  return kind === 'Job' && health.status === 'failed';
}

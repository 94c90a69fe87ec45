import { isRunner } from '../../model/kubernetes/kubernetes-object.ts';
import type { ObservedResource } from '../../model/resource.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { Target } from '../../ports/target.ts';
import { recallStack } from '../context.ts';
import type { RunContext } from '../context.ts';
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

import type { ObservedResource, ResourceId } from '../../model/resource.ts';
import { summarize } from '../../plan/build-plan.ts';
import type { Change, Plan } from '../../plan/plan.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';

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

import { ReconcilerError } from '../../base/errors.ts';
import type { DesiredResource, Health, ObservedResource, ResourceId } from '../../model/resource.ts';
import { diffResource } from '../../plan/diff-resource.ts';
import type { Change, Plan } from '../../plan/plan.ts';

/*
 * A change is done when its effect has been seen, not when its target has said so. What a plan found to do and an apply left as it was is a
 * failure with a name, NO_EFFECT: it would be done, and recorded, again and again.
 */

/** Throws NO_EFFECT when the object that was to be replaced is the one that is there. */
export function refuseUnchanged({ id, action, objectId }: Change, health: Health): void {
  if (action !== 'replace' || objectId === undefined || health.objectId !== objectId) return;
  throw noEffect([id]);
}

/** The changes of a plan that was carried out which left no trace: what they were to do is still to be done, to the same object. */
export function withoutEffect(
  { changes }: Pick<Plan, 'changes'>,
  desired: ReadonlyMap<ResourceId, DesiredResource>,
  observed: readonly ObservedResource[],
): readonly ResourceId[] {
  const now = new Map(observed.map((resource) => [resource.id, resource]));
  return changes
    .filter((change) => isUndone(change, desired.get(change.id), now.get(change.id)))
    .map(({ id }) => id);
}

export function noEffect(ids: readonly ResourceId[]): ReconcilerError {
  const [first = '', ...more] = ids;
  const others = more.length === 0 ? '' : ` and ${more.length} more`;
  return new ReconcilerError(
    'NO_EFFECT',
    `${first}${others}: the change was carried out without an error, and nothing has changed`,
  );
}

function isUndone(
  change: Change,
  desired: DesiredResource | undefined,
  now: ObservedResource | undefined,
): boolean {
  const { action, objectId, fields } = change;
  if (now === undefined || now.objectId === undefined || now.objectId !== objectId) return false;
  if (action === 'delete' || action === 'replace') return true;
  if (action !== 'update' || fields.length === 0 || desired === undefined) return false;
  const again = diffResource(desired, now);
  return again.action === action && JSON.stringify(again.fields) === JSON.stringify(fields);
}

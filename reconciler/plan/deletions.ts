import type { ObservedResource } from '../model/resource.ts';
import type { PlanInput } from './plan-input.ts';
import type { Change } from './plan.ts';
import { logicalId } from './logical-id.ts';

/** Plans what happens to something the stack owns and nothing describes any more: it goes, unless it holds data or is to be kept. */
export function deletionOf(observed: ObservedResource, input: PlanInput): Change {
  const { id, target, kind, name } = observed;
  const keep = whyKept(observed, input);
  const reason = input.mode === 'destroy' ? 'the stack is destroyed' : 'no longer described';
  return {
    id,
    action: keep === null ? 'delete' : 'no-op',
    target,
    kind,
    name,
    before: observed.spec,
    after: keep === null ? null : observed.spec,
    fields: [],
    cause: keep === null ? reason : `${reason}; kept, because ${keep}`,
    origin: null,
    dependsOn: [],
    verify: false,
    ...objectOf(observed),
  };
}

/** Identity of an object, and whose labels it bears, where those are told. */
export function objectOf({ objectId, madeBy }: ObservedResource): Pick<Change, 'objectId' | 'madeBy'> {
  return { ...(objectId === undefined ? {} : { objectId }), ...(madeBy === undefined ? {} : { madeBy }) };
}

/** Says why something stays although nothing describes it; `null` when it goes. */
export function whyKept(observed: ObservedResource, input: PlanInput): string | null {
  if (observed.guarded === true)
    return input.deleteVolumes ? null : 'data is only deleted with an explicit yes';
  const { heldBy = [] } = observed;
  if (heldBy.length > 0) return `${heldBy.join(', ')} ${heldBy.length === 1 ? 'uses' : 'use'} it`;
  return input.policy.prune === 'no' && isPruned(observed, input) ? 'policy.prune is no' : null;
}

/** Left the description for good: what moves to another node is described there. */
export function isPruned(
  { kind, name }: Pick<ObservedResource, 'kind' | 'name'>,
  { mode, desired, stack }: PlanInput,
): boolean {
  const gone = logicalId({ kind, name }, stack);
  return mode === 'apply' && !desired.some((resource) => logicalId(resource, stack) === gone);
}

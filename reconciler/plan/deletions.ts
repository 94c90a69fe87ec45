import type { ObservedResource } from '../model/resource.ts';
import type { PlanInput } from './build-plan.ts';
import type { Change } from './plan.ts';

/** What happens to something the stack owns and nothing describes any more: it goes, unless it holds data. */
export function deletionOf(observed: ObservedResource, input: PlanInput): Change {
  const { id, target, kind, name } = observed;
  const keep = observed.guarded === true && !input.deleteVolumes;
  const reason = input.mode === 'destroy' ? 'the stack is destroyed' : 'no longer described';
  return {
    id,
    action: keep ? 'no-op' : 'delete',
    target,
    kind,
    name,
    before: observed.spec,
    after: keep ? observed.spec : null,
    fields: [],
    cause: keep ? `${reason}; kept, because data is only deleted with an explicit yes` : reason,
    origin: null,
    dependsOn: [],
    verify: false,
  };
}

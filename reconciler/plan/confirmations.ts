import type { PlanInput } from './build-plan.ts';
import type { Change, Confirmation } from './plan.ts';
import { takeoversIn } from './projections.ts';

/** Everything in a plan that needs a yes. */
export function confirmationsFor(changes: readonly Change[], input: PlanInput): Confirmation[] {
  const deletions = changes.filter((change) => change.action === 'delete');
  const adoptions = [...adoptionsIn(input), ...takeoversIn(changes)];
  if (deletions.length === 0) return adoptions;
  const ids = deletions.map((change) => change.id);
  const confirmations = adoptions;
  const guarded = new Set(input.observed.filter((one) => one.guarded === true).map(({ id }) => id));
  const data = deletions
    .filter((change) => change.kind === 'volume' || guarded.has(change.id))
    .map((change) => change.id);
  if (data.length > 0) {
    confirmations.push({
      code: 'DELETES_DATA',
      message: `deletes the data of ${data.join(', ')}`,
      ids: data,
    });
  }
  if (input.mode === 'destroy') {
    const message = `deletes stack ${input.stack}: ${ids.length} resource${ids.length === 1 ? '' : 's'}`;
    confirmations.push({ code: 'DELETES_STACK', message, ids });
  } else if (ids.length > input.policy.maxDeletions) {
    const message = `deletes ${ids.length} resources, more than policy.maxDeletions (${input.policy.maxDeletions}) allows unasked`;
    confirmations.push({ code: 'DELETES_MANY', message, ids });
  }
  return confirmations;
}

function adoptionsIn({ stack, foreign = [] }: PlanInput): Confirmation[] {
  if (foreign.length === 0) return [];
  const message = `takes over ${foreign.join(', ')}, put there under the name ${stack} from another repository`;
  return [{ code: 'ADOPTS', message, ids: foreign }];
}

import type { PlanInput } from './plan-input.ts';
import { isPruned } from './deletions.ts';
import type { Change, Confirmation, Plan } from './plan.ts';
import { takeoversIn } from './dry-runs.ts';
import { goesWithService } from './logical-id.ts';

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
  const pruned =
    input.policy.prune === 'confirm' ? deletions.filter((change) => isPruned(change, input)) : [];
  if (pruned.length > 0) {
    const names = pruned.map((change) => change.id);
    const message = `deletes ${names.join(', ')}, no longer described, and policy.prune is confirm`;
    confirmations.push({ code: 'PRUNES', message, ids: names });
  }
  if (input.mode === 'destroy') {
    const message = `deletes stack ${input.stack}: ${ids.length} resource${ids.length === 1 ? '' : 's'}`;
    confirmations.push({ code: 'DELETES_STACK', message, ids });
    return confirmations;
  }
  // Images of before are made again from the repository.
  const counted = deletions
    .filter((change) => change.kind !== 'image' && !goesWithService(change, input.stack))
    .map((change) => change.id);
  if (counted.length > input.policy.maxDeletions) {
    const message = `deletes ${counted.length} resources, more than policy.maxDeletions (${input.policy.maxDeletions}) allows unasked`;
    confirmations.push({ code: 'DELETES_MANY', message, ids: counted });
  }
  return confirmations;
}

/**
 * Says why the plan may not be applied, `null` when it may. Requests are refused by it in run/reconcile/requests.ts, runs that nobody asked for
 * are held in run/decide/decide.ts.
 *
 * @param confirmed a yes to every confirmation it asks for
 */
export function whyNotApplicable(plan: Plan, confirmed: boolean): string | null {
  const errors = plan.diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
  if (errors.length > 0) return errors.map((diagnostic) => diagnostic.message).join('; ');
  if (confirmed || plan.confirmations.length === 0) return null;
  return plan.confirmations.map((confirmation) => confirmation.message).join('; ');
}

function adoptionsIn({ stack, foreign = [] }: PlanInput): Confirmation[] {
  if (foreign.length === 0) return [];
  const message = `takes over ${foreign.join(', ')}, put there under the name ${stack} from another repository`;
  return [{ code: 'ADOPTS', message, ids: foreign }];
}

import { asFields, asList, asString, own } from '../base/values.ts';
import type { PlanInput } from './plan-input.ts';
import { isPruned } from './deletions.ts';
import type { Change, Confirmation, Plan } from './plan.ts';
import { takeoversIn } from './dry-runs.ts';
import { goesWithService } from './logical-id.ts';

/** Everything in a plan that needs a yes. */
export function confirmationsFor(changes: readonly Change[], input: PlanInput): Confirmation[] {
  const deletions = changes.filter((change) => change.action === 'delete');
  const adoptions = [...adoptionsIn(input), ...takeoversIn(changes), ...movesOfData(changes, input)];
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

/** Volumes that stood for directories beside a Compose file before these had places on the host (decision 046). */
function movesOfData(changes: readonly Change[], { desired, observed, stack }: PlanInput): Confirmation[] {
  const prefix = `${stack}_bind-`;
  const moves = changes.flatMap(({ id, kind, action }) => {
    if (kind !== 'container' || action === 'delete') return [];
    const before = mountsOf(observed.find((one) => one.id === id)?.spec);
    const after = mountsOf(desired.find((one) => one.id === id)?.spec);
    return after.flatMap(({ type, source, target }) => {
      const old = before.find((mount) => mount.target === target);
      const isMoved = type === 'bind' && old?.type === 'volume' && old.source?.startsWith(prefix) === true;
      return isMoved
        ? [{ id, text: `${id} would find ${source} at ${target} in place of the volume ${old.source}` }]
        : [];
    });
  });
  if (moves.length === 0) return [];
  const message = `${moves.map(({ text }) => text).join(', ')}: copy what is in there, or keep the volumes with data_dir: volumes`;
  return [{ code: 'MOVES_DATA', message, ids: [...new Set(moves.map(({ id }) => id))] }];
}

interface Mounted {
  readonly type: string | undefined;
  readonly source: string | undefined;
  readonly target: string | undefined;
}

function mountsOf(spec: object | undefined): readonly Mounted[] {
  return (asList(asFields(spec)?.['mounts']) ?? []).map((mount) => {
    const fields = asFields(mount);
    const textOf = (key: string) => asString(own(fields, key));
    return { type: textOf('type'), source: textOf('source'), target: textOf('target') };
  });
}

function adoptionsIn({ stack, foreign = [] }: PlanInput): Confirmation[] {
  if (foreign.length === 0) return [];
  const message = `takes over ${foreign.join(', ')}, put there under the name ${stack} from another repository, or another directory of this one`;
  return [{ code: 'ADOPTS', message, ids: foreign }];
}

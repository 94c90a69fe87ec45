import type { PlanAction, PlanDocument } from '../../client/api-types.ts';
import { agree, count, enumerate } from '../../client/words.ts';

export const ACTION_WORDS: Readonly<Record<PlanAction, string>> = {
  create: 'Create',
  update: 'Change in place',
  replace: 'Replace',
  delete: 'Delete',
  'no-op': 'Leave',
};

/** Number of changes that a plan makes. */
export function countChanges({ summary }: PlanDocument): number {
  const { create, update, replace, delete: removals } = summary;
  return create + update + replace + removals;
}

/** Machines on which a plan changes something: `nas and vps`. */
export function targetsOf({ changes }: PlanDocument): readonly string[] {
  return [
    ...new Set(changes.filter(({ action }) => action !== 'no-op').map(({ target }) => target)),
  ].toSorted();
}

/**
 * `1 is created, 2 are replaced; 5 stay as they are.`
 *
 * @param unwell services that are not well: told where the plan does nothing about them
 */
export function tellSummary({ summary }: PlanDocument, unwell: readonly string[] = []): string {
  const { create, update, replace, delete: removals, noop } = summary;
  const parts = [
    [create, 'created'],
    [update, 'changed in place'],
    [replace, 'replaced'],
    [removals, 'deleted'],
  ] as const;
  const told = parts
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${number} ${agree(number, 'is', 'are')} ${word}`);
  if (told.length === 0)
    return unwell.length === 0
      ? 'Everything runs as Git says. There is nothing to do.'
      : `Everything runs as Git says. There is nothing to change; ${unwell.join('; ')}.`;
  const rest = noop === 0 ? '' : `; ${noop} ${agree(noop, 'stays as it is', 'stay as they are')}`;
  return `${told.join(', ')}${rest}.`;
}

/** Words on the button that applies a plan: direction and number. */
export function tellApply(plan: PlanDocument): string {
  const changes = count(countChanges(plan), 'change');
  const targets = targetsOf(plan);
  const where = targets.length > 3 ? `${targets.length} machines` : enumerate(targets);
  return plan.mode === 'destroy' ? `Remove ${plan.stack} from ${where}` : `Apply ${changes} to ${where}`;
}

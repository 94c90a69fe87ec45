import type { Plan } from '../../plan/plan.ts';
import type { HeldStack } from '../../ports/store.ts';

/* Sentences about a stack that both its state and its jobs tell. */

/** The stack is described, but somebody destroyed it by hand. */
export const DESTROYED = 'destroyed by hand; apply it, or change its description, to bring it back';

export const HELD =
  'this description failed for good before, or was destroyed by hand; change it, or apply it to try again';

/** Says who holds a stack, and why. */
export function onHoldOf({ by, reason }: HeldStack): string {
  const why = reason === null ? '' : `: ${reason}`;
  return `held by ${by}${why}; nothing is applied to it by itself until it is released`;
}

/** Says what a plan leaves although nothing describes it; `null` when it leaves nothing. */
export function keptOf({ changes }: Plan): string | null {
  const kept = changes.filter(({ after, origin }) => after !== null && origin === null);
  const used = kept.filter(({ kind }) => kind === 'network');
  const data = kept.filter((change) => !used.includes(change));
  const told = [
    ...(data.length === 0 ? [] : [`${idsOf(data)} kept, because data is only deleted with an explicit yes`]),
    ...(used.length === 0 ? [] : [`${idsOf(used)} kept, because others use it: it goes when they are gone`]),
  ];
  return told.length === 0 ? null : told.join('; ');
}

function idsOf(changes: Plan['changes']): string {
  return changes.map(({ id }) => id).join(', ');
}

/** Says what a plan leaves because nothing is pruned; `null` when it leaves nothing but data. */
export function unprunedOf({ changes }: Plan): string | null {
  const kept = changes.filter(
    ({ after, origin, kind }) => after !== null && origin === null && kind !== 'volume',
  );
  return kept.length === 0 ? null : `kept, though not described: ${kept.map(({ id }) => id).join(', ')}`;
}

/** Says what is not well of a stack in which there is nothing to change. */
export function unwellOf({ changes }: Plan): string {
  return changes
    .filter(({ verify }) => verify)
    .map(({ id, cause }) => `${id}: ${cause}`)
    .join('; ');
}

/** Says how much has drifted, with what became of the proposal to describe it so. */
export function driftOf({ changes }: Plan, proposal: string | null): string {
  const count = changes.filter(({ action }) => action !== 'no-op').length;
  const text = count === 1 ? '1 resource has drifted' : `${count} resources have drifted`;
  return proposal === null ? text : `${text}; ${proposal}`;
}

/** Fields that are named; the plan has all of them. */
const MAX_NAMED = 3;

/** Says what somebody changes again after each repair, and who, where that is known. */
export function contestOf({ changes }: Plan, rounds: number): string {
  const fought = changes.filter(({ action }) => action !== 'no-op');
  const places = fought.flatMap(({ id, fields }): readonly string[] =>
    fields.length === 0 ? [id] : fields.map(({ path }) => `${id} ${path}`),
  );
  const more = places.length > MAX_NAMED ? ` and ${places.length - MAX_NAMED} more` : '';
  const managers = new Set(fought.flatMap(({ conflicts = [] }) => conflicts.map(({ manager }) => manager)));
  const who = managers.size === 0 ? '' : ` (${[...managers].sort().join(', ')})`;
  const what = `${places.slice(0, MAX_NAMED).join(', ')}${more}${who}`;
  return `${what}: differs again after each of ${rounds} repairs in a row, and is left as it is; end what changes it, then apply, or describe it otherwise`;
}

/** Says which nodes do not answer; `null` when all do. */
export function unreachableOf({ unreachable = [] }: Plan): string | null {
  if (unreachable.length === 0) return null;
  return unreachable.map(({ target, message }) => `node ${target} does not answer: ${message}`).join('; ');
}

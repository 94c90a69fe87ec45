import { own } from '../base/values.ts';
import type { Json } from '../base/json.ts';
import { canonicalJson, sha256 } from '../base/json.ts';
import type { ResourceId } from '../model/resource.ts';
import { compareDigests } from '../model/seal.ts';
import type { Plan } from './plan.ts';

/**
 * Lists what moved between a plan made earlier and the same plan made now; empty when the earlier one still holds.
 * One sentence per difference.
 */
export function findStaleness(saved: Plan, current: Plan): string[] {
  const moved: string[] = [];
  if (saved.stack !== current.stack) return [`the plan is for stack ${saved.stack}, not ${current.stack}`];
  if (saved.mode !== current.mode) return [`the plan is to ${saved.mode}, not to ${current.mode}`];
  if (!isSameDescription(saved, current)) {
    moved.push(
      `the description changed: revision ${short(saved.revision)} was planned, the branch is at ${short(current.revision)}`,
    );
  }
  const ids = [
    ...new Set([...Object.keys(saved.basis), ...Object.keys(current.basis)]),
  ].sort() as ResourceId[];
  for (const id of ids) {
    const before = own(saved.basis, id);
    const after = own(current.basis, id);
    if (before === after) continue;
    if (before === undefined) moved.push(`${id} has appeared`);
    else if (after === undefined) moved.push(`${id} has disappeared`);
    else moved.push(`${id} has changed on its target`);
  }
  return moved;
}

/** A plan may have been saved with another key for what is hidden (CI, a state directory that was lost): then the changes have to be the same. */
function isSameDescription(saved: Plan, current: Plan): boolean {
  const likeness = compareDigests(saved.desired, current.desired);
  if (likeness !== 'unknown') return likeness === 'same';
  // Contents follow from the blobs, and not every plan tells of them.
  const changesOf = ({ changes }: Plan) =>
    canonicalJson(
      JSON.parse(JSON.stringify(changes.map((change) => ({ ...change, contents: undefined })))) as Json,
    );
  return changesOf(saved) === changesOf(current);
}

/** Tells whether plans that were saved are still what they were. Holds for plans that have been JSON in between, however that was laid out. */
export function planDigest(plans: readonly Plan[]): string {
  // The way through text makes it about what a file can hold.
  return `sha256:${sha256(canonicalJson(JSON.parse(JSON.stringify(plans)) as Json))}`;
}

function short(revision: string | null): string {
  return revision === null ? 'none' : revision.slice(0, 10);
}

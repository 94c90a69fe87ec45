import type { Diagnostic } from '../model/diagnostic.ts';
import type { ResourceId } from '../model/resource.ts';
import { claimsOf } from './claims.ts';
import type { Change } from './plan.ts';

/**
 * Services that run on another node from now on: the old container goes once the new one is healthy, unless the new one
 * needs something that only one of them can have.
 */
export function moveEdges(
  changes: readonly Change[],
  engines: ReadonlyMap<string, string>,
): readonly { readonly from: ResourceId; readonly to: ResourceId }[] {
  const gone = changes.filter(({ action, kind }) => action === 'delete' && kind === 'container');
  return gone.flatMap((old) => {
    const held = new Set(claimsOf(old, 'before', engines));
    return changes
      .filter((change) => isSuccessor(change, old) && (change.action !== 'no-op' || change.verify))
      .filter((change) => !claimsOf(change, 'after', engines).some((claim) => held.has(claim)))
      .map(({ id }) => ({ from: old.id, to: id }));
  });
}

/** Whether `change` is about what `old` was, on another node. */
export function isSuccessor(
  change: Pick<Change, 'kind' | 'name' | 'target' | 'after'>,
  old: Change,
): boolean {
  return (
    change.kind === old.kind &&
    change.name === old.name &&
    change.target !== old.target &&
    change.after !== null
  );
}

/** Data does not move along with the service that uses it. */
export function volumesLeftBehind(
  changes: readonly Change[],
  engines: ReadonlyMap<string, string>,
): readonly Diagnostic[] {
  const engineOf = ({ target }: Change) => engines.get(target) ?? target;
  const created = changes.filter(({ action, kind }) => action === 'create' && kind === 'volume');
  return created.flatMap((volume) => {
    const old = changes.find(
      (other) =>
        other.origin === null &&
        other.before !== null &&
        isSuccessor(volume, other) &&
        engineOf(volume) !== engineOf(other),
    );
    if (old === undefined) return [];
    return [
      {
        severity: 'warning' as const,
        code: 'VOLUME_STAYS',
        message: `the data of volume ${volume.name} stays on ${old.target}; on ${volume.target} it begins empty`,
        ...volume.origin,
        hint: 'copy the data first where it is needed, or leave the service where it is',
      },
    ];
  });
}

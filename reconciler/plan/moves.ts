import type { Diagnostic } from '../base/diagnostic.ts';
import type { ResourceId } from '../model/resource.ts';
import { isRunner } from '../model/kubernetes/kubernetes-object.ts';
import { exclusiveResources, isTaken } from './exclusive-resources.ts';
import type { Change } from './plan.ts';
import { logicalId } from './logical-id.ts';

/**
 * Services that run on another node from now on: the old container goes once the new one is healthy, unless the new one
 * needs something that only one of them can have.
 */
export function moveEdges(
  changes: readonly Change[],
  engines: ReadonlyMap<string, string>,
  stack: string,
): readonly { readonly from: ResourceId; readonly to: ResourceId }[] {
  const gone = changes.filter(({ action, kind }) => action === 'delete' && isRunner(kind));
  return gone.flatMap((old) => {
    const held = exclusiveResources(old, 'before', engines);
    return changes
      .filter((change) => isSuccessor(change, old, stack) && (change.action !== 'no-op' || change.verify))
      .filter(
        (change) =>
          !exclusiveResources(change, 'after', engines).some((one) => held.some((its) => isTaken(one, its))),
      )
      .map(({ id }) => ({ from: old.id, to: id }));
  });
}

/** Tells whether `change` is about what `old` was, on another node or as another kind of object. */
export function isSuccessor(
  change: Pick<Change, 'kind' | 'name' | 'target' | 'after'>,
  old: Pick<Change, 'kind' | 'name' | 'target'>,
  stack: string,
): boolean {
  if (change.after === null || logicalId(change, stack) !== logicalId(old, stack)) return false;
  return change.target !== old.target || change.kind !== old.kind;
}

const HOLDS_DATA: ReadonlySet<string> = new Set(['volume', 'PersistentVolumeClaim']);

/** Data does not move along with the service that uses it. */
export function volumesLeftBehind(
  changes: readonly Change[],
  engines: ReadonlyMap<string, string>,
  stack: string,
): readonly Diagnostic[] {
  const engineOf = ({ target }: Change) => engines.get(target) ?? target;
  const created = changes.filter(({ action, kind }) => action === 'create' && HOLDS_DATA.has(kind));
  return created.flatMap((volume) => {
    const old = changes.find(
      (other) =>
        other.origin === null &&
        other.before !== null &&
        isSuccessor(volume, other, stack) &&
        engineOf(volume) !== engineOf(other),
    );
    if (old === undefined) return [];
    return [
      {
        severity: 'warning' as const,
        code: 'VOLUME_STAYS',
        message: `the data of ${old.kind === 'volume' ? 'volume' : 'claim'} ${old.name} stays on ${old.target}; on ${volume.target} it begins empty`,
        ...volume.origin,
        hint: 'copy the data first where it is needed, or leave the service where it is',
      },
    ];
  });
}

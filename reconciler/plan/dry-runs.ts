import type { Diagnostic } from '../base/diagnostic.ts';
import type { ObservedResource, ResourceId } from '../model/resource.ts';
import { hasNodePort } from './exclusive-resources.ts';
import type { Change, Confirmation } from './plan.ts';

/** Reports what a target has refused when it was asked beforehand, and replacements that would lose data. */
export function dryRunDiagnostics(
  changes: readonly Change[],
  observed: ReadonlyMap<ResourceId, ObservedResource>,
): Diagnostic[] {
  return changes.flatMap((change): Diagnostic[] => {
    const seen = observed.get(change.id);
    const place = change.origin ?? {};
    const refused = change.origin === null ? null : (seen?.dryRun?.refused ?? null);
    if (refused !== null && !isFreedBefore(change, changes, seen?.dryRun?.takenPorts)) {
      const message = `${change.target} would refuse ${change.kind} ${change.name}: ${refused}`;
      const hint = seen?.dryRun?.hint;
      return [
        {
          severity: 'error',
          code: 'TARGET_REFUSES',
          message,
          ...place,
          ...(hint === undefined ? {} : { hint }),
        },
      ];
    }
    if (change.action !== 'replace' || seen?.guarded !== true || change.kind === 'volume') return [];
    const message = `${change.kind} ${change.name} cannot be changed without losing its data (${change.cause})`;
    const hint = 'give it a new name and move the data';
    return [{ severity: 'error', code: 'DATA_IMMUTABLE', message, ...place, hint }];
  });
}

/** Tells whether all it is refused for are ports that changes which it waits for give up. */
function isFreedBefore(
  { dependsOn, target }: Change,
  changes: readonly Change[],
  ports: readonly number[] = [],
): boolean {
  const earlier = changes.filter((one) => one.target === target && dependsOn.some(({ id }) => id === one.id));
  return ports.length > 0 && ports.every((port) => earlier.some((one) => hasNodePort(one, port)));
}

/** Fields that somebody else has set and has a say in: taking them over is a decision. */
export function takeoversIn(changes: readonly Change[]): Confirmation[] {
  const taken = changes.flatMap((change) =>
    (change.conflicts ?? []).filter(({ drifted }) => !drifted).map((conflict) => ({ change, conflict })),
  );
  if (taken.length === 0) return [];
  const list = taken.map(
    ({ change, conflict: { field, manager } }) => `${field} of ${change.id} from ${manager}`,
  );
  const ids = [...new Set(taken.map(({ change }) => change.id))];
  return [{ code: 'TAKES_FIELDS', message: `takes over ${list.join(', ')}`, ids }];
}

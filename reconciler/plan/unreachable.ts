import type { Diagnostic } from '../base/diagnostic.ts';
import type { DesiredResource, ResourceId } from '../model/resource.ts';
import { isRunner } from '../model/kubernetes/kubernetes-object.ts';
import { isSuccessor } from './moves.ts';
import type { Change, UnreachableTarget } from './plan.ts';
import { isUsedByRunners } from './logical-id.ts';

/** Resources that can be planned, and those that have to wait for a node that does not answer. */
export interface Reach {
  readonly within: readonly DesiredResource[];
  /** Resources on such a node. */
  readonly beyond: readonly DesiredResource[];
}

export function splitByReach(
  desired: readonly DesiredResource[],
  unreachable: readonly UnreachableTarget[],
): Reach {
  if (unreachable.length === 0) return { within: desired, beyond: [] };
  const away = new Set(unreachable.map(({ target }) => target));
  return {
    within: desired.filter(({ target }) => !away.has(target)),
    beyond: desired.filter(({ target }) => away.has(target)),
  };
}

/**
 * Holds back what depends on something that cannot be asked, and what is to move there: nothing is taken down for a successor that cannot
 * come up.
 */
export function holdBack(
  changes: readonly Change[],
  { within, beyond }: Reach,
  stack: string,
): readonly Change[] {
  if (beyond.length === 0) return changes;
  const held = heldBack(within, beyond);
  const kept = new Map<ResourceId, string>();
  const successors = [...beyond, ...within.filter(({ id }) => held.has(id))];
  for (const change of changes) {
    if (change.action !== 'delete') continue;
    const successor = successors.find(({ id, kind, name, target }) =>
      isSuccessor({ kind, name, target, after: { id } }, change, stack),
    );
    if (successor !== undefined) kept.set(change.id, `kept until ${successor.id} can come up`);
  }
  const busy = new Set(
    changes.flatMap(({ id, kind, target }) => (isRunner(kind) && kept.has(id) ? [target] : [])),
  );
  return changes.map((change) => {
    const waits = held.get(change.id);
    if (waits !== undefined && change.action !== 'no-op') return stay(change, `waits for ${waits}`);
    const reason = kept.get(change.id);
    if (reason !== undefined) return stay(change, reason);
    const isUsed = change.action === 'delete' && isUsedByRunners(change) && busy.has(change.target);
    return isUsed ? stay(change, 'kept, as a container of it is') : change;
  });
}

/** Returns, for each resource that has to wait, what it waits for. */
function heldBack(
  within: readonly DesiredResource[],
  beyond: readonly DesiredResource[],
): ReadonlyMap<ResourceId, ResourceId> {
  const away = new Set(beyond.map(({ id }) => id));
  const held = new Map<ResourceId, ResourceId>();
  for (let known = -1; known < held.size;) {
    known = held.size;
    for (const { id, dependsOn } of within) {
      if (held.has(id)) continue;
      const first = dependsOn.find((dependency) => away.has(dependency.id) || held.has(dependency.id));
      if (first !== undefined) held.set(id, held.get(first.id) ?? first.id);
    }
  }
  return held;
}

function stay(change: Change, cause: string): Change {
  const { before } = change;
  return { ...change, action: 'no-op', after: before, fields: [], cause, verify: false };
}

export function unreachableWarnings(
  unreachable: readonly UnreachableTarget[],
  { beyond }: Reach,
): readonly Diagnostic[] {
  return unreachable.map(({ target, message }) => {
    const count = beyond.filter((resource) => resource.target === target).length;
    const waiting = `${count} resource${count === 1 ? '' : 's'}`;
    return {
      severity: 'warning',
      code: 'TARGET_UNREACHABLE',
      message: `node ${target} does not answer, ${waiting} of it wait: ${message}`,
    };
  });
}

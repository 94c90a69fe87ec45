import type { DesiredResource, ResourceId } from '../model/resource.ts';
import type { RolloutRule } from '../model/rollout.ts';
import type { Change } from './plan.ts';

/** One change waits until another is over, however that one ends. */
export interface BatchEdge {
  readonly from: ResourceId;
  readonly to: ResourceId;
}

/** Gives the containers of a service that are to be replaced their batches, by number. */
export function withBatches(
  changes: readonly Change[],
  desired: ReadonlyMap<ResourceId, DesiredResource>,
): { readonly changes: readonly Change[]; readonly edges: readonly BatchEdge[] } {
  const groups = new Map<string, { readonly change: Change; readonly rule: RolloutRule }[]>();
  for (const change of changes) {
    const rule = desired.get(change.id)?.rollout;
    if (rule === undefined || change.action !== 'replace') continue;
    groups.set(rule.group, [...(groups.get(rule.group) ?? []), { change, rule }]);
  }
  if (groups.size === 0) return { changes, edges: [] };
  const placed = new Map<ResourceId, Change>();
  const edges: BatchEdge[] = [];
  for (const members of groups.values()) {
    members.sort((a, b) => a.rule.number - b.rule.number);
    const size = members[0]?.rule.parallelism || members.length;
    const batches = Math.ceil(members.length / size);
    for (const [index, { change, rule }] of members.entries()) {
      const batch = Math.floor(index / size) + 1;
      placed.set(change.id, { ...change, rollout: { ...rule, batch, batches } });
      const before = members.slice((batch - 2) * size, (batch - 1) * size);
      if (batch > 1) edges.push(...before.map((other) => ({ from: change.id, to: other.change.id })));
    }
  }
  return { changes: changes.map((change) => placed.get(change.id) ?? change), edges };
}

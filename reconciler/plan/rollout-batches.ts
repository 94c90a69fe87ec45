import type { DesiredResource, ResourceId } from '../model/resource.ts';
import type { RolloutRule } from '../model/rollout.ts';
import type { Change, RolloutStep } from './plan.ts';
import type { ResourceEdge } from './exclusive-resources.ts';

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

/**
 * Containers that exchange names or ports are one group: each keeps its old container until all of them are well, so that all can go back.
 * One that is part of a rolling update already stays in that.
 */
export function withExchanges(changes: readonly Change[], edges: readonly ResourceEdge[]): readonly Change[] {
  const groups = groupsOf(edges);
  if (groups.size === 0) return changes;
  const numbers = new Map<string, number>();
  return changes.map((change) => {
    const group = groups.get(change.id);
    const isMember =
      change.action === 'replace' && change.kind === 'container' && change.rollout === undefined;
    if (group === undefined || !isMember) return change;
    const number = (numbers.get(group) ?? 0) + 1;
    numbers.set(group, number);
    return { ...change, rollout: exchangeStep(`exchange of ${group}`, number) };
  });
}

function exchangeStep(group: string, number: number): RolloutStep {
  return {
    group,
    number,
    batch: 1,
    batches: 1,
    parallelism: 0,
    delayMs: 0,
    order: 'stop-first',
    failureAction: 'rollback',
    monitorMs: 0,
    tolerates: 0,
    rollback: { parallelism: 0, delayMs: 0, failureAction: 'continue' },
    exchange: true,
  };
}

/** The members of each connected group by id; a group is called after its first member. */
function groupsOf(edges: readonly ResourceEdge[]): ReadonlyMap<ResourceId, ResourceId> {
  const groups = new Map<ResourceId, ResourceId>();
  for (const { from, to } of edges) {
    const joined = [groups.get(from) ?? from, groups.get(to) ?? to].sort();
    const [name = from] = joined;
    for (const [id, group] of groups) if (joined.includes(group)) groups.set(id, name);
    groups.set(from, name);
    groups.set(to, name);
  }
  return groups;
}

import type { Diagnostic } from '../base/diagnostic.ts';
import type { Health, ObservedResource, ResourceId } from '../model/resource.ts';
import type { ExclusiveResource } from './exclusive-resources.ts';
import { exclusiveIn, exclusiveResources, isTaken } from './exclusive-resources.ts';
import type { Change } from './plan.ts';

/** Finds what cannot come about because something has its name, port or addresses that nothing describes any more, and that stays all the same. */
export function keptInTheWay(
  changes: readonly Change[],
  observed: ReadonlyMap<ResourceId, ObservedResource>,
  engines: ReadonlyMap<string, string>,
): readonly Diagnostic[] {
  const kept = changes.filter(
    ({ action, origin, before }) => action === 'no-op' && origin === null && before !== null,
  );
  if (kept.length === 0) return [];
  return changes.flatMap((change): readonly Diagnostic[] => {
    if (change.action !== 'create' && change.action !== 'replace') return [];
    const wanted = exclusiveResources(change, 'after', engines);
    for (const holder of kept) {
      const engine = engines.get(holder.target) ?? holder.target;
      const held = heldBy(holder, observed.get(holder.id)?.health, engines);
      const taken = held.find((its) => wanted.some((one) => isTaken(one, its)));
      if (taken === undefined) continue;
      const message = `${change.kind} ${change.name} cannot have ${nameOf(taken, engine)}: ${holder.kind} ${holder.name} has it, ${holder.cause}`;
      const isUsed = (observed.get(holder.id)?.heldBy ?? []).length > 0;
      const hint = isUsed
        ? 'it goes when they are gone'
        : `remove ${holder.name} by hand, or allow it with policy.prune: yes or confirm`;
      return [{ severity: 'error', code: 'KEPT_IN_THE_WAY', message, ...change.origin, hint }];
    }
    return [];
  });
}

/** States in which a container has ports and addresses. */
const UP: ReadonlySet<Health['status'] | undefined> = new Set([
  'healthy',
  'starting',
  'unhealthy',
  undefined,
]);

/** A container that is down has its name and nothing else. */
function heldBy(
  holder: Change,
  health: Health | undefined,
  engines: ReadonlyMap<string, string>,
): readonly ExclusiveResource[] {
  const all = exclusiveResources(holder, 'before', engines);
  if (holder.kind !== 'container' || UP.has(health?.status)) return all;
  return exclusiveIn(holder, { name: holder.before?.['name'] ?? null }, engines);
}

function nameOf({ key }: ExclusiveResource, engine: string): string {
  const [kind = '', ...rest] = key.slice(engine.length + 1).split(' ');
  const text = rest.join(' ');
  if (kind === 'container' || kind === 'network') return `the name ${text}`;
  return kind === 'port' ? `port ${text.replace(/^\["?(\d+)"?.*$/, '$1')}` : `${kind} ${text}`;
}

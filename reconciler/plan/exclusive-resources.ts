import type { Json } from '../base/json.ts';
import type { ResourceId } from '../model/resource.ts';
import type { Change } from './plan.ts';

/** `from` cannot come about before `to` has let go of something. */
export interface ResourceEdge {
  readonly from: ResourceId;
  readonly to: ResourceId;
}

/** Containers that are to have a name or a host port which another one gives up. */
export function exclusiveResourceEdges(
  changes: readonly Change[],
  engines: ReadonlyMap<string, string>,
): readonly ResourceEdge[] {
  const leaving = changes.filter(({ action }) => action === 'delete' || action === 'replace');
  const given = new Map<string, ResourceId[]>();
  for (const change of leaving) {
    const kept = new Set(exclusiveResources(change, 'after', engines));
    for (const resource of exclusiveResources(change, 'before', engines)) {
      if (!kept.has(resource)) given.set(resource, [...(given.get(resource) ?? []), change.id]);
    }
  }
  return changes.flatMap((change): readonly ResourceEdge[] => {
    if (change.action !== 'create' && change.action !== 'replace') return [];
    const holders = exclusiveResources(change, 'after', engines).flatMap(
      (resource) => given.get(resource) ?? [],
    );
    return [...new Set(holders)].filter((to) => to !== change.id).map((to) => ({ from: change.id, to }));
  });
}

/** Two nodes that are one machine want the same network: the second finds what the first has made. */
export function sharedNetworkEdges(
  changes: readonly Change[],
  engines: ReadonlyMap<string, string>,
): readonly ResourceEdge[] {
  const first = new Map<string, ResourceId>();
  return changes.flatMap(({ id, action, kind, target, after }): readonly ResourceEdge[] => {
    if (action !== 'create' || (kind !== 'network' && kind !== 'volume')) return [];
    const key = JSON.stringify([engines.get(target) ?? target, kind, after?.['name']]);
    const to = first.get(key);
    if (to === undefined) first.set(key, id);
    return to === undefined ? [] : [{ from: id, to }];
  });
}

/** Returns what only one container of an engine can have at a time: its name and its host ports. */
export function exclusiveResources(
  change: Change,
  side: 'before' | 'after',
  engines: ReadonlyMap<string, string>,
): string[] {
  const spec = change[side];
  if (spec === null || change.kind !== 'container') return [];
  const engine = engines.get(change.target) ?? change.target;
  const resources = typeof spec['name'] === 'string' ? [`${engine} name ${spec['name']}`] : [];
  const ports = spec['ports'];
  for (const port of Array.isArray(ports) ? (ports as readonly Json[]) : []) {
    if (typeof port !== 'object' || port === null || !('hostPort' in port)) continue;
    resources.push(`${engine} port ${JSON.stringify([port['hostPort'], port['protocol']])}`);
  }
  return resources;
}

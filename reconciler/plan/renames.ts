import { asString } from '../base/values.ts';
import type { DesiredResource, ObservedResource, ResourceId } from '../model/resource.ts';
import { resourceId } from '../model/resource.ts';
import { maskSpec } from '../model/secret.ts';
import { whyKept } from './deletions.ts';
import { exclusiveIn, isTaken } from './exclusive-resources.ts';
import type { PlanInput } from './plan-input.ts';

/** Observed resources under the ids that the description has for them now. */
export interface Renamed {
  readonly observed: readonly ObservedResource[];
  /** The ids that the target knows, by those of the description. */
  readonly from: ReadonlyMap<ResourceId, ResourceId>;
}

/**
 * Follows what the description calls otherwise by now. A network or volume is what bears its name on the engine, whatever its key. A container,
 * or a network, that nothing describes any more is taken over by a new one that wants its name, a host port or addresses of it: both
 * cannot be there, so the one replaces the other, and comes back when that fails.
 */
export function followRenames(desired: readonly DesiredResource[], input: PlanInput): Renamed {
  const from = new Map<ResourceId, ResourceId>();
  const bound = bindByName(desired, input.observed, from);
  const wanted = new Set(desired.map(({ id }) => id));
  const there = new Set(bound.map(({ id }) => id));
  const free = desired.filter(({ id }) => !there.has(id)).sort(byId);
  const taken = new Map<ResourceId, DesiredResource>();
  const leaving = bound.filter((one) => !wanted.has(one.id) && isReplaceable(one, input)).sort(byId);
  for (const one of leaving) {
    const successors = free.filter(({ id }) => !from.has(id));
    const successor = successorOf(one, successors, input);
    if (successor === undefined) continue;
    taken.set(one.id, successor);
    from.set(successor.id, one.id);
  }
  const observed = bound.map((one) => {
    const successor = taken.get(one.id);
    return successor === undefined ? one : known(one, successor.id, successor.name);
  });
  return { observed, from };
}

/** Volumes and networks by their names on the engine. */
function bindByName(
  desired: readonly DesiredResource[],
  observed: readonly ObservedResource[],
  from: Map<ResourceId, ResourceId>,
): readonly ObservedResource[] {
  const names = new Map<string, DesiredResource>();
  for (const one of desired) if (isNamed(one)) names.set(nameKey(one, one.spec['name']), one);
  const owned = observed.filter((one) => isNamed(one) && one.shared !== true);
  const bearers = new Map<ResourceId, ObservedResource>();
  for (const one of owned) {
    const bearer = names.get(nameKey(one, one.spec['name']));
    if (bearer !== undefined) bearers.set(bearer.id, one);
  }
  return observed.map((one) => {
    const bearer =
      isNamed(one) && one.shared !== true ? names.get(nameKey(one, one.spec['name'])) : undefined;
    if (bearer !== undefined) {
      if (bearer.id === one.id) return one;
      from.set(bearer.id, one.id);
      return known(one, bearer.id, bearer.name);
    }
    // Its own id is another one's by now: it goes by its name on the engine.
    const other = bearers.get(one.id);
    if (other === undefined || other === one) return one;
    const name = asString(one.spec['name']) ?? one.name;
    const id = resourceId(one.target, one.kind, name);
    from.set(id, one.id);
    return known(one, id, name);
  });
}

function isNamed({ kind }: Pick<DesiredResource, 'kind'>): boolean {
  return kind === 'network' || kind === 'volume';
}

function nameKey({ target, kind }: Pick<DesiredResource, 'target' | 'kind'>, name: unknown): string {
  return JSON.stringify([target, kind, name]);
}

/** Tells whether it would go by itself, without anybody's yes. */
function isReplaceable(one: ObservedResource, input: PlanInput): boolean {
  if (one.kind !== 'container' && one.kind !== 'network') return false;
  if (one.shared === true || one.guarded === true || input.policy.prune !== 'yes') return false;
  return whyKept(one, input) === null && input.foreign?.includes(one.id) !== true;
}

/** Finds the one that wants its name, else one that wants something else that it has. */
function successorOf(
  one: ObservedResource,
  free: readonly DesiredResource[],
  { engines = new Map() }: PlanInput,
): DesiredResource | undefined {
  const held = exclusiveIn(one, one.spec, engines);
  const rivals = free.filter((other) => {
    if (other.kind !== one.kind || other.target !== one.target || other.spec['external'] === true)
      return false;
    const wanted = exclusiveIn(other, maskSpec(other.spec), engines);
    return wanted.some((resource) => held.some((its) => isTaken(resource, its)));
  });
  return rivals.find(({ spec }) => spec['name'] === one.spec['name']) ?? rivals[0];
}

function known(one: ObservedResource, id: ResourceId, name: string): ObservedResource {
  return { ...one, id, name };
}

function byId(a: { readonly id: ResourceId }, b: { readonly id: ResourceId }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

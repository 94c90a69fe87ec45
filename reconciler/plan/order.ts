import type { Dependency, DesiredResource, ResourceId } from '../model/resource.ts';
import type { Json } from '../model/json.ts';
import type { Change } from './plan.ts';

/**
 * Puts changes into an order in which every change stands after those it depends on; ties are broken by id.
 * Dependencies between described resources come from the description; deletions and moved host ports add their own.
 */
export function orderChanges(
  changes: readonly Change[],
  desired: ReadonlyMap<ResourceId, DesiredResource>,
): Change[] {
  const byId = new Map(changes.map((change) => [change.id, change]));
  const edges = new Map<ResourceId, Dependency[]>();
  for (const change of changes) {
    const described = desired.get(change.id)?.dependsOn ?? [];
    edges.set(
      change.id,
      described.filter((dependency) => byId.has(dependency.id)),
    );
  }
  for (const change of changes) {
    for (const id of waitsFor(change, changes)) addEdge(edges, change.id, id);
  }
  return sortTopologically(changes, edges);
}

/** On a cluster: what others live in, are made of or hold on to. */
const LAST_TO_GO: ReadonlySet<string> = new Set([
  'Namespace',
  'CustomResourceDefinition',
  'PersistentVolumeClaim',
]);

/** Changes that must be over before this one, for reasons the description does not state. */
function waitsFor(change: Change, changes: readonly Change[]): ResourceId[] {
  if (change.action === 'delete' && LAST_TO_GO.has(change.kind)) {
    return changes
      .filter(
        (other) => other.action === 'delete' && !LAST_TO_GO.has(other.kind) && other.target === change.target,
      )
      .map((other) => other.id);
  }
  if (change.action === 'delete' && change.kind !== 'container') {
    // Containers let go of networks and volumes first.
    return changes
      .filter(
        (other) => other.kind === 'container' && other.action !== 'no-op' && other.target === change.target,
      )
      .map((other) => other.id);
  }
  if (change.kind !== 'container' || (change.action !== 'create' && change.action !== 'replace')) return [];
  const claims = new Set(claimsOf(change.after));
  if (claims.size === 0) return [];
  return changes
    .filter((other) => other.id !== change.id && (other.action === 'delete' || other.action === 'replace'))
    .filter((other) => {
      const held = claimsOf(other.before);
      const after = new Set(claimsOf(other.after));
      return held.some((claim) => claims.has(claim) && !after.has(claim));
    })
    .map((other) => other.id);
}

/** What only one container of an engine can have at a time: its name and its host ports. */
function claimsOf(spec: Change['before']): string[] {
  if (spec === null) return [];
  const claims = typeof spec['name'] === 'string' ? [`name ${spec['name']}`] : [];
  const ports = spec['ports'];
  for (const port of Array.isArray(ports) ? (ports as readonly Json[]) : []) {
    if (typeof port !== 'object' || port === null || !('hostPort' in port)) continue;
    claims.push(`port ${JSON.stringify([port['hostPort'], port['protocol']])}`);
  }
  return claims;
}

/** Adds an edge unless it would close a cycle: two services that swap ports cannot both wait for each other. */
function addEdge(edges: Map<ResourceId, Dependency[]>, from: ResourceId, to: ResourceId): void {
  const own = edges.get(from);
  if (own === undefined || own.some((dependency) => dependency.id === to) || reaches(edges, to, from)) return;
  own.push({ id: to, until: 'healthy' });
}

function reaches(edges: ReadonlyMap<ResourceId, Dependency[]>, from: ResourceId, to: ResourceId): boolean {
  const seen = new Set<ResourceId>();
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    for (const dependency of edges.get(id) ?? []) open.push(dependency.id);
  }
  return false;
}

function sortTopologically(
  changes: readonly Change[],
  edges: ReadonlyMap<ResourceId, readonly Dependency[]>,
): Change[] {
  const waiting = new Map<ResourceId, number>();
  const dependants = new Map<ResourceId, ResourceId[]>();
  for (const [id, dependencies] of edges) {
    waiting.set(id, dependencies.length);
    for (const dependency of dependencies) {
      dependants.set(dependency.id, [...(dependants.get(dependency.id) ?? []), id]);
    }
  }
  const byId = new Map(changes.map((change) => [change.id, change]));
  const ready = changes.filter((change) => waiting.get(change.id) === 0).map((change) => change.id);
  const ordered: Change[] = [];
  while (ready.length > 0) {
    ready.sort(compareIds);
    const id = ready.shift() as ResourceId;
    const change = byId.get(id) as Change;
    ordered.push({ ...change, dependsOn: [...(edges.get(id) ?? [])].sort((a, b) => compareIds(a.id, b.id)) });
    for (const dependant of dependants.get(id) ?? []) {
      const left = (waiting.get(dependant) ?? 0) - 1;
      waiting.set(dependant, left);
      if (left === 0) ready.push(dependant);
    }
  }
  if (ordered.length !== changes.length) throw new Error('internal: a plan with a dependency cycle');
  return ordered;
}

function compareIds(a: ResourceId, b: ResourceId): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

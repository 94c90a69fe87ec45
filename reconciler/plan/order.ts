import type { Dependency, DesiredResource, ResourceId } from '../model/resource.ts';
import { asFields } from '../base/values.ts';
import { isRunner } from '../model/kubernetes/kubernetes-object.ts';
import type { ResourceEdge } from './exclusive-resources.ts';
import { exclusiveResourceEdges, sharedNetworkEdges } from './exclusive-resources.ts';
import { moveEdges } from './moves.ts';
import type { Change } from './plan.ts';
import { withBatches, withExchanges } from './rollout-batches.ts';

type Edges = Map<ResourceId, Dependency[]>;

/**
 * Puts changes into an order in which every change stands after those it waits for (but for `released`, which says that
 * two wait for each other); ties are broken by id. Dependencies between described resources come from the description;
 * deletions, moved host ports, moved services and batches of
 * rolling updates add their own. What does not wait runs side by side; how much at once: run/apply/target-queues.ts.
 *
 * @param engines identity of the engine behind a target, where it is known: names and ports are taken on engines
 */
export function orderChanges(
  unordered: readonly Change[],
  desired: ReadonlyMap<ResourceId, DesiredResource>,
  engines: ReadonlyMap<string, string> = new Map(),
  stack = '',
): Change[] {
  const { changes, edges: batches } = withBatches(unordered, desired);
  const byId = new Map(changes.map((change) => [change.id, change]));
  const edges: Edges = new Map();
  for (const change of changes) {
    const described = desired.get(change.id)?.dependsOn ?? [];
    edges.set(
      change.id,
      described.filter((dependency) => byId.has(dependency.id)),
    );
  }
  const exclusive = exclusiveResourceEdges(changes, engines);
  const ports = exclusive.filter(({ from }) => byId.get(from)?.kind === 'Service');
  // First: a Service that nothing describes any more need not be found until the pods are there that wait for the one which takes its port.
  const passed = addExclusiveEdges(edges, ports, byId);
  for (const change of changes) {
    for (const id of lettingGo(change, changes)) addEdge(edges, change.id, id);
  }
  for (const { from, to } of scalingEdges(changes)) addEdge(edges, from, to, 'applied');
  for (const { from, to } of sharedNetworkEdges(changes, engines)) addEdge(edges, from, to, 'applied');
  const { released, exchanging } = addExclusiveEdges(
    edges,
    exclusive.filter((edge) => !ports.includes(edge)),
    byId,
  );
  // Last: bringing up the new one first is what is wanted, not what is needed.
  for (const { from, to } of moveEdges(changes, engines, stack)) addEdge(edges, from, to);
  for (const { from, to } of batches) addEdge(edges, from, to, 'ended');
  return sortTopologically(
    withExchanges(changes, exchanging),
    edges,
    new Map([...passed.released, ...released]),
  );
}

/** Kinds on a cluster that others live in, are made of or hold on to. */
const LAST_TO_GO: ReadonlySet<string> = new Set([
  'Namespace',
  'CustomResourceDefinition',
  'PersistentVolumeClaim',
]);

/**
 * Lists what has to let go first: what runs, of networks, volumes, settings and names before these are deleted; objects, of a namespace or
 * a kind before that.
 */
function lettingGo(change: Change, changes: readonly Change[]): ResourceId[] {
  if (change.action !== 'delete' || isRunner(change.kind) || change.kind === AUTOSCALER) return [];
  const isLast = LAST_TO_GO.has(change.kind);
  return changes
    .filter(({ action, kind, target }) => {
      if (target !== change.target || action === 'no-op') return false;
      return isRunner(kind) || (isLast && action === 'delete' && !LAST_TO_GO.has(kind));
    })
    .map((other) => other.id);
}

const AUTOSCALER = 'HorizontalPodAutoscaler';

/** Lists workloads that get a number of pods of their own, each with the autoscaler that goes: until then it would set another one. */
function scalingEdges(changes: readonly Change[]): readonly ResourceEdge[] {
  return changes.flatMap(({ action, kind, id, target, before }) => {
    if (action !== 'delete' || kind !== AUTOSCALER) return [];
    const scaled = asFields(asFields(before?.['spec'])?.['scaleTargetRef']);
    const namespace = asFields(before?.['metadata'])?.['namespace'];
    return changes
      .filter((one) => one.target === target && one.action !== 'no-op' && one.kind === scaled?.['kind'])
      .filter(({ after }) => {
        const metadata = asFields(after?.['metadata']);
        return metadata?.['name'] === scaled?.['name'] && metadata?.['namespace'] === namespace;
      })
      .map((one) => ({ from: one.id, to: id }));
  });
}

/**
 * Makes whoever takes over a port wait until its holder has moved. Where that would go round in circles (two services swap their ports), it
 * waits only until the holder's old container has been stopped, and for what the holder itself needs, so that nothing is stopped early.
 */
function addExclusiveEdges(
  edges: Edges,
  exclusiveEdges: readonly ResourceEdge[],
  byId: ReadonlyMap<ResourceId, Change>,
): ExclusiveOrder {
  if (exclusiveEdges.length === 0) return { released: new Map(), exchanging: [] };
  const whole: Edges = new Map([...edges].map(([id, own]) => [id, [...own]]));
  for (const { from, to } of exclusiveEdges) whole.get(from)?.push({ id: to, until: 'healthy' });
  const released = new Map<ResourceId, Dependency[]>();
  const circular = exclusiveEdges.filter(({ from, to }) => reaches(whole, to, from));
  for (const edge of exclusiveEdges) {
    if (!circular.includes(edge)) addEdge(edges, edge.from, edge.to);
  }
  const exchanging = circular.filter(({ to }) => canRelease(byId.get(to)));
  for (const { from, to } of exchanging) {
    released.set(from, [...(released.get(from) ?? []), { id: to, until: 'released' }]);
    for (const { id, until } of edges.get(to) ?? []) addEdge(edges, from, id, until);
  }
  return { released, exchanging };
}

/** Tells whether the old object can go ahead of its change: a container is stopped, a network is taken down, a Service has other ports for a moment. */
function canRelease(change: Change | undefined): boolean {
  if (change === undefined) return false;
  return change.action === 'replace' || change.kind === 'network' || change.action === 'update';
}

interface ExclusiveOrder {
  /** Changes that wait until others have been stopped. */
  readonly released: ReadonlyMap<ResourceId, readonly Dependency[]>;
  /** The same as edges: those that are linked by them exchange what only one can have. */
  readonly exchanging: readonly ResourceEdge[];
}

/** Adds an edge unless it would close a cycle. */
function addEdge(
  edges: Edges,
  from: ResourceId,
  to: ResourceId,
  until: Dependency['until'] = 'healthy',
): void {
  const own = edges.get(from);
  if (own === undefined || own.some((dependency) => dependency.id === to) || reaches(edges, to, from)) return;
  own.push({ id: to, until });
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
  released: ReadonlyMap<ResourceId, readonly Dependency[]>,
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
  // The next one stands at the end.
  ready.sort((a, b) => compareIds(b, a));
  const ordered: Change[] = [];
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    const change = byId.get(id) as Change;
    const dependsOn = [...(edges.get(id) ?? []), ...(released.get(id) ?? [])];
    ordered.push({ ...change, dependsOn: dependsOn.sort((a, b) => compareIds(a.id, b.id)) });
    for (const dependant of dependants.get(id) ?? []) {
      const left = (waiting.get(dependant) ?? 0) - 1;
      waiting.set(dependant, left);
      if (left === 0) ready.splice(placeOf(dependant, ready), 0, dependant);
    }
  }
  if (ordered.length !== changes.length) throw new Error('internal: a plan with a dependency cycle');
  return ordered;
}

/** Finds where an id belongs in a list that descends. */
function placeOf(id: ResourceId, list: readonly ResourceId[]): number {
  let from = 0;
  for (let to = list.length; from < to;) {
    const middle = (from + to) >> 1;
    if (compareIds(list[middle] as ResourceId, id) > 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

function compareIds(a: ResourceId, b: ResourceId): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import { placeOfOrigin } from '../../model/git/source-root.ts';
import type { DesiredResource, Health, ObservedResource, ResourceId } from '../../model/resource.ts';
import type { ObserveScope, Observation } from '../../ports/target.ts';
import { isApiError } from './api/api-error.ts';
import type { Cluster } from './cluster.ts';
import { maskObject } from './compare.ts';
import type { KindInfo } from './api/discovery.ts';
import { pathOf } from './api/discovery.ts';
import { dryRunUpdate, isRefusal, refusedFor, takenPortsIn } from './dry-run.ts';
import { isContentThere } from './fields/kept-digests.ts';
import { sendApply } from './send-apply.ts';
import type { Owned } from './exchange.ts';
import { isInExchange } from './exchange.ts';
import { holdersOfPorts, withPortsGivenUp } from './node-ports.ts';
import { healthOf } from './workloads/health.ts';
import type { LiveObject } from './cache/live-object.ts';
import { fingerprintOf, idOf, ownerOf, placeOf, strip, toWire } from './cache/live-object.ts';
import { createForeignSearch } from './vacancy.ts';
import type { IsScaled } from './autoscalers.ts';
import { createScaledSearch } from './autoscalers.ts';
import { isGuarded, objectSpecOf, qualifiedKind } from '../../model/kubernetes/kubernetes-object.ts';

/** Creations that are tried out beforehand in one go; the others are only checked when they are made. */
const MAX_CREATE_DRY_RUNS = 100;
/** Dry runs for each kind that has little but a quota to be refused by: a few tell as much as all. */
const MAX_CREATE_DRY_RUNS_PER_PLAIN_KIND = 10;
const PLAIN: ReadonlySet<string> = new Set(['ConfigMap', 'Secret']);

/** Everything of a stack on this cluster, with what the server says about the changes that its description asks for. */
export async function observeCluster(
  cluster: Cluster,
  { stack, desired }: ObserveScope,
  signal: AbortSignal,
): Promise<Observation> {
  const namespaces = await openCaches(cluster, desired, signal);
  const found = new Map<ResourceId, ObservedResource>();
  const live = new Map<ResourceId, LiveObject>();
  const described = new Map(desired.map(({ id, target }) => [placeOf(id), { id, target }]));
  const byId = new Map(desired.map((one) => [one.id, one]));
  const owned: Owned[] = [];
  for (const cache of await cluster.owned(signal, namespaces)) {
    for (const object of cache.ofStack(stack)) {
      // A node may have another name by now, or the object none of ours.
      const marked = idOf(object, cluster.name);
      const observed = toObserved(cluster, object, described.get(placeOf(marked.id)) ?? marked);
      found.set(observed.id, observed);
      live.set(observed.id, object);
      owned.push({ kind: cache.kind, object, desired: byId.get(observed.id) });
    }
  }
  // Values are remembered as soon as they are seen.
  cluster.secretsOf(stack);
  const absent = desired.filter(({ id }) => !live.has(id));
  const tried = chooseTried(absent);
  const missing = new Set(absent.filter(({ shared }) => shared !== true).map(({ id }) => id));
  const findForeign = createForeignSearch(cluster, absent, signal);
  const isSameContent = () => isContentThere(desired, ({ id }) => live.get(id));
  const isScaled = createScaledSearch(cluster, { stack, desired }, signal);
  const awaited: string[] = [];
  const held = new Set<ResourceId>();
  const waiting = { stack, awaited, held };
  await cluster.bounded(desired, async (one) => {
    const object = live.get(one.id);
    const observed = object
      ? await project(cluster, one, { object, seen: found.get(one.id), isSameContent, isScaled, signal })
      : await lookAround(cluster, one, { ...waiting, tried: tried.has(one), missing, findForeign, signal });
    if (observed) found.set(one.id, withHolders(cluster, observed, waiting));
  });
  cluster.awaited.replace(stack, awaited);
  const isExchange = held.size > 0 && isInExchange(cluster, stack, owned);
  const seen = [...found.values()].map((one) => (isExchange && held.has(one.id) ? asFree(one) : one));
  const resources = withPortsGivenUp(seen, desired);
  return { resources: [...resources].sort((a, b) => (a.id < b.id ? -1 : 1)), warnings: [] };
}

/** Tells of what another stack has, and will let go of: it is waited for while it is applied. */
function asFree(observed: ObservedResource): ObservedResource {
  const { dryRun } = observed;
  return dryRun === undefined ? observed : { ...observed, dryRun: { ...dryRun, refused: null } };
}

/** Says who has what a resource is refused for. Another stack may give it up, and is listened to for that. */
function withHolders(
  cluster: Cluster,
  observed: ObservedResource,
  { stack, awaited, held }: Waiting,
): ObservedResource {
  const { dryRun } = observed;
  const holders = holdersOfPorts(cluster, observed);
  if (dryRun === undefined || holders.length === 0) return observed;
  for (const { path } of holders) {
    cluster.awaited.add(stack, path);
    awaited.push(path);
  }
  if (holders.some((one) => one.stack !== stack)) held.add(observed.id);
  const told = holders.map((one) => one.told).join(', ');
  const hint = `${told}: let it go there first`;
  return { ...observed, dryRun: { ...dryRun, hint } };
}

function chooseTried(absent: readonly DesiredResource[]): ReadonlySet<DesiredResource> {
  const counts = new Map<string, number>();
  const chosen = absent.filter(({ kind, shared }) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return shared !== true && (!PLAIN.has(kind) || count <= MAX_CREATE_DRY_RUNS_PER_PLAIN_KIND);
  });
  return new Set(chosen.slice(0, MAX_CREATE_DRY_RUNS));
}

/**
 * Kinds that are described are watched even when there is nothing of them yet. Throws when they may not be.
 *
 * @returns the namespaces that the description speaks of
 */
async function openCaches(
  cluster: Cluster,
  desired: readonly DesiredResource[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const own = desired.filter(({ shared }) => shared !== true);
  const places = new Map(
    own.map((one) => {
      const { apiVersion, metadata } = objectSpecOf(one);
      const { namespace } = metadata;
      return [`${apiVersion} ${one.kind} ${namespace ?? ''}`, { one, namespace }];
    }),
  );
  await Promise.all(
    [...places.values()].map(async ({ one, namespace }) => {
      const kind = await cluster.kindOf(one, signal);
      if (kind) await cluster.watchKind(kind, signal, kind.namespaced ? namespace : undefined);
    }),
  );
  return [...new Set(own.flatMap((one) => objectSpecOf(one).metadata.namespace ?? []))];
}

function toObserved(
  cluster: Cluster,
  live: LiveObject,
  { id, target }: Pick<ObservedResource, 'id' | 'target'>,
): ObservedResource {
  const owner = ownerOf(live);
  const { uid, creationTimestamp } = live.metadata;
  return {
    id,
    target,
    kind: qualifiedKind(live),
    name: id.split('/').slice(2).join('/'),
    hash: owner?.hash ?? null,
    revision: owner?.revision ?? null,
    ...placeOfOrigin(owner?.branch ?? null),
    spec: maskObject(strip(live)),
    health: healthOf(live, cluster.clock.now()),
    fingerprint: fingerprintOf(live),
    interrupted: false,
    ...(isGuarded(live) ? { guarded: true } : {}),
    detail: { uid, ...(creationTimestamp === undefined ? {} : { createdAt: creationTimestamp }) },
  };
}

interface Found {
  readonly object: LiveObject;
  readonly seen: ObservedResource | undefined;
  readonly isSameContent: () => boolean;
  readonly isScaled: IsScaled;
  readonly signal: AbortSignal;
}

async function project(
  cluster: Cluster,
  desired: DesiredResource,
  { object, seen, isSameContent, isScaled, signal }: Found,
): Promise<ObservedResource | undefined> {
  const kind = await cluster.kindOf(desired, signal);
  if (!seen || !kind) return seen;
  // It is on its way out; what is described has to be made anew once it is gone.
  if (object.metadata.deletionTimestamp !== undefined) return { ...seen, health: { status: 'missing' } };
  return {
    ...seen,
    dryRun: await dryRunUpdate(cluster, desired, { kind, live: object, isSameContent, isScaled }, signal),
  };
}

interface Waiting {
  readonly stack: string;
  /** Filled with the paths of what others have. */
  readonly awaited: string[];
  /** Filled with what waits for another stack. */
  readonly held: Set<ResourceId>;
}

interface Looking extends Waiting {
  /** True when the creation is to be tried out. */
  readonly tried: boolean;
  /** Resources of the stack that are described and not there (yet). */
  readonly missing: ReadonlySet<ResourceId>;
  readonly findForeign: ReturnType<typeof createForeignSearch>;
  readonly signal: AbortSignal;
}

/** Looks for what stands in the place of something that is not there, and for what the server would say if it were made. */
async function lookAround(
  cluster: Cluster,
  desired: DesiredResource,
  { stack, tried, missing: absent, findForeign, awaited, held, signal }: Looking,
): Promise<ObservedResource | undefined> {
  const kind = await cluster.kindOf(desired, signal);
  if (!kind) {
    // Its definition may be about to be made.
    if (desired.dependsOn.some(({ id }) => id.includes('/CustomResourceDefinition/'))) return undefined;
    return missing(desired, `it knows no ${desired.kind} of ${objectSpecOf(desired).apiVersion}`);
  }
  const { metadata } = objectSpecOf(desired);
  if (desired.shared === true)
    return sharedNamespace(desired, await cluster.namespace(metadata.name, signal));
  if (kind.namespaced && !(await cluster.namespace(metadata.namespace ?? '', signal))) return undefined;
  // It may be set free while we look.
  cluster.awaited.add(stack, pathOf(kind, metadata));
  const foreign = await findForeign(kind, desired);
  // One that was made since we looked, by an apply of the stack that is under way.
  if (foreign?.stack === stack) return undefined;
  if (foreign) {
    awaited.push(pathOf(kind, metadata));
    if (foreign.stack !== null) held.add(desired.id);
    return missing(desired, foreign.told);
  }
  const needs = desired.dependsOn.flatMap(({ id }) => (absent.has(id) ? [id] : []));
  return tried ? tryCreation(cluster, desired, { kind, stack, needs, signal }) : undefined;
}

function sharedNamespace(
  desired: DesiredResource,
  live: LiveObject | 'unknown' | undefined,
): ObservedResource | undefined {
  if (!live) return undefined;
  // Refusals to look are told later by what is made in it.
  const metadata = live === 'unknown' ? { uid: 'unknown' } : live.metadata;
  const { id, target, kind, name, hash } = desired;
  const gone: Health = { status: 'starting', reason: 'the namespace is being deleted' };
  const { uid, deletionTimestamp }: { uid: string; deletionTimestamp?: string } = metadata;
  return {
    id,
    target,
    kind,
    name,
    hash,
    revision: null,
    spec: maskObject(toWire(desired, NAMESPACE, { stack: '', revision: null, branch: null })),
    health: deletionTimestamp === undefined ? { status: 'healthy' } : gone,
    fingerprint: uid,
    interrupted: false,
    shared: true,
    dryRun: { fields: [], immutable: null, conflicts: [], refused: null },
  };
}

const NAMESPACE: KindInfo = {
  apiVersion: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
  managed: true,
};

function missing(
  desired: DesiredResource,
  refused: string,
  takenPorts?: readonly number[],
): ObservedResource {
  const { id, target, kind, name } = desired;
  return {
    id,
    target,
    kind,
    name,
    hash: null,
    revision: null,
    spec: {},
    health: { status: 'missing' },
    fingerprint: `missing: ${refused}`,
    interrupted: false,
    dryRun: refusedFor(refused, takenPorts),
  };
}

interface Trial {
  readonly kind: KindInfo;
  readonly stack: string;
  /** Resources that come before it, and are not there yet: it may be refused for want of them. */
  readonly needs: readonly ResourceId[];
  readonly signal: AbortSignal;
}

/** Tells whether the server speaks of this resource: `serviceaccount "later" not found`. */
function names(message: string, id: ResourceId): boolean {
  const name = id.slice(id.lastIndexOf('/') + 1);
  return message.split(/[^\w.-]+/).includes(name);
}

async function tryCreation(
  cluster: Cluster,
  desired: DesiredResource,
  { kind, stack, needs, signal }: Trial,
): Promise<ObservedResource | undefined> {
  try {
    const wire = toWire(desired, kind, { stack, revision: null, branch: null });
    await sendApply(cluster, kind, wire, { dryRun: true, force: false, signal });
    return undefined;
  } catch (error) {
    if (isRefusal(error) && needs.some((id) => names(error.message, id))) return undefined;
    if (isRefusal(error)) return missing(desired, error.message, takenPortsIn(error));
    // The namespace is on its way out, say: applying will tell.
    if ([403, 404, 409].some((status) => isApiError(error, status))) return undefined;
    throw error;
  }
}

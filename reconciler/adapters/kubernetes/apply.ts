import { ReconcilerError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { isRolled, objectSpecOf, rankOf } from '../../model/kubernetes/kubernetes-object.ts';
import type { DesiredResource, FieldConflict } from '../../model/resource.ts';
import type { ApplyContext, ResourceChange } from '../../ports/target.ts';
import { isApiError } from './api/api-error.ts';
import type { Cluster } from './cluster.ts';
import { readObject } from './cluster.ts';
import type { KindInfo } from './api/discovery.ts';
import { pathOf } from './api/discovery.ts';
import { isConflict, readConflicts } from './dry-run.ts';
import { sendApply } from './send-apply.ts';
import type { LiveObject } from './cache/live-object.ts';
import { MANAGER, ownerOf, strip, toWire } from './cache/live-object.ts';
import { findForeign } from './vacancy.ts';
import { unmarkStopped } from './control.ts';
import { withFixed, withKeptCount } from './fields/fixed-fields.ts';
import { withoutControlled } from './fields/controlled-fields.ts';
import type { Hands } from './fields/field-managers.ts';
import { handsFor } from './fields/field-managers.ts';
import type { FieldOwner } from './fields/ownership.ts';
import type { IsSameContent } from './fields/kept-digests.ts';
import { withKeptDigests } from './fields/kept-digests.ts';
import { handsOn, leftoversOf, othersOn, withMovedFields } from './fields/ownership.ts';
import { awaitName, writeService } from './exchange.ts';
import { giveUpPorts } from './release-ports.ts';
import { isStopped } from './stopped-object.ts';
import { freeStuckPods } from './workloads/stuck-pods.ts';

/** Time for which it is believed that nothing stands in the place of an object. */
const VACANT_MS = 60_000;
/** Time that a deletion may take: finalizers, pods that stop. */
const DELETION_MS = 300_000;
/** Time that a cluster may take to serve a kind that was just defined. */
const DISCOVERY_MS = 10_000;
/** Times that the owners of fields are read again because somebody has written to the object in between. */
const MAX_ATTEMPTS = 5;
const FIRST_PAUSE_MS = 50;
const MAX_POLL_PAUSE_MS = 1_000;

/** Carries out one change. Every step may be repeated: applying twice writes nothing the second time. */
export async function applyChange(
  cluster: Cluster,
  change: ResourceChange,
  context: ApplyContext,
): Promise<void> {
  const { desired } = change;
  const { action, id } = change.change;
  context.signal.throwIfAborted();
  if (action === 'no-op') return;
  if (action === 'delete') {
    const live = await cluster.find(context.stack, id, context.signal);
    if (live) await removeOwned(cluster, live, context);
    return;
  }
  if (desired === null) throw new Error(`internal: ${action} of ${id} without a description`);
  const kind = await awaitKind(cluster, desired, context.signal);
  if (action === 'replace') await takeAway(cluster, desired, context);
  else await remember(cluster, desired, context);
  await giveUpPorts(cluster, change, context);
  const { conflicts = [], fields } = change.change;
  const isSameContent = (key: string) => !fields.some(({ path }) => path.includes(key));
  const keepsCount = !fields.some(({ path }) => path === 'spec.replicas');
  const writeIt = () => write(cluster, desired, { kind, conflicts, isSameContent, keepsCount, context });
  if (desired.kind === 'Service') await writeService(cluster, change, context, writeIt);
  else await writeIt();
  cluster.releasedPorts.delete(id);
}

/** Remembers what the cluster rolls out by itself as it was before, should the new one not become well. */
async function remember(cluster: Cluster, desired: DesiredResource, context: ApplyContext): Promise<void> {
  if (!isRolled(desired.kind) || cluster.replaced.has(desired.id)) return;
  const live = await cluster.find(context.stack, desired.id, context.signal);
  if (live && ownerOf(live)?.hash !== desired.hash) cluster.replaced.set(desired.id, live);
}

/** Ends a replace, or the rollout of an update. To revert means to make the old object again as it was. */
export async function settleChange(
  cluster: Cluster,
  { change, desired }: ResourceChange,
  outcome: 'keep' | 'revert',
  context: ApplyContext,
): Promise<void> {
  if (desired === null) return;
  const old = cluster.replaced.get(desired.id);
  cluster.replaced.delete(desired.id);
  if (outcome === 'keep' || !old) return;
  const kind = await awaitKind(cluster, desired, context.signal);
  const live = await cluster.find(context.stack, desired.id, context.signal);
  if (live && change.action === 'replace') await removeOwned(cluster, live, context);
  const { labels, annotations } = old.metadata;
  const body = strip(old);
  const metadata = {
    ...(body['metadata'] as JsonObject),
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations } : {}),
  };
  const { object } = await sendApply(
    cluster,
    kind,
    { ...body, metadata },
    { dryRun: false, force: true, signal: context.signal },
  );
  cluster.cache(kind).put(object);
  if (desired.kind === 'StatefulSet')
    await freeStuckPods(cluster, object, { path: pathOf(kind, object.metadata), context });
}

/** Has a job run once more: takes it away, and makes it again as it is described. */
export async function runAgain(
  cluster: Cluster,
  desired: DesiredResource,
  live: LiveObject,
  context: ApplyContext,
): Promise<void> {
  const kind = await awaitKind(cluster, desired, context.signal);
  await removeOwned(cluster, live, context);
  const decided = { conflicts: [], isSameContent: () => false, keepsCount: false };
  await write(cluster, desired, { kind, ...decided, context });
}

interface Writing {
  readonly kind: KindInfo;
  readonly conflicts: readonly FieldConflict[];
  /** Decision of the plan. */
  readonly isSameContent: IsSameContent;
  /** Decision of the plan: there stay as many pods as there are where the description says none. */
  readonly keepsCount: boolean;
  readonly context: ApplyContext;
}

interface FieldWriting extends Writing {
  readonly hands: Hands;
}

async function write(cluster: Cluster, desired: DesiredResource, writing: Writing): Promise<void> {
  const { kind, context } = writing;
  const { signal, stack } = context;
  const { metadata } = objectSpecOf(desired);
  const path = pathOf(kind, metadata);
  const own = await cluster.find(stack, desired.id, signal);
  if (own?.metadata.deletionTimestamp !== undefined) await waitUntilGone(cluster, own, { path, context });
  const seen = cluster.vacant.get(path);
  const vacant = seen !== undefined && cluster.clock.elapsed() - seen < VACANT_MS;
  if (!own && !vacant && desired.shared !== true) {
    const foreign = await findForeign(cluster, kind, { desired, signal });
    if (foreign !== null && foreign.stack !== stack) {
      cluster.awaited.add(stack, path);
      if (!(await awaitName(cluster, path, context)))
        throw new ReconcilerError('NAME_TAKEN', `${desired.id}: ${foreign.told}`);
    }
  }
  cluster.vacant.delete(path);
  const described = toWire(desired, kind, context);
  const wire = own ? wireOver(own, described, desired, writing) : described;
  const hands = handsFor(desired);
  if (own && !isStopped(own)) await takeFields(cluster, wire, { ...writing, own, hands, signal });
  const applied = await applyDecided(cluster, wire, { ...writing, hands });
  const object = await unmarkStopped(cluster, kind, applied, signal);
  cluster.wrote(kind, object);
  const isChanged = own !== undefined && own.metadata.generation !== object.metadata.generation;
  if (isChanged && desired.kind === 'StatefulSet') await freeStuckPods(cluster, object, { path, context });
}

/** The description as it is applied over the object that is there. */
function wireOver(
  own: LiveObject,
  described: JsonObject,
  desired: DesiredResource,
  { isSameContent, keepsCount }: Writing,
): JsonObject {
  const wire = withKeptDigests(withFixed(described, own), own, desired, isSameContent);
  return keepsCount ? withKeptCount(wire, own) : wire;
}

/**
 * Makes what people own of the object ours, so that the apply that follows takes away what is not described. Throws, to be planned again, when
 * they own something that the plan does not name.
 */
async function takeFields(
  cluster: Cluster,
  wire: JsonObject,
  {
    kind,
    own,
    conflicts,
    hands,
    signal,
  }: Omit<FieldWriting, 'context'> & { readonly own: LiveObject; readonly signal: AbortSignal },
): Promise<void> {
  if (handsOn(own, hands).length === 0 && conflicts.length === 0) return;
  const path = pathOf(kind, own.metadata);
  const named = new Set(conflicts.map(({ manager }) => manager));
  const decided = new Set(conflicts.map(({ field }) => field));
  for (let attempt = 1; ; attempt += 1) {
    const full = await readObject(cluster, path, signal);
    if (!full) return;
    const people = handsOn(full, hands);
    const owners = [
      ...people,
      ...othersOn(full).filter((one) => named.has(one.manager) && !isOneOf(one, people)),
    ];
    if (owners.length === 0) return;
    const fresh = leftoversOf(owners, wire).filter(({ field }) => !decided.has(field));
    if (fresh.length > 0) throw setSince(fresh);
    const { resourceVersion } = full.metadata;
    const body = { metadata: { resourceVersion, managedFields: withMovedFields(full, owners) } };
    const query = { fieldManager: MANAGER };
    try {
      const contentType = 'application/merge-patch+json';
      await cluster.client.request({ method: 'PATCH', path, query, contentType, body, signal });
      return;
    } catch (error) {
      // Its controller writes to it as well.
      if (!isApiError(error, 409) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

function isOneOf({ entry }: FieldOwner, owners: readonly FieldOwner[]): boolean {
  return owners.some((one) => one.entry === entry);
}

function setSince(fields: readonly { readonly field: string; readonly manager: string }[], cause?: unknown) {
  const list = fields.map(({ field, manager }) => `${field} (${manager})`).join(', ');
  const message = `others have set ${list} since it was planned`;
  return new ReconcilerError('TARGET_ERROR', message, { cause, retryable: true });
}

/** Takes over only what the plan has said; a conflict that has come since is for the next plan. */
async function applyDecided(cluster: Cluster, wire: JsonObject, writing: FieldWriting): Promise<LiveObject> {
  const { kind, conflicts, hands, context } = writing;
  const { signal } = context;
  try {
    return (await sendApply(cluster, kind, wire, { dryRun: false, force: false, signal })).object;
  } catch (error) {
    if (!isConflict(error)) throw error;
    const decided = new Set(conflicts.map(({ field }) => field));
    const fresh = readConflicts(error.causes).filter(({ field }) => !decided.has(field));
    // Since it was planned, an autoscaler may have come to be.
    const ours = withoutControlled(wire, fresh, { hands, scaled: true });
    if (ours !== null) return applyDecided(cluster, ours, writing);
    if (fresh.length > 0) throw setSince(fresh, error);
    return (await sendApply(cluster, kind, wire, { dryRun: false, force: true, signal })).object;
  }
}

async function takeAway(cluster: Cluster, desired: DesiredResource, context: ApplyContext): Promise<void> {
  const live = await cluster.find(context.stack, desired.id, context.signal);
  if (!live || ownerOf(live)?.hash === desired.hash) return;
  // A job that was made again as it was would do its work again.
  if (!cluster.replaced.has(desired.id) && live.kind !== 'Job') cluster.replaced.set(desired.id, live);
  await removeOwned(cluster, live, context);
}

/** Deletes with everything that belongs to it, and waits until it is gone. The uid keeps a newer object of the name safe. */
async function removeOwned(cluster: Cluster, live: LiveObject, context: ApplyContext): Promise<void> {
  const { signal } = context;
  const kind = await cluster.kindOfLive(live, signal);
  if (!kind) return;
  const path = pathOf(kind, live.metadata);
  try {
    await cluster.client.request({
      method: 'DELETE',
      path,
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Foreground',
        preconditions: { uid: live.metadata.uid },
      },
      query: { fieldManager: MANAGER },
      signal,
    });
  } catch (error) {
    // Gone already, or another object by now: neither is ours to delete.
    if (!isApiError(error, 404) && !isApiError(error, 409)) throw error;
  }
  await waitUntilGone(cluster, live, { path, context });
}

async function waitUntilGone(
  cluster: Cluster,
  live: LiveObject,
  { path, context }: { readonly path: string; readonly context: ApplyContext },
): Promise<void> {
  const { clock } = cluster;
  const deadline = clock.elapsed() + DELETION_MS;
  let told = false;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, MAX_POLL_PAUSE_MS)) {
    const now = await readObject(cluster, path, context.signal);
    if (!now || now.metadata.uid !== live.metadata.uid) break;
    const held = now.metadata['finalizers'];
    const why = Array.isArray(held) && held.length > 0 ? ` (finalizers: ${held.join(', ')})` : '';
    if (clock.elapsed() > deadline) {
      const message = `${live.kind} ${live.metadata.name} is still being deleted${why}`;
      throw new ReconcilerError('TARGET_ERROR', message, { retryable: true });
    }
    if (!told && pause === MAX_POLL_PAUSE_MS) {
      told = true;
      context.progress(`waiting until it is gone${why}`);
    }
    await clock.sleep(pause, context.signal);
  }
  const kind = await cluster.kindOfLive(live, context.signal);
  if (kind) cluster.cache(kind).drop(live);
}

/** A kind whose definition was made a moment ago may need a moment. */
async function awaitKind(cluster: Cluster, desired: DesiredResource, signal: AbortSignal): Promise<KindInfo> {
  const { clock } = cluster;
  const deadline = clock.elapsed() + DISCOVERY_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, MAX_POLL_PAUSE_MS)) {
    const kind = await cluster.kindOf(desired, signal);
    if (kind) return kind;
    const hopeless = rankOf(objectSpecOf(desired)) < 2 || desired.dependsOn.length === 0;
    if (hopeless || clock.elapsed() > deadline) {
      const message = `the cluster knows no ${desired.kind} of ${objectSpecOf(desired).apiVersion}`;
      throw new ReconcilerError('TARGET_UNSUPPORTED', message, { retryable: true });
    }
    await clock.sleep(pause, signal);
  }
}

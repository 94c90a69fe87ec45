import { objectSpecOf } from '../../model/kubernetes/kubernetes-object.ts';
import type { DesiredResource } from '../../model/resource.ts';
import { isApiError } from './api/api-error.ts';
import type { Cluster } from './cluster.ts';
import type { KindInfo } from './api/discovery.ts';
import { pathOf } from './api/discovery.ts';
import type { LiveObject } from './cache/live-object.ts';
import { keyOf, ownerOf } from './cache/live-object.ts';
import { listPages } from './api/list-objects.ts';
import { readObject } from './api/read-object.ts';

/** So few are asked for one by one. */
const MAX_SINGLE_REQUESTS = 10;
/** Names of others that may be read for each one that is wanted; beyond that it is cheaper to ask for each. */
const OTHERS_EACH = 10;
/** Names and labels are enough. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v1,application/json';

/** Somebody else's object of a name; never taken over in passing. */
export interface Foreign {
  /** Says to whom it belongs. */
  readonly told: string;
  /** Stack that it belongs to; `null`: none. */
  readonly stack: string | null;
}

/** Looks for somebody else's object of this name. */
export async function findForeign(
  cluster: Cluster,
  kind: KindInfo,
  { desired, signal }: { readonly desired: DesiredResource; readonly signal: AbortSignal },
): Promise<Foreign | null> {
  const { metadata } = objectSpecOf(desired);
  const path = pathOf(kind, metadata);
  return judge(cluster, path, await readObject(cluster, path, signal));
}

function judge(cluster: Cluster, path: string, live: LiveObject | undefined): Foreign | null {
  if (!live) {
    cluster.vacant.set(path, cluster.clock.elapsed());
    return null;
  }
  cluster.vacant.delete(path);
  const owner = ownerOf(live);
  if (!owner) {
    const told = `${keyOf(live.metadata)} is there already and not ours; delete it, or label it as ours (see the documentation on adopting)`;
    return { told, stack: null };
  }
  const { stack } = owner;
  return { told: `${keyOf(live.metadata)} belongs to the stack ${stack}`, stack };
}

/** Creates a `findForeign` for many objects at once: where there are enough of one kind in one place, the place is listed instead. */
export function createForeignSearch(
  cluster: Cluster,
  absent: readonly DesiredResource[],
  signal: AbortSignal,
): (kind: KindInfo, desired: DesiredResource) => Promise<Foreign | null> {
  const wanted = new Map<string, number>();
  for (const one of absent) wanted.set(placeOf(one), (wanted.get(placeOf(one)) ?? 0) + 1);
  const lists = new Map<string, Promise<ReadonlyMap<string, LiveObject> | null>>();
  return async (kind, desired) => {
    const place = placeOf(desired);
    const count = wanted.get(place) ?? 0;
    if (count <= MAX_SINGLE_REQUESTS) return findForeign(cluster, kind, { desired, signal });
    const { metadata } = objectSpecOf(desired);
    const listing = lists.get(place) ?? listPlace(cluster, kind, { ...metadata, count, signal });
    lists.set(place, listing);
    const found = await listing;
    if (found === null) return findForeign(cluster, kind, { desired, signal });
    return judge(cluster, pathOf(kind, metadata), found.get(metadata.name));
  };
}

function placeOf(desired: DesiredResource): string {
  const { apiVersion, metadata } = objectSpecOf(desired);
  return `${apiVersion} ${desired.kind} ${metadata.namespace ?? ''}`;
}

interface Listing {
  readonly namespace?: string;
  readonly count: number;
  readonly signal: AbortSignal;
}

/** Lists what is there, by name; `null` when it may not be listed, or is too much to go through. */
async function listPlace(
  { client }: Cluster,
  kind: KindInfo,
  { count, ...listed }: Listing,
): Promise<ReadonlyMap<string, LiveObject> | null> {
  const found = new Map<string, LiveObject>();
  try {
    for await (const page of listPages(client, kind, { ...listed, accept: METADATA_ONLY })) {
      if (found.size > count * OTHERS_EACH) return null;
      for (const object of page) found.set(object.metadata.name, object);
    }
    return found;
  } catch (error) {
    // Not allowed, or the list has changed too much since its first page.
    if (isApiError(error, 403) || isApiError(error, 410)) return null;
    throw error;
  }
}

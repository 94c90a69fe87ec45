import { asFields } from '../../base/values.ts';
import { groupOf, isObjectSpec } from '../../model/kubernetes/kubernetes-object.ts';
import type { ObserveScope } from '../../ports/target.ts';
import { isApiError } from './api/api-error.ts';
import type { KindInfo } from './api/discovery.ts';
import { listPages } from './api/list-objects.ts';
import type { LiveObject } from './cache/live-object.ts';
import { ownerOf } from './cache/live-object.ts';
import type { Cluster } from './cluster.ts';

const AUTOSCALER = 'HorizontalPodAutoscaler';
/** Versions in which clusters serve them, the newest first. */
const VERSIONS: readonly string[] = ['autoscaling/v2', 'autoscaling/v1'];

/** Tells whether an autoscaler says how many pods an object has: one that is described, or somebody else's. */
export type IsScaled = (live: LiveObject) => Promise<boolean>;

/**
 * Creates an `IsScaled` for one look at a stack. An autoscaler of the stack that is not described any more says nothing: it goes with the same
 * plan. Where autoscalers may not be listed, there may be one. Each namespace is listed once, when it is asked about.
 */
export function createScaledSearch(
  cluster: Cluster,
  { stack, desired }: Pick<ObserveScope, 'stack' | 'desired'>,
  signal: AbortSignal,
): IsScaled {
  const described = desired.flatMap(({ kind, spec }) =>
    kind === AUTOSCALER && isObjectSpec(spec) ? [spec] : [],
  );
  const lists = new Map<string, Promise<readonly LiveObject[] | null>>();
  return async (live) => {
    const { namespace = '' } = live.metadata;
    const own = described.filter(({ metadata }) => (metadata.namespace ?? '') === namespace);
    if (own.some(({ spec }) => isAbout(spec, live))) return true;
    const listing = lists.get(namespace) ?? listOthers(cluster, { stack, namespace, signal });
    lists.set(namespace, listing);
    const others = await listing;
    return others === null || others.some(({ spec }) => isAbout(spec, live));
  };
}

/** Tells whether the spec of an autoscaler names an object. The version of its kind may be another one. */
function isAbout(spec: unknown, { apiVersion, kind, metadata }: LiveObject): boolean {
  const target = asFields(asFields(spec)?.['scaleTargetRef']);
  const group = groupOf(typeof target?.['apiVersion'] === 'string' ? target['apiVersion'] : '');
  return target?.['kind'] === kind && target['name'] === metadata.name && group === groupOf(apiVersion);
}

interface Place {
  readonly stack: string;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/** Lists the autoscalers of a namespace that are not the stack's; `null` where they may not be listed. */
async function listOthers(cluster: Cluster, place: Place): Promise<readonly LiveObject[] | null> {
  const { stack, namespace, signal } = place;
  const kind = await findKind(cluster, signal);
  if (kind === undefined) return [];
  const found: LiveObject[] = [];
  try {
    for await (const page of listPages(cluster.client, kind, { namespace, signal })) {
      const stay = page.filter(
        (one) => one.metadata.deletionTimestamp === undefined && ownerOf(one)?.stack !== stack,
      );
      found.push(...stay);
    }
    return found;
  } catch (error) {
    // Not allowed, or too much has changed since the first page.
    if (isApiError(error, 403) || isApiError(error, 410)) return null;
    throw error;
  }
}

async function findKind(cluster: Cluster, signal: AbortSignal): Promise<KindInfo | undefined> {
  for (const apiVersion of VERSIONS) {
    const found = await cluster.kindNamed(apiVersion, AUTOSCALER, signal);
    if (found) return found;
  }
  return undefined;
}

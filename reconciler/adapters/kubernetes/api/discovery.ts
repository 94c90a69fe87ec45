import { groupOf } from '../../../model/kubernetes/kubernetes-object.ts';
import { asFields, asList, asString } from '../../../base/values.ts';
import { createWorkers } from '../workloads/workers.ts';
import { isApiError } from './api-error.ts';
import type { ApiClient } from './client.ts';

/** A kind as a cluster serves it. */
export interface KindInfo {
  readonly apiVersion: string;
  readonly kind: string;
  /** `deployments` */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Can be listed, watched, changed and deleted. */
  readonly managed: boolean;
}

/** The kinds that a cluster knows. */
export interface Discovery {
  /** `undefined`: the cluster has no such kind. Looks again once in a while when it had none. */
  find(apiVersion: string, kind: string, signal: AbortSignal): Promise<KindInfo | undefined>;
  /** Asks again when one of its kinds is wanted. */
  forget(apiVersion: string): void;
  /** Every kind that can be managed, in the version the cluster prefers. */
  all(signal: AbortSignal): Promise<readonly KindInfo[]>;
}

/** More than any cluster has, with all that can be added to one. */
const MAX_VERSIONS = 1_000;
const MAX_KINDS = 5_000;
const PARALLEL_READS = 12;

function tooMany(what: string, max: number): Error {
  return new Error(`it says that it knows more than ${max} ${what}`);
}

export function createDiscovery(client: ApiClient): Discovery {
  const known = new Map<string, readonly KindInfo[]>();
  const workers = createWorkers(PARALLEL_READS);
  async function read(apiVersion: string, signal: AbortSignal): Promise<readonly KindInfo[]> {
    const kinds = await readKinds(client, apiVersion, signal);
    known.set(apiVersion, kinds);
    return kinds;
  }
  return {
    async find(apiVersion, kind, signal) {
      const found = known.get(apiVersion)?.find((one) => one.kind === kind);
      return found ?? (await read(apiVersion, signal)).find((one) => one.kind === kind);
    },
    forget: (apiVersion) => void known.delete(apiVersion),
    async all(signal) {
      const versions = ['v1', ...new Set(await preferredVersions(client, signal))];
      if (versions.length > MAX_VERSIONS) throw tooMany('groups', MAX_VERSIONS);
      known.clear();
      const lists = await workers(versions, (version) => read(version, signal));
      const kinds = lists.flat().filter(({ managed }) => managed);
      if (kinds.length > MAX_KINDS) throw tooMany('kinds', MAX_KINDS);
      return kinds;
    },
  };
}

async function preferredVersions(client: ApiClient, signal: AbortSignal): Promise<readonly string[]> {
  const { body } = await client.request({ method: 'GET', path: '/apis', signal });
  return (asList(asFields(body)?.['groups']) ?? []).flatMap(
    (group) => asString(asFields(asFields(group)?.['preferredVersion'])?.['groupVersion']) ?? [],
  );
}

async function readKinds(
  client: ApiClient,
  apiVersion: string,
  signal: AbortSignal,
): Promise<readonly KindInfo[]> {
  const path = groupOf(apiVersion) === '' ? `/api/${apiVersion}` : `/apis/${apiVersion}`;
  try {
    const { body } = await client.request({ method: 'GET', path, signal });
    return (asList(asFields(body)?.['resources']) ?? []).flatMap((item) => {
      const fields = asFields(item) ?? {};
      const plural = asString(fields['name']) ?? '';
      const verbs = asList(fields['verbs']) ?? [];
      if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(plural)) return [];
      const managed = ['list', 'watch', 'patch', 'delete'].every((verb) => verbs.includes(verb));
      const kind = asString(fields['kind']) ?? '';
      return [{ apiVersion, kind, plural, namespaced: fields['namespaced'] === true, managed }];
    });
  } catch (error) {
    // No such group, or its own server is away: then it has no kinds for us.
    if (isApiError(error, 404) || isApiError(error, 503)) return [];
    throw error;
  }
}

/** `/apis/apps/v1/namespaces/shop/deployments/web` */
export function pathOf(
  kind: KindInfo,
  place: { readonly namespace?: string; readonly name?: string } = {},
): string {
  const root = groupOf(kind.apiVersion) === '' ? `/api/${kind.apiVersion}` : `/apis/${kind.apiVersion}`;
  const namespace =
    kind.namespaced && place.namespace !== undefined
      ? `/namespaces/${encodeURIComponent(place.namespace)}`
      : '';
  const name = place.name === undefined ? '' : `/${encodeURIComponent(place.name)}`;
  return `${root}${namespace}/${kind.plural}${name}`;
}

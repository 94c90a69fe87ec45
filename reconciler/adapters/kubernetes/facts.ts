import type { TargetFacts } from '../../ports/target-capabilities.ts';
import type { OwnedStack } from '../../ports/target.ts';
import { asFields, asList, asString, own } from '../../base/values.ts';
import type { Fields } from '../../base/values.ts';
import { isApiError } from './api/api-error.ts';
import type { Cluster } from './cluster.ts';
import { ownerOf } from './cache/live-object.ts';
import { amountOf } from '../../pods/quantity.ts';

/** Every stack with objects here. */
export async function readOwned(cluster: Cluster, signal: AbortSignal): Promise<readonly OwnedStack[]> {
  const stacks = new Map<string, { revisions: Set<string>; branches: Set<string>; resources: number }>();
  // A kind may be watched in two versions.
  const counted = new Set<string>();
  for (const cache of await cluster.owned(signal)) {
    for (const object of cache.all()) {
      const owner = ownerOf(object);
      if (!owner || counted.has(object.metadata.uid)) continue;
      counted.add(object.metadata.uid);
      const entry = stacks.get(owner.stack) ?? { revisions: new Set(), branches: new Set(), resources: 0 };
      stacks.set(owner.stack, entry);
      if (owner.revision !== null) entry.revisions.add(owner.revision);
      if (owner.branch !== null) entry.branches.add(owner.branch);
      entry.resources++;
    }
  }
  return [...stacks]
    .map(([stack, { revisions, branches, resources }]) => ({
      stack,
      revisions: [...revisions].sort(),
      branches: [...branches].sort(),
      resources,
    }))
    .sort((a, b) => (a.stack < b.stack ? -1 : 1));
}

/** Version, nodes, capacity, namespaces and storage classes. What we may not read is left out. */
export async function readFacts(cluster: Cluster, signal: AbortSignal): Promise<TargetFacts> {
  const { client } = cluster;
  const version = asFields((await client.request({ method: 'GET', path: '/version', signal })).body) ?? {};
  const [nodes, namespaces, classes] = await Promise.all(
    ['/api/v1/nodes', '/api/v1/namespaces', '/apis/storage.k8s.io/v1/storageclasses'].map((path) =>
      readList(cluster, path, signal),
    ),
  );
  const capacity = (key: string): number =>
    (nodes ?? []).reduce((sum, node) => {
      const given = own(asFields(asFields(node['status'])?.['capacity']), key);
      return sum + amountOf(asString(given) ?? '0');
    }, 0);
  const [os = 'linux', arch = ''] = (asString(version['platform']) ?? '').split('/');
  const gitVersion = asString(version['gitVersion']) ?? '';
  return {
    hostname: client.address,
    os,
    arch,
    engineVersion: gitVersion,
    apiVersion: `${asString(version['major']) ?? ''}.${asString(version['minor']) ?? ''}`,
    cpuCores: capacity('cpu'),
    memoryBytes: capacity('memory'),
    diskBytes: null,
    cluster: { nodes: namesOf(nodes), namespaces: namesOf(namespaces), storageClasses: namesOf(classes) },
  };
}

async function readList(
  { client }: Cluster,
  path: string,
  signal: AbortSignal,
): Promise<readonly Fields[] | undefined> {
  try {
    const { body } = await client.request({ method: 'GET', path, signal });
    return (asList(asFields(body)?.['items']) ?? []).map((item) => asFields(item) ?? {});
  } catch (error) {
    if (isApiError(error, 403) || isApiError(error, 404)) return undefined;
    throw error;
  }
}

function namesOf(list: readonly Fields[] | undefined): readonly string[] {
  return (list ?? []).map((item) => asString(asFields(item['metadata'])?.['name']) ?? '').sort();
}

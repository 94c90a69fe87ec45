import { errorMessage } from '../../base/errors.ts';
import { asFields, asList, asNumber, asString, own } from '../../base/values.ts';
import type { Fields } from '../../base/values.ts';
import { amountOf } from '../../pods/quantity.ts';
import type { PartHealth, TargetMeasures } from '../../ports/inventory/measures.ts';
import { isApiError } from './api/api-error.ts';
import type { Cluster } from './cluster.ts';

/** Largest lists that are read; of more, the first are counted. */
const MAX_LISTED = 5_000;

/** Asks a cluster how loaded it is: six requests and a page of claims. What may not be asked is left out. */
export async function measureCluster(cluster: Cluster, signal: AbortSignal): Promise<TargetMeasures> {
  const read = (path: string, query?: Readonly<Record<string, string | number>>) =>
    readAllowed(cluster, { path, ...(query === undefined ? {} : { query }) }, signal);
  const [nodes, usage, pods, claims, health] = await Promise.all([
    read('/api/v1/nodes', { limit: MAX_LISTED }),
    read('/apis/metrics.k8s.io/v1beta1/nodes'),
    read('/api/v1/pods', { limit: 1 }),
    read('/api/v1/persistentvolumeclaims', { limit: MAX_LISTED }),
    readHealth(cluster, signal),
  ]);
  const listed = itemsOf(nodes);
  const capacity = (name: string) => sum(listed, 'capacity', name);
  const used = (name: string) =>
    usage === null ? capacity(name) - sum(listed, 'allocatable', name) : usageOf(usage, name);
  const asked = itemsOf(claims).map((claim) =>
    amountAt(asFields(asFields(asFields(claim['spec'])?.['resources'])?.['requests']), 'storage'),
  );
  return {
    health,
    cpu: { used: Math.round(used('cpu') * 1_000), capacity: Math.round(capacity('cpu') * 1_000) },
    memory: { used: Math.round(used('memory')), capacity: Math.round(capacity('memory')) },
    storage: {
      used: Math.round(asked.reduce((total, one) => total + one, 0)),
      capacity: Math.round(capacity('ephemeral-storage')),
    },
    nodes: listed.length,
    pods: countOf(pods),
    isMeasured: usage !== null,
  };
}

/** An answer; `null` where it may not be asked for, or there is no such thing. */
async function readAllowed(
  { client }: Cluster,
  request: { readonly path: string; readonly query?: Readonly<Record<string, string | number>> },
  signal: AbortSignal,
): Promise<Fields | null> {
  try {
    const { body } = await client.request({ ...request, method: 'GET', signal });
    return asFields(body) ?? null;
  } catch (error) {
    if ([401, 403, 404, 405, 503].some((status) => isApiError(error, status))) return null;
    throw error;
  }
}

function itemsOf(list: Fields | null): readonly Fields[] {
  return (asList(list?.['items']) ?? []).map((item) => asFields(item) ?? {});
}

/** The server says how many it has not sent. */
function countOf(page: Fields | null): number {
  const left = asNumber(asFields(page?.['metadata'])?.['remainingItemCount']) ?? 0;
  return itemsOf(page).length + left;
}

function sum(nodes: readonly Fields[], side: 'capacity' | 'allocatable', name: string): number {
  return nodes.reduce((total, node) => total + amountAt(asFields(asFields(node['status'])?.[side]), name), 0);
}

function usageOf(usage: Fields, name: string): number {
  return itemsOf(usage).reduce((total, one) => total + amountAt(asFields(one['usage']), name), 0);
}

function amountAt(fields: Fields | undefined, name: string): number {
  const value = fields === undefined ? undefined : own(fields, name);
  return amountOf(asString(value) ?? asNumber(value)?.toString() ?? '0');
}

const PARTS = [
  ['Scheduler', 'scheduler'],
  ['Controller', 'controller-manager'],
] as const;

/** The server tells of itself and its database; of the others it passes on what they say, where it still does. */
async function readHealth(cluster: Cluster, signal: AbortSignal): Promise<readonly PartHealth[]> {
  const [server, database, others] = await Promise.all([
    probe(cluster, 'API Server', '/readyz', signal),
    probe(cluster, 'etcd', '/readyz/etcd', signal),
    readAllowed(cluster, { path: '/api/v1/componentstatuses' }, signal),
  ]);
  const told = new Map(itemsOf(others).map((one) => [asString(asFields(one['metadata'])?.['name']), one]));
  const parts = PARTS.map(([name, id]): PartHealth => {
    const conditions = (asList(told.get(id)?.['conditions']) ?? []).map(asFields);
    const found = conditions.find((one) => one?.['type'] === 'Healthy');
    const status =
      found?.['status'] === 'True' ? 'healthy' : found?.['status'] === 'False' ? 'unhealthy' : 'unknown';
    return { name, status, message: status === 'unhealthy' ? (asString(found?.['message']) ?? null) : null };
  });
  return [server, ...parts, database];
}

async function probe(
  { client }: Cluster,
  name: string,
  path: string,
  signal: AbortSignal,
): Promise<PartHealth> {
  try {
    for await (const line of await client.lines({ path, signal }))
      return line.trim() === 'ok'
        ? { name, status: 'healthy', message: null }
        : { name, status: 'unknown', message: null };
    return { name, status: 'unknown', message: null };
  } catch (error) {
    if (!isApiError(error)) throw error;
    const isRefused = [401, 403, 404].some((status) => isApiError(error, status));
    return { name, status: isRefused ? 'unknown' : 'unhealthy', message: errorMessage(error).slice(0, 500) };
  }
}

import { ReconcilerError } from '../../../base/errors.ts';
import { asFields, asList, asString } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';
import type { RunningPlace } from '../../../ports/target-capabilities.ts';
import { pathOf } from '../api/discovery.ts';
import { readObject } from '../api/read-object.ts';
import type { Cluster } from '../cluster.ts';

const PODS = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true, managed: true };

/** Asks for a pod by its name; `undefined` when it is not there. */
export async function findPod(
  { client }: Pick<Cluster, 'client'>,
  { namespace, name }: RunningPlace,
  signal: AbortSignal,
): Promise<Fields | undefined> {
  return readObject({ client }, pathOf(PODS, { namespace: namespace ?? '', name }), signal);
}

/** Throws TARGET_ERROR where there is no such pod. */
export async function readPod(
  cluster: Pick<Cluster, 'client'>,
  place: RunningPlace,
  signal: AbortSignal,
): Promise<Fields> {
  const pod = await findPod(cluster, place, signal);
  if (pod !== undefined) return pod;
  throw new ReconcilerError('TARGET_ERROR', `there is no pod ${place.namespace}/${place.name}`, {
    retryable: true,
  });
}

/** Names of the containers of a pod, in their order. */
export function containersOf(pod: Fields): readonly string[] {
  return (asList(asFields(pod['spec'])?.['containers']) ?? []).flatMap(
    (container) => asString(asFields(container)?.['name']) ?? [],
  );
}

/** Throws BAD_OPTIONS for a container that a pod has not. */
export function assertContainer(pod: Fields, wanted: string): void {
  const known = containersOf(pod);
  if (known.includes(wanted)) return;
  const name = nameOf(pod);
  throw new ReconcilerError(
    'BAD_OPTIONS',
    `the pod ${name} has no container ${wanted}; it has: ${known.join(', ')}`,
  );
}

/** A container of a pod that runs: the one that is wanted, else the first of its description. */
export function runningContainer(pod: Fields, wanted: string | undefined): string | undefined {
  const statuses = (asList(asFields(pod['status'])?.['containerStatuses']) ?? []).map(
    (item) => asFields(item) ?? {},
  );
  const runs = (name: string) =>
    statuses.some((one) => one['name'] === name && asFields(one['state'])?.['running'] !== undefined);
  return (wanted === undefined ? containersOf(pod) : [wanted]).find(runs);
}

export function nameOf(pod: Fields): string {
  return asString(asFields(pod['metadata'])?.['name']) ?? '';
}

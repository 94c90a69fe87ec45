import { asFields, asList, asString } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';
import { isApiError } from '../api/api-error.ts';
import type { Cluster } from '../cluster.ts';

/** Time that a node may take over volumes and the network of a pod before it is asked what holds it up, in milliseconds. */
const QUIET_MS = 15_000;

/**
 * Returns the newest complaint about a pod whose containers a node has not made yet, `pod web-1: FailedMount: …`: the pod itself does not tell of
 * it. `null`: there is none, or the account may not read events.
 *
 * @param now milliseconds since the epoch
 */
export async function whyNotBegun(
  { client }: Cluster,
  pods: readonly Fields[],
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<string | null> {
  const pod = pods.find((one) => isHeldUp(one, now));
  const { name, namespace, uid } = asFields(pod?.['metadata']) ?? {};
  if (typeof uid !== 'string' || typeof namespace !== 'string') return null;
  const path = `/api/v1/namespaces/${namespace}/events`;
  const query = { fieldSelector: `involvedObject.uid=${uid},type=Warning` };
  try {
    const { body } = await client.request({ method: 'GET', path, query, signal });
    const told = (asList(asFields(body)?.['items']) ?? [])
      .map((item) => asFields(item) ?? {})
      .filter((event) => asFields(event['involvedObject'])?.['uid'] === uid && event['type'] === 'Warning')
      .sort((a, b) => timeOf(b).localeCompare(timeOf(a)));
    const [newest] = told;
    if (newest === undefined) return null;
    return `pod ${asString(name) ?? ''}: ${asString(newest['reason']) ?? ''}: ${asString(newest['message']) ?? ''}`;
  } catch (error) {
    if (!isApiError(error)) throw error;
    return null;
  }
}

function isHeldUp({ status }: Fields, now: number): boolean {
  const { startTime, phase, initContainerStatuses, containerStatuses } = asFields(status) ?? {};
  if (phase !== 'Pending' || !(now - Date.parse(asString(startTime) ?? '') > QUIET_MS)) return false;
  const containers = [...(asList(initContainerStatuses) ?? []), ...(asList(containerStatuses) ?? [])];
  return containers.every((one) => asFields(asFields(asFields(one)?.['state'])?.['waiting']) !== undefined);
}

function timeOf({ lastTimestamp, eventTime, metadata }: Fields): string {
  return (
    asString(lastTimestamp) ??
    asString(eventTime) ??
    asString(asFields(metadata)?.['creationTimestamp']) ??
    ''
  );
}

import type { ObservedInstance } from '../../../ports/instance-backend.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString } from '../../../base/values.ts';
import type { LiveObject } from '../cache/live-object.ts';

/** Reads what is seen of a pod. */
export function observePod(pod: LiveObject): ObservedInstance {
  const status = asFields(pod['status']) ?? {};
  const reason = asString(status['reason']) ?? asString(status['message']) ?? null;
  switch (asString(status['phase'])) {
    case 'Running':
      return { phase: 'running', reason: null };
    case 'Succeeded':
      return { phase: 'succeeded', reason };
    case 'Failed':
      return { phase: 'failed', reason: reason ?? 'a container has failed' };
    default:
      return { phase: 'pending', reason: waitingReason(status) ?? reason };
  }
}

/** Says what a container of a pod waits for beyond what every new one does: `app: ImagePullBackOff: …`. */
function waitingReason(status: Fields): string | null {
  for (const item of [
    ...(asList(status['initContainerStatuses']) ?? []),
    ...(asList(status['containerStatuses']) ?? []),
  ]) {
    const container = asFields(item) ?? {};
    const waiting = asFields(asFields(container['state'])?.['waiting']) ?? {};
    const reason = asString(waiting['reason']);
    if (reason === undefined || USUAL.has(reason)) continue;
    const message = asString(waiting['message']);
    return [
      asString(container['name']) ?? 'a container',
      reason,
      ...(message === undefined ? [] : [message]),
    ].join(': ');
  }
  return null;
}

/** Reasons that every pod waits for at its beginning. */
const USUAL: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing']);

/** Tells whether the scheduler has said that no node takes it. */
export function isUnschedulable(pod: LiveObject): boolean {
  const conditions = asList(asFields(pod['status'])?.['conditions']) ?? [];
  return conditions.some((item) => {
    const condition = asFields(item) ?? {};
    return (
      condition['type'] === 'PodScheduled' &&
      condition['status'] === 'False' &&
      condition['reason'] === 'Unschedulable'
    );
  });
}

export function nodeOf(pod: LiveObject): string | null {
  return asString(asFields(pod['spec'])?.['nodeName']) || null;
}

/** Returns the address at which a node is reached from outside; `null` where it does not say. */
export function externalIpOf(node: LiveObject | undefined): string | null {
  const addresses = asList(asFields(node?.['status'])?.['addresses']) ?? [];
  for (const item of addresses) {
    const address = asFields(item) ?? {};
    if (address['type'] === 'ExternalIP') return asString(address['address']) ?? null;
  }
  return null;
}

import type { Health } from '../../../model/resource.ts';
import { asFields, asList, asNumber, asString } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';

/** Reason why a pod does not come up. */
export interface PodTrouble {
  readonly reason: string;
  /** Trying on will not help unless somebody does something. */
  readonly final: boolean;
  /** The container that crashes: its last lines tell why. */
  readonly crashed?: string;
}

/** A container may fall over once while what it needs is still starting. */
const CRASHES_TO_FAIL = 2;
/** A scheduler may find room for a pod that it had none for a moment ago, in milliseconds. */
const UNSCHEDULABLE_MS = 10_000;

const FINAL_WAITS = new Set([
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** @param now milliseconds since the epoch */
export function troubleOf(pod: Fields, now: number): PodTrouble | null {
  const status = asFields(pod['status']) ?? {};
  const name = asString(asFields(pod['metadata'])?.['name']) ?? '';
  const unplaced = (asList(status['conditions']) ?? [])
    .map(asFields)
    .find((one) => one?.['type'] === 'PodScheduled' && one['status'] === 'False');
  if (unplaced?.['reason'] === 'Unschedulable') {
    const since = Date.parse(asString(unplaced['lastTransitionTime']) ?? '');
    const message = asString(unplaced['message']) ?? 'no node has room for it';
    return { reason: `pod ${name} cannot be scheduled: ${message}`, final: now - since > UNSCHEDULABLE_MS };
  }
  const containers = [
    ...(asList(status['initContainerStatuses']) ?? []),
    ...(asList(status['containerStatuses']) ?? []),
  ];
  for (const container of containers) {
    const trouble = containerTrouble(name, asFields(container) ?? {});
    if (trouble) return trouble;
  }
  return null;
}

function containerTrouble(pod: string, container: Fields): PodTrouble | null {
  const waiting = asFields(asFields(container['state'])?.['waiting']);
  const reason = asString(waiting?.['reason']) ?? '';
  const name = asString(container['name']) ?? '';
  const where = `container ${name} of pod ${pod}`;
  const restarts = asNumber(container['restartCount']) ?? 0;
  if (reason === 'CrashLoopBackOff') {
    const last = asFields(asFields(container['lastState'])?.['terminated']);
    const code = asNumber(last?.['exitCode']);
    const how = code === undefined ? 'crashes' : `exited with ${code}`;
    const why = last?.['reason'] === 'OOMKilled' ? ' (out of memory)' : '';
    return {
      reason: `${where} ${how}${why}, ${restarts} restarts`,
      final: restarts >= CRASHES_TO_FAIL,
      crashed: name,
    };
  }
  if (reason === '' || reason === 'ContainerCreating' || reason === 'PodInitializing') return null;
  const message = asString(waiting?.['message']);
  return {
    reason: `${where}: ${reason}${message === undefined ? '' : `: ${message}`}`,
    final: FINAL_WAITS.has(reason),
  };
}

/** The workload's health with what its pods say about it. */
export function withTrouble(health: Health, trouble: PodTrouble | null, lines: readonly string[]): Health {
  if (!trouble) return health;
  const log = lines.length === 0 ? '' : `; it wrote: ${lines.join(' | ')}`;
  const reason = `${trouble.reason}${log}`;
  if (health.status === 'failed') return { status: 'failed', reason: `${health.reason}: ${reason}` };
  return { status: trouble.final ? 'failed' : 'starting', reason };
}

import { asFields } from '../base/values.ts';
import { recordsOf } from './check-pod.ts';
import type { InstanceDesign } from './instance.ts';
import type { Quantity } from './quantity.ts';
import { byteQuantity, formatQuantity, milliQuantity } from './quantity.ts';
import { invalidPodSpec, saturated } from './refusals.ts';
import { limitOf } from './sanitize-pod.ts';

export interface ResourceBounds {
  readonly cpu?: Quantity;
  readonly memory?: Quantity;
}

/** Bounds on what one container may have, as a LimitRange says it. */
export interface LimitRange {
  readonly min?: ResourceBounds;
  readonly max?: ResourceBounds;
}

/** Bounds on what all instances together may have, as a ResourceQuota says it. */
export interface ResourceQuota {
  readonly cpuMilli?: number;
  readonly memoryBytes?: number;
  readonly pods?: number;
}

export interface Usage {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly pods: number;
}

/** Throws INVALID_POD_SPEC in the words of Kubernetes. */
export function checkLimitRange(range: LimitRange, { pod }: InstanceDesign, podName: string): void {
  const spec = asFields(pod['spec']) ?? {};
  const found = [...recordsOf(spec['initContainers']), ...recordsOf(spec['containers'])].flatMap(
    (container) =>
      (['cpu', 'memory'] as const).flatMap((kind) => violationsOf(range, kind, limitOf(container, kind))),
  );
  if (found.length === 0) return;
  const reasons = [...new Set(found)];
  const text = reasons.length === 1 ? reasons[0] : `[${reasons.join(', ')}]`;
  throw invalidPodSpec(`pods "${podName}" is forbidden: ${text}`);
}

function violationsOf(range: LimitRange, kind: 'cpu' | 'memory', amount: Quantity | null): string[] {
  const { min, max } = { min: range.min?.[kind], max: range.max?.[kind] };
  if (amount === null) return [];
  const found: string[] = [];
  if (min !== undefined && amount.nano < min.nano)
    found.push(
      `minimum ${kind} usage per Container is ${formatQuantity(min)}, but request is ${formatQuantity(amount)}`,
    );
  if (max !== undefined && amount.nano > max.nano)
    found.push(
      `maximum ${kind} usage per Container is ${formatQuantity(max)}, but limit is ${formatQuantity(amount)}`,
    );
  return found;
}

export interface QuotaCheck {
  readonly quota: ResourceQuota;
  readonly used: Usage;
  /** Name of the quota, for the message. */
  readonly name: string;
}

/** Throws CLUSTER_SATURATED in the words of Kubernetes. */
export function checkQuota({ quota, used, name }: QuotaCheck, design: InstanceDesign, podName: string): void {
  const bounds = [
    bound('limits.cpu', [design.cpuMilli, used.cpuMilli, quota.cpuMilli], milliQuantity),
    bound('limits.memory', [design.memoryBytes, used.memoryBytes, quota.memoryBytes], byteQuantity),
    bound('pods', [1, used.pods, quota.pods], (count) => milliQuantity(count * 1_000)),
  ].filter((one) => one !== null);
  if (bounds.length === 0) return;
  const say = (side: 'requested' | 'used' | 'limited') =>
    `${side}: ${bounds.map((one) => `${one.kind}=${one[side]}`).join(',')}`;
  throw saturated(
    `pods "${podName}" is forbidden: exceeded quota: ${name}, ${say('requested')}, ${say('used')}, ${say('limited')}`,
  );
}

function bound(
  kind: string,
  [requested, used, limited]: readonly [number, number, number | undefined],
  toQuantity: (amount: number) => Quantity,
): { kind: string; requested: string; used: string; limited: string } | null {
  if (limited === undefined || used + requested <= limited) return null;
  const say = (amount: number) => formatQuantity(toQuantity(amount));
  return { kind, requested: say(requested), used: say(used), limited: say(limited) };
}

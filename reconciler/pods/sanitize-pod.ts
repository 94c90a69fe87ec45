import type { Json, JsonObject } from '../base/json.ts';
import type { Fields } from '../base/values.ts';
import { asFields, asString, own } from '../base/values.ts';
import { isProblem } from '../base/problem.ts';
import { recordsOf } from './check-pod.ts';
import type { Quantity } from './quantity.ts';
import { formatQuantity, maxQuantity, parseQuantity, toMilli, toUnits } from './quantity.ts';

export interface SanitizedPod {
  readonly pod: JsonObject;
  /** Greater of all containers together and the largest init container. */
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

const SECCOMP: JsonObject = { seccompProfile: { type: 'RuntimeDefault' } };
const RESOURCE_KINDS = ['cpu', 'memory'] as const;

/** The Pod with what is forced on every one; `checkPod` has passed it. */
export function sanitizePod(given: JsonObject): SanitizedPod {
  const spec = objectOf(given['spec']);
  const containers = recordsOf(spec['containers']).map(sanitizeContainer);
  const most = largest(containers);
  const initContainers = recordsOf(spec['initContainers']).map((container) =>
    withLimits(sanitizeContainer(container), most),
  );
  const pod: JsonObject = {
    ...given,
    spec: {
      // The resources of a pod are left out: its containers share them by their sizes.
      ...without(spec, ['resources']),
      containers,
      ...(initContainers.length === 0 ? {} : { initContainers }),
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: SECCOMP,
    },
  };
  return {
    pod,
    cpuMilli: requested(containers, initContainers, 'cpu', toMilli),
    memoryBytes: requested(containers, initContainers, 'memory', toUnits),
  };
}

function sanitizeContainer(container: Fields): JsonObject {
  const resources = guaranteed(asFields(container['resources']) ?? {});
  return {
    ...(container as JsonObject),
    resources,
    securityContext: { ...SECCOMP, allowPrivilegeEscalation: false, privileged: false },
  };
}

/** The most that one of the containers may use. */
function largest(containers: readonly Fields[]): JsonObject {
  const amounts = RESOURCE_KINDS.flatMap((kind) => {
    const all = containers.flatMap((container) => limitOf(container, kind) ?? []);
    return all.length === 0 ? [] : [[kind, formatQuantity(all.reduce(maxQuantity))] as const];
  });
  return Object.fromEntries(amounts);
}

/**
 * An init container that says no limits gets those of the largest container: it runs before them, and without any it could take all that the node
 * has.
 */
function withLimits(container: JsonObject, most: JsonObject): JsonObject {
  const amounts = { ...most, ...objectOf(objectOf(container['resources'])['limits']) };
  if (Object.keys(amounts).length === 0) return container;
  return { ...container, resources: { limits: amounts, requests: amounts } };
}

/** Requests and limits are both the greater of the two; nothing but CPU and memory is left. */
function guaranteed(resources: Fields): JsonObject {
  const amounts: Record<string, Json> = {};
  for (const kind of RESOURCE_KINDS) {
    const both = ['requests', 'limits'].flatMap((side) => amountOf(resources, side, kind) ?? []);
    if (both.length > 0) amounts[kind] = formatQuantity(both.reduce(maxQuantity));
  }
  return Object.keys(amounts).length === 0 ? {} : { limits: amounts, requests: amounts };
}

/** Returns what a container of a sanitised Pod may use. */
export function limitOf(container: Fields, kind: (typeof RESOURCE_KINDS)[number]): Quantity | null {
  return amountOf(asFields(container['resources']) ?? {}, 'limits', kind);
}

function amountOf(resources: Fields, side: string, kind: string): Quantity | null {
  const text = asString(own(asFields(own(resources, side)), kind));
  const amount = text === undefined ? null : parseQuantity(text);
  return isProblem(amount) ? null : amount;
}

function requested(
  containers: readonly Fields[],
  initContainers: readonly Fields[],
  kind: (typeof RESOURCE_KINDS)[number],
  toNumber: (quantity: Quantity) => number,
): number {
  const amounts = (list: readonly Fields[]) =>
    list.map((container) => {
      const amount = limitOf(container, kind);
      return amount === null ? 0 : toNumber(amount);
    });
  const sum = amounts(containers).reduce((total, amount) => total + amount, 0);
  return Math.max(sum, ...amounts(initContainers));
}

function objectOf(value: Json | undefined): JsonObject {
  return (asFields(value) ?? {}) as JsonObject;
}

function without(value: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

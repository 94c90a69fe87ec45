import type { JsonObject } from '../../../base/json.ts';
import { asFields, own } from '../../../base/values.ts';
import type { LiveObject } from '../cache/live-object.ts';

/** Fields of `spec` that a server fills in where they are left out, and that nobody can change from then on. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  PersistentVolumeClaim: ['storageClassName', 'volumeMode', 'volumeName'],
};

/**
 * The description with what is fixed and not described as it is in the live object: whoever says no class of storage takes the one that a claim
 * has, also where it was described before, or applied by somebody else. An apply without it would ask for a claim without a class.
 */
export function withFixed(wire: JsonObject, live: LiveObject): JsonObject {
  const wanted = asFields(wire['spec']) ?? {};
  const there = asFields(live['spec']) ?? {};
  const left = (own(FIXED, live.kind) ?? []).filter(
    (key) => own(wanted, key) === undefined && own(there, key) !== undefined,
  );
  if (left.length === 0) return wire;
  const kept = Object.fromEntries(left.map((key) => [key, own(there, key)]));
  return { ...wire, spec: { ...wanted, ...kept } as JsonObject };
}

/**
 * Reason why an object cannot become what is described although its server would take the description: what is left out there stays as it is for as
 * long as the object is there. `null` when there is nothing of the kind. Numbers that a server has given out (an address, a port of the nodes) are
 * as good as any other where none is described.
 */
export function whyKept(wire: JsonObject, live: LiveObject): string | null {
  if (live.kind !== 'Service' || live.apiVersion !== 'v1') return null;
  const wanted = asFields(wire['spec']) ?? {};
  const isHeadless = asFields(live['spec'])?.['clusterIP'] === 'None';
  const isWithout = (own(wanted, 'clusterIP') ?? '') === '' && own(wanted, 'type') !== 'ExternalName';
  return isHeadless && isWithout ? 'spec.clusterIP: a Service without an address gets none later' : null;
}

/** The description with the number of pods that there are, where it says none: for an autoscaler to change, and not to begin with one. */
export function withKeptCount(wire: JsonObject, live: LiveObject): JsonObject {
  const spec = asFields(wire['spec']);
  const count = asFields(live['spec'])?.['replicas'];
  if (spec === undefined || typeof count !== 'number' || own(spec, 'replicas') !== undefined) return wire;
  return { ...wire, spec: { ...(wire['spec'] as JsonObject), replicas: count } };
}

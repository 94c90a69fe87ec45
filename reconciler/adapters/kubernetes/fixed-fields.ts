import type { JsonObject } from '../../base/json.ts';
import { asFields, own } from '../../base/values.ts';
import type { LiveObject } from './cache/live-object.ts';

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

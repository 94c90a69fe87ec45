import type { Json, JsonObject } from '../../../base/json.ts';
import { own } from '../../../base/values.ts';
import type { FieldConflict } from '../../../model/resource.ts';
import type { Hands } from './field-managers.ts';
import { isController } from './field-managers.ts';

/*
 * Fields that controllers set to something else than what is described: how many pods an autoscaler wants, the rules of an aggregated role. Their
 * names stay in the object when nothing has them do so any more.
 */

/** A field that somebody else has set. */
type Conflict = Omit<FieldConflict, 'drifted'>;

/** Path of how many pods there are. */
const REPLICAS = '.spec.replicas';

/** Circumstances under which somebody has set fields of an object. */
export interface Claims {
  readonly hands: Hands;
  /** The description is the one that the object was made from. */
  readonly drifted: boolean;
  /** The object was made by us, from whatever description. */
  readonly isOurs: boolean;
  /** An autoscaler says how many pods there are. */
  readonly scaled: boolean;
}

/**
 * Tells whether what somebody else has set in an object was ours, and nobody need be asked: under the same description; by hands in what we have
 * made; by a controller that has nothing to say about it any more. How many pods there are was ours in each description, whoever has scaled it.
 */
export function isDrift(conflict: Conflict, wire: JsonObject, claims: Claims): boolean {
  if (claims.drifted || !claims.isOurs) return claims.drifted;
  const { manager, field } = conflict;
  const isAbandoned = isController(manager) && !isControlled(conflict, wire, claims);
  return claims.hands(manager) || field === REPLICAS || isAbandoned;
}

/** Tells whether a controller decides about a field, also when its value is described. */
function isControlled(
  { manager, field }: Conflict,
  wire: JsonObject,
  { hands, scaled }: Pick<Claims, 'hands' | 'scaled'>,
): boolean {
  if (hands(manager) || !isController(manager)) return false;
  // This one scales for autoscalers only; of others it is not known for whom they do.
  if (field === REPLICAS && manager === 'kube-controller-manager') return scaled;
  if (field === '.rules' && wire['kind'] === 'ClusterRole') return wire['aggregationRule'] !== undefined;
  return true;
}

/**
 * The description without the fields that controllers have set to something else: whoever took them back would do so for ever. `null` when there
 * are none, or none that stand outside of lists.
 */
export function withoutControlled(
  wire: JsonObject,
  conflicts: readonly Conflict[],
  claims: Pick<Claims, 'hands' | 'scaled'>,
): JsonObject | null {
  const paths = conflicts
    .filter((one) => isControlled(one, wire, claims) && /^(\.[\w-]+)+$/.test(one.field))
    .map(({ field }) => field.slice(1).split('.'))
    // A server that goes on about what is not asked for any more is not followed.
    .filter((path) => hasPath(wire, path));
  return paths.length === 0 ? null : paths.reduce<JsonObject>((rest, path) => withoutPath(rest, path), wire);
}

function hasPath(value: Json | undefined, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return value !== undefined;
  return isObject(value) && hasPath(own(value, key), rest);
}

function withoutPath(value: JsonObject, [key = '', ...rest]: readonly string[]): JsonObject {
  const { [key]: member, ...others } = value;
  if (rest.length === 0 || !isObject(member)) return others;
  return { ...others, [key]: withoutPath(member, rest) };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

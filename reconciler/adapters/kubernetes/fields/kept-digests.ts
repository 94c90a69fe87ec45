import type { Json, JsonObject } from '../../../base/json.ts';
import { asFields, asText, own } from '../../../base/values.ts';
import type { DesiredResource } from '../../../model/resource.ts';
import type { Seal } from '../../../model/seal.ts';
import type { SpecValue } from '../../../model/secret.ts';
import { ContentDigest, hidesAnything } from '../../../model/secret.ts';
import { contains } from '../compare.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { reveal } from '../cache/live-object.ts';

/*
 * Digests of secrets in objects of a cluster. Another one makes pods start anew, so one that is there stays as long as it is of the same content,
 * whoever has sealed it: an earlier version did not, and a state directory that was lost had another key.
 */

/** Tells of a digest that another key has sealed whether its content is still the described one; `key` is that of the annotation. */
export type IsSameContent = (key: string) => boolean;

/** The description with digests as the live object has them where they are of the same content. */
export function withKeptDigests(
  wire: JsonObject,
  live: LiveObject,
  { spec, seal }: DesiredResource,
  isSame: IsSameContent,
): JsonObject {
  if (seal === undefined || !hasDigest(spec)) return wire;
  return keep(spec, wire, live, { seal, isSame, key: '' }) as JsonObject;
}

interface Keeping {
  readonly seal: Seal;
  readonly isSame: IsSameContent;
  readonly key: string;
}

function hasDigest(value: SpecValue | undefined): boolean {
  if (value instanceof ContentDigest) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasDigest);
}

function keep(spec: SpecValue | undefined, wire: Json, live: Json | undefined, keeping: Keeping): Json {
  if (spec instanceof ContentDigest) return keepDigest(wire, live, keeping);
  if (!hasDigest(spec) || !isObject(wire)) return wire;
  const members = spec as Readonly<Record<string, SpecValue>>;
  const there = isObject(live) ? live : {};
  return Object.fromEntries(
    Object.entries(wire).map(([key, value]) => [
      key,
      keep(own(members, key), value, own(there, key), { ...keeping, key }),
    ]),
  );
}

function keepDigest(wire: Json, live: Json | undefined, { seal, isSame, key }: Keeping): Json {
  if (typeof wire !== 'string' || typeof live !== 'string') return wire;
  const likeness = seal.compare(wire, live);
  return likeness === 'same' || (likeness === 'unknown' && isSame(key)) ? live : wire;
}

/** Tells whether what pods read when they start is on the cluster as it is described, as far as it is hidden. */
export function isContentThere(
  desired: readonly DesiredResource[],
  find: (resource: DesiredResource) => LiveObject | undefined,
): boolean {
  return desired
    .filter(({ kind, spec }) => (kind === 'Secret' || kind === 'ConfigMap') && hidesAnything(spec))
    .every((one) => holds(one, find(one)));
}

function holds({ kind, spec }: DesiredResource, live: LiveObject | undefined): boolean {
  if (live === undefined) return false;
  const texts = Object.entries(asFields(reveal(spec['stringData'] ?? {})) ?? {});
  const encoded = texts.map(([key, text]) => [key, Buffer.from(asText(text)).toString('base64')]);
  const wanted = {
    ...asFields(reveal(spec['data'] ?? {})),
    ...(kind === 'Secret' ? Object.fromEntries(encoded) : {}),
  };
  return contains(wanted as JsonObject, live['data']);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import { own } from '../../base/values.ts';
import { diffSpec } from '../../plan/diff-spec.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { jsonEquals } from '../../base/json.ts';
import type { DryRun } from '../../model/resource.ts';
import { isSensitiveName, MASK } from '../../model/secret.ts';

type Field = DryRun['fields'][number];

/**
 * Tells whether everything that is wanted is there already. Never true when it is not; when the server has its own way to write a value
 * (`1000m` as `1`), or somebody has added to a list, it is false, and the server has to be asked.
 */
export function contains(wanted: Json | undefined, live: Json | undefined): boolean {
  if (wanted === undefined || isEmpty(wanted)) return live === undefined || isEmpty(live) || isObject(wanted);
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(live) &&
      live.length === wanted.length &&
      wanted.every((item: Json, index) => contains(item, live[index] as Json))
    );
  }
  if (isObject(wanted)) {
    return (
      isObject(live) && Object.entries(wanted).every(([key, member]) => contains(member, own(live, key)))
    );
  }
  return wanted === live;
}

function isEmpty(value: Json): boolean {
  if (value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Lists what differs between two states of an object, masked. */
export function compareObjects(before: JsonObject, after: JsonObject): readonly Field[] {
  const hidden = isSecret(before) || isSecret(after);
  return diffSpec(before, after).map(({ path, ...sides }) => {
    const secret = hidden && /^(data|stringData)\b/.test(path);
    const keys = path.split(/[.[\]"]+/).filter((key) => key !== '');
    const mask = (value: Json) => maskValue(value, secret ? 'secret' : (keys.at(-1) ?? ''), secret);
    const [from, to] = [mask(sides.before), mask(sides.after)];
    const same = from !== null && jsonEquals(from, to);
    return { path, before: from, after: to, ...(same ? { sensitive: true } : {}) };
  });
}

/** The fields that are wanted and not there, for when the server cannot tell. */
export function missingFields(wanted: JsonObject, live: JsonObject): readonly Field[] {
  return compareObjects(overlay(live, wanted) as JsonObject, overlay(wanted, wanted) as JsonObject);
}

/** The live values of what the description speaks of. */
function overlay(live: Json | undefined, wanted: Json): Json {
  if (isObject(wanted)) {
    const there = isObject(live) ? live : {};
    const keys = Object.keys(wanted).filter((key) => own(there, key) !== undefined);
    return Object.fromEntries(keys.map((key) => [key, overlay(own(there, key), own(wanted, key) as Json)]));
  }
  if (Array.isArray(wanted) && Array.isArray(live) && live.length === wanted.length) {
    return live.map((item: Json, index) => overlay(item, wanted[index] as Json));
  }
  return live ?? null;
}

/** An object as it may be shown. */
export function maskObject(object: JsonObject): JsonObject {
  const hidden = isSecret(object);
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [
      key,
      maskValue(value, key, hidden && (key === 'data' || key === 'stringData')),
    ]),
  );
}

function isSecret({ kind, apiVersion }: JsonObject): boolean {
  return kind === 'Secret' && apiVersion === 'v1';
}

function maskValue(value: Json, name: string, secret: boolean): Json {
  if (typeof value === 'string') return secret || isSensitiveName(name) ? MASK : value;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item: Json) => maskValue(item, name, secret));
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, member]) => [key, maskValue(member, key, secret)]),
  );
}

import type { Spec, SpecValue } from '../../model/secret.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asNumber, asString, own, asText } from '../../base/values.ts';

/** A value of a document as part of a spec; what is not set is left out. */
export function toSpecValue(value: unknown): SpecValue {
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean'
  ) {
    return value;
  }
  const list = asList(value);
  if (list) return list.map(toSpecValue);
  return toSpec(asFields(value) ?? {});
}

export function toSpec(fields: Fields): Spec {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, toSpecValue(value)]],
    ),
  );
}

/** The given fields under the same names, those that are blank left out. */
export function pick(fields: Fields, ...keys: readonly string[]): Spec {
  return toSpec(
    Object.fromEntries(keys.flatMap((key) => (isSet(own(fields, key)) ? [[key, own(fields, key)]] : []))),
  );
}

/** The members that say something: no empty text, list or map. */
export function compact(fields: Fields): Spec {
  return pick(fields, ...Object.keys(fields));
}

export function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

/** Numbers and booleans of a map that must hold texts. */
export function textMap(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(asFields(value) ?? {}).map(([key, one]) => [key, asText(one)]));
}

export function textOf(value: unknown): string | undefined {
  const text = asString(value) ?? asNumber(value)?.toString();
  return text === '' ? undefined : text;
}

/** Members that may be left out. */
type Maybe = Readonly<Record<string, SpecValue | undefined>>;

/** Returns the fields that are set, empty or not. */
export function specOf(fields: Maybe): Spec {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** Returns what `specOf` does; `undefined` when that is nothing. */
export function nonEmptySpecOf(fields: Maybe): Spec | undefined {
  const spec = specOf(fields);
  return Object.keys(spec).length > 0 ? spec : undefined;
}

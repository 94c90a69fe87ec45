import { own } from '../base/values.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { jsonEquals } from '../base/json.ts';
import { MASK } from '../model/secret.ts';
import type { FieldChange } from './change.ts';

/**
 * Field-level differences of two masked specs, ordered by path. Lists are compared position by position between what they begin and end with alike,
 * so that an entry which came or went is all that is told.
 */
export function diffSpec(before: JsonObject, after: JsonObject): FieldChange[] {
  const changes: FieldChange[] = [];
  diffObject(before, after, '', changes);
  return changes;
}

/** Every path of a masked spec whose value is hidden, as changes from `***` to `***`. */
export function maskedFields(spec: JsonObject): FieldChange[] {
  const changes: FieldChange[] = [];
  collectMasked(spec, '', changes);
  return changes;
}

/** The first key of a field's path: `env.LOG_LEVEL` → `env`. */
export function topLevelKey(path: string): string {
  return /^[^.[]*/.exec(path)?.[0] ?? path;
}

function diffObject(before: JsonObject, after: JsonObject, path: string, changes: FieldChange[]): void {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  for (const key of keys) diffValue(own(before, key), own(after, key), joinKey(path, key), changes);
}

function diffValue(
  before: Json | undefined,
  after: Json | undefined,
  path: string,
  changes: FieldChange[],
): void {
  if (jsonEquals(before, after)) return;
  if (isObject(before) && isObject(after)) return diffObject(before, after, path, changes);
  if (Array.isArray(before) && Array.isArray(after)) return diffList(before, after, path, changes);
  changes.push({ path, before: before ?? null, after: after ?? null });
}

function diffList(
  before: readonly Json[],
  after: readonly Json[],
  path: string,
  changes: FieldChange[],
): void {
  const shorter = Math.min(before.length, after.length);
  const isSame = (index: number) => jsonEquals(before.at(index), after.at(index));
  let start = 0;
  while (start < shorter && isSame(start)) start += 1;
  let end = 0;
  while (end < shorter - start && isSame(-1 - end)) end += 1;
  for (let index = start; index < Math.max(before.length, after.length) - end; index += 1) {
    const [old, now] = [before, after].map((list) => (index < list.length - end ? list[index] : undefined));
    diffValue(old, now, `${path}[${index}]`, changes);
  }
}

function collectMasked(value: Json | undefined, path: string, changes: FieldChange[]): void {
  if (value === MASK) changes.push({ path, before: MASK, after: MASK, sensitive: true });
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collectMasked(item, `${path}[${index}]`, changes);
  } else if (isObject(value)) {
    for (const key of Object.keys(value).sort()) collectMasked(own(value, key), joinKey(path, key), changes);
  }
}

function joinKey(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

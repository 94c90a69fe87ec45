import { canonicalJson } from '../../../base/json.ts';
import type { Json } from '../../../base/json.ts';

/** A part of a container, and how it differs. */
export interface Difference {
  /** Key of the spec. */
  readonly key: string;
  /** Value that the container has, in words that fit; `undefined`: none. */
  readonly live: Json | undefined;
}

/** Tells whether two values of an engine's answers mean the same: nothing, nought, an empty text, list or map are one. */
export function isAlike(a: unknown, b: unknown): boolean {
  return canonicalJson(reduced(a)) === canonicalJson(reduced(b));
}

/** The value without what says nothing. */
function reduced(value: unknown): Json {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return null;
  if (Array.isArray(value)) return value.length === 0 ? null : value.map(reduced);
  if (typeof value !== 'object') return value as Json;
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    const rest = reduced(inner);
    return rest === null ? [] : [[key, rest] as const];
  });
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

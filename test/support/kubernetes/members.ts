import type { Members, Value } from './field-set.ts';
import { isMembers } from './field-set.ts';

export function at(object: Members | undefined, ...path: readonly string[]): Value | undefined {
  let value: Value | undefined = object;
  for (const key of path) value = isMembers(value) ? value[key] : undefined;
  return value;
}

export function membersAt(object: Members, ...path: readonly string[]): Members {
  const value = at(object, ...path);
  return isMembers(value) ? value : {};
}

export function listAt(object: Members, ...path: readonly string[]): Members[] {
  const value = at(object, ...path);
  return Array.isArray(value) ? value.filter(isMembers) : [];
}

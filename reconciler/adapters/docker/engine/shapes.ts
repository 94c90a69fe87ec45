import { own } from '../../../base/values.ts';

/**
 * Shapes that answers of others are held against before anything of them is used. A shape tells what is wrong with a value and where
 * (`[3].Labels is no map`), `undefined` when nothing is. Members that no shape names are left alone.
 */
export type Shape = (value: unknown, path: string) => string | undefined;

export const text: Shape = (value, path) => (typeof value === 'string' ? undefined : `${path} is no text`);
export const number: Shape = (value, path) =>
  typeof value === 'number' ? undefined : `${path} is no number`;
export const flag: Shape = (value, path) =>
  typeof value === 'boolean' ? undefined : `${path} is neither true nor false`;

/** A text that can stand in a path. */
export const id: Shape = (value, path) =>
  typeof value === 'string' && /^[\w.:-]{1,256}$/.test(value) && !/^\.+$/.test(value)
    ? undefined
    : `${path} is no id`;

/** It may be left out, or null. */
export function maybe(shape: Shape): Shape {
  return (value, path) => (value === undefined || value === null ? undefined : shape(value, path));
}

export function listOf(shape: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path || 'it'} is no list`;
    return firstOf(value.entries(), (index, item) => shape(item, `${path}[${index}]`));
  };
}

/** Values of any names. */
export function mapOf(shape: Shape): Shape {
  return (value, path) =>
    isMap(value)
      ? firstOf(Object.entries(value), (name, member) => shape(member, `${path}.${shorten(name)}`))
      : `${path || 'it'} is no map`;
}

export function fieldsOf(members: Readonly<Record<string, Shape>>): Shape {
  const shapes = Object.entries(members);
  return (value, path) => {
    if (!isMap(value)) return `${path || 'it'} is no map`;
    return firstOf(shapes, (name, shape) => shape(own(value, name), path === '' ? name : `${path}.${name}`));
  };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

function firstOf<K, V>(
  entries: Iterable<readonly [K, V]>,
  check: (key: K, value: V) => string | undefined,
): string | undefined {
  for (const [key, value] of entries) {
    const fault = check(key, value);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** A name of somebody else's choice, as it may stand in a message. */
function shorten(name: string): string {
  return name.length > 40 ? `${name.slice(0, 40)}…` : name;
}

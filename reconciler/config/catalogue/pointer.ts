import { asFields, asList, own } from '../../base/values.ts';

/*
 * JSON pointers (RFC 6901): places in an object.
 */

export function pointerKeys(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The value at a place; `undefined` where there is none. */
export function valueAt(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((part, key) => {
    const list = asList(part);
    return list ? list[indexIn(list, key) ?? -1] : own(asFields(part), key);
  }, value);
}

/** The value with another one at a place; what leads there is made where it is missing. `undefined`: something else is in the way. */
export function withValueAt(value: unknown, keys: readonly string[], wanted: unknown): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return wanted;
  const list = asList(value);
  if (list) {
    const index = indexIn(list, key);
    if (index === undefined) return undefined;
    const inner = withValueAt(list[index], rest, wanted);
    return inner === undefined ? undefined : list.toSpliced(index, 1, inner);
  }
  if (value !== undefined && value !== null && !asFields(value)) return undefined;
  const fields = asFields(value) ?? {};
  const inner = withValueAt(own(fields, key), rest, wanted);
  return inner === undefined ? undefined : Object.fromEntries([...Object.entries(fields), [key, inner]]);
}

/** Also the index behind the last item. */
function indexIn(list: readonly unknown[], key: string): number | undefined {
  const index = /^(?:0|[1-9]\d{0,4})$/.test(key) ? Number(key) : undefined;
  return index !== undefined && index <= list.length ? index : undefined;
}

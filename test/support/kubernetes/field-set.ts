/** Server-side apply as an API server does it: which manager owns which field, and what merging means. */

export type Value = null | boolean | number | string | Value[] | Members;
export interface Members {
  [key: string]: Value;
}

/** Paths of owned fields, elements joined by a NUL: `f:spec`, `f:ports`, `k:{"port":80,"protocol":"TCP"}`, `f:name`. */
export type FieldSet = Set<string>;

const SEPARATOR = '\0';

export function isMembers(value: Value | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns a value as it stands in a message. */
export function textOf(value: Value | undefined): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Lists that are merged by a key; every other list is one value. */
function listKeys(path: readonly string[]): readonly string[] | null {
  const last = path.at(-1);
  switch (last) {
    case 'containers':
    case 'initContainers':
    case 'volumes':
    case 'env':
    case 'imagePullSecrets':
      return ['name'];
    case 'volumeMounts':
      return ['mountPath'];
    case 'ports':
      return path.includes('containers')
        ? ['containerPort', 'protocol']
        : path.join('.') === 'spec.ports'
          ? ['port', 'protocol']
          : null;
    case 'conditions':
      return ['type'];
    case 'ownerReferences':
      return ['uid'];
    default:
      return null;
  }
}

/** Maps that are one value. */
function isAtomic(path: readonly string[]): boolean {
  const last = path.at(-1);
  return (
    last === 'selector' || last === 'nodeSelector' || last === 'podSelector' || last === 'scaleTargetRef'
  );
}

function keyOf(item: Value, keys: readonly string[]): string {
  const members = isMembers(item) ? item : {};
  const named = keys.map((key) => [key, members[key] ?? (key === 'protocol' ? 'TCP' : null)]);
  return `k:${JSON.stringify(Object.fromEntries(named))}`;
}

const UNOWNED = new Set(
  'apiVersion kind metadata.name metadata.namespace metadata.uid metadata.resourceVersion metadata.generation metadata.creationTimestamp metadata.managedFields metadata.deletionTimestamp'.split(
    ' ',
  ),
);

/** Every field that an object says something about. */
export function fieldsOf(object: Members): FieldSet {
  const set: FieldSet = new Set();
  visit(object, [], [], set);
  return set;
}

function visit(value: Value, names: readonly string[], path: readonly string[], set: FieldSet): void {
  if (UNOWNED.has(names.join('.'))) return;
  const keys = Array.isArray(value) ? listKeys(names) : null;
  if (Array.isArray(value) && keys) {
    for (const item of value) {
      const place = [...path, keyOf(item, keys)];
      set.add(place.join(SEPARATOR));
      if (!isMembers(item)) continue;
      for (const [key, member] of Object.entries(item))
        visit(member, [...names, key], [...place, `f:${key}`], set);
    }
    return;
  }
  if (isMembers(value) && Object.keys(value).length > 0 && !isAtomic(names)) {
    for (const [key, member] of Object.entries(value))
      visit(member, [...names, key], [...path, `f:${key}`], set);
    return;
  }
  if (path.length > 0) set.add(path.join(SEPARATOR));
}

/** The value of a field in an object; `undefined` when it is not there. */
export function valueAt(object: Members, path: string): Value | undefined {
  let value: Value | undefined = object;
  const names: string[] = [];
  for (const element of path.split(SEPARATOR)) {
    if (element.startsWith('f:')) {
      names.push(element.slice(2));
      value = isMembers(value) ? value[element.slice(2)] : undefined;
    } else {
      const keys = listKeys(names) ?? [];
      value = Array.isArray(value) ? value.find((item) => keyOf(item, keys) === element) : undefined;
    }
  }
  return value;
}

/** `.spec.template.spec.containers[name="web"].image` */
export function describePath(path: string): string {
  return path
    .split(SEPARATOR)
    .map((element) => {
      if (element.startsWith('f:')) return `.${element.slice(2)}`;
      const keys = JSON.parse(element.slice(2)) as Members;
      return `[${Object.entries(keys)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(',')}]`;
    })
    .join('');
}

/** The object with the applied configuration merged in. */
export function merge(live: Value | undefined, applied: Value, names: readonly string[] = []): Value {
  if (isMembers(applied) && !isAtomic(names)) {
    const result: Members = isMembers(live) ? { ...live } : {};
    for (const [key, member] of Object.entries(applied))
      result[key] = merge(result[key], member, [...names, key]);
    return result;
  }
  const keys = Array.isArray(applied) ? listKeys(names) : null;
  if (!Array.isArray(applied) || !keys) return applied;
  const result = Array.isArray(live) ? [...live] : [];
  for (const item of applied) {
    const at = result.findIndex((other) => keyOf(other, keys) === keyOf(item, keys));
    if (at === -1) result.push(item);
    else result[at] = merge(result[at], item, names);
  }
  return result;
}

/** The object without a field; what holds nothing any more goes too. */
export function removeAt(object: Members, path: string): Members {
  return (without(object, path.split(SEPARATOR), []) ?? {}) as Members;
}

function without(value: Value, path: readonly string[], names: readonly string[]): Value | undefined {
  const [element = '', ...rest] = path;
  if (element.startsWith('f:') && isMembers(value)) {
    const key = element.slice(2);
    const member = value[key];
    if (member === undefined) return value;
    const { [key]: _removed, ...others } = value;
    const left = rest.length === 0 ? undefined : without(member, rest, [...names, key]);
    if (left !== undefined) return { ...others, [key]: left };
    return Object.keys(others).length === 0 && names.length > 0 ? undefined : others;
  }
  const keys = listKeys(names) ?? [];
  if (!Array.isArray(value)) return value;
  const items = value.flatMap((item) => {
    if (keyOf(item, keys) !== element) return [item];
    const left = rest.length === 0 ? undefined : without(item, rest, names);
    return left === undefined ? [] : [left];
  });
  return items.length === 0 ? undefined : items;
}

/** Writes a set as `managedFields` has it. */
export function toFieldsV1(set: FieldSet): Members {
  const root: Members = {};
  for (const path of [...set].sort()) {
    let place = root;
    for (const element of path.split(SEPARATOR)) place = (place[element] ??= {}) as Members;
    if (path.split(SEPARATOR).at(-1)?.startsWith('k:') === true) place['.'] = {};
  }
  return root;
}

/** Reads a set as `managedFields` has it. */
export function fromFieldsV1(fields: Members): FieldSet {
  const set: FieldSet = new Set();
  collect(fields, [], set);
  return set;
}

function collect(fields: Members, path: readonly string[], set: FieldSet): void {
  const keys = Object.keys(fields).filter((key) => key !== '.');
  if (path.length > 0 && (keys.length === 0 || '.' in fields)) set.add(path.join(SEPARATOR));
  for (const key of keys) {
    const inner = fields[key];
    collect(isMembers(inner) ? inner : {}, [...path, key], set);
  }
}

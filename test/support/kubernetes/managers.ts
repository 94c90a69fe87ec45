import { isDeepStrictEqual } from 'node:util';
import type { FieldSet, Members, Value } from './field-set.ts';
import {
  describePath,
  fieldsOf,
  fromFieldsV1,
  isMembers,
  merge,
  removeAt,
  textOf,
  toFieldsV1,
  valueAt,
} from './field-set.ts';

export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource: string;
  fields: FieldSet;
  time: string;
}

export interface Owned {
  readonly object: Members;
  readonly managers: readonly Manager[];
}

export interface Conflict {
  readonly manager: string;
  readonly field: string;
}

const EMPTY: Owned = { object: {}, managers: [] };

/** A server-side apply: the outcome, or who else has set what to something else. */
export function applyFields(
  live: Owned | undefined,
  config: Members,
  { manager, force, time }: { readonly manager: string; readonly force: boolean; readonly time: string },
): Owned | { readonly conflicts: readonly Conflict[] } {
  const { object, managers } = live ?? EMPTY;
  const wanted = fieldsOf(config);
  const isOwn = (other: Manager) =>
    other.name === manager && other.operation === 'Apply' && other.subresource === '';
  const taken = managers
    .filter((other) => !isOwn(other))
    .flatMap((other) =>
      [...other.fields]
        .filter((path) => wanted.has(path) && !isItem(path))
        .filter((path) => !isDeepStrictEqual(valueAt(object, path), valueAt(config, path)))
        .map((path) => ({ other, path })),
    );
  if (taken.length > 0 && !force) {
    return {
      conflicts: taken.map(({ other, path }) => ({ manager: other.name, field: describePath(path) })),
    };
  }
  const own = managers.find(isOwn);
  let merged = merge(object, config) as Members;
  const others = managers
    .filter((other) => other !== own)
    .map((other) => ({
      ...other,
      fields: new Set(
        [...other.fields].filter((path) => !taken.some((one) => one.other === other && one.path === path)),
      ),
    }))
    .filter(({ fields }) => fields.size > 0);
  // An item goes as a whole: without its keys nobody would find the rest of it.
  for (const path of [...(own?.fields ?? [])].sort()) {
    if (wanted.has(path) || others.some(({ fields }) => holds(fields, path))) continue;
    merged = removeAt(merged, path);
  }
  const mine: Manager = { name: manager, operation: 'Apply', subresource: '', fields: wanted, time };
  return { object: merged, managers: [...others, mine] };
}

function isItem(path: string): boolean {
  return path.split('\0').at(-1)?.startsWith('k:') === true;
}

function holds(fields: FieldSet, path: string): boolean {
  return [...fields].some((own) => own === path || own.startsWith(`${path}\0`));
}

/** An update or patch by somebody: what differs is theirs now. */
export function updateFields(
  live: Owned | undefined,
  next: Members,
  by: { readonly manager: string; readonly subresource: string; readonly time: string },
): Owned {
  const { object, managers } = live ?? EMPTY;
  const before = fieldsOf(object);
  const after = fieldsOf(next);
  const changed = new Set(
    [...after].filter((path) => !isDeepStrictEqual(valueAt(object, path), valueAt(next, path))),
  );
  const gone = new Set([...before].filter((path) => !after.has(path)));
  const isOwn = (other: Manager) =>
    other.name === by.manager && other.operation === 'Update' && other.subresource === by.subresource;
  const own = managers.find(isOwn);
  const fields = new Set([
    ...(own?.fields ?? []),
    ...[...changed].filter((path) => !isItem(path) || !before.has(path)),
  ]);
  const others = managers
    .filter((other) => other !== own)
    .map((other) => ({
      ...other,
      fields: new Set(
        [...other.fields].filter((path) => !gone.has(path) && (isItem(path) || !changed.has(path))),
      ),
    }));
  const mine: Manager = {
    name: by.manager,
    operation: 'Update',
    subresource: by.subresource,
    fields,
    time: by.time,
  };
  for (const path of gone) mine.fields.delete(path);
  return { object: next, managers: [...others, mine].filter((one) => one.fields.size > 0) };
}

/** Managers as somebody has written them into an object. */
export function readManagers(managedFields: Value | undefined): readonly Manager[] | null {
  if (!Array.isArray(managedFields)) return null;
  return managedFields.filter(isMembers).map((entry) => ({
    name: textOf(entry['manager']),
    operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
    subresource: textOf(entry['subresource'] ?? ''),
    fields: fromFieldsV1(isMembers(entry['fieldsV1']) ? entry['fieldsV1'] : {}),
    time: textOf(entry['time'] ?? ''),
  }));
}

/** Writes managers as an object carries them. */
export function renderManagers(managers: readonly Manager[], apiVersion: string): Members[] {
  return managers.map(({ name, operation, subresource, fields, time }) => ({
    manager: name,
    operation,
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(fields),
    ...(subresource === '' ? {} : { subresource }),
  }));
}

import { compareText } from '../../base/values.ts';
import type { ObjectOrder, ObjectView } from '../../public/inventory.ts';

const VALUES: Readonly<Record<Exclude<ObjectOrder, 'place'>, (one: ObjectView) => string>> = {
  name: ({ name }) => name,
  kind: ({ kind }) => kind,
  namespace: ({ namespace }) => namespace ?? '',
  node: ({ node }) => node,
  status: ({ status }) => status,
  created: ({ createdAt }) => createdAt ?? '',
};

export function compareByPlace(a: ObjectView, b: ObjectView): number {
  return (
    compareText(a.node, b.node) ||
    compareText(a.kind, b.kind) ||
    compareText(a.namespace ?? '', b.namespace ?? '') ||
    compareText(a.name, b.name)
  );
}

function comparing(order: ObjectOrder): (a: ObjectView, b: ObjectView) => number {
  if (order === 'place') return compareByPlace;
  const valueOf = VALUES[order];
  return (a, b) => compareText(valueOf(a), valueOf(b)) || compareText(a.name, b.name) || compareByPlace(a, b);
}

/** Objects in each order that was asked for. */
export interface ObjectOrders {
  list(order: ObjectOrder): readonly ObjectView[];
  /** Something is otherwise. */
  changed(): void;
}

interface Kept {
  readonly version: number;
  readonly list: readonly ObjectView[];
}

/** @param current returns all objects by id */
export function createObjectOrders(current: () => ReadonlyMap<string, ObjectView>): ObjectOrders {
  const kept = new Map<ObjectOrder, Kept>();
  let version = 0;
  let objects: { readonly version: number; readonly all: ReadonlyMap<string, ObjectView> } | null = null;
  function read(): ReadonlyMap<string, ObjectView> {
    if (objects?.version !== version) objects = { version, all: current() };
    return objects.all;
  }
  return {
    changed: () => void (version += 1),
    list(order) {
      const before = kept.get(order);
      if (before?.version === version) return before.list;
      // A sort of what is almost in order takes one look at each.
      const list = inFormerOrder(before?.list ?? [], read()).sort(comparing(order));
      kept.set(order, { version, list });
      return list;
    },
  };
}

/** Lists objects as they stood before, and new ones at the end. */
function inFormerOrder(before: readonly ObjectView[], all: ReadonlyMap<string, ObjectView>): ObjectView[] {
  const list: ObjectView[] = [];
  for (const { id } of before) {
    const view = all.get(id);
    if (view !== undefined) list.push(view);
  }
  if (list.length === all.size) return list;
  const known = new Set(list.map(({ id }) => id));
  for (const [id, view] of all) if (!known.has(id)) list.push(view);
  return list;
}

import type { SeenObject } from '../../ports/inventory/inventory.ts';
import type { ObjectView } from '../../public/inventory.ts';
import { objectId } from './object-id.ts';

/** Change of an object; `before` is `null` for a new one, `after` for one that is gone. */
export interface ObjectStep {
  readonly id: string;
  readonly before: ObjectView | null;
  readonly after: ObjectView | null;
}

/** The objects of one target as they were told of last. */
export interface ObjectTable {
  readonly views: ReadonlyMap<string, ObjectView>;
  /** Lists what has an owner, by the owner's uid. */
  childrenOf(uid: string): readonly ObjectView[];
  /**
   * Takes a list in. Returns what differs from the one before.
   *
   * @param at milliseconds since the epoch
   */
  take(objects: readonly SeenObject[], at: number): readonly ObjectStep[];
}

/** More than any node or cluster has of ours. */
const MAX_OBJECTS = 100_000;

/**
 * @param place `targetKey`
 * @param node returns the name of the target for people
 */
export function createObjectTable(place: string, node: () => string): ObjectTable {
  const known = new WeakMap<SeenObject, ObjectView>();
  let views: ReadonlyMap<string, ObjectView> = new Map();
  let children: ReadonlyMap<string, readonly ObjectView[]> | null = null;
  function view(object: SeenObject, time: string): ObjectView {
    const id = objectId(place, object);
    const firstSeenAt = views.get(id)?.firstSeenAt ?? time;
    return { ...object, id, place, node: node(), firstSeenAt, lastSeenAt: time };
  }
  return {
    get views() {
      return views;
    },
    childrenOf(uid) {
      children ??= groupByOwner(views.values());
      return children.get(uid) ?? [];
    },
    take(objects, at) {
      const time = new Date(at).toISOString();
      const next = new Map<string, ObjectView>();
      for (const object of objects.slice(0, MAX_OBJECTS)) {
        let one = known.get(object);
        if (one === undefined) known.set(object, (one = view(object, time)));
        next.set(one.id, one);
      }
      const steps = [...changesBetween(views, next)];
      views = next;
      if (steps.length > 0) children = null;
      return steps;
    },
  };
}

function* changesBetween(
  before: ReadonlyMap<string, ObjectView>,
  after: ReadonlyMap<string, ObjectView>,
): Generator<ObjectStep> {
  for (const [id, one] of after) {
    const former = before.get(id) ?? null;
    if (former !== one) yield { id, before: former, after: one };
  }
  for (const [id, one] of before) if (!after.has(id)) yield { id, before: one, after: null };
}

function groupByOwner(views: Iterable<ObjectView>): ReadonlyMap<string, readonly ObjectView[]> {
  const groups = new Map<string, ObjectView[]>();
  for (const view of views) {
    for (const { uid } of view.owners) {
      const group = groups.get(uid);
      if (group === undefined) groups.set(uid, [view]);
      else group.push(view);
    }
  }
  return groups;
}

import type { CacheBounds } from './bounds.ts';
import { weightOf } from './bounds.ts';
import type { LiveObject } from './live-object.ts';
import { hasEnded, keyOf, ownerOf } from './live-object.ts';

/** Objects of one kind that are kept. */
export interface KeptObjects {
  get(key: string): LiveObject | undefined;
  /** Returns the last state of a job that its cluster took away when its work was done, unless there is one of its name again. */
  ended(key: string): LiveObject | undefined;
  ofStack(stack: string): Iterable<LiveObject>;
  all(): Iterable<LiveObject>;
  /** Takes in what a write was answered with, so that the next look sees it before the watch tells. */
  put(object: LiveObject): void;
  /** Takes out what was found to be gone. */
  drop(object: LiveObject): void;
}

/** Objects, and the ways in which a cluster tells of them. */
export interface Store {
  readonly reading: KeptObjects;
  /** Puts a whole list in place of everything but what was written after it. */
  replace(objects: readonly LiveObject[], version: string): void;
  /** Takes in what the watch tells. */
  saw(object: LiveObject): void;
}

/** Objects that were found to be gone and are remembered as such. */
const MAX_GONE = 1_000;
const MAX_ENDED = 1_000;

export function createStore(bounds: CacheBounds): Store {
  const objects = createShelf(bounds);
  const byStack = new Map<string, Set<string>>();
  const writes = createWrites();
  const ended = createEnded();
  function take(object: LiveObject): void {
    const known = objects.get(keyOf(object.metadata));
    if (!writes.isGone(object) && (!known || !isOlder(object, known))) insert(object);
  }
  function remove(key: string): void {
    const stack = stackOf(objects.get(key));
    objects.delete(key);
    if (stack === undefined) return;
    const keys = byStack.get(stack);
    keys?.delete(key);
    if (keys?.size === 0) byStack.delete(stack);
  }
  function insert(object: LiveObject): void {
    const key = keyOf(object.metadata);
    remove(key);
    ended.forget(key);
    objects.set(key, object);
    const stack = stackOf(object);
    if (stack === undefined) return;
    byStack.set(stack, (byStack.get(stack) ?? new Set()).add(key));
  }
  return {
    replace(list, version) {
      objects.clear();
      byStack.clear();
      for (const object of list) take(object);
      for (const object of writes.after(version)) take(object);
    },
    saw: take,
    reading: {
      get: (key) => objects.get(key),
      ended: ended.get,
      *ofStack(stack) {
        for (const key of byStack.get(stack) ?? []) {
          const object = objects.get(key);
          if (object) yield object;
        }
      },
      all: () => objects.values(),
      put(object) {
        writes.wrote(object);
        take(object);
      },
      drop(object) {
        const { metadata } = object;
        const key = keyOf(metadata);
        writes.removed(object);
        // An object of the same name that was made since stays.
        if (objects.get(key)?.metadata.uid !== metadata.uid) return;
        remove(key);
        ended.keep(object);
      },
    },
  };
}

/** Jobs that their cluster took away when their work was done, by key. */
function createEnded() {
  const jobs = new Map<string, LiveObject>();
  return {
    get: (key: string) => jobs.get(key),
    keep(object: LiveObject): void {
      if (!hasEnded(object)) return;
      jobs.set(keyOf(object.metadata), object);
      for (const first of jobs.keys()) if (jobs.size > MAX_ENDED) jobs.delete(first);
    },
    forget: (key: string) => void jobs.delete(key),
  };
}

/** Objects by key, counted into the bounds of their cluster. */
function createShelf(bounds: CacheBounds) {
  const objects = new Map<string, LiveObject>();
  const weights = new Map<string, number>();
  const drop = (key: string): void => {
    objects.delete(key);
    bounds.give(weights.get(key) ?? 0);
    weights.delete(key);
  };
  return {
    get: (key: string) => objects.get(key),
    values: () => objects.values(),
    set(key: string, object: LiveObject): void {
      drop(key);
      const weight = weightOf(object);
      bounds.take(weight);
      weights.set(key, weight);
      objects.set(key, object);
    },
    delete: drop,
    clear: () => objects.forEach((_, key) => drop(key)),
  };
}

/** Writes of ours that a list or a watch may not know of yet. */
interface Writes {
  wrote(object: LiveObject): void;
  removed(object: LiveObject): void;
  /** Tells whether it was found to be gone: whatever still tells of it is old. */
  isGone(object: LiveObject): boolean;
  /** Returns what was written after a list was made; the rest is forgotten, the list has it. */
  after(version: string): readonly LiveObject[];
}

function createWrites(): Writes {
  const written = new Map<string, LiveObject>();
  /** Ids of objects; no other object ever has one of them. */
  const gone = new Set<string>();
  return {
    wrote: (object) => void written.set(keyOf(object.metadata), object),
    removed({ metadata }) {
      const key = keyOf(metadata);
      gone.add(metadata.uid);
      for (const first of gone) if (gone.size > MAX_GONE) gone.delete(first);
      if (written.get(key)?.metadata.uid === metadata.uid) written.delete(key);
    },
    isGone: ({ metadata }) => gone.has(metadata.uid),
    after(version) {
      for (const [key, { metadata }] of written)
        if (Number(metadata.resourceVersion) <= Number(version)) written.delete(key);
      return [...written.values()];
    },
  };
}

export function stackOf(object: LiveObject | undefined): string | undefined {
  return object === undefined ? undefined : ownerOf(object)?.stack;
}

/** Versions grow; those of a server that writes them otherwise compare as equal. */
function isOlder(a: LiveObject, b: LiveObject): boolean {
  return Number(a.metadata.resourceVersion) < Number(b.metadata.resourceVersion);
}

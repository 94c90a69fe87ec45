/** Values by key, each once. */
export interface MultiMap<T> {
  get(key: string): ReadonlySet<T>;
  add(key: string, value: T): void;
  remove(key: string, value: T): void;
  /** Groups of more than one, found without looking at the others. */
  shared(): Iterable<ReadonlySet<T>>;
}

const EMPTY_GROUP: ReadonlySet<never> = new Set<never>();

export function createMultiMap<T>(): MultiMap<T> {
  const groups = new Map<string, Set<T>>();
  const crowded = new Set<Set<T>>();
  return {
    get: (key) => groups.get(key) ?? EMPTY_GROUP,
    add(key, value) {
      const group = groups.get(key) ?? new Set<T>();
      group.add(value);
      groups.set(key, group);
      if (group.size > 1) crowded.add(group);
    },
    remove(key, value) {
      const group = groups.get(key);
      if (!group?.delete(value)) return;
      if (group.size < 2) crowded.delete(group);
      if (group.size === 0) groups.delete(key);
    },
    shared: () => crowded,
  };
}

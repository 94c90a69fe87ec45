/** Keys that work at the same places, in the order in which they came. */
interface Group {
  readonly places: readonly string[];
  readonly keys: Set<string>;
}

/**
 * Keys of a queue that are due, by the places that they work at: to find one that has its places to itself costs as much as there are combinations
 * of places, however many keys wait.
 */
export class ReadyKeys {
  /** Name of the group of each key, in the order in which they came. */
  readonly #names = new Map<string, string>();
  readonly #groups = new Map<string, Group>();

  /** @param places none that is known: no place is found for it */
  add(key: string, places: readonly string[]): void {
    if (this.#names.has(key)) return;
    const name = JSON.stringify(places.toSorted());
    this.#names.set(key, name);
    const group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, { places, keys: new Set([key]) });
    else group.keys.add(key);
  }

  has(key: string): boolean {
    return this.#names.has(key);
  }

  delete(key: string): void {
    const name = this.#names.get(key);
    if (name === undefined) return;
    this.#names.delete(key);
    const group = this.#groups.get(name);
    group?.keys.delete(key);
    if (group?.keys.size === 0) this.#groups.delete(name);
  }

  clear(): void {
    this.#names.clear();
    this.#groups.clear();
  }

  /** The key that has waited longest. */
  first(): string | undefined {
    return firstOf(this.#names);
  }

  /** A key all of whose places are free. */
  firstAt(isFree: (place: string) => boolean): string | undefined {
    for (const { places, keys } of this.#groups.values()) {
      if (places.length > 0 && places.every(isFree)) return firstOf(keys);
    }
    return undefined;
  }
}

function firstOf(keys: { keys(): IterableIterator<string> }): string | undefined {
  const { value, done } = keys.keys().next();
  return done === true ? undefined : value;
}

/** Changes that a layer takes before everything is copied once. */
const LARGEST_LAYER = 64;

/**
 * A copy of a map for the price of what will be changed in it: the original stays beneath, untouched, and must stay so. Copies of copies share the
 * same original. Iterates in the original's order, new keys last.
 */
export class LayeredMap<K, V extends object> implements ReadonlyMap<K, V> {
  readonly #base: ReadonlyMap<K, V>;
  /** `null`: not there any more. */
  readonly #layer: Map<K, V | null>;
  #size: number;

  constructor(original: ReadonlyMap<K, V>) {
    this.#size = original.size;
    if (!(original instanceof LayeredMap)) {
      this.#base = original;
      this.#layer = new Map();
    } else if (original.#layer.size < LARGEST_LAYER) {
      this.#base = original.#base;
      this.#layer = new Map(original.#layer);
    } else {
      this.#base = new Map(original);
      this.#layer = new Map();
    }
  }

  get size(): number {
    return this.#size;
  }

  get(key: K): V | undefined {
    const changed = this.#layer.get(key);
    return changed === undefined ? this.#base.get(key) : (changed ?? undefined);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V): void {
    if (!this.has(key)) this.#size += 1;
    this.#layer.set(key, value);
  }

  delete(key: K): void {
    if (!this.has(key)) return;
    this.#size -= 1;
    if (this.#base.has(key)) this.#layer.set(key, null);
    else this.#layer.delete(key);
  }

  *entries(): MapIterator<[K, V]> {
    for (const [key, value] of this.#base) {
      const current = this.#layer.has(key) ? this.#layer.get(key) : value;
      if (current) yield [key, current];
    }
    for (const [key, value] of this.#layer) if (value !== null && !this.#base.has(key)) yield [key, value];
  }

  *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }
}

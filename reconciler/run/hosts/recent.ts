/** A map with an end: it forgets what was set longest ago. */
export class Recent<Key, Value> extends Map<Key, Value> {
  readonly #max: number;

  /** @param max entries that are kept */
  constructor(max: number) {
    super();
    this.#max = max;
  }

  override set(key: Key, value: Value): this {
    this.delete(key);
    super.set(key, value);
    for (const oldest of this.keys()) {
      if (this.size <= this.#max) break;
      this.delete(oldest);
    }
    return this;
  }
}

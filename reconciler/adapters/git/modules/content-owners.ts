/** Number of contents from which on it is worth while to look for those that nobody needs any more. */
const MIN_SWEPT = 10_000;

/** Tells by the id of a content which repository has it. As large as what is remembered of submodules, and not as what was ever read. */
export class ContentOwners<T> {
  readonly #owners = new Map<string, T>();
  /** Number that the last sweep left. */
  #kept = 0;

  get size(): number {
    return this.#owners.size;
  }

  get(blob: string): T | undefined {
    return this.#owners.get(blob);
  }

  set(blob: string, owner: T): void {
    this.#owners.set(blob, owner);
  }

  /** Forgets what is not named, once there is twice as much as was left the last time: each content costs a constant time. */
  sweep(named: () => Iterable<string>): void {
    if (this.#owners.size < Math.max(MIN_SWEPT, 2 * this.#kept)) return;
    const needed = new Set(named());
    for (const blob of this.#owners.keys()) if (!needed.has(blob)) this.#owners.delete(blob);
    this.#kept = this.#owners.size;
  }
}

/**
 * Slots of places: how many keys work at each at the same time. A group of keys that needs a slot at several places at once can have one kept for it at
 * each, or it would wait for as long as others come that need a single one.
 */
export class PlaceSlots {
  readonly #perPlace: number;
  readonly #busy = new Map<string, number>();
  /** Names of the groups that a slot is kept for, by place. */
  readonly #kept = new Map<string, string>();

  /** @param perPlace at least 2, for one of them may be kept */
  constructor(perPlace: number) {
    this.#perPlace = perPlace;
  }

  /** Number of slots that are taken, of all places. */
  get taken(): number {
    let sum = 0;
    for (const count of this.#busy.values()) sum += count;
    return sum;
  }

  /**
   * Tells whether a key of the group may take a slot.
   *
   * @param share how many times the slots of the place the group may use
   */
  isFree(place: string, group: string, share: number): boolean {
    const holder = this.#kept.get(place);
    const kept = holder === undefined || holder === group ? 0 : 1;
    return (this.#busy.get(place) ?? 0) + kept < this.#perPlace * share;
  }

  take(places: readonly string[]): void {
    for (const place of places) this.#busy.set(place, (this.#busy.get(place) ?? 0) + 1);
  }

  give(places: readonly string[]): void {
    for (const place of places) {
      const left = (this.#busy.get(place) ?? 0) - 1;
      if (left > 0) this.#busy.set(place, left);
      else this.#busy.delete(place);
    }
  }

  /** Keeps a slot at each of the places, unless one of them keeps one for others. */
  keep(places: readonly string[], group: string): void {
    if (places.some((place) => (this.#kept.get(place) ?? group) !== group)) return;
    for (const place of places) this.#kept.set(place, group);
  }

  /** @returns whether any was kept */
  release(places: readonly string[], group: string): boolean {
    let isReleased = false;
    for (const place of places) {
      if (this.#kept.get(place) !== group) continue;
      this.#kept.delete(place);
      isReleased = true;
    }
    return isReleased;
  }
}

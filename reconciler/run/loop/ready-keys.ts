import type { PlaceSlots } from './place-slots.ts';

/** Keys that work at the same places, in the order in which they came. */
interface Group {
  readonly name: string;
  readonly places: readonly string[];
  /** Keys with their number in the order of all. */
  readonly keys: Map<string, number>;
  /** Number of the first of them. */
  first: number;
}

export interface ReadyKeysOptions {
  readonly slots: PlaceSlots;
  /** These keys may use so many times the slots of a place. */
  readonly share: number;
  /** False: nobody knows yet whether anybody is there, and what works there waits until `freed` is called. */
  readonly isOpen: (place: string) => boolean;
}

/**
 * Keys of a queue that are due, by the places that they work at. To find the one that came first and has a slot at each of its places costs as much as
 * there are combinations of places with free slots, however many keys wait.
 */
export class ReadyKeys {
  readonly #options: ReadyKeysOptions;
  readonly #groupOf = new Map<string, Group>();
  readonly #groups = new Map<string, Group>();
  /** Groups that may have a slot at each of their places. */
  readonly #hopeful = new Set<Group>();
  /** The others, by the place that has none for them, or is not open. */
  readonly #blocked = new Map<string, Set<Group>>();
  #count = 0;

  constructor(options: ReadyKeysOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#groupOf.size;
  }

  /** @param places none that is known: nothing but its turn is waited for */
  add(key: string, places: readonly string[]): void {
    if (this.#groupOf.has(key)) return;
    const group = this.#groupFor(places);
    this.#count += 1;
    if (group.keys.size === 0) group.first = this.#count;
    group.keys.set(key, this.#count);
    this.#groupOf.set(key, group);
  }

  has(key: string): boolean {
    return this.#groupOf.has(key);
  }

  /** @returns the places that it was added with, `undefined` when it is not there */
  delete(key: string): readonly string[] | undefined {
    const group = this.#groupOf.get(key);
    if (group === undefined) return undefined;
    this.#groupOf.delete(key);
    group.keys.delete(key);
    const [first] = group.keys.values();
    if (first === undefined) this.#drop(group);
    else group.first = first;
    return group.places;
  }

  clear(): void {
    for (const group of this.#groups.values()) this.#drop(group);
    this.#groupOf.clear();
  }

  /** The key that came first of those that have a slot at each of their places. */
  next(): string | undefined {
    for (;;) {
      let best: Group | undefined;
      for (const group of this.#hopeful) if (best === undefined || group.first < best.first) best = group;
      if (best === undefined) return undefined;
      const lacking = this.#lacking(best);
      if (lacking === undefined) return firstOf(best.keys);
      this.#block(best, lacking);
    }
  }

  /** A slot of the place is free again, or it is open now. */
  freed(place: string): void {
    const groups = this.#blocked.get(place);
    if (groups === undefined) return;
    this.#blocked.delete(place);
    for (const group of groups) this.#hopeful.add(group);
  }

  #groupFor(places: readonly string[]): Group {
    const name = JSON.stringify(places.toSorted());
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group = { name, places, keys: new Map<string, number>(), first: 0 };
    this.#groups.set(name, group);
    this.#hopeful.add(group);
    return group;
  }

  #drop(group: Group): void {
    this.#groups.delete(group.name);
    this.#hopeful.delete(group);
    for (const place of group.places) {
      const blocked = this.#blocked.get(place);
      if (blocked?.delete(group) === true && blocked.size === 0) this.#blocked.delete(place);
    }
    this.#release(group);
  }

  #lacking({ name, places }: Group): string | undefined {
    const { slots, share, isOpen } = this.#options;
    return places.find((place) => !isOpen(place) || !slots.isFree(place, name, share));
  }

  #block(group: Group, place: string): void {
    const { slots, isOpen } = this.#options;
    this.#hopeful.delete(group);
    const others = this.#blocked.get(place) ?? new Set();
    this.#blocked.set(place, others.add(group));
    // Nothing is kept at places for who waits for one that may never answer.
    if (group.places.every(isOpen)) slots.keep(group.places, group.name);
    else this.#release(group);
  }

  #release({ name, places }: Group): void {
    if (places.length > 1 && this.#options.slots.release(places, name))
      for (const place of places) this.freed(place);
  }
}

function firstOf(keys: { keys(): IterableIterator<string> }): string | undefined {
  const { value, done } = keys.keys().next();
  return done === true ? undefined : value;
}

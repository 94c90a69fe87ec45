import { isReconcilerError } from '../../base/errors.ts';
import { targetKey } from '../../model/target.ts';
import type { TargetReference } from '../../model/target.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DesiredState } from '../../ports/desired.ts';
import type { TargetPool } from '../observe/target-pool.ts';
import type { StackTable } from '../stack-table.ts';
import { retryDelayMs } from './retry.ts';

/** Parts that tell where stacks are. */
export interface PlacesContext {
  readonly desired: Pick<DesiredState, 'revision' | 'names' | 'get' | 'facts' | 'nodes' | 'clusters'>;
  readonly stacks: StackTable;
  readonly pool: TargetPool;
  readonly clock: Clock;
}

/**
 * Knows at which places (`targetKey`) stacks work, without rendering them, and which of them wait for places where nobody answers. Such a stack is run
 * once, which tells so, and then again when somebody does: looking at it meanwhile would only ask the same place for the same.
 */
export class StackPlaces {
  readonly #context: PlacesContext;
  /** Targets of stacks that name others than shared ones, as their newest run found them. */
  readonly #own = new Map<string, readonly TargetReference[]>();
  /** Stacks whose newest run came to nothing because a target is away. */
  readonly #waiting = new Set<string>();
  #shared: Shared | null = null;

  constructor(context: PlacesContext) {
    this.#context = context;
  }

  /** Places of the services of a stack, and those where something of it was seen; none where nobody knows yet. Each is known to the pool. */
  placesOf(stack: string): readonly string[] {
    const { stacks } = this.#context;
    const places = new Set<string>();
    for (const reference of this.#described(stack))
      if (this.#meet(reference)) places.add(targetKey(reference));
    for (const reference of stacks.targetsOf(stack)) places.add(targetKey(reference));
    return [...places];
  }

  /**
   * Has the pool find out whether anybody is at a target while stacks wait for their turn.
   *
   * @returns false for one that cannot be made: nothing waits for it, and a run tells why
   */
  #meet(reference: TargetReference): boolean {
    try {
      this.#context.pool.get(reference);
      return true;
    } catch {
      return false;
    }
  }

  /** Stacks that have something at a place, or are to, by name. */
  at(place: string): readonly string[] {
    const { stacks, desired } = this.#context;
    const index = this.#describedAt();
    const names = new Set([...(index.get(place) ?? []), ...stacks.on(place)]);
    const isThere = (targets: readonly TargetReference[]) =>
      targets.some((reference) => targetKey(reference) === place);
    for (const [name, targets] of this.#own) if (isThere(targets)) names.add(name);
    for (const name of index.get(null) ?? [])
      if (!this.#own.has(name) && isThere(desired.get(name)?.targets ?? [])) names.add(name);
    return [...names].sort();
  }

  /** The same without rendering any; where nobody knows where a stack is, it may be there. */
  maybeAt(place: string): readonly string[] {
    const { stacks, desired } = this.#context;
    const index = this.#describedAt();
    const names = new Set([...(index.get(place) ?? []), ...stacks.on(place)]);
    for (const [name, targets] of this.#own)
      if (targets.some((reference) => targetKey(reference) === place)) names.add(name);
    const left = stacks.names().filter((name) => desired.facts(name) === undefined);
    for (const name of [...(index.get(null) ?? []), ...left])
      if (!this.#own.has(name) && stacks.targetsOf(name).length === 0) names.add(name);
    return [...names];
  }

  /** A run of the stack has ended. */
  learn(stack: string): void {
    const { desired } = this.#context;
    const isShared = this.#named(stack).every((name) => this.#sharedNodes().has(name));
    const described = isShared ? undefined : desired.get(stack);
    if (described === undefined) this.#own.delete(stack);
    else this.#own.set(stack, described.targets);
  }

  /** The newest run of the stack did not fail for a target that is away. */
  answered(stack: string): void {
    this.#waiting.delete(stack);
  }

  forget(stack: string): void {
    this.#own.delete(stack);
    this.#waiting.delete(stack);
  }

  /** Tells whether a look at the stack that nobody asks for would find nothing new: all that it needs is away, and it has told so. */
  isWaiting(stack: string): boolean {
    if (!this.#waiting.has(stack)) return false;
    const { pool } = this.#context;
    const places = this.placesOf(stack);
    return places.length > 0 && places.every((place) => pool.standing(place) === 'away');
  }

  /** Milliseconds until the first target that a stack waits for is asked again; `null` where it waits for none. */
  askedAgainIn(stack: string): number | null {
    if (!this.isWaiting(stack)) return null;
    const times = this.placesOf(stack).flatMap((place) => this.#context.pool.askedAgainIn(place) ?? []);
    return times.length === 0 ? null : Math.min(...times);
  }

  /**
   * Returns when a stack that has failed is tried again, in milliseconds.
   *
   * @returns `null`: not by itself; a stack that failed because a target is away is tried when that answers, and not before
   */
  retryMs(stack: string, error: unknown, attempt: number): number | null {
    const { pool, clock } = this.#context;
    const isAway =
      isReconcilerError(error, 'TARGET_UNREACHABLE') &&
      this.placesOf(stack).some((place) => pool.standing(place) === 'away');
    if (isAway) this.#waiting.add(stack);
    else this.#waiting.delete(stack);
    return isAway ? null : retryDelayMs(error, attempt, () => clock.random());
  }

  #described(stack: string): readonly TargetReference[] {
    const own = this.#own.get(stack);
    if (own !== undefined) return own;
    const shared = this.#sharedNodes();
    return this.#named(stack).flatMap((name) => shared.get(name) ?? []);
  }

  #named(stack: string): readonly string[] {
    return this.#context.desired.facts(stack)?.nodes ?? [];
  }

  #sharedNodes(): Shared['byName'] {
    const { desired } = this.#context;
    const commit = desired.revision?.commit ?? null;
    if (this.#shared?.commit === commit) return this.#shared.byName;
    const nodes = desired.nodes().map(({ name, reference }) => [name, reference] as const);
    const clusters = desired
      .clusters()
      .flatMap(({ name, reference }) => (reference === null ? [] : [[name, reference] as const]));
    this.#shared = { commit, byName: new Map([...clusters, ...nodes]), stacks: null };
    return this.#shared.byName;
  }

  /** Names of described stacks by their place; by `null` those that name other nodes than shared ones. */
  #describedAt(): NonNullable<Shared['stacks']> {
    const byName = this.#sharedNodes();
    if (this.#shared?.stacks) return this.#shared.stacks;
    const index = new Map<string | null, string[]>();
    for (const stack of this.#context.desired.names()) {
      const references = this.#named(stack).map((name) => byName.get(name));
      const places = references.map((reference) => (reference === undefined ? null : targetKey(reference)));
      for (const place of places.length === 0 ? [null] : new Set(places)) {
        const names = index.get(place);
        if (names === undefined) index.set(place, [stack]);
        else names.push(stack);
      }
    }
    if (this.#shared !== null) this.#shared.stacks = index;
    return index;
  }
}

/** Knowledge of one revision that costs a look at all of it. */
interface Shared {
  readonly commit: string | null;
  /** Shared nodes and clusters. */
  readonly byName: ReadonlyMap<string, TargetReference>;
  stacks: ReadonlyMap<string | null, readonly string[]> | null;
}

import { createAbortScope } from '../../base/abort-scope.ts';
import { ReconcilerError } from '../../base/errors.ts';
import { compareText } from '../../base/values.ts';
import type { TargetReference } from '../../model/target.ts';
import { connectionKey, targetKey } from '../../model/target.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DesiredState } from '../../ports/desired.ts';
import { hasCapability } from '../../ports/target-capabilities.ts';
import type {
  InventoryState,
  ObjectChange,
  ObjectDetail,
  ObjectOrder,
  ObjectView,
} from '../../public/inventory.ts';
import type { TargetPool } from '../observe/target-pool.ts';
import type { Keeper } from './keeper.ts';
import { createKeeper } from './keeper.ts';
import { compareByPlace, createObjectOrders } from './object-orders.ts';
import type { ObjectStep } from './object-table.ts';

export interface InventoryParts {
  readonly desired: Pick<DesiredState, 'names' | 'get' | 'nodes' | 'clusters'>;
  readonly pool: Pick<TargetPool, 'get' | 'peek' | 'presence' | 'all'>;
  readonly clock: Clock;
  /**
   * Called with what has changed, but for what was there when a target was first looked at. Default: nobody is told.
   */
  readonly onSteps?: (steps: readonly ObjectStep[]) => void;
}

/** An object, and the engine or cluster that it is on. */
export interface FoundObject {
  readonly object: ObjectView;
  readonly reference: TargetReference;
}

type Listener = (change: ObjectChange) => void;

/** Targets may take so long to tell what they have when that is asked for the first time. */
const FIRST_WAIT_MS = 5_000;
const REFRESH_MS = 10_000;

/**
 * Keeps what is on all targets, from when it is first asked for. One subscription at each target serves every reader.
 */
export class Inventory implements AsyncDisposable {
  readonly #parts: InventoryParts;
  readonly #keepers = new Map<string, Keeper>();
  /** Keepers that have been waited for: nobody waits for one a second time. */
  readonly #awaited = new WeakSet<Keeper>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #closing = new Set<Promise<void>>();
  readonly #orders = createObjectOrders(() => this.#all());
  #isOpen = false;
  #refreshedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: InventoryParts) {
    this.#parts = parts;
  }

  /** Resolves when each target has told what it has, or that it cannot; after five seconds anyway. */
  async open(signal: AbortSignal): Promise<void> {
    this.#follow();
    const waiting = [...this.#keepers.values()].filter((keeper) => !this.#awaited.has(keeper));
    if (waiting.length === 0) return;
    using scope = createAbortScope({ signals: [signal], timeoutMs: FIRST_WAIT_MS });
    await Promise.allSettled(waiting.map((keeper) => keeper.settled(scope.signal)));
    signal.throwIfAborted();
    for (const keeper of waiting) this.#awaited.add(keeper);
  }

  list(order: ObjectOrder = 'place'): readonly ObjectView[] {
    return this.#orders.list(order);
  }

  states(): readonly InventoryState[] {
    return [...this.#keepers]
      .map(([place, { reference, table, error }]) => ({
        node: reference.name,
        place,
        objects: table.views.size,
        error: error(),
      }))
      .sort((a, b) => compareText(a.node, b.node));
  }

  /** Throws UNKNOWN_OBJECT. */
  find(id: string): FoundObject {
    const { object, reference } = this.#find(id);
    return { object, reference };
  }

  /** Throws UNKNOWN_OBJECT. */
  detail(id: string): ObjectDetail {
    const { object, target } = this.#find(id);
    return { object, events: hasCapability(target, 'inventory') ? target.eventsOf(object.uid) : [] };
  }

  /** Lists what belongs to an object and is of a kind, also by way of others. Throws UNKNOWN_OBJECT. */
  descendants(id: string, kind: string): readonly ObjectView[] {
    const { object, keeper } = this.#find(id);
    const seen = new Set([object.uid]);
    const found: ObjectView[] = [];
    const waiting = [object];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const child of keeper.table.childrenOf(next.uid)) {
        if (seen.has(child.uid)) continue;
        seen.add(child.uid);
        if (child.kind === kind) found.push(child);
        else waiting.push(child);
      }
    }
    return found.sort(compareByPlace);
  }

  refresh(): void {
    const { clock } = this.#parts;
    this.#follow();
    if (clock.elapsed() - this.#refreshedAt < REFRESH_MS) return;
    this.#refreshedAt = clock.elapsed();
    for (const keeper of this.#keepers.values()) keeper.refresh();
  }

  /** Throws UNKNOWN_OBJECT. */
  follow(id: string, listener: Listener): Disposable {
    this.#find(id);
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return {
      [Symbol.dispose]: () => {
        listeners.delete(listener);
        if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const keeper of this.#keepers.values()) this.#close(keeper);
    this.#keepers.clear();
    await Promise.allSettled(this.#closing);
  }

  #find(id: string) {
    for (const keeper of this.#keepers.values()) {
      const object = keeper.table.views.get(id);
      if (object !== undefined)
        return { object, keeper, reference: keeper.reference, target: keeper.target() };
    }
    throw new ReconcilerError('UNKNOWN_OBJECT', `there is no object ${id}`);
  }

  /** Begins to keep what is on targets that are new, and lets go of those that are there no more. */
  #follow(): void {
    const wanted = this.#targets();
    for (const [place, keeper] of this.#keepers) {
      const reference = wanted.get(place);
      if (reference !== undefined && connectionKey(reference) === keeper.key) continue;
      this.#keepers.delete(place);
      this.#close(keeper);
      this.#orders.changed();
    }
    for (const [place, reference] of wanted) {
      if (!this.#keepers.has(place)) this.#keepers.set(place, this.#keep(reference));
    }
    this.#isOpen = true;
  }

  #keep(reference: TargetReference): Keeper {
    const { pool, clock, onSteps } = this.#parts;
    return createKeeper({
      reference,
      clock,
      isWanted: () => this.#targets().has(targetKey(reference)),
      peek: (one) => pool.peek(one),
      presence: (one, signal) => pool.presence(one, signal),
      onSteps: (steps, first) => {
        this.#orders.changed();
        for (const { id, after } of steps) {
          const change = { id, object: after, status: after?.status ?? 'deleted' } as const;
          for (const listener of this.#listeners.get(id) ?? []) listener(change);
        }
        if (!first) onSteps?.(steps);
      },
    });
  }

  #all(): ReadonlyMap<string, ObjectView> {
    const [first, ...others] = this.#keepers.values();
    if (first === undefined || others.length === 0) return first?.table.views ?? new Map();
    const all = new Map(first.table.views);
    for (const { table } of others) for (const [id, view] of table.views) all.set(id, view);
    return all;
  }

  #close(keeper: Keeper): void {
    const closing = keeper.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  /** Every target by its key: named ones of the repository and the operator first, then those that stacks use. */
  #targets(): ReadonlyMap<string, TargetReference> {
    const { desired, pool } = this.#parts;
    const isKnown = pool.all().size > 0;
    const shared = [
      ...desired.clusters().flatMap(({ reference }) => reference ?? []),
      ...desired.nodes().map(({ reference }) => reference),
    ];
    // Nobody else may have a use for them.
    for (const reference of shared) pool.get(reference);
    // The pool knows the targets of stacks that somebody has looked at; a command has looked at none.
    const first =
      this.#isOpen || isKnown ? [] : desired.names().flatMap((name) => desired.get(name)?.targets ?? []);
    const all = new Map<string, TargetReference>();
    for (const reference of [...shared, ...pool.all().values(), ...first]) {
      const key = targetKey(reference);
      if (!all.has(key)) all.set(key, reference);
    }
    return all;
  }
}

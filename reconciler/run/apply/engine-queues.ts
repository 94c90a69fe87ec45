import type { ResourceId } from '../../model/resource.ts';
import type { Change } from '../../plan/plan.ts';
import type { EngineSlots } from './execution.ts';

interface Queue {
  readonly slots: number;
  busy: number;
}

/** Slots of the engines of a plan: one that is slow keeps no other waiting. */
export class EngineQueues {
  readonly #byEngine = new Map<string, Queue>();
  readonly #byChange = new Map<ResourceId, Queue>();
  #full = 0;

  constructor(changes: Iterable<Change>, engineOf: (change: Change) => EngineSlots) {
    for (const change of changes) {
      const { engine, slots } = engineOf(change);
      const queue = this.#byEngine.get(engine) ?? { slots, busy: 0 };
      this.#byEngine.set(engine, queue);
      this.#byChange.set(change.id, queue);
    }
  }

  isFull({ id }: Change): boolean {
    const queue = this.#byChange.get(id);
    return queue !== undefined && queue.busy >= queue.slots;
  }

  /** No engine has a slot left. */
  areFull(): boolean {
    return this.#full === this.#byEngine.size;
  }

  take({ id }: Change): void {
    const queue = this.#byChange.get(id);
    if (queue === undefined) return;
    queue.busy += 1;
    if (queue.busy === queue.slots) this.#full += 1;
  }

  free({ id }: Change): void {
    const queue = this.#byChange.get(id);
    if (queue === undefined) return;
    if (queue.busy === queue.slots) this.#full -= 1;
    queue.busy -= 1;
  }
}

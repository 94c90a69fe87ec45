import type { ResourceId } from '../../model/resource.ts';
import type { Change } from '../../plan/plan.ts';
import type { TargetSlots } from './execution.ts';

interface Queue {
  readonly slots: number;
  busy: number;
}

/** Slots of the targets of a plan: one that is slow keeps no other waiting. */
export class TargetQueues {
  readonly #byTarget = new Map<string, Queue>();
  readonly #byChange = new Map<ResourceId, Queue>();
  #full = 0;

  constructor(changes: Iterable<Change>, slotsOf: (change: Change) => TargetSlots) {
    for (const change of changes) {
      const { target, slots } = slotsOf(change);
      const queue = this.#byTarget.get(target) ?? { slots, busy: 0 };
      this.#byTarget.set(target, queue);
      this.#byChange.set(change.id, queue);
    }
  }

  isFull({ id }: Change): boolean {
    const queue = this.#byChange.get(id);
    return queue !== undefined && queue.busy >= queue.slots;
  }

  /** No target has a slot left. */
  areFull(): boolean {
    return this.#full === this.#byTarget.size;
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

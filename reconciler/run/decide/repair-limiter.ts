import type { Clock } from '../../ports/clock.ts';

/** Repairs this close together count as one row. */
const ROW_MS = 600_000;
/** So many repairs in a row are made at once; somebody may be trying things out by hand. */
const FREE_REPAIRS = 3;
const FIRST_REPAIR_PAUSE_MS = 1_000;
const MAX_REPAIR_PAUSE_MS = 300_000;

/**
 * Slows down repairs of a stack that drifts again right after each of them (a command that ends a moment after it counted as healthy, two
 * programs at odds): each would leave a job and a tag.
 */
export class RepairLimiter {
  readonly #clock: Clock;
  readonly #rows = new Map<string, { readonly repairs: number; readonly at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns why a repair has to wait, and for how long; `null` when it may go on */
  whyWait(stack: string): { readonly reason: string; readonly afterMs: number } | null {
    const row = this.#rows.get(stack);
    if (row === undefined || row.repairs < FREE_REPAIRS) return null;
    const bound = FIRST_REPAIR_PAUSE_MS * 2 ** Math.min(row.repairs - FREE_REPAIRS + 1, 20);
    const left = row.at + Math.min(MAX_REPAIR_PAUSE_MS, bound) - this.#clock.elapsed();
    if (left <= 0) return null;
    const reason = `it differs again after each of ${row.repairs} repairs in a row; the next one comes in ${Math.ceil(left / 1000)} s`;
    return { reason, afterMs: left };
  }

  repaired(stack: string): void {
    const now = this.#clock.elapsed();
    const row = this.#rows.get(stack);
    const repairs = row !== undefined && now - row.at < ROW_MS ? row.repairs + 1 : 1;
    this.#rows.set(stack, { repairs, at: now });
  }

  /** The description changed, or somebody applied it: what was before says nothing about it. */
  release(stack: string): void {
    this.#rows.delete(stack);
  }
}

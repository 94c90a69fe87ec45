import { parseSchedule } from '../../base/schedule.ts';
import { isProblem } from '../../base/issue.ts';
import type { Clock } from '../../ports/clock.ts';

const MINUTE_MS = 60_000;
/** After the machine has slept, this much is caught up on. */
const MOST_MINUTES = 60;

/** Stacks whose drift is looked for at set times. Costs nothing for stacks without a schedule. */
export class DriftSchedule {
  readonly #clock: Clock;
  /** By expression. */
  readonly #stacks = new Map<string, Set<string>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What the newest description says; `undefined`: nothing. */
  note(stack: string, schedule: string | undefined): void {
    for (const [expression, stacks] of this.#stacks) {
      if (expression !== schedule && stacks.delete(stack) && stacks.size === 0)
        this.#stacks.delete(expression);
    }
    if (schedule === undefined) return;
    const stacks = this.#stacks.get(schedule) ?? new Set<string>();
    this.#stacks.set(schedule, stacks.add(stack));
  }

  /** Calls back with each stack that is due, at the beginning of each minute. Ends when the signal aborts. */
  async run(onDue: (stack: string) => void, signal: AbortSignal): Promise<void> {
    let last = Math.floor(this.#clock.now() / MINUTE_MS);
    for (;;) {
      await this.#clock.sleep(Math.max(1, (last + 1) * MINUTE_MS - this.#clock.now()), signal);
      const now = Math.floor(this.#clock.now() / MINUTE_MS);
      for (const stack of this.dueBetween(Math.max(last, now - MOST_MINUTES), now)) onDue(stack);
      last = Math.max(last, now);
    }
  }

  /**
   * Stacks that a minute after the first and up to the second calls for, sorted.
   *
   * @param after minutes since the epoch, as is `until`
   */
  dueBetween(after: number, until: number): readonly string[] {
    const due = new Set<string>();
    for (const [expression, stacks] of this.#stacks) {
      const schedule = parseSchedule(expression);
      if (isProblem(schedule)) continue;
      const minutes = Array.from({ length: until - after }, (_, index) => after + 1 + index);
      if (!minutes.some((minute) => schedule(new Date(minute * MINUTE_MS)))) continue;
      for (const stack of stacks) due.add(stack);
    }
    return [...due].sort();
  }
}

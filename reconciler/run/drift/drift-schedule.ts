import { isCalledFor, parseSchedule } from '../../base/schedule.ts';
import { isProblem } from '../../base/problem.ts';
import type { Clock } from '../../ports/clock.ts';

const MINUTE_MS = 60_000;
/** After the machine has slept, this much is caught up on. */
const MAX_CATCH_UP_MS = 60 * MINUTE_MS;

/** Stacks whose drift is looked for at set times. Costs nothing for stacks without a schedule. */
export class DriftSchedule {
  readonly #clock: Clock;
  /** Stacks by expression. */
  readonly #stacks = new Map<string, Set<string>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes over what the newest description says; `undefined`: nothing. */
  note(stack: string, schedule: string | undefined): void {
    for (const [expression, stacks] of this.#stacks) {
      if (expression !== schedule && stacks.delete(stack) && stacks.size === 0)
        this.#stacks.delete(expression);
    }
    if (schedule === undefined) return;
    const stacks = this.#stacks.get(schedule) ?? new Set<string>();
    this.#stacks.set(schedule, stacks.add(stack));
  }

  /** Calls back with each stack that is due, soon after the beginning of each minute. Ends when the signal aborts. */
  async run(onDue: (stack: string) => void, signal: AbortSignal): Promise<void> {
    let last = this.#clock.now();
    for (;;) {
      // Never longer than a minute, whatever the clock was set to meanwhile.
      await this.#clock.sleep(MINUTE_MS - (this.#clock.now() % MINUTE_MS), signal);
      const now = this.#clock.now();
      for (const stack of this.dueBetween(Math.max(last, now - MAX_CATCH_UP_MS), now)) onDue(stack);
      last = now;
    }
  }

  /** Stacks that are called for after the first moment and until the second, in milliseconds since the epoch, sorted. */
  dueBetween(after: number, until: number): readonly string[] {
    const due = new Set<string>();
    for (const [expression, stacks] of this.#stacks) {
      const schedule = parseSchedule(expression);
      if (isProblem(schedule) || !isCalledFor(schedule, after, until)) continue;
      for (const stack of stacks) due.add(stack);
    }
    return [...due].sort();
  }
}

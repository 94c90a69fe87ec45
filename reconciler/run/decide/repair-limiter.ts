import type { Change, Plan } from '../../plan/plan.ts';
import type { Clock } from '../../ports/clock.ts';
import { contestOf } from './words.ts';

/** Repairs this close together count as one row. */
const ROW_MS = 900_000;
/** So many repairs in a row are made at once; somebody may be trying things out by hand. */
const FREE_REPAIRS = 3;
const FIRST_REPAIR_PAUSE_MS = 1_000;
const MAX_REPAIR_PAUSE_MS = 300_000;
/** The same repair is made so often in a row: whoever undoes it each time wants something else. */
const MAX_ROUNDS = 3;
/** Time after which it is tried whether a fight is over. */
const TRUCE_MS = 3_600_000;

/** Reason for which a repair has to wait. */
export interface Pause {
  /**
   * - `paced` there were many of different kinds
   * - `contested` it was undone each time
   */
  readonly kind: 'paced' | 'contested';
  readonly reason: string;
  readonly afterMs: number;
}

/** Repairs of one description. */
interface Row {
  readonly desired: string;
  readonly repairs: number;
  /** Time of the newest repair, by `Clock.elapsed`. */
  readonly at: number;
  /** Number of times in a row that each difference was repaired, and when last. */
  readonly rounds: ReadonlyMap<string, { readonly count: number; readonly at: number }>;
  readonly told: boolean;
}

/**
 * Ends fights over a stack, and slows down repairs of one that drifts again right after each of them (a command that ends a moment after it
 * counted as healthy, two programs at odds): each would leave a job.
 */
export class RepairLimiter {
  readonly #clock: Clock;
  readonly #rows = new Map<string, Row>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns why a repair has to wait, and for how long; `null` when it may go on */
  whyWait(plan: Plan): Pause | null {
    const row = this.#rowOf(plan);
    if (row === undefined) return null;
    const now = this.#clock.elapsed();
    const truce = Math.min(...differencesOf(plan).map((one) => truceOf(row, one, now)));
    if (truce > 0 && Number.isFinite(truce))
      return { kind: 'contested', reason: contestOf(plan, MAX_ROUNDS), afterMs: truce };
    if (row.repairs < FREE_REPAIRS) return null;
    const bound = FIRST_REPAIR_PAUSE_MS * 2 ** Math.min(row.repairs - FREE_REPAIRS + 1, 20);
    const left = row.at + Math.min(MAX_REPAIR_PAUSE_MS, bound) - now;
    if (left <= 0) return null;
    const reason = `it differs again after each of ${row.repairs} repairs in a row; the next one comes in ${Math.ceil(left / 1000)} s`;
    return { kind: 'paced', reason, afterMs: left };
  }

  /** Tells whether the plan only does once more what was done before in a row: one tag tells of all of it. */
  repeats(plan: Plan): boolean {
    const row = this.#rowOf(plan);
    const now = this.#clock.elapsed();
    return row !== undefined && differencesOf(plan).every((one) => roundsOf(row, one, now) > 0);
  }

  repaired(plan: Plan): void {
    const now = this.#clock.elapsed();
    const row = this.#rowOf(plan);
    const rounds = new Map(
      [...(row?.rounds ?? [])].filter(([one]) => row !== undefined && roundsOf(row, one, now) > 0),
    );
    for (const one of differencesOf(plan)) {
      const count = row === undefined ? 0 : roundsOf(row, one, now);
      rounds.set(one, { count: count + 1, at: now });
    }
    const isOver = [...rounds.values()].every(({ count }) => count < MAX_ROUNDS);
    const repairs = row !== undefined && now - row.at < ROW_MS ? row.repairs + 1 : 1;
    const told = !isOver && row?.told === true;
    this.#rows.set(plan.stack, { desired: plan.desired, repairs, at: now, rounds, told });
  }

  /** @returns whether nobody was told yet that this is fought over */
  tell(plan: Plan): boolean {
    const row = this.#rowOf(plan);
    if (row === undefined || row.told) return false;
    this.#rows.set(plan.stack, { ...row, told: true });
    return true;
  }

  /** The description changed, or somebody applied it: what was before says nothing about it. */
  release(stack: string): void {
    this.#rows.delete(stack);
  }

  /** Another description has a row of its own. */
  #rowOf({ stack, desired }: Plan): Row | undefined {
    const row = this.#rows.get(stack);
    return row?.desired === desired ? row : undefined;
  }
}

function roundsOf({ rounds }: Row, difference: string, now: number): number {
  const known = rounds.get(difference);
  if (known === undefined) return 0;
  const row = known.count < MAX_ROUNDS ? ROW_MS : TRUCE_MS + ROW_MS;
  return now - known.at < row ? known.count : 0;
}

/** Milliseconds for which a difference is left as it is; 0 when it is repaired. */
function truceOf({ rounds }: Row, difference: string, now: number): number {
  const known = rounds.get(difference);
  return known === undefined || known.count < MAX_ROUNDS ? 0 : Math.max(0, known.at + TRUCE_MS - now);
}

/** The differences that a plan takes away: one for each field, or for the whole where it is more than that. */
function differencesOf({ changes }: Plan): readonly string[] {
  return changes.filter(({ action }) => action !== 'no-op').flatMap(namesOf);
}

function namesOf({ id, action, fields }: Change): readonly string[] {
  if (fields.length === 0) return [`${id} ${action}`];
  return fields.map(({ path }) => `${id} ${path}`);
}

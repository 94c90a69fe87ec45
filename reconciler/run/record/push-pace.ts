/** Pause after a push that came alone, in milliseconds. */
const FIRST_MS = 1_000;
/** Longest that a tag waits for others. */
const LONGEST_MS = 30_000;

/**
 * Paces the pushes of tags: one that comes alone goes at once, those that come in quick succession go together, after pauses that double up to
 * 30 s. Times are those of `Clock.elapsed`, in milliseconds.
 */
export class PushPace {
  #pushedAt = Number.NEGATIVE_INFINITY;
  #pauseMs = FIRST_MS;

  /** A push begins. */
  pushed(now: number): void {
    const isNext = now - this.#pushedAt <= 2 * this.#pauseMs;
    this.#pauseMs = isNext ? Math.min(LONGEST_MS, 2 * this.#pauseMs) : FIRST_MS;
    this.#pushedAt = now;
  }

  /** Returns how long the next push has to wait. */
  wait(now: number): number {
    return Math.max(0, this.#pushedAt + this.#pauseMs - now);
  }
}
